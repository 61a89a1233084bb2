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
# # 8. Noisy neighbours: solutions
#
# For whoever teaches. Put the student's `SEED` into the parameters; everything below is computed for it.

# %%
import tempfile

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, predict, solution

# %% tags=["parameters"]
MACHINE = "laptop-2025"
CORES = 4
SEED = 1

# %% [markdown]
# ## Predictions

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {"process": "linux-6 |", "container": "linux-6 | docker-27", "virtual machine": "linux-6 | kvm-6 / linux-6"}
NEIGHBOURS = {"hog": "cpu-hog", "fork bomb": "fork-bomb", "flood": "packet-flood-receive"}
results = vl.run(
    {
        "version": 1,
        "title": "a noisy neighbour",
        "machine": {"base": MACHINE, "devices": {"cpu": {"cores": CORES, "threads_per_core": 1}}},
        "stacks": STACKS,
        "tenants": {
            "server": {
                "workload": {"name": "native-server", "parameters": {"requests_count": 100_000}},
                "memory": "1 GiB",
                "vcpus": 2,
            },
            "neighbour": {"workload": ["idle", *NEIGHBOURS.values()], "memory": "1 GiB", "vcpus": 2},
        },
        "duration": "100 ms",
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
    on="serial",
    progress=False,
)
summary = results.summary()
rates = summary[summary["tenant"] == "server"].pivot_table("mean", "tenants.neighbour.workload", "stack", observed=True)
lost = 100 * (1 - rates / rates.loc["idle"])
simulated = {f"{name}, {stack}": lost.loc[workload, stack] for name, workload in NEIGHBOURS.items() for stack in STACKS}
compare(predict({}, names=simulated, unit="%"), simulated, reveal=True)

# %% [markdown]
# - **Hog and fork bomb** are questions of the scheduler. Where it knows only threads, whoever has more of them gets
#   more; where it knows groups, the server keeps its half of the machine.
# - **The flood** is none: the work of an interrupt is asked for by nobody, so that a weight does not count it. A
#   container makes it worse (each packet's way through the shared kernel is longer), a virtual machine makes the
#   neighbour pay.
#
# Frequent mistake: "containers share a kernel, so all of it is worse". With its group a container stops both of the
# neighbours that a plain process cannot.
#
# ## Exercise 1

# %%
solution(exercise("shares", SEED))

# %%
solution(exercise("quota", SEED, level=2))

# %% [markdown]
# ## Exercise 2: a hog with so many threads

# %%
hog_threads = 3 + SEED % 9
wanted = 2 + hog_threads
each = min(1, CORES / wanted)
print(f"no groups: {CORES} / (2 + {hog_threads}) = {each:.3f} of a processor for each thread, lost {1 - each:.1%}")
print(f"a quota of 1: {CORES} - 1 = {CORES - 1} processors are left for two threads, lost 0 %")
neighbour = " ".join(["o"] * hog_threads)
for drawing in (f"(s:o s2:o {neighbour}){CORES}", "({s:o s2:o} {" + neighbour + "}<1)" + str(CORES)):
    table = vl.share(drawing)
    mine = table["thread"].str.split("/").str[-1].str.startswith("s")
    print(f"virtlab share: {drawing}: lost {1 - table.loc[mine, 'share'].mean():.1%}")

# %% [markdown]
# ## Exercise 3: how many processes has the bomb?

# %%
kept = 1 - lost.loc["fork-bomb", "process"] / 100
print(f"the server keeps {kept:.3f}: {CORES} / (2 + n) = {kept:.3f}")
print(f"so n = {CORES} / {kept:.3f} - 2 = {CORES / kept - 2:.0f}")

# %% [markdown]
# A mean over a time in which the bomb grows: in the beginning there are few processes, in the end many more. With a few
# answers only in so short a run the number is rough.
#
# ## Exercise 4: which limit stops whom?

# %%
pd.DataFrame(
    {
        "limit of processes": ["no", "yes", "no", "no"],
        "limit of memory": ["no", "in the end", "no", "yes"],
        "weight": ["yes", "yes, as to the processor", "no", "no"],
    },
    index=["hog", "fork bomb", "flood", "memory bomb"],
)

# %% [markdown]
# The flood is stopped by none of them. What helps: charging packets to whom they are for, a thread for the work of the
# network that a limit counts, a guest's own network stack, or a filter before the machine. The first is a choice of the
# kernel here:

# %%
charged = vl.run(
    {
        "version": 1,
        "title": "a flood that is charged",
        "machine": {"base": MACHINE, "devices": {"cpu": {"cores": CORES, "threads_per_core": 1}}},
        "stacks": {
            "container": STACKS["container"],
            "container, charged": "linux-6(packet_work=charged) | docker-27",
        },
        "tenants": {
            "server": {
                "workload": {"name": "native-server", "parameters": {"requests_count": 100_000}},
                "memory": "1 GiB",
                "vcpus": 2,
            },
            "neighbour": {"workload": ["idle", NEIGHBOURS["flood"]], "memory": "1 GiB", "vcpus": 2},
        },
        "duration": "100 ms",
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
    on="serial",
    progress=False,
).summary()
rates = charged[charged["tenant"] == "server"].pivot_table("mean", "stack", "tenants.neighbour.workload", observed=True)
rates["lost, %"] = (100 * (1 - rates[NEIGHBOURS["flood"]] / rates["idle"])).round(1)
rates
