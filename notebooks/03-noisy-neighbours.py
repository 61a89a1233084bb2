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
# # Noisy neighbours: who hurts whom, and what breaks together
#
# **Question.** Two tenants share a machine. One of them takes whatever it can get, or breaks. What does the other one
# notice, in a container, in a virtual machine, and why?
#
# Run the cells from top to bottom; it takes about a minute. Change the parameters and run again.

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Image, display

import simulator as vl
from simulator.plots import draw_isolation

# %matplotlib inline

# %% tags=["parameters"]
MACHINE = "laptop-2025"
VICTIM = "native-server"
SEED = 1

# %% [markdown]
# ## The model
#
# Nothing says that "containers isolate badly". What two tenants *share* is where they can hurt each other; a rule may
# divide it, or nobody has set one:
#
# | shared | processes | containers | virtual machines | what divides it |
# |---|---|---|---|---|
# | processors | yes | yes | yes | weights (what others leave is yours), quotas and cpusets (it is not) |
# | process table, locks of a kernel | yes | yes | no | a limit of processes, if somebody sets it |
# | memory of a kernel | yes | yes | no | a limit, if somebody sets it; else the kernel takes where it finds |
# | work for packets that come in | yes | yes | host or domain 0 | nothing, unless it is charged |
# | the disk's queue | all requests | all requests | those that a device thread passes on | weights, limits |
# | cache, memory bus, network link | yes | yes | yes | little |
#
# ## Predict
#
# A server beside an idle tenant does what it can. How many per cent of its requests does it lose beside each of these?

# %%
AGGRESSORS = ["cpu-hog", "memory-bomb", "fork-bomb", "disk-hog", "net-receive"]
guess = pd.DataFrame({"Docker": [50.0, 0.0, 90.0, 10.0, 10.0], "KVM": [50.0, 0.0, 0.0, 10.0, 0.0]}, index=AGGRESSORS)
display(guess)

# %% [markdown]
# ## Run: who hurts whom

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "processes": "linux-6 |",
    "Docker": "linux-6 | docker-27",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "Xen PV": "xen-4 | linux-6",
}
scenario = {
    "version": 1,
    "title": "Who hurts whom?",
    "machine": MACHINE,
    "stacks": STACKS,
    "tenants": {
        "victim": {"workload": VICTIM, "memory": "4 GiB", "vcpus": 2},
        "bully": {"workload": ["idle", *AGGRESSORS], "memory": "1 GiB", "vcpus": 2},
    },
    "duration": "1 s",
    "replications": 2,
    "seed": SEED,
}
answer = vl.isolate(scenario, out=folder.name, jobs=2)
display(Image(draw_isolation(answer.data(), Path(folder.name) / "who-hurts-whom.png"), width=900))

# %% [markdown]
# Read along a row. Plain processes of one kernel have nothing between them: threads count one by one, and the bomb's
# children take the processors until the table is full. A **container** of its own already divides the processors by
# weight. The **network's link** is shared by all models alike. Whoever wants more than there is ends by it: the bomb is
# killed where its memory is limited, by a container or by its own machine.
#
# ## Why averages do not show it
#
# A server does a millisecond of work every ten, beside a thread of its own, under a quota. `fluid` divides processors
# by rates, `quantum` gives them out slice by slice, as Linux does. Milliseconds of its answers:

