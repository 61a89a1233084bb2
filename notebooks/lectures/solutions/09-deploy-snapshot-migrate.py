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
# # 9. Deploy, snapshot, migrate: solutions
#
# For whoever teaches. Put the student's `SEED` into the parameters; everything below is computed for it.

# %%
import tempfile

import simulator as vl
from simulator import laws
from simulator.lecture import compare, exercise, predict, solution

# %% tags=["parameters"]
MACHINE = "server-2025"
LINK = "1 Gbit/s"
SEED = 1

# %% [markdown]
# ## Predictions

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
KVM = {"KVM": "linux-6 | kvm-6 / linux-6"}


def downtimes_ms(models, workload, operations, duration):
    """Stack, axes and operation of each report, with how long the tenant stood still."""
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
    results = vl.run(scenario, out=folder.name, on="serial", progress=False)
    joined = results.operations.merge(results.runs[["run", *dict.fromkeys(["stack", *results.axes])]])
    return results, joined.assign(downtime_ms=1e3 * joined["downtime_s"])


_, kept = downtimes_ms(
    {**KVM, "Firecracker": "linux-6 | firecracker-1 / linux-6"},
    {
        "name": "memory-user",
        "parameters": {
            "held_bytes": "64 MiB",
            "step_s": "0 s",
            "active_bytes": "16 MiB",
            "cached_bytes": "16 MiB",
            "requests_count": 1000,
        },
    },
    [
        {"at": "0.2 s", "pause": "service"},
        {"at": "0.25 s", "inspect": "service"},
        {"at": "0.3 s", "resume": "service"},
        {"at": "0.5 s", "snapshot": "service", "as": "before"},
        {"at": "1.5 s", "roll_back": "service", "to": "before"},
    ],
    "2.5 s",
)
WRITE = "tenants.service.workload.parameters.write"


def migrated(rates, **keys):
    """Reports of a migration for each rate of writing, with further keys of the operation."""
    workload = {"name": "page-dirtier", "parameters": {"held": "128 MiB", "set": "64 MiB", "write": rates}}
    operation = {"at": "0.5 s", "migrate": "service", "give_up_after": "5 s", **keys}
    return downtimes_ms(KVM, workload, [operation], "6.5 s")


results, moved = migrated(["10 MB/s", "80 MB/s"])
kept_ms, moved_ms = kept.set_index(["operation", "stack"])["downtime_ms"], moved.set_index(WRITE)["downtime_ms"]
simulated = {
    **{f"snapshot, {stack}": kept_ms["snapshot", stack] for stack in ("KVM", "Firecracker")},
    **{f"roll back, {stack}": kept_ms["roll_back", stack] for stack in ("KVM", "Firecracker")},
    **{f"migrate, {rate}": moved_ms[rate] for rate in ("10 MB/s", "80 MB/s")},
}
compare(predict({}, names=simulated, unit="ms"), simulated, reveal=True)

# %% [markdown]
# - **Snapshot and eager restore** are as long as memory takes; Firecracker's lazy restore takes none of it at first.
# - **Both migrations** stand still for about as long: QEMU stops the guest as soon as the rest fits its limit. Who
#   writes more pays with the length of the whole, not with the standing still.
# - Writing faster than the link carries, it never fits: the migration is given up. "It takes longer" is the frequent
#   mistake.
#
# ## Exercise 1

# %%
solution(exercise("migration", SEED))

# %%
solution(exercise("image_layers", SEED, level=2))

# %% [markdown]
# ## Exercise 2: another link

# %%
tenant, catalog = results.tenants.iloc[0], vl.Catalog()
nic = catalog.machine(MACHINE).devices["nic"].values()
headers = catalog.layer("linux-6", MACHINE).values()["header_bytes"] + nic["frame_bytes"]
MEMORY = tenant["memory_program_bytes"] + tenant["memory_kernel_bytes"]
SET = 64 * 2**20
link_Gbit = 2 + SEED % 9
rate = link_Gbit * 125e6 * 1448 / (1448 + headers)
print(f"B = {link_Gbit} × 125 × 1448 / {1448 + headers:.0f} = {rate / 1e6:.1f} MB/s")
print(f"first round       M / B = {MEMORY / 1e6:.1f} / {rate / 1e6:.1f} = {1e3 * MEMORY / rate:.0f} ms")
print(f"stands still      W / B = {SET / 1e6:.1f} / {rate / 1e6:.1f} = {1e3 * SET / rate:.0f} ms at most")
sent = laws.precopy_sent_bytes(MEMORY, rate, 1e12, SET, 1)
print(f"simulator.laws:   {1e3 * sent[0] / rate:.0f} ms, {1e3 * sent[1] / rate:.0f} ms")

# %% [markdown]
# ## Exercise 3: the guest that writes 320 MB/s
#
# 1. *Time of standing still*: a larger limit (`downtime_limit`), paid by whoever waits for the service.
# 2. *Speed*: the guest is throttled until it writes slower than the link carries (`auto_converge`), paid by the guest.
# 3. *Safety*: post-copy; it runs over there at once, and each page that is not there yet is waited for. If the link or
#    the old host fails meanwhile, the guest is lost.
#
# A faster link is paid by whoever runs the hosts. The first of them, with a limit of 1 s:

# %%
_, longer = migrated(["320 MB/s"], downtime_limit="1 s")
longer[["operation", "rounds", "duration_s", "downtime_s", "outcome"]].round(3)

# %% [markdown]
# ## Exercise 4: a container that can be kept
#
# Put a kernel and a hypervisor of its own below it: then the state that it shares with others lies in a kernel that is
# only its own, and the hypervisor sees that whole.

# %%
(inside,) = vl.can("linux-6 | kvm-6 / linux-6 / docker-27", machine=MACHINE)
print("snapshot by", inside["snapshot"].by)
