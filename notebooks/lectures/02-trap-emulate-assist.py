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
# # 2. Trap, emulate, assist
#
# **Question.** A guest's kernel does what only a kernel may do: it switches address spaces, changes page tables, takes
# faults. It is no kernel any more, another one is below it. Who does it then, and what does it cost each time?

# %% slideshow={"slide_type": "skip"}
import tempfile
from functools import cache

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, picture, predict, slider

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
OLD, NEW = "dell-2650", "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model: four answers in twenty years
#
# | answer | the guest's kernel runs | what it may not do |
# |---|---|---|
# | **trap and emulate** | as it is, without privilege | traps; the monitor does it for it |
# | **binary translation** (VMware, 1999) | translated, block by block | is replaced by calls, or traps |
# | **paravirtualization** (Xen, 2003) | changed in its source | is asked for, several at a time |
# | **assist** (2006), **nested paging** (2008) | as it is, in a mode for guests | is done by the processor, or exits |
#
# The processors of PCs could not do the first: some of their instructions neither work without privilege nor trap
# (Robin and Irvine 2000 count 17). Hence the second and the third.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The path of **one page fault**: a program touches a page for the first time. Its kernel has to hear of it (*trap*),
# and to enter the page into the page table, which the processor reads (*table*).

# %%
STACKS = {
    "native 2003": ("linux-2.4 |", OLD),
    "Xen 2003": ("xen-1 | linux-2.4", OLD),
    "Workstation 2003": ("linux-2.4 | vmware-workstation-3.2 / linux-2.4", OLD),
    "User-Mode Linux 2003": ("linux-2.4 | uml-2.4 / linux-2.4", OLD),
    "native 2025": ("linux-6 |", NEW),
    "KVM, shadow paging": ("linux-6 | kvm-6(paging=shadow) / linux-6", NEW),
    "KVM, nested paging": ("linux-6 | kvm-6 / linux-6", NEW),
}
PARTS = {"kernel": ("#cfcfd3", ""), "trap": ("#0072b2", "//"), "table": ("#e69f00", "..")}


def fault_us(stack, machine):
    """What the kernel itself, the trap and the page table take of one page fault."""
    found = dict.fromkeys(PARTS, 0.0)
    left = [(step, "kernel") for step in vl.explain(stack, "fault", machine).data()["steps"]]
    while left:
        step, part = left.pop()
        part = {"trap": "trap", "update page table": "table"}.get(step["step"], part)
        found[part] += step["time_s"] * 1e6
        left += [(each, part) for each in step["steps"]]
    return found


FAULT_US = {name: fault_us(*where) for name, where in STACKS.items()}


def paths():
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, found in FAULT_US.items():
        left = 0.0
        for part, (colour, hatch) in PARTS.items():
            label = part if name == "native 2003" else None
            axes.barh(name, found[part], left=left, color=colour, hatch=hatch, edgecolor="#333333", label=label)
            left += found[part]
        axes.annotate(f"{left:.3g}", (left, name), (5, 0), textcoords="offset points", va="center")
    axes.invert_yaxis()
    axes.set_xlabel("one page fault, us")
    axes.legend(frameon=False, loc="lower right")
    return figure


picture(paths)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# A Linux kernel is built: 1500 files, some 3300 pages touched first for each. On the PC of 2003 that takes 264 seconds,
# on the laptop 209. How many per cent more does it take on each stack? You have the picture above; a division is
# enough.

