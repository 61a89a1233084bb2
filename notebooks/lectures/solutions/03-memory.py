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
# # 3. Memory: solutions
#
# For whoever teaches. Put the student's `SEED` into the parameters; everything below is computed for it.

# %%
import tempfile

import simulator as vl
from simulator.lecture import compare, exercise, predict, solution

# %% tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1

# %% [markdown]
# ## Predictions

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "bare metal": "linux-6 |",
    "nested 2 MiB": "linux-6 | kvm-6 / linux-6",
    "nested 4 KiB": {"stack": "linux-6 | kvm-6 / linux-6", "parameters": {"kvm-6": {"host_page_bytes": "4 KiB"}}},
    "shadow": "linux-6 | kvm-6(paging=shadow) / linux-6",
}
TABLE = {"name": "random-access", "parameters": {"table_bytes": "1 GiB", "groups_count": 20}}


def run(title, machine, stacks, tenants, **others):
    scenario = {"version": 1, "title": title, "machine": machine, "stacks": stacks, "tenants": tenants, **others}
    scenario |= {"replications": 1, "seed": SEED}
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


simulated = {}
results = {}
for title, program in {"random access": TABLE, "new processes": "unixbench-execl"}.items():
    results[title] = run(title, MACHINE, STACKS, {"A": {"workload": program, "memory": "8 GiB", "vcpus": 1}})
    overhead = results[title].summary().set_index("stack")["overhead_percent"]
    simulated |= {f"{title}, {name}": value for name, value in overhead.items() if name != "bare metal"}
compare(predict({}, names=simulated, unit="%"), simulated, reveal=True)

# %% [markdown]
# Small pages of the hypervisor undo what large pages of the guest have gained. Shadow paging walks one table, natively
# fast, and pays for each new process: page tables are built, torn down and switched, each an exit.

# %%
crowded = run(
    "more memory promised than there is",
    {"base": "lenny-2009", "devices": {"memory": {"capacity_bytes": "3.5 GiB"}}},
    {
        "balloon": "vmware-esx-4.1 | linux-2.6",
        "compression": "vmware-esx-4.1(balloon=off) | linux-2.6",
        "swap": "vmware-esx-4.1(balloon=off, compression=off) | linux-2.6",
    },
    {
        "guest": {
            "workload": {
                "name": "memory-user",
                "parameters": {
                    "held_bytes": "360 MiB",
                    "active_bytes": "240 MiB",
                    "step_bytes": "8 MiB",
                    "step_s": "1 s",
                    "requests_count": 100,
                },
            },
            "count": 4,
            "memory": "1 GiB",
            "vcpus": 1,
        }
    },
    warmup="46 s",
)
overhead = crowded.summary().set_index("stack")["overhead_percent"]
times = {name: 1 + percent / 100 for name, percent in overhead.items() if name != "balloon"}
compare(predict({}, names=times), times, reveal=True)

# %% [markdown]
# The states of the hypervisor, and when each was entered first (s):

# %%
log = crowded.log.merge(crowded.runs[["run", "stack"]], on="run")
log.pivot_table("start_s", "kind", "stack", aggfunc="min", observed=True).round(1)

# %% [markdown]
# ## Exercise 1

# %%
solution(exercise("page_walks", SEED))

# %% [markdown]
# ## Exercise 2

# %%
solution(exercise("page_sharing", SEED))

# %% [markdown]
# ## Exercise 3: the table that costs 10 %
#
# Overhead = missed × 3 × reference / native, where missed = 1 - covered / table; solved for the table:

# %%
cpu = vl.Catalog().machine(MACHINE).devices["cpu"].values()
covered_mib = cpu["tlb_entries_count"] * 4 / 1024
reference_ns = cpu["cached_access_s"] * 1e9
native_ns = 1 / results["random access"].summary().set_index("stack").loc["bare metal", "mean"]
missed = 0.1 * native_ns / (3 * reference_ns)
print(f"missed   0.1 × {native_ns:.1f} / (3 × {reference_ns:.0f}) = {missed:.3f}")
print(f"table    {covered_mib:.0f} MiB / (1 - {missed:.3f}) = {covered_mib / (1 - missed):.1f} MiB")

# %% [markdown]
# Hardly more than what the buffer covers: the overhead rises steeply there. The assumption is crude (a table of this
# size lies partly in the cache, so that an update is faster and the walk weighs more); the slider shows it.
