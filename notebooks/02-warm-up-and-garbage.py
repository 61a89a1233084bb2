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

# %% [markdown]
# # Warm-up and garbage: where a Java virtual machine's time goes
#
# **Question.** The same class files run anywhere. What does it cost until they run at full speed, what does it cost to
# clean up behind them, and what changes when the virtual machine sits in a small container, or shares its processors?
#
# Run the cells from top to bottom; it takes about half a minute. Change the parameters and run again.

# %%
import tempfile

import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

import simulator as vl

# %matplotlib inline

# %% tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "hotspot-21"
WORKLOAD = "managed"
SEED = 1

# %% [markdown]
# ## The model
#
# A Java virtual machine is a process of the system below. Its program is *bytecode*, which no processor executes.
#
# - **Interpreter**: each bytecode is looked up and carried out; that takes some ten cycles more than machine code.
# - **C1 and C2**: two compilers. A method that was called 200 times goes into the queue of C1, whose code counts on; at
#   5000 calls more it goes into that of C2, whose code is as good as it gets. A loop need not wait for the next call.
#   The compilers are *threads* of the virtual machine: they want processors, too.
# - **Heap**: objects are made in *eden*. When it is full, the program's threads stop and a collector copies what lives;
#   what has survived some collections gets old. What is old is collected when it takes too much of the heap.
#
# No slowdown is typed in: what goes in are the cycles of a bytecode, of compiling one, of copying a byte, each with its
# source or its range, and HotSpot's own thresholds. When which method is compiled, and how often the heap is collected,
# follows. One bytecode, explained:

# %%
print(vl.explain(f"linux-6 | {PRODUCT}", "bytecode", MACHINE))

# %% [markdown]
# ## Predict
#
# A program does the same piece of work ten times. How many times as long as at full speed does the *first* one take if
# the virtual machine may only interpret; with both compilers, which is the default; if it must compile each method
# before it runs it for the first time?

# %%
MODES = {
    "interpreter only": "interpreter",
    "C1 only": "c1",
    "C2 only": "c2",
    "tiered (the default)": "tiered",
    "everything first": "tiered-first",
}
guess = pd.Series({"interpreter only": 5.0, "tiered (the default)": 5.0, "everything first": 5.0}, name="guessed")

# %% [markdown]
# ## Run: warm-up

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(stacks, title, **tenant):
    """Runs the workload on some stacks."""
    app = {"workload": WORKLOAD, "memory": "4 GiB", "vcpus": 4, **tenant}
    scenario = {"version": 1, "title": title, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, jobs=2)


def iterations(results, *by):
    """Seconds of each iteration: one column for each stack, and for each value of further axes."""
    requests = results.requests.merge(results.runs[["run", "stack", *by]], on="run")
    requests["iteration"] = requests.groupby("run", observed=True).cumcount() + 1
    return requests.pivot_table("latency_s", "iteration", [*by, "stack"], observed=True)


modes = run({name: f"linux-6 | {PRODUCT}(mode={mode})" for name, mode in MODES.items()}, "Warm-up")
times = iterations(modes)
steady_s = times["tiered (the default)"].iloc[-1]
pd.concat({"guessed": guess, "simulated": (times.iloc[0] / steady_s).round(1)}, axis=1)

