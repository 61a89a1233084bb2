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
# # What does virtualization cost?
#
# **Question.** The same programs on bare metal, in a container, on a native and on hosted hypervisors and on a Java
# virtual machine: what does each model cost, for which program, and where does the time go?
#
# The machine is a laptop of today. Run the cells from top to bottom; it takes about ten seconds. Change the parameters
# and run again.

# %%
import tempfile
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
from IPython.display import Image, display
from matplotlib.figure import Figure

import simulator as vl
from simulator import plots

# %matplotlib inline

# %% tags=["parameters"]
MACHINE = "laptop-2025"
STACKS = {
    "bare metal": "linux-6 |",
    "Docker": "linux-6 | docker-27",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "ESXi": "vmware-esxi-7 | linux-6",
    "VirtualBox": "linux-6 | virtualbox-7 / linux-6",
    "HotSpot": "linux-6 | hotspot-21",
}
WORKLOADS = ["compression", "random-access", "key-value-store", "disk-random"]
REPLICATIONS = 2
SEED = 1

# %% [markdown]
# ## The model
#
# Programs ask for things; we call them *demands*. Each system of a stack is a *layer*: it hands a demand to the layer
# below and adds steps of its own, each with a cost, a payer and a cause. Hardware turns steps into time. No slowdown is
# typed in: what goes in are costs of single events (an exit from a guest, a filter of a system call, a packet over a
# bridge), each with its source or its range, and how often a program causes them.
#
# A stack is written from the hardware upwards, and everything right of the bar is there once for each tenant:
#
# | model | stack | what is below the program |
# |---|---|---|
# | bare metal | `linux-6 \|` | one kernel |
# | container | `linux-6 \| docker-27` | one kernel, shared, with rules for each container |
# | hosted hypervisor | `linux-6 \| virtualbox-7 / linux-6` | a kernel of its own, in a process of the host's |
# | native hypervisor | `vmware-esxi-7 \| linux-6` | a kernel of its own, on a hypervisor that drives the hardware |
# | Java virtual machine | `linux-6 \| hotspot-21` | bytecode, compiled on the way, in a process |
#
# One demand explained: four kilobytes sent by a container, and by a guest on VirtualBox.

# %%
for name in ("Docker", "VirtualBox"):
    print(vl.explain(STACKS[name], "send 4 KiB", MACHINE), end="\n\n\n")

# %% [markdown]
# ## Predict
#
# Before you run anything: how many per cent more time does the same work take? *compression* computes; *random-access*
# reads words all over a large memory; the *key-value-store* answers many small requests over the network; *disk-random*
# reads and writes small blocks of a fast disk, sixteen at a time.

# %%
guess_percent = pd.DataFrame(
    {stack: [10] * len(WORKLOADS) for stack in STACKS if stack != "bare metal"}, index=WORKLOADS
)
display(guess_percent)

# %% [markdown]
# ## Run

# %%
scenario = {
    "version": 1,
    "title": "What does virtualization cost?",
    "machine": MACHINE,
    "stacks": STACKS,
    "tenants": {"app": {"workload": WORKLOADS, "memory": "8 GiB", "vcpus": 8}},
    "replications": REPLICATIONS,
    "seed": SEED,
}
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
results = vl.run(scenario, out=folder.name, jobs=2)
figures = plots.draw(results, folder=Path(folder.name) / "figures")
pictures = {path.stem: Image(path) for path in figures if path.suffix == ".png"}
display(pictures["cost"])

# %% [markdown]
# How good were your guesses? A negative number: less time than on bare metal.

# %%
summary = results.summary()
simulated = summary.pivot_table("overhead_percent", "workload", "stack", observed=True)
table = {"guessed, %": guess_percent, "simulated, %": simulated.loc[WORKLOADS, guess_percent.columns].round(1)}
pd.concat(table, axis=1).transpose()

# %% [markdown]
# There is no such thing as *the* overhead of a model. What computes costs next to nothing anywhere: the processor
# executes a guest's instructions, or a container's, as it does its own. What leaves the program often, pays.
#
# ## Where did the time go?

# %%
display(pictures["where"])