# %%
work = {"pieces": 200, "period": "10 ms", "piece": "3.6585e6 cycles", "beside": 1}
quotas = vl.run(
    {
        "version": 1,
        "title": "What does a quota do to the slowest answers?",
        "machine": {"base": MACHINE, "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}},
        "stacks": {"container": "linux-6 | docker-27"},
        "tenants": {
            "server": {
                "workload": {"name": "lat-10ms-1ms", "parameters": work},
                "memory": "1 GiB",
                "cap": ["120 %", "60 %", "30 %"],
                "cap_period": ["10 ms", "100 ms"],
            }
        },
        "fidelity": ["fluid", "quantum"],
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
    jobs=2,
)
table = quotas.tenants.merge(quotas.runs, on="run")
columns = {"latency_mean_s": "mean", "latency_p99_s": "99th percentile"}
index = ["tenants.server.cap", "tenants.server.cap_period", "fidelity"]
answers = table.set_index(index)[list(columns)].rename(columns=columns).unstack("fidelity") * 1e3
answers.round(2)

# %% [markdown]
# A budget that is used up stops *all* threads until the next period begins. Rates know no periods: whatever its length,
# the quota is the same.
#
# Where both algorithms apply, the work that gets done is the same; when it gets done is not. Four virtual machines
# compute, a fifth one sleeps and wakes for each request of its client:

# %%
fidelities = vl.run(
    {
        "version": 1,
        "title": "Means agree, tails differ",
        "machine": {"base": MACHINE, "devices": {"cpu": {"cores": 2, "threads_per_core": 1}}},
        "stacks": {"KVM": "linux-6 | kvm-6 / linux-6", "Xen PV": "xen-4 | linux-6", "ESXi": "vmware-esxi-7 | linux-6"},
        "tenants": {
            "hog": {
                "workload": {"name": "cpu-hog", "parameters": {"threads": 1, "chunk": "5e6 cycles"}},
                "memory": "1 GiB",
                "vcpus": 1,
                "count": 4,
                "stop": "2.5 s",
            },
            "server": {
                "workload": {"name": "request-response", "parameters": {"transactions": 300, "client": "5 ms"}},
                "memory": "1 GiB",
                "vcpus": 1,
            },
        },
        "duration": "2.5 s",
        "fidelity": ["fluid", "quantum"],
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
    jobs=2,
)
table = fidelities.tenants.merge(fidelities.runs, on="run")
hogs = table[table["copy_of"] == "hog"].groupby(["stack", "fidelity"], observed=True)["value"].sum().unstack()
tails = table[table["tenant"] == "server"].set_index(["stack", "fidelity"])["latency_p99_s"].unstack() * 1e6
pd.concat({"all hogs, Gcycles/s": hogs.round(2), "server's 99th percentile, us": tails.round(0)}, axis=1)

# %% [markdown]
# ## Memory: a limit, a balloon, or nothing
#
# On ESX four guests want more memory than there is. The hypervisor enters its states one after the other as memory
# fills, and asks a driver in each guest for pages (a *balloon*) before it takes them itself (compression, swap):

# %%
fills = vl.run(
    {
        "version": 1,
        "title": "Memory fills up",
        "machine": {"base": "lenny-2009", "devices": {"memory": {"capacity_bytes": "3 GiB"}}},
        "stacks": {"ESX": "vmware-esx-4.1 | linux-2.6(swap=disk)"},
        "tenants": {
            "guest": {
                "workload": {
                    "name": "memory-user",
                    "parameters": {
                        "held_bytes": "700 MiB",
                        "cached_bytes": "64 MiB",
                        "step_bytes": "4 MiB",
                        "active_bytes": "50 MiB",
                        "requests_count": 200,
                    },
                },
                "parameters": {"step_s": ["0.05 s", "2 s"]},
                "memory": "1 GiB",
                "count": 4,
                "vcpus": 1,
            }
        },
        "duration": "450 s",
        "replications": 1,
        "seed": SEED,
    },
    out=folder.name,
    jobs=2,
)
states = fills.log.merge(fills.runs, on="run")
first = states.groupby(["tenants.guest.parameters.step_s", "kind"], observed=True)["start_s"].min().unstack(0)
first.sort_values(first.columns[0]).round(1)

# %% [markdown]
# Seconds at which each state was entered first. Guests that fill slowly get less far: there is time for balloons. What
# each way costs is in `scenarios/memory-overcommit.yaml`.
#
# ## What breaks together
#
# A fault takes down what stands on the failing part, and nothing else. Four tenants; how many does each fault cost?

# %%
MODELS = {
    "one system": "linux-6 |",
    "containers": "linux-6 | docker-27",
    "virtual machines": "xen-4 | linux-6",
    "a JVM each": "linux-6 | hotspot-17",
    "one JVM": "linux-6 / hotspot-17 |",
}
found = dict(zip(MODELS, vl.blast(*MODELS.values()), strict=True))
pd.DataFrame(
    {
        name: {
            "tenants lost by a crash, mean over components": round(each.mean_lost, 2),
            "at worst": each.worst_lost,
            "boundaries between two tenants": each.boundaries,
        }
        for name, each in found.items()
    }
).transpose()

# %% [markdown]
# These are counts, not chances: how often a component fails is another question, and nothing here answers it. What has
# to be broken to get from one tenant to the other, and how wide it is:

# %%
ways = [
    {"model": name, "way": number, "through": reach.interface, "ways in": reach.width.value, "into": reach.into}
    for name, each in found.items()
    for number, route in enumerate(each.routes, 1)
    for reach in route
]
pd.DataFrame(ways).set_index(["model", "way"])

# %% [markdown]
# ## What the model leaves out
#
# - **Side channels.** What one tenant learns of another through caches or sibling threads costs nothing here.
# - **Who attacks, and how often.** Interfaces have widths and code has sizes; both can be changed and swept. Neither is
#   multiplied into a risk.
# - **A full disk, a full table of open files**: of the tables of a kernel only that of processes can be filled.
#
# *Exercises.* Give Docker a limit of processes (`scenarios/fork-bomb.yaml`). Charge packets to whom they are for
# (`scenarios/packet-flood.yaml`). Take the balloon away (`scenarios/memory-overcommit.yaml`). Let a driver domain
# crash, and come back (`scenarios/what-breaks-together.yaml`).