# %%
figure = Figure(figsize=(7.5, 3.6), layout="constrained")
axes = figure.add_subplot()
for style, name in zip(("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))), MODES, strict=True):
    axes.plot(times.index, times[name] * 1e3, linestyle=style, marker="o", markersize=3, label=name)
axes.set(xlabel="iteration", ylabel="ms", yscale="log", xticks=times.index)
axes.set_title("The same work, ten times", loc="left")
axes.legend(frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.92), fontsize="small")
display(figure)

# %% [markdown]
# - The **interpreter** never gets faster: ten times the work and more, for ever.
# - **C1** compiles quickly what is then slower for ever; **C2** takes long to compile and the program is interpreted
#   meanwhile. **Tiered** takes C1's code until C2's is there: close to the best of both.
# - **Everything first** waits for the compiler at every first call: nobody sees a first answer early, most of what is
#   compiled is hardly ever run, and what is compiled without a profile stays slower than what is compiled with one.
#
# Processor time of the whole run, by what it was for, in per cent:

# %%
charges = modes.charges.merge(modes.runs[["run", "stack"]], on="run").query("device == 'cpu'")
spent = charges.pivot_table("service_s", "mechanism", "stack", "sum", observed=True).fillna(0.0)
(spent / spent.sum() * 100.0).loc[lambda table: table.max(axis=1) > 1.0, list(MODES)].round(1).transpose()

# %% [markdown]
# ## Whose processors?
#
# The compilers work *beside* the program, if there is a processor for them. Now the virtual machine around it may use
# four processors, two, one, or half of one. How long does it take until it is warm? Seconds of an iteration:

# %%
CAPS = ["400 %", "200 %", "100 %", "50 %"]
stack = {"JVM in a container in a virtual machine": f"linux-6 | kvm-6 / linux-6 / docker-27 / {PRODUCT}"}
longer = {"name": WORKLOAD, "parameters": {"iterations_count": 20}}
capped = iterations(run(stack, "Warm-up on fewer processors", workload=longer, cap=CAPS), "tenants.app.cap")
capped.columns = capped.columns.get_level_values(0)
spans = pd.cut(capped.index, [0, 1, 2, 5, 10, 20], labels=["1", "2", "3 to 5", "6 to 10", "11 to 20"])
capped[CAPS].groupby(spans, observed=True).mean().round(2)

# %% [markdown]
# Half of the processors does not only mean half of the speed: what C2 still has to compile takes them away from
# the program, long after the first iteration.
#
# The guest still *sees* four processors, and the Java virtual machine in it starts as many compilers as for four. What
# the hypervisor gives it is another matter. A quota of the *container* is seen, and it chooses other things for itself:

# %%
ROOMS = {
    "4 processors, 4 GiB": (4, "4 GiB"),
    "1 processor, 4 GiB": (1, "4 GiB"),
    "1 processor, 512 MiB": (1, "512 MiB"),
}
chosen = {}
for name, (processors, memory) in ROOMS.items():
    in_room = run({"container": f"linux-6 | docker-27 / {PRODUCT}"}, name, vcpus=processors, memory=memory)
    chosen[name] = in_room.settings.set_index("setting")["value"]
pd.DataFrame(chosen).transpose()

# %% [markdown]
# Collector, compilers and heap change together. Which of them costs what is a question for the table above, or for a
# run in which only one is changed (`hotspot-21(collector=serial)`, `limits: {hotspot-21: {processors: 4}}`).
#
# ## Garbage
#
# Now a program that makes many objects and keeps few of them. The number of collections is what it makes over the size
# of eden; the cost of one is what lives then. So what does a larger heap do?

# %%
WORKLOAD = "allocation-heavy"
COLLECTORS = ("serial", "parallel", "g1")
SIZES = [1.5, 2, 3, 4, 8]
stacks = {name: f"linux-6 | {PRODUCT}(collector={name})" for name in COLLECTORS}
runs = {size: run(stacks, f"Heap of {size}", limits={PRODUCT: {"heap": f"{size}x live_bytes"}}) for size in SIZES}
last_s = pd.DataFrame({size: iterations(each).iloc[-5:].mean() for size, each in runs.items()}).transpose()
logs = {size: each.log.merge(each.runs[["run", "stack"]], on="run") for size, each in runs.items()}
log = pd.concat(logs, names=["heap"]).reset_index("heap").reset_index(drop=True)
collected = log[log["kind"].astype(str).str.match("pause (young|mixed|full)")]
figure = Figure(figsize=(9.5, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
for style, name in zip(("-", "--", "-."), COLLECTORS, strict=True):
    left.plot(last_s.index, last_s[name] * 1e3, linestyle=style, marker="o", markersize=3, label=name)
    counts = collected[collected["stack"] == name].groupby("heap", observed=True).size()
    right.plot(counts.index, counts, linestyle=style, marker="o", markersize=3, label=name)
left.set(xlabel="heap over what lives", ylabel="ms an iteration", ylim=(0, None))
right.set(xlabel="heap over what lives", ylabel="collections", yscale="log")
left.set_title("What the heap's size buys", loc="left")
right.set_title("How often it is collected", loc="left")
left.legend(frameon=False)
display(figure)

# %% [markdown]
# Below twice of what lives there is a wall: eden is small, and what gets old finds no room. Beyond four times there is
# little left to gain. The log of the virtual machine says what it did, as `-Xlog:gc` does; milliseconds of the pauses:

# %%
pauses = log[log["heap"].isin([2, 8])].assign(ms=log["duration_s"] * 1e3)
pauses.groupby(["heap", "stack", "kind"], observed=True)["ms"].agg(["count", "median", "max"]).round(2)

# %% [markdown]
# ## What the model leaves out
#
# - **One heap for all kinds of objects**: large ones have no place of their own, weak references no passes.
# - **Methods are alike within a group**, and a program's mix of them does not change with time: no phases.
# - **Time slices.** Sharing is by rates (`fluid`); `fidelity: quantum` has them.
# - **How sure we are.** `docs/validation.md` holds programs of the DaCapo suite and our own measurements against what
#   this layer predicts, with the reasons of the misses.
#
# *Exercises.* Put two programs into one virtual machine (`linux-6 / hotspot-21 |`) and let one of them leak
# (`scenarios/one-virtual-machine-or-many.yaml`). Give a container less memory than the heap may take. Import the log of
# a program of your own (`virtlab import gc-log`), and predict its heap curve.
