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
# # 9. Deploy, snapshot, migrate
#
# **Question.** What can be done *to* a tenant while it runs (ship it, stop it and look inside, keep it, rewind it, move
# it)? Who does it, and for how long does the tenant stand still?

# %% slideshow={"slide_type": "skip"}
import tempfile

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator import laws
from simulator.lecture import answer, compare, exercise, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
LINK = "1 Gbit/s"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model: an operation belongs to a layer
#
# An operation is carried out by *one layer*, on what stands on it. A kernel stops processes, an engine the processes of
# a container, a hypervisor a whole system. What can be kept is what that layer can see as a whole: a part of a
# container's state lies in the kernel (grey), which others use as well.

# %%
STACKS = {
    "container": "linux-6 | docker-27",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "Firecracker": "linux-6 | firecracker-1 / linux-6",
}
stacks(STACKS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Who can do what follows from the layers; each "no" has a reason and an alternative. `virtlab can` prints the same.

# %%
able = dict(zip(STACKS, vl.can(*STACKS.values(), machine=MACHINE), strict=True))
words = ["pause", "inspect", "snapshot", "roll-back", "checkpoint", "migrate", "own-kernel", "package"]
print(able["container"]["snapshot"].why_not)
pd.DataFrame({name: {word: capability[word].by or "no" for word in words} for name, capability in able.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# For how many *milliseconds* does the tenant stand still? A service in a machine of 256 MiB
#
# - is kept by a snapshot, and a second later goes back to it, under KVM and under Firecracker;
# - moves under KVM to another host, over a link of 1 Gbit/s, while it writes 10 or 80 MB in a second.
#
# And what happens if it writes 320 MB in a second, more than the link carries?

# %%
NAMES = [
    "snapshot, KVM",
    "snapshot, Firecracker",
    "roll back, KVM",
    "roll back, Firecracker",
    "migrate, 10 MB/s",
    "migrate, 80 MB/s",
]
guess = predict(
    {
        "snapshot, KVM": None,
        "snapshot, Firecracker": None,
        "roll back, KVM": None,
        "roll back, Firecracker": None,
        "migrate, 10 MB/s": None,
        "migrate, 80 MB/s": None,
    },
    names=NAMES,
    unit="ms",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run: stop and look, keep and rewind
#
# Operations stand in the scenario, each with its time. They take place in simulated time, on the same processors and
# disks as everything else.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(models, workload, operations, duration):
    scenario = {
        "version": 1,
        "title": "operations",
        "machine": {"base": MACHINE, "devices": {"nic": {"link": LINK}}},
        "stacks": models,
        "tenants": {"service": {"workload": workload, "memory": "256 MiB", "vcpus": 1}},
        "operations": operations,
        "duration": duration,
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


def reports(results, *columns):
    joined = results.operations.merge(results.runs[["run", *dict.fromkeys(["stack", *results.axes])]])
    return joined[[*results.axes, "at_s", "operation", "how", "downtime_s", *columns]]


HELD = {"held_bytes": "64 MiB", "step_s": "0 s", "active_bytes": "16 MiB", "cached_bytes": "16 MiB"}
kept = run(
    STACKS,
    {"name": "memory-user", "parameters": {**HELD, "requests_count": 1000}},
    [
        {"at": "0.2 s", "pause": "service"},
        {"at": "0.25 s", "inspect": "service"},
        {"at": "0.3 s", "resume": "service"},
        {"at": "0.5 s", "snapshot": "service", "as": "before"},
        {"at": "1.5 s", "roll_back": "service", "to": "before"},
    ],
    "2.5 s",
)
looked = kept.inspections
looked[looked["thread"] == "main"][["at_s", "node", "state", "doing"]]

# %% [markdown] slideshow={"slide_type": "subslide"}
# That is *debugging*: the paused tenant is looked into, thread by thread, and knows nothing of it. Of a virtual machine
# the hypervisor sees the threads of the guest's kernel, too.
#
# ## Run: move it while it runs
#
# Pre-copy sends all of the memory while the guest runs, then what it wrote meanwhile, then what it wrote during that.

# %%
moved = run(
    {"KVM": STACKS["KVM"]},
    {
        "name": "page-dirtier",
        "parameters": {"held": "128 MiB", "set": "64 MiB", "write": ["10 MB/s", "80 MB/s", "320 MB/s"]},
    },
    [{"at": "0.5 s", "migrate": "service", "give_up_after": "5 s"}],
    "6.5 s",
)
WRITE = "tenants.service.workload.parameters.write"
migrations = reports(moved, "duration_s", "moved_bytes", "outcome").set_index(WRITE)
operations = reports(kept, "disk_bytes", "work_lost_s", "outcome").set_index(["operation", "stack"])
simulated = {
    **{
        f"{word}, {stack}": 1e3 * operations.loc[(name, stack), "downtime_s"]
        for word, name in (("snapshot", "snapshot"), ("roll back", "roll_back"))
        for stack in ("KVM", "Firecracker")
    },
    **{f"migrate, {rate}": 1e3 * migrations.loc[rate, "downtime_s"] for rate in ("10 MB/s", "80 MB/s")},
}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look
#
# What you have not predicted stays hidden (`REVEAL = True` in the parameters shows all).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What became of the guest that writes faster than the link sends, and of the container that was to be kept?

# %%
print("320 MB/s: ", migrations.loc["320 MB/s", "outcome"])
print("container:", str(operations.loc[("snapshot", "container"), "outcome"]).partition(";")[0])
rewound = operations.loc["roll_back"].loc[["KVM", "Firecracker"]]
rewound[["how", "downtime_s", "work_lost_s"]].round(4)

# %% [markdown]
# - **A snapshot** stands still for as long as memory takes to be written.
# - **Going back** reads all of it under KVM (`eager`), in a time of the same order. Firecracker only *maps* the file
#   (`lazy`): it is back at once and pays later, page by page, when they are touched first.
# - **What was worked since is lost**, in both: a rewind is a rewind.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Move the slider: what does each round send when the guest writes so much in a second? It stands still for the last
# one. The dashed line is what KVM's limit of 300 ms lets be left (closed form, `simulator.laws`).

# %%
tenant = moved.tenants.iloc[0]
catalog = vl.Catalog()
nic = catalog.machine(MACHINE).devices["nic"].values()
headers = catalog.layer("linux-6", MACHINE).values()["header_bytes"] + nic["frame_bytes"]
MEMORY = tenant["memory_program_bytes"] + tenant["memory_kernel_bytes"]
SET = 64 * 2**20
RATE = 125e6 * 1448 / (1448 + headers)
LIMIT_S = catalog.layer("kvm-6", MACHINE).control["migration"]["downtime_limit_s"].value


def rounds(write_MB_per_s):
    sent = laws.precopy_sent_bytes(MEMORY, RATE, write_MB_per_s * 1e6, SET, 12)
    over = [number for number, size in enumerate(sent) if size <= LIMIT_S * RATE]
    last = over[0] if over else len(sent) - 1
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    for number, size in enumerate(sent[: last + 1]):
        standing = bool(over) and number == last
        axes.bar(number, size / 1e6, color="#d55e00" if standing else "#0072b2", edgecolor="#333333")
    axes.axhline(LIMIT_S * RATE / 1e6, color="#333333", linestyle="--")
    axes.set(xlabel="round", ylabel="sent, MB", xlim=(-0.6, 12.6))
    still = f"stands still for {sent[last] / RATE * 1e3:.0f} ms" if over else "never ends"
    axes.set_title(f"writes {write_MB_per_s} MB/s: {sum(sent[: last + 1]) / RATE:.2f} s, {still}", loc="left")
    return figure


slider(rounds, write_MB_per_s=[5, 10, 20, 40, 60, 80, 100, 115, 160, 320], at=80)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain: a migration, by hand
#
# *M* is the memory that holds something, *W* the set of pages that the guest writes again and again, *D* what it writes
# in a second, *B* what the link carries beside headers. A round sends what was written during the one before, but no
# more than *W*. KVM stops the guest when the rest fits into its limit of downtime (the default of QEMU: `virtlab show
# kvm-6`).

# %%
write = 80e6
sent = laws.precopy_sent_bytes(MEMORY, RATE, write, SET, 12)
last = next(number for number, size in enumerate(sent) if size <= LIMIT_S * RATE)
print(
    f"M = {MEMORY / 1e6:.1f} MB, W = {SET / 1e6:.1f} MB, D = 80 MB/s, B = 125 × 1448 / {1448 + headers:.0f} = ", end=""
)
print(f"{RATE / 1e6:.1f} MB/s; limit {LIMIT_S:g} s × B = {LIMIT_S * RATE / 1e6:.1f} MB")
for number, size in enumerate(sent[: last + 1]):
    why = "M" if not number else f"min({write / RATE:.3f} × {sent[number - 1] / 1e6:.1f}, W)"
    print(f"round {number}: {why:22} = {size / 1e6:6.1f} MB, {size / RATE:.3f} s")
total_s = sum(sent[: last + 1]) / RATE
simulated_s = migrations.loc["80 MB/s", "duration_s"]
print(f"in all {total_s:.2f} s by hand, {simulated_s:.2f} s simulated: {simulated_s / total_s - 1:+.1%}")

# %% [markdown]
# The simulated machine has more to do: it marks pages, sends a header with each, looks at the rest ten times a second
# and stops the guest as soon as it fits, in the middle of a round. So a guest that writes little stands still for
# nearly as long as one that writes much: for as long as the rule allows, not for as short as the link could.
#
# For the guest of 320 MB/s every round after the first sends all of *W*:

# %%
print(f"W / B = {SET / 1e6:.1f} / {RATE / 1e6:.1f} = {SET / RATE:.2f} s; the limit is {LIMIT_S:g} s: never")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Deploy: only what is not there
#
# The same application as an image of a container and as a disk of a virtual machine, over 100 Mbit/s: onto an empty
# host, and after a change of its own code onto a host that has the version before.

# %%
SHIPPED = {"container": ("petclinic-3.1", "petclinic-3"), "disk": ("petclinic-disk-3.1", "petclinic-disk-3")}
rows = []
for name, (image, before) in SHIPPED.items():
    stack = STACKS["container"] if name == "container" else STACKS["KVM"]
    for held in ([], [before]):
        report = vl.pull(image, stack=stack, held=held, link="100 Mbit/s").reports[0]
        rows.append([name, ", ".join(held) or "nothing", report.moved_bytes / 1e6, report.end_s - report.begin_s])
pd.DataFrame(rows, columns=["as", "already there", "fetched, MB", "seconds"]).round(1)

# %% [markdown]
# An image is a row of layers, and whoever has the lower ones fetches the upper ones. The disk has layers as well, but
# coarser ones: after the same change a larger piece of it is another one.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# 1. Two cases of your own (another `SEED`, other numbers): a migration, and images' layers when one of them is removed.
# 2. The guest of this lecture moves over a link of `link_Gbit` (below) instead of 1 Gbit/s, and QEMU's own limit of 128
#    MiB/s is lifted. How long does the first round take, and for how long does it stand still at most, if it writes as
#    fast as it can and is stopped regardless? (Use the closed form.)
# 3. What would you give up to move the guest that writes 320 MB/s over 1 Gbit/s? Name three ways, and who pays for
#    each.
# 4. A container cannot be kept by a snapshot. Where in the picture would you put a layer, so that it can?

# %%
migration = exercise("migration", SEED)
migration

# %%
answer(migration, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
layers = exercise("image_layers", SEED, level=2)
layers

# %%
answer(layers, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
link_Gbit = 2 + SEED % 9
print(f"link: {link_Gbit} Gbit/s")
compare(
    predict({"first round": None, "stands still": None}, names=["first round", "stands still"], unit="ms"),
    {"first round": 1e3 * MEMORY / (link_Gbit * RATE), "stands still": 1e3 * SET / (link_Gbit * RATE)},
    reveal=REVEAL,
)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Disks do not move**: both hosts are taken to see the same storage.
# - **Programs do not know that they were rewound.** Their peers may: connections, clocks and what they have already
#   told others are not taken back.
# - **Numbers of operations** are assumed for many products, with wide ranges (`virtlab show kvm-6`).
# - **Post-copy** (run there at once, fetch pages when they are touched), throttling (`auto_converge`) and Xen's rule of
#   five rounds are in `scenarios/move-it-while-it-runs.yaml`.
# - **Many at once**: fifty starts side by side have a step in common; `scenarios/starts-side-by-side.yaml`.
