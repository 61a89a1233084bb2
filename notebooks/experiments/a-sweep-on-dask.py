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
# # A sweep on a cluster
#
# **Question.** What does a server do on half a processor, on a whole one, on one and a half, alone and beside a
# neighbour? And how are such points spread over many machines, killed in the middle and gone on with, to the very same
# tables?
#
# The cluster here is a small one of Dask on this machine, which the notebook starts. On real machines it takes two
# commands, the second one on each of them (or in each job of a batch system), and the address below is theirs:
#
# ```sh
# dask scheduler
# dask worker tcp://SCHEDULER:8786 --nthreads 1 --nworkers -1 --death-timeout 60
# ```
#
# It needs `pip install 'virtlab[distributed]'`, and takes some fifteen seconds.

# %%
import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from dask.distributed import LocalCluster
from IPython.display import display

import simulator as vl

# %matplotlib inline
plt.rc("font", size=12)

# %% tags=["parameters"]
MACHINE = "server-2025"
WORKERS = 2
CAPS = [0.25, 0.5, 1.0, 1.5]
REPLICATIONS = 2
SEED = 1

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
SCENARIO = {
    "version": 1,
    "title": "A server with a quota beside a neighbour",
    "machine": {"base": MACHINE, "devices": {"cpu": {"cores": 2}}},
    "stacks": {"Docker": "linux-6 | docker-27", "KVM": "linux-6 | kvm-6 / linux-6"},
    "tenants": {
        "server": {"workload": "native-server", "memory": "1 GiB", "vcpus": 2},
        "neighbour": {"memory": "1 GiB", "vcpus": 2},
    },
    "duration": "100 ms",
    "replications": REPLICATIONS,
    "seed": SEED,
}
AXES = {"tenants.server.cap": CAPS, "tenants.neighbour.workload": ["idle", "cpu-hog"]}

# %% [markdown]
# ## In this process
#
# First in one process, run after run. This is what all others are held against.

# %%
serial = vl.sweep(SCENARIO, AXES, out=Path(folder.name, "serial"), on="serial", progress=False)
answers = ["mean", "ci_low", "ci_high"]
first = serial[serial["tenant"] == "server"][["stack", *AXES, "n", *answers, "unit"]].head(4)
display(first.round(dict.fromkeys(answers, 1)))


def tables(sweep):
    """The tables of a sweep, by file name."""
    return {path.name: path.read_bytes() for path in sorted(Path(sweep.attrs["folder"]).glob("*.parquet"))}


# %% [markdown]
# ## Killed in the middle
#
# Another Python does the same and is killed by SIGKILL, which nobody can catch, as soon as a few runs have finished.
# Each finished run was appended to a file with a checksum, so a line that was cut short counts as never written.

# %%
out = Path(folder.name, "cluster")
CODE = """import json, sys, simulator as vl
vl.sweep(*json.loads(sys.argv[1]), out=sys.argv[2], on="serial", progress=False)"""
finished = 0
with subprocess.Popen([sys.executable, "-c", CODE, json.dumps([SCENARIO, AXES]), str(out)]) as other:
    while finished < 3 and other.poll() is None:
        time.sleep(0.05)
        finished = sum(path.read_bytes().count(b" ok ") for path in out.rglob("*.seg"))
    other.kill()
print(
    f"ended by {signal.Signals(-other.returncode).name}" if other.returncode else "finished before it could be killed"
)

# %%
plan = vl.plan({**SCENARIO, "sweep": {"axes": AXES}}, out=out, pilot_s=0)
print(f"finished before the kill: {plan.finished} of {plan.finished + plan.to_run[0]} runs")

# %% [markdown]
# ## The same again, on the cluster
#
# `on` is the address of a Dask scheduler. What had finished is not run again; the rest goes to the workers, a quarter
# of a second of runs at a time. Workers keep nothing and need no common disk: records come back.

# %%
with LocalCluster(
    n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL, memory_limit=0,
    local_directory=folder.name,
) as cluster:  # fmt: skip
    clustered = vl.sweep(SCENARIO, AXES, out=out, on=cluster.scheduler_address, progress=False)
same = {name: content == tables(clustered)[name] for name, content in tables(serial).items()}
print(f"{sum(same.values())} of {len(same)} tables are the same byte for byte")
assert all(same.values())
pd.testing.assert_frame_equal(serial, clustered)

# %% [markdown]
# The same points, the same seeds, the same order of everything that is added up: where a run was executed, and what
# else ran beside it, cannot be seen in a table. A cluster that is lost in the middle is no other case than a kill.
#
# ## Look

# %%
server = clustered[clustered["tenant"] == "server"]
figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
marks = {("Docker", "idle"): "o-", ("Docker", "cpu-hog"): "o--", ("KVM", "idle"): "^-", ("KVM", "cpu-hog"): "^--"}
for (stack, neighbour), rows in server.groupby(["stack", "tenants.neighbour.workload"], observed=True):
    colour = {"Docker": "#56b4e9", "KVM": "#d55e00"}[stack]
    axes.plot(
        rows["tenants.server.cap"], rows["mean"], marks[stack, neighbour], color=colour, label=f"{stack}, {neighbour}"
    )
axes.set(xlabel="quota of the server, processors", ylabel=server["unit"].iloc[0], xlim=(0, None), ylim=(0, None))
axes.legend(title="stack, neighbour", frameon=False)
plt.show()
print(server.pivot_table("mean", ["stack", "tenants.neighbour.workload"], "tenants.server.cap", observed=True).round(0))

# %% [markdown]
# A quota is a part of a processor's *time*, not of its work. Beside a neighbour that computes, the other hardware
# thread of each core is busy, and two threads of a core together do little more than one alone (`smt_factor` in
# `virtlab show server-2025`): the same quota is worth less. Containers and virtual machines lose alike, because this is
# below both of them. *Try* `"threads_per_core": 1` beside `"cores": 2`.
#
# ## What this does not show
#
# - How fast a cluster is: these runs take a tenth of a second each, and a cluster pays where they take minutes, or
#   where there are thousands of them. `virtlab plan` estimates the time before anything runs.
# - Workers with another version of virtlab: they are asked before they get anything, and say so.
# - Batch systems. On a Slurm cluster the second command above is what the job array runs;
#   [docs/batches.md](../../docs/batches.md) has MPI as well.
