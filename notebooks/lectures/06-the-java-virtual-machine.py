# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"} tags=["question"]
# # 6. The Java virtual machine: interpret, compile, collect
#
# **Question.** The same class files run on any machine, because no machine executes them: a program does. What does
# that cost at first, what later, and what does the virtual machine make of the room that it is given?
#
# Run the cells from top to bottom; it takes some seconds.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, lines, numbers, picture, predict, slider

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "hotspot-21"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model
#
# A Java virtual machine is a process. *Bytecode* is the machine language of a processor that nobody has built. An
# interpreter carries it out, one bytecode after the other; methods that are called often go to a first compiler, C1,
# whose code goes on counting, and then to a second one, C2. Objects are made in *eden*; what outlives some collections
# moves to *old*.

# %%
BOXES = [  # left, bottom, width, text, colour, hatch
    (0.0, 3.2, 2.0, "class files:\nbytecode", "#ffffff", ""),
    (2.8, 3.2, 1.9, "interpreter", "#dbe6ff", ""),
    (5.5, 3.2, 1.5, "C1", "#dbe6ff", ""),
    (7.8, 3.2, 1.5, "C2", "#dbe6ff", ""),
    (0.0, 1.8, 5.0, "heap:   eden  >  survivors  >  old", "#dbe6ff", ""),
    (5.1, 1.8, 4.2, "threads: compilers, collector, ...", "#dbe6ff", ""),
    (0.0, 0.9, 9.3, "one process of the system below", "#cfcfd3", "//"),
    (0.0, 0.0, 9.3, "hardware", "#8d8d94", ""),
]


def machine():
    """What is in a Java virtual machine, and how often a method is called until the next compiler takes it."""
    given = numbers(PRODUCT, "tier3_invocations_count", "tier4_invocations_count", machine=MACHINE)
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots()
    for left, bottom, width, text, colour, hatch in BOXES:
        axes.bar(left + width / 2, 0.8, width, bottom, facecolor=colour, hatch=hatch, edgecolor="#333333")
        axes.text(left + width / 2, bottom + 0.4, text, ha="center", va="center",
                  bbox={"facecolor": colour, "edgecolor": "none", "pad": 1})  # fmt: skip
    calls = ["", *(f"{given[name]:.0f} calls" for name in given)]
    for (left, _, width, *_), right, text in zip(BOXES[:3], BOXES[1:4], calls, strict=True):
        axes.annotate("", (right[0], 3.6), (left + width, 3.6), arrowprops={"arrowstyle": "->", "linewidth": 2})
        axes.text((left + width + right[0]) / 2, 4.25, text, ha="center")
    axes.set(xlim=(-0.1, 9.4), ylim=(-0.1, 4.6))
    axes.axis("off")
    return figure


picture(machine)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compilers and collectors are threads of this process, and they want processors as the program does. No slowdown is
# typed in: what goes in are the cycles of one bytecode in each kind of code, of compiling one, of copying a byte, and
# HotSpot's own thresholds.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# A program does the same piece of work again and again. How many times as long as a late, warm iteration of the
# default does the **first** one take, if the virtual machine may only interpret; by default; if it compiles each
# method before it is called for the first time (`-Xcomp`)?

# %%
MODES = {
    "interpreter only": "interpreter",
    "C1 only": "c1",
    "tiered (default)": "tiered",
    "everything first": "tiered-first",
}
ASKED = ["interpreter only", "tiered (default)", "everything first"]

