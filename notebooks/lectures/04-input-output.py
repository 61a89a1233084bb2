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
# # 4. Input and output: who carries a guest's packets?
#
# **Question.** A machine has one network card and one disk, and each guest believes that it has its own. Somebody
# carries its packets and blocks: a model of a device in a process, a thread behind a ring, a domain with drivers, a
# system below. What does each way cost, and when does it not matter?
#
# Run the cells from top to bottom; it takes some seconds. `SEED` is yours: it changes the exercises. `REVEAL` shows
# results that were not predicted.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, lines, numbers, picture, predict, slider

# %% slideshow={"slide_type": "slide"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model
#
# - **Emulated**: the guest drives a card that does not exist. Each register that its driver touches leaves the guest
#   (*exit*), and software works out what the card would have done.
# - **Paravirtual**: the guest knows. It writes requests into a *ring* in memory and kicks the other side, only if that
#   sleeps.
# - **Passthrough**: the card belongs to one guest; nobody stands between.
# - **Domain 0**: the hypervisor has no drivers; the ring leads to a privileged guest that has them.
# - **Hosted**: the hypervisor is a program of a system, and asks it as any program does. This one shows an emulated
#   card.
#
# Each of these is a chain of workers. No slowdown is typed in: what goes in are the cycles of an exit, of a turn of
# the ring, of a driver, each with its range and source.

# %%
STATIONS = {
    "bare metal": ["driver", "", "", "card"],
    "emulated": ["driver", "exit for each\nregister", "device model:\na host process", "host's driver", "card"],
    "paravirtual": ["driver", "ring, a kick\nif it sleeps", "device thread\nof the host", "host's driver", "card"],
    "passthrough": ["driver", "", "", "", "card"],
    "domain 0": ["driver", "ring, an event\nif it sleeps", "back end in\ndomain 0", "its driver", "card"],
    "hosted": ["driver", "exit for each\nregister", "thread of the\nmonitor", "host's driver", "card"],
}
OWN, CARRIER, CARD = "#dbe6ff", "#cfcfd3", "#8d8d94"


