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
# # Deploying, controlling and moving
#
# **Question.** What does each way of virtualizing let you *do* with a tenant (ship it, start it, stop it and look
# inside, keep it, rewind it, move it), who does it, and what does it take?
#
# Run the cells from top to bottom; it takes about a minute and a half. Change the parameters and run again.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Image, display

import simulator as vl
from simulator import laws
from simulator.plots import draw

# %matplotlib inline

# %% tags=["parameters"]
MACHINE = "server-2025"
SEED = 1

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "process": "linux-6 |",
    "Docker": "linux-6 | docker-27",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "Player": "linux-6 | vmware-player-17 / linux-6",
    "JVM": "linux-6 | hotspot-21",
}

# %% [markdown]
# ## The model
#
# An operation is carried out by one layer on a tenant's way, on what stands on that layer. A kernel stops *processes*,
# an engine a *container's* processes, a hypervisor a *whole system*. What can be kept is what the layer can see as a
# whole: of a process, a part of the state lies in a kernel that others use as well. So nothing says "containers offer
# less control"; what they offer follows from where they stand, and each "no" has a reason and an alternative.

# %%
answers = dict(zip(STACKS, vl.can(*STACKS.values(), machine=MACHINE), strict=True))
words = ["pause", "inspect", "snapshot", "roll-back", "checkpoint", "migrate", "own-kernel", "package"]
display(pd.DataFrame({name: {word: answer[word].by or "no" for word in words} for name, answer in answers.items()}))
print(answers["Docker"]["snapshot"].why_not)

# %% [markdown]
# ## Predict
#
# A service with 128 MiB of data in a machine of 1 GiB is kept after half a second, runs on, and goes back to that state
# after two. How long does it stand still for the snapshot, and how much of its work is gone, on KVM and on Firecracker?
#
# ## Run: keep and rewind

# %%
results = vl.run("../scenarios/save-and-rewind.yaml", out=folder.name)
display(Image(draw(results, ["timeline"], Path(folder.name) / "kept")[-1], width=900))
columns = ["stack", "at_s", "operation", "how", "outcome", "downtime_s", "moved_bytes", "work_lost_s"]
operations = results.operations.merge(results.runs[["run", "stack"]])
display(operations[operations.tenant == "service"][columns].round(4))

# %% [markdown]
# Memory is what takes the time: all of it is written while nothing runs. A micro virtual machine comes back in
# milliseconds because its file is only *mapped*; it pays page by page afterwards, unless its working set is read first.
# What it had computed since the snapshot is lost to the second. The container is refused a snapshot and kept process by
# process instead.
#
# ## Moving while it runs
#
# Pre-copy sends the memory while the guest goes on, then what it wrote meanwhile, then what it wrote during that, ...
# The rounds shrink if it writes slower than the link sends. The closed form and the simulated machine, without further
# costs:

# %%
GIB = 2.0**30
for rate in (0.2, 0.5, 0.8):
    rounds = laws.precopy_rounds(GIB, 125e6, rate * 125e6, 10e6)
    print(
        f"writes at {rate:.0%} of the link: {rounds} rounds, {laws.precopy_s(GIB, 125e6, rate * 125e6, rounds):.1f} s, "
        f"stands still for {1e3 * laws.precopy_downtime_s(GIB, 125e6, rate * 125e6, rounds):.0f} ms"
    )

