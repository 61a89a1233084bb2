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
# # 1. What a virtual machine is
#
# **Question.** A program believes that it has a machine of its own. Who makes it believe so, by which interface, and
# what does the belief cost?

# %% slideshow={"slide_type": "skip"}
import tempfile

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model: four machines that are none
#
# | what the program is given | by whom | what is virtual |
# |---|---|---|
# | a process | an operating system | processor, memory, files |
# | a container | the same one, with rules | also names: files, processes, network |
# | a virtual machine | a hypervisor (*virtual machine monitor*) | the whole hardware, down to its registers |
# | a Java virtual machine | a process | a processor that nobody has built |
#
# Hatched is what both tenants, A and B, share; everything else each has for itself.

# %%
STACKS = {
    "process": "linux-6 |",
    "container": "linux-6 | docker-27",
    "virtual machine": "linux-6 | kvm-6 / linux-6",
    "Java virtual machine": "linux-6 | hotspot-21",
}
stacks(STACKS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Popek and Goldberg (1974) ask three things of a virtual machine monitor:
#
# 1. **Equivalence**: a program does what it does on the bare machine, except for time and amounts.
# 2. **Resource control**: the monitor, and nobody else, gives the hardware away.
# 3. **Efficiency**: nearly all instructions are executed by the processor itself, without the monitor.
#
# The third is what separates a virtual machine from an **emulator**, which looks at every instruction. QEMU without
# assist is one. What comes in by the third is measured today.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# Two programs: one *computes* (it compresses), one does nothing but *system calls* (five in each round of a loop). How
# many per cent more time than as a plain process do they take? Put your numbers where `None` stands, e.g. `"3 %"` or
# `3`.

# %%
NAMES = [
    "compute, container",
    "compute, virtual machine",
    "compute, Java virtual machine",
    "compute, emulator",
    "calls, container",
    "calls, virtual machine",
    "calls, emulator",
]
guess = predict(
    {
        "compute, container": None,
        "compute, virtual machine": None,
        "compute, Java virtual machine": None,
        "compute, emulator": None,
        "calls, container": None,
        "calls, virtual machine": None,
        "calls, emulator": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run
#
# The same two programs on each stack, alone on a laptop of 2025. A slowdown is typed in nowhere: what goes in are costs
# of single events, each with its source, and how often a program causes them.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
EMULATOR = {"emulator": "linux-6 | qemu-7.2 / linux-6"}
PROGRAMS = {"compute": "compression", "calls": "unixbench-syscall"}


def overhead_percent(program, models):
    scenario = {
        "version": 1,
        "title": program,
        "machine": MACHINE,
        "stacks": models,
        "tenants": {"A": {"workload": PROGRAMS[program], "memory": "4 GiB", "vcpus": 1}},
        "replications": 1,
        "seed": SEED,
    }
    results = vl.run(scenario, out=folder.name, on="serial", progress=False)
    return results.summary().set_index("stack")["overhead_percent"]


found = {
    "compute": overhead_percent("compute", {**STACKS, **EMULATOR}),
    "calls": overhead_percent("calls", {name: STACKS[name] for name in list(STACKS)[:3]} | EMULATOR),
}
simulated = {name: found[name.split(", ")[0]][name.split(", ")[1]] for name in NAMES}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look
#
# What you have not predicted stays hidden (`REVEAL = True` in the parameters shows all).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# How often may a program leave to whoever stands below? Each line is one kind of event at its cost: User-Mode Linux is
# told of a trap by `ptrace`, Workstation takes it itself, KVM exits, Docker filters a system call. The dashed line
# is an overhead of 10 %. Move the slider from one event to the next.

# %%
EVENTS = {
    "UML 2003": ("uml-2.4", "trap_cycles", "dell-2650"),
    "Workstation 2003": ("vmware-workstation-3.2", "trap_cycles", "dell-2650"),
    "KVM 2025": ("kvm-6", "exit_cycles", MACHINE),
    "Docker 2025": ("docker-27", "filter_cycles", MACHINE),
}
catalog = vl.Catalog()
COST_US = {
    name: catalog.layer(layer, machine).values()[number]
    / catalog.machine(machine).devices["cpu"].values()["frequency_hz"]
    * 1e6
    for name, (layer, number, machine) in EVENTS.items()
}


def how_often(event):
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, cost_us in COST_US.items():
        ends = [10**exponent for exponent in (-1, 3)]
        rates = [percent * 1e4 / cost_us for percent in ends]
        axes.plot(rates, ends, color="#333333", linewidth=4 if name == event else 1)
        axes.annotate(name, (rates[1], ends[1]), (0, 4), textcoords="offset points", rotation=30, fontsize=12)
    limit = 10 * 1e4 / COST_US[event]
    axes.axhline(10, linestyle="--", color="#333333")
    axes.plot(limit, 10, "o", markersize=12, color="#d55e00")
    axes.annotate(f"{limit:,.0f} a second", (limit, 10), (12, -22), textcoords="offset points", backgroundcolor="w")
    axes.set(xscale="log", yscale="log", xlim=(100, 1e9), ylim=(0.1, 1000))
    axes.set(xlabel="events in a second of work", ylabel="overhead, %")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(f"{event}: {COST_US[event]:.3g} us\n", loc="left")
    return figure


slider(how_often, event=list(EVENTS), at="KVM 2025")

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# Why does a system call cost more in a container, and not in a virtual machine? `virtlab explain` prints each step with
# who pays it, why, and the source of the number:

# %%
for name in ("container", "virtual machine"):
    print(str(vl.explain(STACKS[name], "null", MACHINE)).split("\n\n[1]")[0], end="\n\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# In the virtual machine the guest's own kernel takes the call; the processor gets there without anybody's help. In the
# container every call first passes a filter, because the kernel behind it is everybody's. By hand, for a round of five
# calls and 20 cycles of loop (numbers of `virtlab show docker-27` and `linux-6`, measured in 2026):

# %%
docker, linux = (catalog.layer(name, MACHINE).values() for name in ("docker-27", "linux-6"))
call = linux["null_cycles"] + linux["entry_guard_cycles"]
filtered = docker["filter_cycles"]
by_hand = 5 * filtered / (5 * call + 20) * 100
print(f"a round of a process     5 × {call:.1f} + 20 = {5 * call + 20:.0f} cycles")
print(f"the filter adds          5 × {filtered:.1f} = {5 * filtered:.0f} cycles")
print(f"overhead                 {5 * filtered:.0f} / {5 * call + 20:.0f} = {by_hand:.1f} %")

# %% [markdown]
# Equivalence is not asked of a container: what the filter forbids, a program notices. Nor of a Java virtual machine: it
# takes bytecode only, and translates it on the way. Both are virtual machines in another sense of the word.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# 1. The case below is yours alone: another `SEED` in the parameters, other numbers. Fill your answers in; they are
#    graded.
# 2. A program makes 20,000 system calls in a second of computing. What is its overhead in a container? Use the line
#    *Docker 2025* of the figure, then the arithmetic above.
# 3. Which of Popek and Goldberg's three properties does each of the five stacks have?

# %% slideshow={"slide_type": "subslide"}
asked = exercise("event_rates", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None})

# %% slideshow={"slide_type": "subslide"}
calls = predict({"overhead": None}, names=["overhead"], unit="%")
compare(calls, {"overhead": 20_000 * COST_US["Docker 2025"] / 1e4}, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **What an instruction does.** Programs are counts of cycles, calls, faults and bytes; nothing is executed.
# - **Caches that code shares with its monitor**: what an exit displaces there is in the exit's own figure.
# - **Correctness.** Whether a monitor misses an instruction that it ought to see is no question here: see lecture 2.