# %%
NAMES = [name for name in STACKS if "native" not in name]
guess = predict(
    {
        "Xen 2003": None,
        "Workstation 2003": None,
        "User-Mode Linux 2003": None,
        "KVM, shadow paging": None,
        "KVM, nested paging": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run
#
# The build on each stack: its demands are the same, what they cost is not.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
USUAL = 3263


@cache
def build(machine, faults_per_file):
    """The build on all stacks of this machine."""
    program = {"name": "kernel-build", "parameters": {"file_faults_count": faults_per_file}}
    scenario = {
        "version": 1,
        "title": "A kernel is built",
        "machine": machine,
        "stacks": {name: stack for name, (stack, where) in STACKS.items() if where == machine},
        "tenants": {"build": {"workload": program, "memory": "512 MiB", "vcpus": 1}},
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


built = {machine: build(machine, USUAL) for machine in (OLD, NEW)}
simulated = {}
for results in built.values():
    simulated |= dict(results.summary().set_index("stack")["overhead_percent"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# How much of it hangs on page faults? The slider is the number of pages that each file touches first. The build is run
# anew on the machine of 2003; at 0 what is left is all other events: processes that begin and end, system calls, ticks.

# %%
WIDEST_PERCENT = 350


def hangs_on(faults_per_file):
    summary = build(OLD, faults_per_file).summary().set_index("stack")["overhead_percent"].iloc[1:]
    figure = Figure(figsize=(10, 3), layout="constrained")
    axes = figure.subplots()
    axes.barh([str(name) for name in summary.index], summary, color="#0072b2", edgecolor="#333333")
    for name, percent in summary.items():
        axes.annotate(f"{percent:.1f}", (percent, str(name)), (5, 0), textcoords="offset points", va="center")
    axes.invert_yaxis()
    axes.set(xlim=(0, WIDEST_PERCENT), xlabel="overhead of the build, %")
    axes.set_title(f"{faults_per_file} faults a file", loc="left")
    return figure


slider(hangs_on, faults_per_file=[0, 1000, USUAL, 6000, 10000], at=USUAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# By hand: the number of faults times what one takes more than natively, over the time of the native build. The prices
# are those of lmbench in Table 5 of Barham et al. (2003), the number of faults was fitted on Xen's build alone.

# %%
native = built[OLD].summary().set_index("stack").loc["native 2003", "mean"]
charges = built[OLD].charges.merge(built[OLD].runs[["run", "stack"]], on="run")
of_native = charges[(charges["stack"] == "native 2003") & (charges["mechanism"] == "page_fault")]
faults = of_native["operations"].sum()
print(f"{faults / 1e6:.2f} million faults, native build {native:.1f} s")
for name in ("Xen 2003", "Workstation 2003"):
    here_us, there_us = (sum(FAULT_US[each].values()) for each in (name, "native 2003"))
    more_us = here_us - there_us
    more_s = faults * more_us / 1e6
    print(f"\n{name}")
    print(f"  one fault more  {here_us:.2f} - {there_us:.2f} = {more_us:.2f} us")
    print(f"  all of them     {faults / 1e6:.2f} million × {more_us:.2f} us = {more_s:.1f} s")
    print(f"  over native     {more_s:.1f} / {native:.1f} = {more_s / native * 100:.1f} %")

# %% [markdown]
# Nearly all of it is faults, on both. Xen is asked and checks an entry; Workstation, whose guest knows of nothing,
# protects the guest's table, takes the write to it as a trap, and keeps a second table (*shadow*) for the processor.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Where the assist comes in, for one fault:

# %%
for name in ("KVM, shadow paging", "KVM, nested paging"):
    print(str(vl.explain(STACKS[name][0], "fault", NEW)).split("\n\n[1]")[0], end="\n\n")

# %% [markdown]
# Three exits with shadow paging, none with nested paging: the processor itself translates the guest's addresses a
# second time. What that costs instead is lecture 3. An exit has not vanished by the assist of 2006; it has become
# rare by that of 2008. The first assist alone was often slower than binary translation (Adams and Agesen 2006).

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# 1. What do operations cost on a stack? (Your case: change `SEED`.)
# 2. Page tables, shadowed or changed in batches.
# 3. A server touches 10,000 new pages in a second of work. What is its overhead on KVM with shadow paging, and how many
#    pages a second make it 10 %?

# %% slideshow={"slide_type": "subslide"}
traps = exercise("traps", SEED)
traps

# %%
answer(traps, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
tables = exercise("page_tables", SEED)
tables

# %%
answer(tables, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
QUESTIONS = ["overhead, %", "pages a second for 10 %"]
server = predict({"overhead, %": None, "pages a second for 10 %": None}, names=QUESTIONS)
more_s = (sum(FAULT_US["KVM, shadow paging"].values()) - sum(FAULT_US["native 2025"].values())) / 1e6
compare(server, {"overhead, %": 10_000 * more_s * 100, "pages a second for 10 %": 0.1 / more_s}, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **The translator's cache.** Binary translation has a price for each sensitive instruction; that a block is
#   translated once and found again later is in that price, not simulated.
# - **Which instructions.** What traps is counted by kind of event (a fault, an update, a switch), not by opcode.
# - **Security.** A hypervisor's checks cost time here; what they prevent does not happen.
