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
# # 5. Type I against type II: does the label decide?
#
# **Question.** Textbooks divide hypervisors in two. A *native* one (type I) is the lowest layer of the machine; a
# *hosted* one (type II) is a program of a system. The first is said to be the faster one. Is it, for which program,
# and why?
#
# Run the cells from top to bottom; it takes some seconds.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, picture, predict, slider, stacked, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model
#
# Goldberg's two types (1973), and where four products stand. Grey and hatched is what two tenants share.

# %%
MODELS = {
    "ESXi": "vmware-esxi-7 | linux-6",
    "Xen": "xen-4 | linux-6",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "VirtualBox": "linux-6 | virtualbox-7 / linux-6",
    "Workstation": "linux-6 | vmware-workstation-17 / linux-6",
}
stacks({name: MODELS[name] for name in ("ESXi", "Xen", "KVM", "Workstation")}, tenants=2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **ESXi** drives disks and cards itself: type I.
# - **Xen** is the lowest layer, but leaves devices to a privileged guest, domain 0: type I, with a system on the way.
# - **KVM** is a module of Linux. Is Linux then a hypervisor, or the host of one? Both answers are in print.
# - **Workstation** and **VirtualBox** are programs that users start: type II.
#
# The simulator does not know the types. It knows layers, each with what it does for each demand, and at which price.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# A program reads blocks of 4 KiB past its own system's cache, one after the other: anywhere in a **large file** of 8
# GiB, and in a **small file** of 16 KiB, again and again. How many reads a second are left, in per cent of bare metal?

# %%
SHOWN = ("ESXi", "KVM", "VirtualBox", "Workstation")
ASKED = [f"{name}, {file}" for file in ("large file", "small file") for name in SHOWN]

# %%
guess = predict(dict.fromkeys(ASKED, None), names=ASKED, unit="%")
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run
#
# Both files; besides, a program that compresses, and a key-value store that answers small requests over the network.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {"bare metal": {"stack": "linux-6 |"}, **{name: {"stack": stack} for name, stack in MODELS.items()}}


def run(workload, stacks=STACKS, **parameters):
    """What one program achieves on some stacks."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    results = vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)
    return results.tenants.merge(results.runs[["run", "stack"]], on="run").set_index("stack")["value"]


ONE = {"threads_count": 1, "write_ratio": 0}
rates = pd.DataFrame(
    {
        "compression": run("compression", pieces_count=16),
        "key-value store": run("key-value-store", requests_count=200),
        "large file": run("disk-random", **ONE, blocks_count=60),
        "small file": run("disk-random", **ONE, blocks_count=200, file_bytes="16 KiB"),
    }
)
percent = rates / rates.loc["bare metal"] * 100

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look

# %%
reads = {f"{name}, {file}": percent.loc[name, file] for file in ("large file", "small file") for name in SHOWN}
compare(guess, reads, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the other two programs:

# %%
picture(bars, percent.loc[list(MODELS), ["compression", "key-value store"]], "% of bare metal")

# %% [markdown] slideshow={"slide_type": "subslide"}
# What computes does not care: the processor executes a guest's instructions itself, whoever owns the machine. What
# talks does care, and hosted products look bad. But is it the *label*? Give all of them the same kind of card, once
# one of real hardware that is emulated, once a paravirtual one, and let a server answer one client:

# %%
CARDS = ("emulated", "paravirtual")
cards = {
    name: [card if name != "VirtualBox" or card == "emulated" else "virtio-net" for card in CARDS] for name in SHOWN
}
given = {
    f"{name}, {card}": {"stack": MODELS[name], "virtual_hardware": {"nic": nic}}
    for name in SHOWN
    for card, nic in zip(CARDS, cards[name], strict=True)
}
answers = run("request-response", given, transactions_count=60)
table = pd.DataFrame({card: {name: answers[f"{name}, {card}"] for name in SHOWN} for card in CARDS})
picture(bars, table, "answers/s")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With the same card the distance shrinks. With an emulated card what counts is *where* a register is worked out: ESXi
# does it in its own kernel, KVM, VirtualBox and Workstation go to a process and back (or do both in parts). With a
# paravirtual card the hosted product is a neighbour of the native ones.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Move the slider**: how many per cent of the reads are found in the page cache of the host? Only Workstation (as it
# is set up by default) goes through it; the other four go past it.

# %%
us = 1e6 / rates


def reading(found):
    """Microseconds of a read if so many per cent are found in the host's page cache."""
    part = found / 100
    mean = us["small file"] * part + us["large file"] * (1 - part)
    table = mean[["bare metal", *MODELS]].to_frame("read")
    return bars(table, f"us a read, {found} % found in the host's cache", models={"bare metal": "linux-6 |", **MODELS})


slider(reading, found=list(range(0, 101, 10)), at=0)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# More layers cost more: one read that no cache answers, by layer. All five need the same disk; what differs is who has
# work to do on the way. (Even that is no law: Xen's way through domain 0 takes no longer here than ESXi's own.)

# %%
PLACES = {"machine": "machine", "linux-6": "host or domain 0", "xen-4/domain-0": "host or domain 0"}


def layers(demand):
    """Microseconds by layer of one demand that no cache answers."""
    catalog = vl.Catalog()
    rows = {}
    for name, stack in MODELS.items():
        total = vl.explain(stack, demand, MACHINE, catalog=catalog).totals[-1]
        parts = pd.Series({"guest's system": 0.0, "hypervisor": 0.0, "host or domain 0": 0.0, "machine": 0.0})
        for path, seconds in total.overhead_s.items():
            parts[PLACES.get(path, "guest's system" if path.endswith("/linux-6[app]") else "hypervisor")] += seconds
        parts["disk"] = sum(total.devices_s.values())
        rows[name] = parts * 1e6
    return pd.DataFrame(rows).T


picture(stacked, layers("read 4 KiB"), "us of a read, by layer")

# %% [markdown] slideshow={"slide_type": "fragment"}
# So the native hypervisor wins where every read must go to the disk. But a layer may also *have* something: the host
# of Workstation has a page cache. From which part of reads found there, `h`, is the hosted one faster? By hand:

# %%
native, missed, found = us.loc["ESXi", "large file"], *us.loc["Workstation", ["large file", "small file"]]
print(f"ESXi: {native:.1f} us; Workstation: {missed:.1f} us not in the host's cache, {found:.1f} us in it")
print(f"{found:.1f} h + {missed:.1f} (1 - h) = {native:.1f}")
print(f"h = ({missed:.1f} - {native:.1f}) / ({missed:.1f} - {found:.1f}) = {(missed - native) / (missed - found):.2f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# What hosted hypervisors win besides: they are installed like a program, on a system that is there, drives the
# hardware, and goes on being used. As the catalog has it (assumed from the manuals, with ranges: `virtlab show
# vmware-esxi-7`):

# %%
ROWS = {"steps": "steps", "privileged": "of them privileged", "reboots": "reboots", "bytes": "MB"}


catalog = vl.Catalog()


def installation(*names):
    """What it takes to install some products, one after the other."""
    products = [catalog.layer(name, MACHINE).installation for name in names]
    keys = {row: f"install_{row}_count" if row != "bytes" else "install_bytes" for row in ROWS}
    return {
        ROWS[row]: sum(each[key].value for each in products) / (1e6 if row == "bytes" else 1)
        for row, key in keys.items()
    }


pd.DataFrame(
    {
        "ESXi": installation("vmware-esxi-7"),
        "Xen, its domain 0 first": installation("linux-6", "xen-4"),
        "KVM": installation("linux-6", "kvm-6"),
        "KVM, Linux is there": installation("kvm-6"),
        "Workstation, a system is there": installation("vmware-workstation-17"),
    }
).astype(int)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The label decides nothing, the path does.** Ask of each demand: who handles it, how many borders does it cross, and
# does somebody on the way already hold the answer?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# Traps by hand, on stacks of 2003 or of today, as your `SEED` has it:

# %%
asked = exercise("traps", SEED, level=2)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict a mean.** From the times above: microseconds of a read on both, if so many are found in the host's cache?

# %%
found = Random(SEED).choice([25, 35, 55, 65, 75])
print(f"found in the host's cache: {found} %")
mine = predict({"ESXi": None, "Workstation": None}, names=["ESXi", "Workstation"], unit="us")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Change something.**
#
# 1. Let KVM use the host's cache: `linux-6 | kvm-6(disk_cache=write-back) / linux-6`. What does it gain, and what may
#    be lost when the power fails?
# 2. Give KVM's guest the disk itself (`"virtual_hardware": {"disk": "passthrough"}`). Who is nearer to bare metal now,
#    KVM or ESXi?
# 3. What may be done to a guest on each? (`vl.can(*MODELS.values())`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Quality of drivers.** A native hypervisor has its own for a short list of hardware; a hosted one has those of its
#   system.
# - **What the host does besides**: its desktop, its updates, other programs. Here it is idle.
# - **Safety of caches**: what a write-back cache loses with the power is a risk, and no risk is computed here.
# - **Nested virtualization**: a hypervisor inside a guest.
# - Prices of closed products are assumed from what their makers publish; `virtlab explain` names each.