# %%
moving = vl.run(
    {
        "version": 1,
        "title": "What does a guest's writing do to its migration?",
        "machine": {"base": MACHINE, "devices": {"nic": {"link": "1 Gbit/s"}}},
        "stacks": {"KVM": "linux-6 | kvm-6 / linux-6", "Xen": "xen-4 | linux-6"},
        "tenants": {
            "app": {
                "workload": {
                    "name": "page-dirtier",
                    "parameters": {
                        "held": "512 MiB",
                        "set": "256 MiB",
                        "write": ["10 MB/s", "40 MB/s", "80 MB/s", "160 MB/s", "320 MB/s"],
                    },
                },
                "memory": "1 GiB",
                "vcpus": 1,
            }
        },
        "operations": [{"at": "1 s", "migrate": "app", "give_up_after": "30 s"}],
        "duration": "40 s",
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
)
moved = moving.operations.merge(moving.runs[["run", *moving.axes]])
display(moved[[*moving.axes, "rounds", "duration_s", "downtime_s", "moved_bytes", "outcome"]].round(3))

# %% [markdown]
# Up to the link's speed the rounds shrink, and KVM stops the guest when the rest fits into 0.3 s. Beyond, nothing
# shrinks: QEMU would go on for ever and is given up here, Xen stops after five rounds and the guest stands still for
# seconds. Slow writers are stopped for as long as the product's own rule lets them, not for as short as the link could.
#
# ## Shipping: only what is not there
#
# An image is a row of layers; a host that has the lower ones fetches the upper ones. The same application as a
# container, a disk for a virtual machine and an archive for a Java virtual machine, after a change of its own code:

# %%
SHIPPED = {
    "container": ("linux-6 | docker-27", "petclinic-3.1", ["petclinic-3"]),
    "disk of a virtual machine": ("linux-6 | kvm-6 / linux-6", "petclinic-disk-3.1", ["petclinic-disk-3"]),
}
rows = []
for name, (stack, image, before) in SHIPPED.items():
    for held in ([], before):
        delivery = vl.pull(image, stack=stack, held=held, link="100 Mbit/s")
        report = delivery.reports[0]
        rows.append(
            [name, "the version before" if held else "nothing", report.moved_bytes / 1e6, report.end_s - report.begin_s]
        )
display(pd.DataFrame(rows, columns=["as", "the host holds", "fetched, MB", "seconds"]).round(1))

# %% [markdown]
# ## Starting, alone and many at once
#
# A start is a chain of steps, each of them processor work, reading or waiting. Twenty at once share the processors, the
# disk and the places where all starts go through one by one.

# %%
starts = vl.run(
    {
        "version": 1,
        "title": "How long does a start take?",
        "machine": MACHINE,
        "stacks": {
            "process": "linux-6 |",
            "bare container": "linux-6 | bare-container-1",
            "Docker": "linux-6 | docker-27",
            "JVM": "linux-6 | hotspot-21",
            "Firecracker": "linux-6 | firecracker-1 / linux-4.14-microvm",
            "QEMU with KVM": "linux-6 | kvm-6 / linux-4.14-microvm",
        },
        "tenants": {
            "app": {
                "workload": "start-hello",
                "memory": "256 MiB",
                "vcpus": 1,
                "boot": True,
                "count": [1, 20],
                "virtual_hardware": {"image": "minimal-rootfs"},
            }
        },
        "duration": "20 s",
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
)
display(Image(draw(starts, ["starts"], Path(folder.name) / "starts")[-1], width=900))

# %% [markdown]
# ## Many hosts
#
# A provider packs instances onto hosts, moves them for maintenance, restarts what failed and switches off what is
# empty. What an instance takes is measured first, on its own stack. A day of a small cloud:

# %%
pool = vl.pool("../scenarios/pools/a-small-cloud.yaml", replications=1)
hours, counts = pool.over_time("instances")
_, on = pool.over_time("hosts_on")
figure, axes = plt.subplots(figsize=(9, 3))
axes.step([each / 3600 for each in hours], counts, where="post", label="instances")
axes.step([each / 3600 for each in hours], on, where="post", label="hosts that are on")
axes.set(xlabel="hour of the day", xlim=(0, 24))
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What to remember
#
# - An operation is as good as what the layer that does it can see as a whole: a hypervisor sees a machine, an engine
#   sees processes of a kernel that others use as well.
# - Memory decides what keeping, cloning and moving take; what a guest writes decides whether it can be moved at all.
# - "Starts in milliseconds" is a chain of steps, of which fifty at once may have one in common.
# - Sharing (layers of images, pages of forks) is what makes deploying cheap.
#
# **Limits.** Numbers for operations are, for many products, assumed with wide ranges (`virtlab show layers kvm-6`);
# disks do not move; programs do not know that they were rewound.
#
# **Try.** Give `downtime_limit: 2 s` or `auto_converge: true` to a migration; pull with `lazy=True`; let `count` be 50.
