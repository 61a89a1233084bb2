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
# # 10. Stacking them up, and choosing: solutions
#
# For whoever teaches. Put the student's `SEED` into the parameters; everything below is computed for it.

# %%
import tempfile

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, predict, solution

# %% tags=["parameters"]
MACHINE = "server-2025"
SEED = 1

# %% [markdown]
# ## Predictions

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "bare": "linux-6 |",
    "container": "linux-6 | docker-27",
    "VM": "linux-6 | kvm-6 / linux-6",
    "JVM": "linux-6 | hotspot-21",
    "container in VM": "linux-6 | kvm-6 / linux-6 / docker-27",
    "JVM, container, VM": "linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21",
}
STORE = {"name": "key-value-store", "parameters": {"requests_count": 2000}}


def overheads(workloads, processors):
    """Overhead in per cent: a row for each program, a column for each stack."""
    scenario = {
        "version": 1,
        "title": "stacks",
        "machine": MACHINE,
        "stacks": STACKS,
        "tenants": {"app": {"workload": workloads, "memory": "4 GiB", "vcpus": processors}},
        "replications": 1,
        "seed": SEED,
    }
    summary = vl.run(scenario, out=folder.name, on="serial", progress=False).summary()
    table = summary.pivot_table("overhead_percent", "workload", "stack", observed=True)
    return table.rename(index={"key-value-store": "key-value"})


found = overheads(["compression", STORE], 1)
simulated = {
    f"{program}, {stack}": found.loc[program, stack]
    for program in ("compression", "key-value")
    for stack in ("container in VM", "JVM, container, VM")
}
compare(predict({}, names=simulated, unit="%"), simulated, reveal=True)

# %% [markdown]
# Beside what the usual guesses would have given, from the costs of the layers alone:

# %%
LAYERS = {"container in VM": ["container", "VM"], "JVM, container, VM": ["JVM", "container", "VM"]}
guesses = {}
for program in ("compression", "key-value"):
    for stack, layers in LAYERS.items():
        parts = found.loc[program, layers]
        guesses[f"{program}, {stack}"] = {
            "sum": parts.sum(),
            "product": 100 * ((1 + parts / 100).prod() - 1),
            "dearest": parts.max(),
            "simulated": found.loc[program, stack],
        }
pd.DataFrame(guesses).T.round(2)

# %% [markdown]
# - **Compression**: all guesses are nearly the same, since only one of the layers costs anything.
# - **Key-value store**: neither sum nor product is a law. Processor time adds up, nearly; what a request *waits for*
#   depends on what else there is to do the work beside it. Of three layers the product is far too high.
#
# Frequent mistake: multiplying slowdowns as if each layer made everything above it slower. A layer costs what it adds.
#
# ## Exercise 1

# %%
solution(exercise("density", SEED))

# %%
solution(exercise("event_rates", SEED, level=2))

# %% [markdown]
# ## Exercise 2: how many fit

# %%
choice = vl.choose(
    {
        "version": 1,
        "title": "which model for which need",
        "machine": {"base": "laptop-2025", "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}},
        "stacks": {name: STACKS[name] for name in ("bare", "container", "VM")},
        "tenants": {"app": {"workload": "compression", "memory": "2 GiB", "vcpus": 2, "start": "200 ms"}},
        "replications": 1,
        "seed": SEED,
        "choose": {"aggressors": ["fork-bomb"]},
    },
    out=folder.name,
    jobs=1,
)
footprint_MiB = choice.frame().set_index("model")["footprint_bytes"] / 2**20
host_GiB, kernel_MiB = 8 * (1 + SEED % 8), footprint_MiB["bare"]
for name in ("container", "VM"):
    beside_MiB = footprint_MiB[name] - kernel_MiB
    count = (host_GiB * 1024 - kernel_MiB) // (beside_MiB + 64)
    print(f"{name:10} ({host_GiB} × 1024 - {kernel_MiB:g}) / ({beside_MiB:.2f} + 64) = {count:.0f}")

# %% [markdown]
# If memory is all that counts: processors, tables of processes and what an answer may take are other limits, and the
# smallest of them decides (`virtlab density`).
#
# ## Exercise 3: a second virtual processor

# %%
pd.DataFrame({f"{count} processors": overheads([STORE], count).loc["key-value"] for count in (1, 2)}).round(1)

# %% [markdown]
# With a second virtual processor the guest has somewhere to work off interrupts while the server goes on, as bare metal
# has: the container in it costs less of the elapsed time, though its work is the same. On bare metal nothing changes,
# because the other processors were there before.
#
# ## Exercise 4: a course with untrusted programs
#
# They need a kernel of their own (untrusted), a start that is short against the second that they run, and little memory
# each, because three hundred may come at once. A micro virtual machine has all of it and gives up migration. A
# container is cheaper and trusts one kernel with three hundred programs. A full virtual machine starts for longer than
# the program runs.