def paths():
    """Who touches a packet on its way down: blue the guest, grey and hatched who carries it."""
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    axes = figure.subplots()
    for column, (name, stations) in enumerate(STATIONS.items()):
        axes.annotate("", (column, 0.5), (column, 4), arrowprops={"arrowstyle": "->", "linewidth": 2})
        axes.text(column, 4.75, name, ha="center", weight="bold")
        for level, text in zip(
            (4, 3, 2, 1, 0), [*stations[:-1], *[""] * (5 - len(stations)), stations[-1]], strict=True
        ):
            if not text:
                continue
            if level == 3:
                axes.text(column, level, text, ha="center", va="center", fontsize=11, style="italic",
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
                continue
            colour, hatch = {4: (OWN, ""), 0: (CARD, "")}.get(level, (CARRIER, "//"))
            axes.bar(column, 0.8, 0.9, level - 0.4, facecolor=colour, hatch=hatch, edgecolor="#333333")
            axes.text(column, level, text, ha="center", va="center", fontsize=11,
                      bbox={"facecolor": colour, "edgecolor": "none", "pad": 1})  # fmt: skip
    axes.set(xlim=(-0.6, len(STATIONS) - 0.4), ylim=(-0.6, 5.1))
    axes.axis("off")
    return figure


picture(paths)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# A program writes packets of 64 bytes into its card's ring **one at a time**, as fast as it can. On bare metal the
# wire is the limit: one gigabit a second. How many per cent of that rate are left on each path?

# %%
KVM = "linux-6 | kvm-6 / linux-6"
PATHS = {
    "bare metal": {"stack": "linux-6 |"},
    "emulated": {"stack": KVM, "virtual_hardware": {"disk": "emulated", "nic": "emulated"}},
    "paravirtual": {"stack": KVM, "virtual_hardware": {"disk": "paravirtual", "nic": "paravirtual"}},
    "passthrough": {"stack": KVM, "virtual_hardware": {"disk": "passthrough", "nic": "passthrough"}},
    "domain 0": {"stack": "xen-4 | linux-6"},
    "hosted": {"stack": "linux-6 | vmware-workstation-17 / linux-6"},
}
GUESTS = [name for name in PATHS if name != "bare metal"]
MODELS = {name: path["stack"] for name, path in PATHS.items()}

# %%
guess = predict(
    {"emulated": None, "paravirtual": None, "passthrough": None, "domain 0": None, "hosted": None},
    names=GUESTS,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run
#
# The packet generator once more with bursts of 2, 8 and 32 packets; then a program that reads blocks of 4 KiB at
# random from a fast disk, with 1, 4 and 16 requests at once.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
BURST, DEPTH = (f"tenants.app.workload.parameters.{name}" for name in ("burst_count", "threads_count"))


def run(workload, stacks=PATHS, **parameters):
    """One program on some paths."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)


def rates(results, axis):
    """What the program achieved: a row for each value of the axis, a column for each path."""
    rows = results.tenants.merge(results.runs[["run", "stack", axis]], on="run")
    return rows.pivot_table("value", axis, "stack", observed=True, sort=False).sort_index()


packets = run("packet-generator", bursts_count=100, burst_count=[1, 2, 8, 32])
disk = run("disk-random", blocks_count=96, threads_count=[1, 4, 16], write_ratio=0)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look
#
# One packet at a time:

# %%
sent = rates(packets, BURST)
alone = sent.loc[1] / sent.loc[1, "bare metal"] * 100
compare(guess, alone[GUESTS], reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then in bursts. One doorbell or one kick is enough for all packets of a burst; but who carries them?

# %%
picture(lines, sent, "packets in a burst", "million packets/s", log="x", models=MODELS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The disk. A request that travels alone pays every hand-over in full; with many under way the hand-overs overlap,
# until whoever carries them never rests:

# %%
picture(lines, rates(disk, DEPTH) / 1000, "requests at once", "thousand reads/s", log="x", models=MODELS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Move the slider**: how many packets leave at once? For each packet, the time of the guest's own processor, of
# whoever carries it (on another processor), and on the wire. They work side by side, so *the longest bar decides* the
# rate. (To fall asleep and wake up counts as work, too.)


# %%
def work(results):
    """Microseconds of each packet: of the guest's processor, of whoever carries it, on the wire."""
    kinds = results.threads[["run", "thread", "kind"]].drop_duplicates()
    rows = results.charges.merge(results.runs[["run", "stack", BURST]], on="run").merge(kinds, on=["run", "thread"])
    done = results.tenants.set_index("run")["operations"]
    rows["us"] = rows["service_s"] / rows["run"].map(done) / rows[BURST] * 1e6
    rows["who"] = rows["kind"].astype(str).map({"program": "guest", "service": "carrier"})
    rows.loc[rows["device"] == "nic-send", "who"] = "wire"
    return rows.pivot_table("us", "stack", "who", "sum", observed=True, sort=False)[["guest", "carrier", "wire"]]


def packet(burst):
    """Where the time of a packet goes if so many leave at once."""
    results = run("packet-generator", bursts_count=150, burst_count=[burst])
    return bars(work(results).loc[list(PATHS)], f"us a packet, {burst} at once", log=True)


slider(packet, burst=[1, 2, 4, 8, 16, 32, 64], at=1)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# Three workers in a chain: the guest, who carries, the wire. A chain is as fast as its slowest worker. The prices of
# KVM's:

# %%
given = numbers(
    "kvm-6", "exit_cycles", "host_process_register_cycles", "nic_emulation_cycles", "nic_ring_cycles",
    "nic_further_cycles", "bridge_cycles", "nic_calls_count", "device_copy_cycles_per_byte", machine=MACHINE,
)  # fmt: skip
given

# %% [markdown] slideshow={"slide_type": "fragment"}
# By hand, for one packet at a time. Every line adds up what the carrier does for a packet, in the order of the table
# above: its own work, the host's bridge, the host's driver, system calls, the copy.

# %%
catalog = vl.Catalog()
program = catalog.workload("packet-generator", MACHINE).values()
linux = catalog.layer("linux-6", MACHINE).values()
xen = catalog.layer("xen-4", MACHINE).values()
clock_hz = catalog.machine(MACHINE).devices["cpu"].values()["frequency_hz"]
copy = given["device_copy_cycles_per_byte"] * (program["packet_bytes"] - program["link_header_bytes"])
calls = given["nic_calls_count"] * (linux["null_io_cycles"] + linux["entry_guard_cycles"])
carried = {
    "emulated": [given["nic_emulation_cycles"], given["bridge_cycles"], linux["nic_driver_cycles"], calls, copy],
    "paravirtual": [given["nic_ring_cycles"], given["bridge_cycles"], linux["nic_driver_cycles"], copy],
    "domain 0": [xen["packet_back_end_cycles"], linux["nic_driver_cycles"]],
}
for name, parts in carried.items():
    us = sum(parts) / clock_hz * 1e6
    print(
        f"{name}: {' + '.join(f'{each:.0f}' for each in parts)} = {sum(parts):.0f} cycles = {us:.2f} us "
        f"-> at most {1 / us:.3f} million packets/s; simulated {sent.loc[1, name]:.3f}"
    )
own = [program["work_cycles"], given["exit_cycles"], given["host_process_register_cycles"]]
print(f"emulated, the guest's side: {' + '.join(f'{each:.0f}' for each in own)} = {sum(own):.0f} cycles")

# %% [markdown] slideshow={"slide_type": "subslide"}
# - The **emulated** card costs *both* sides: the guest pays an exit and waits for the register to be worked out, the
#   process behind it takes about as long again.
# - **Paravirtual** moves the work of the device to the carrier. The guest hardly ever kicks, because the carrier is
#   awake.
# - **Domain 0** works the same way; its carrier is a back end in a guest with drivers.
# - On the **hosted** path the guest is the slow worker: its card interrupts for each burst, and the interrupt's
#   handler touches five more registers, each an exit and a journey into a process.
# - **Passthrough** leaves nobody in between. One at a time guest and wire take about as long; from two on the wire
#   decides again.
#
# Batches divide what is paid once for each burst: the exit of a doorbell, a kick, the hosted card's interrupt. They do
# not divide what is paid for each packet: the model of a card reads each descriptor and makes a system call for each
# packet, a back end copies each. So the lines of the emulated card and of domain 0 hardly rise: their carrier was the
# slow worker all along. The paravirtual line does: the host's kernel takes the packets of a burst together, each
# further one for `nic_further_cycles`.
#
# And the disk? There a read takes tens of microseconds anyway. One at a time, paths differ by what they add to them;
# many at a time, by how many a second one carrier can carry. So "the overhead of I/O" is no number: it is a chain, and
# a question of where its slowest worker is.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# A ring and its server by hand; your numbers depend on `SEED`:

# %%
asked = exercise("kicks", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None, 5: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict a rate.** With the prices above: how many million packets a second leave a guest of KVM by its paravirtual
# card with bursts of this size? (The first packet takes the carrier what it takes alone, each further one
# `nic_further_cycles`; each is copied.)

# %%
burst = Random(SEED).choice([3, 5, 6, 12])
print(f"burst = {burst}")
mine = predict({"paravirtual": None}, names=["paravirtual"], unit="Mpps")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Change something.**
#
# 1. Let KVM's device thread carry out one request after the other: `kvm-6(device_threads=serial)`. How many reads a
#    second are left with sixteen at once, and why does their number no longer matter?
# 2. Give the hosted guest a paravirtual card (`"virtual_hardware": {"nic": "paravirtual"}`). What is left of the
#    distance to KVM?
# 3. Which path would you take for a guest that is to be migrated while it runs? (`vl.can(KVM)`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **What becomes cheaper inside a burst.** Here only the host's kernel takes packets together; models of cards and
#   back ends pay the full price for each, though their code and data stay in the caches.
# - **Cards that many guests share in hardware** (SR-IOV), and what an IOMMU takes to translate.
# - **Interrupts that are moderated**, several queues, polling drivers in the host (DPDK, io_uring's polling).
# - **Who else wants the processors.** Carriers have processors of their own here; where they have not, they take the
#   guest's.
# - Many prices are assumed, with wide ranges: the *order* of the paths is safer than the distances.
