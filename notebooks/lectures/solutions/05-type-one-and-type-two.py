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
# # 5. Type I against type II: solutions
#
# For whoever teaches [the lecture](../05-type-one-and-type-two.ipynb). Everything is computed: it holds for each
# `SEED`.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, predict, solution

# %% slideshow={"slide_type": "slide"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1

# %%
MODELS = {
    "ESXi": "vmware-esxi-7 | linux-6",
    "Xen": "xen-4 | linux-6",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "VirtualBox": "linux-6 | virtualbox-7 / linux-6",
    "Workstation": "linux-6 | vmware-workstation-17 / linux-6",
}
SHOWN = ("ESXi", "KVM", "VirtualBox", "Workstation")
ASKED = [f"{name}, {file}" for file in ("large file", "small file") for name in SHOWN]

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

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Prediction

# %%
reads = {f"{name}, {file}": percent.loc[name, file] for file in ("large file", "small file") for name in SHOWN}
compare(predict({}, names=ASKED, unit="%"), reads, reveal=True)

# %% [markdown]
# The small file on Workstation is the surprise: more than bare metal, because the program reads past *its own*
# system's cache, which on bare metal is the only one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercise: traps

# %%
solution(exercise("traps", SEED, level=2))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercise: a mean

# %%
found = Random(SEED).choice([25, 35, 55, 65, 75])
us = 1e6 / rates
for name in ("ESXi", "Workstation"):
    hit, miss = us.loc[name, "small file"], us.loc[name, "large file"]
    mean = hit * found / 100 + miss * (1 - found / 100)
    print(f"{name}: {found / 100} × {hit:.1f} + {1 - found / 100:.2f} × {miss:.1f} = {mean:.1f} us")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises in words
#
# 1. What is found in the host's cache is no longer fetched from the disk; a write that was acknowledged from the cache
#    is gone if the power fails before it is written.
# 2. Nobody stands between the guest and its disk any more; what is left are interrupts and idle times.
# 3. `vl.can` says it operation by operation, with a reason for each "no".

# %%
others = {
    "ESXi": {"stack": MODELS["ESXi"]},
    "KVM": {"stack": MODELS["KVM"]},
    "KVM, host caches": {"stack": "linux-6 | kvm-6(disk_cache=write-back) / linux-6"},
    "KVM, passthrough": {"stack": MODELS["KVM"], "virtual_hardware": {"disk": "passthrough"}},
}
pd.DataFrame(
    {
        "large file": run("disk-random", others, **ONE, blocks_count=60),
        "small file": run("disk-random", others, **ONE, blocks_count=200, file_bytes="16 KiB"),
    }
).round(0)

# %%
found = dict(zip(MODELS, vl.can(*MODELS.values(), machine=MACHINE), strict=True))
words = ["pause", "snapshot", "roll-back", "migrate", "own-kernel"]
pd.DataFrame({name: {word: each[word].by or "no" for word in words} for name, each in found.items()})