# %%
guess = predict({"interpreter only": None, "tiered (default)": None, "everything first": None}, names=ASKED)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run: warm-up

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(stacks, workload="managed", tenant=None, **parameters):
    """A program in class files on some stacks; ``tenant``: what else is said of it."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4, **(tenant or {})}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)


def iterations(results, *by):
    """Seconds of each iteration: a column for each stack, and for each value of further axes."""
    requests = results.requests.merge(results.runs[["run", "stack", *by]], on="run")
    requests["iteration"] = requests.groupby("run", observed=True).cumcount() + 1
    return requests.pivot_table("latency_s", "iteration", [*by, "stack"], observed=True, sort=False)


stacks = {name: f"linux-6 | {PRODUCT}(mode={mode})" for name, mode in MODES.items()}
modes = run(stacks, iterations_count=6, iteration_cycles="1 G cycles")
times = iterations(modes)
warm_s = times["tiered (default)"].iloc[-3:].mean()

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look

# %%
compare(guess, (times.iloc[0] / warm_s)[ASKED], reveal=REVEAL)

# %%
picture(lines, times * 1000, "iteration", "ms", log="y")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The **interpreter** never gets faster. **C1** is quick to compile and leaves slower code for ever. **Tiered** has
# C1's code until C2's is there. **Everything first** makes the first answer wait for compilers that work on methods of
# which most are hardly ever called.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Who worked? The threads of the default, those that were busy for more than a millisecond. All of them are threads of
# the system below, which schedules them beside everybody else's:

# %%
threads = modes.threads.merge(modes.runs[["run", "stack"]], on="run").set_index("thread")
threads = threads[threads["stack"] == "tiered (default)"]
busy = (threads["useful_s"] + threads["overhead_s"]).sort_values(ascending=False) * 1000
print(f"{len(threads)} threads, {(threads['kind'] == 'program').sum()} of them the program's own")
busy[busy > 1].round(1).to_frame("ms of a processor")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Garbage.** A program that makes many objects and keeps few, with heaps from one and a half to eight times of what
# lives:

# %%
SIZES = [1.5, 2, 4, 8]
HEAP = f"tenants.app.limits.{PRODUCT}.heap"
collectors = {name: f"linux-6 | {PRODUCT}(collector={name})" for name in ("serial", "g1")}
limits = {"limits": {PRODUCT: {"heap": [f"{size}x live_bytes" for size in SIZES]}}}
collected = run(collectors, "allocation-heavy", limits, iterations_count=2, iteration_cycles="0.3 G cycles")
curve = iterations(collected, HEAP).iloc[1:].mean().unstack("stack")
curve.index = [float(str(size).partition("x")[0]) for size in curve.index]
curve = curve.sort_index()[list(collectors)]
picture(lines, curve * 1000, "heap over what lives", "ms an iteration", log="xy")

# %%
log = collected.log.merge(collected.runs[["run", "stack", HEAP]], on="run")
log = log[log["kind"].astype(str).str.match("pause (young|mixed|full)")]
pauses = log.groupby([HEAP, "stack"], observed=True)["duration_s"].agg(["count", "mean", "max"])
pauses = pauses.loc[["2x live_bytes", "8x live_bytes"]].rename(columns={"mean": "mean ms", "max": "max ms"})
(pauses * [1, 1000, 1000]).round(2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A larger heap is collected less often, and a collection costs what *lives*, not what is dead. So memory buys time, up
# to a point. Below twice of what lives there is a wall, for the serial collector most of all: hardly anything is free
# after a collection.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **In a container.** What the virtual machine sees of its room decides what it chooses for itself:

# %%
ROOMS = {
    "4 processors, 4 GiB": (4, "4 GiB"),
    "1 processor, 4 GiB": (1, "4 GiB"),
    "1 processor, 512 MiB": (1, "512 MiB"),
}
chosen = {}
for name, (vcpus, memory) in ROOMS.items():
    room = {"vcpus": vcpus, "memory": memory}
    alone = run({name: f"linux-6 | docker-27 / {PRODUCT}"}, "java-exit", room)
    chosen[name] = alone.settings.set_index("setting")["value"]
pd.DataFrame(chosen).transpose()

# %% [markdown] slideshow={"slide_type": "fragment"}
# With one processor it takes the serial collector and fewer compilers; with less memory a smaller heap (a fourth of
# it). A program does not only get *less* in a small container, it gets *another* virtual machine.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# When does compiling pay? One bytecode, by the prices of the catalog:

# %%
given = numbers(
    PRODUCT, "c2_cycles", "interpreter_cycles", "c1_cycles", "c1_compile_cycles", "c2_compile_cycles", machine=MACHINE
)
given

# %% [markdown] slideshow={"slide_type": "fragment"}
# By hand. Interpreted it costs the first two numbers each time; C1's code the first and the third; C2's the first
# alone. What compiling costs once, over what it saves each time:

# %%
interpreted = given["c2_cycles"] + given["interpreter_cycles"]
EACH = {"interpreter": interpreted, "C1": given["c2_cycles"] + given["c1_cycles"], "C2": given["c2_cycles"]}
ONCE = {"interpreter": 0.0, "C1": given["c1_compile_cycles"], "C2": given["c2_compile_cycles"]}
for one, other in (("interpreter", "C1"), ("interpreter", "C2"), ("C1", "C2")):
    calls = (ONCE[other] - ONCE[one]) / (EACH[one] - EACH[other])
    print(
        f"{other} instead of {one}: ({ONCE[other]:.0f} - {ONCE[one]:.0f}) / ({EACH[one]:.2f} - {EACH[other]:.2f}) "
        f"= {calls:,.0f} calls"
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# HotSpot compiles *earlier* than that: after 200 calls by C1, after 5000 more by C2. It bets that what was called so
# often will be called much more often, and its compilers work beside the program while processors are free.
#
# **Move the slider**: how often is the bytecode executed?


# %%
def bytecode(calls):
    """Cycles of one bytecode, compiling it included, if it is executed so often."""
    table = {name: {"compile": ONCE[name], "execute": EACH[name] * calls} for name in EACH}
    whole = pd.DataFrame(table).T.sum(axis=1).to_frame("all")
    return bars(whole, f"cycles of one bytecode, executed {calls:,} times", log=True)


slider(bytecode, calls=[100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 100_000, 300_000, 1_000_000], at=5000)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# A heap by hand; your numbers depend on `SEED`:

# %%
asked = exercise("heap", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# A method, to be interpreted or to be compiled:

# %%
compiled = exercise("compiling", SEED)
compiled

# %%
answer(compiled, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict a warm-up.** The virtual machine of above, by default, may use no more than this part of its processors
# (`cap`; 100 % is one of four). How long are the first and the sixth iteration?

# %%
cap = Random(SEED).choice([50, 100, 200])
print(f"cap: {cap} %")
mine = predict({"first": None, "last": None}, names=["first", "last"], unit="s")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Change something.**
#
# 1. Let four threads of a program be *green* (`hotspot-21(threads=green)`): all on one thread of the system. What is
#    lost on four processors?
# 2. Put the virtual machine into a container of one processor, but let it count on four (`limits: {hotspot-21:
#    {processors: 4}}`). What does it choose?
# 3. Two programs in one virtual machine, `linux-6 / hotspot-21 |`: what does one of them do to the other by
#    `System.exit`? (`scenarios/one-virtual-machine-or-many.yaml`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Phases.** A program's mix of methods does not change with time; deoptimization comes at a mean rate.
# - **Objects of several kinds**: large ones have no place of their own, weak references no passes.
# - **Time slices**: sharing is by rates here; `fidelity: quantum` has slices.
# - **Profiles kept from run to run**, ahead-of-time compilation, checkpoints (`zulu-crac-17` in the catalog has the
#   last).
# - How right it is: programs of the DaCapo suite beside predictions in `docs/validation.md`, with the misses.