# %% [markdown]
# - **Docker** filters each system call and carries each packet over a virtual cable, a bridge and a translation of
#   addresses. Computing it does not touch.
# - **KVM and ESXi** pay for the device: a request goes into a ring, a *device thread* takes it out. With sixteen
#   requests at a time that thread is the narrow place.
# - **VirtualBox** emulates a real disk controller and a real card: each register that the guest's driver touches is an
#   exit from the guest. It also maps the guest's memory by small pages, so that random accesses walk two page tables.
# - **HotSpot** takes longer to begin: classes are loaded, methods interpreted, then compiled by threads of its own.
#
# ## Where the work is done
#
# Look at the key-value store. On bare metal two cores work for it: what arrives is worked off in interrupts on a core
# that had nothing to do, while the server answers. On KVM the host's device thread runs beside the guest as well, but
# what the guest itself pays for each packet stays on the one core that everything waits for. So the overhead is not
# only how much more the machine works; it is what is added where the narrow place is. Take the other cores away, so
# that only the amount of work counts, and look again: bare metal loses half of its rate, and KVM's overhead is smaller.

# %%
one_core = {"base": MACHINE, "devices": {"cpu": {"cores_count": 1}}}
stacks = {name: STACKS[name] for name in ("bare metal", "KVM")}
tenants = {"app": {"workload": "key-value-store", "memory": "8 GiB", "vcpus": 1}}
crowded = vl.run({**scenario, "machine": one_core, "stacks": stacks, "tenants": tenants}, out=folder.name, jobs=1)
pd.Series(
    {
        "eight cores": simulated.loc["key-value-store", "KVM"],
        "one core": crowded.summary().set_index("stack").loc["KVM", "overhead_percent"],
    },
    name="KVM: overhead of the key-value store, %",
).round(1)

# %% [markdown]
# ## One number, moved by hand
#
# How much of this hangs on one number? The slider is the cost of an exit; the lines are arithmetic with the counts of
# exits of the runs above: what the exits alone add to a request, on KVM (few exits) and with an emulated card (many).

# %%
kvm = vl.Catalog().layer("kvm-6", MACHINE).values()
frequency_hz = vl.Catalog().machine(MACHINE).devices["cpu"].values()["frequency_hz"]
charges = results.charges.merge(results.runs[["run", "stack", "tenants.app.workload"]], on="run")
done = results.tenants.set_index("run")["operations"]
exits = charges[charges["mechanism"].isin(["kick", "timer_exit", "halt_exit", "register_exit", "host_interrupt"])]
each = exits.assign(each=exits["operations"] / exits["run"].map(done))
counts = each.groupby(["stack", "tenants.app.workload"], observed=True)["each"].sum() / REPLICATIONS


def exit_cost(exit_cycles):
    """Microseconds a request that exits of this cost add, for each stack that has any."""
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.add_subplot()
    cycles = range(0, 20001, 500)
    for style, stack in zip(("-", "--", "-."), ("KVM", "ESXi", "VirtualBox"), strict=True):
        number = counts.get((stack, "key-value-store"), 0.0)
        (line,) = axes.plot(cycles, [number * c / frequency_hz * 1e6 for c in cycles], style, label=stack)
        axes.plot(exit_cycles, number * exit_cycles / frequency_hz * 1e6, "o", color=line.get_color())
    axes.set(xlabel="cycles of an exit", ylabel="us a request", ylim=(0, None))
    axes.set_title("What exits add to a request of the key-value store", loc="left")
    axes.legend(frameon=False)
    display(figure)


exit_cost(round(kvm["exit_cycles"]))

# %% [markdown]
# The same with a slider (it needs a running notebook).

# %%
slider = widgets.IntSlider(
    round(kvm["exit_cycles"]), 0, 20000, step=500, description="exit, cycles", continuous_update=False
)
widgets.interactive(exit_cost, exit_cycles=slider)

# %% [markdown]
# ## What the model leaves out
#
# - **Time slices.** Sharing is by rates (`fluid`): good for means and throughput, silent about jitter and tails.
# - **Where interrupts go.** They run on whatever core is idle; a card that sends them to the core of the server, or to
#   one of its own, is not told apart.
# - **Balloons**, page sharing, huge pages that break up, clocks that sleep or run faster for a while.
# - **How sure we are.** Many costs of today's products are assumed, with a range; `vl.explain` prints it. The intervals
#   are about luck only.
#
# *Exercises.* Give the guest an emulated card (`virtual_hardware: {nic: emulated}`). Put a Java virtual machine into a
# container into a virtual machine (`linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21`): does it cost the sum? Read
# from a small file again and again on Workstation, past the guest's cache: who wins now?
