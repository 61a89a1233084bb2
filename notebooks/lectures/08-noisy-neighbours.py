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
# # 8. Noisy neighbours
#
# **Question.** Two tenants share a machine, and one of them takes whatever it can get. What does the other lose, and
# does a model that protects it from that also protect it from crashes and break-ins?

# %% slideshow={"slide_type": "skip"}
import tempfile

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, picture, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
CORES = 4
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model: what is shared can hurt
#
# Two tenants hurt each other through what they *share*: processors, memory, a kernel with its tables, the path of a
# packet. No rule says "containers isolate badly": what a neighbour can do follows from what is wide in this picture
# (hatched), as far as no limit divides it.

# %%
STACKS = {"process": "linux-6 |", "container": "linux-6 | docker-27", "virtual machine": "linux-6 | kvm-6 / linux-6"}
stacks(STACKS)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# A server with two threads answers requests, on four processors. Beside it stands a neighbour of the same size:
#
# - a *hog*, which computes in eight threads;
# - a *fork bomb*, a program that starts itself again and again;
# - a *flood*: small packets arrive for the neighbour, as fast as the card takes them.
#
# How many per cent of its answers does the server lose? Put your numbers where `None` stands.

# %%
NEIGHBOURS = {"hog": "cpu-hog", "fork bomb": "fork-bomb", "flood": "packet-flood-receive"}
NAMES = [f"{neighbour}, {stack}" for neighbour in NEIGHBOURS for stack in STACKS]
guess = predict(
    {
        "hog, process": None,
        "hog, container": None,
        "hog, virtual machine": None,
        "fork bomb, process": None,
        "fork bomb, container": None,
        "fork bomb, virtual machine": None,
        "flood, process": None,
        "flood, container": None,
        "flood, virtual machine": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run
#
# Each neighbour on each model, and once an idle one: the loss is what the server does less beside the neighbour
# than beside the idle one.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(models, tenants, machine, duration):
    scenario = {
        "version": 1,
        "title": "a noisy neighbour",
        "machine": machine,
        "stacks": models,
        "tenants": tenants,
        "duration": duration,
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


def answers_per_s(results):
    summary = results.summary()
    rates = summary[summary["tenant"] == "server"]
    return rates.pivot_table("mean", "tenants.neighbour.workload", "stack", observed=True)


SERVER = {"name": "native-server", "parameters": {"requests_count": 100_000}}
results = run(
    STACKS,
    {
        "server": {"workload": SERVER, "memory": "1 GiB", "vcpus": 2},
        "neighbour": {"workload": ["idle", *NEIGHBOURS.values()], "memory": "1 GiB", "vcpus": 2},
    },
    {"base": MACHINE, "devices": {"cpu": {"cores": CORES, "threads_per_core": 1}}},
    "100 ms",
)
rates = answers_per_s(results)
lost = 100 * (1 - rates / rates.loc["idle"])
simulated = {f"{name}, {stack}": lost.loc[workload, stack] for name, workload in NEIGHBOURS.items() for stack in STACKS}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look
#
# What you have not predicted stays hidden (`REVEAL = True` in the parameters shows all).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What does a rule do? Weights divide a processor only while several want it; a quota holds a neighbour back even where
# nobody else wants anything. Move the slider: the neighbour runs in more and more threads, the server in two.


# %%
def shares(threads):
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = figure.subplots()
    neighbour = " ".join(["o"] * threads)
    rules = {
        "no group": f"(s:o s2:o {neighbour}){CORES}",
        "equal weights": "({s:o s2:o} {" + neighbour + "})" + str(CORES),
        "and a quota of 1": "({s:o s2:o} {" + neighbour + "}<1)" + str(CORES),
    }
    for place, (_, drawing) in enumerate(rules.items()):
        table = vl.share(drawing)
        mine = table["thread"].str.split("/").str[-1].str.startswith("s")
        server, other = table.loc[mine, "share"].sum(), table.loc[~mine, "share"].sum()
        axes.barh(place, server, color="#0072b2", edgecolor="#333333", label="server" if not place else None)
        axes.barh(
            place,
            other,
            left=server,
            color="white",
            hatch="//",
            edgecolor="#333333",
            label=None if place else "neighbour",
        )
        axes.annotate(f"{server:.2f}", (server / 2, place), ha="center", va="center")
    axes.set_yticks(range(len(rules)), list(rules))
    axes.invert_yaxis()
    axes.set(xlabel=f"processors of {CORES}", xlim=(0, CORES))
    axes.set_title(f"a neighbour with {threads} threads", loc="left")
    figure.legend(loc="outside right upper", frameon=False)
    return figure


slider(shares, threads=[1, 2, 4, 8, 16, 32, 64], at=8)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain: the hog, by hand
#
# Without groups the kernel's scheduler knows only *threads*. In a container, or as a virtual machine, each tenant is a
# group, and both weigh the same.

# %%
threads = int(vl.Catalog().workload(NEIGHBOURS["hog"], MACHINE).values()["threads_count"])
each = CORES / (2 + threads)
print(f"threads that want to run      2 + {threads} = {2 + threads}, on {CORES} processors")
print(f"each of them gets             {CORES} / {2 + threads} = {each:.2f} processors, of the 1 that it wants")
loses = 100 * (1 - each)
print(f"the server loses              1 - {each:.2f} = {loses:.0f} % (simulated: {simulated['hog, process']:.0f} %)")
print(f"with groups of equal weight   min(2, {CORES} / 2) = 2 processors, all that it wants: 0 %")

# %% [markdown]
# The fork bomb is the same arithmetic with more and more threads: no share of a single scheduler protects against
# whoever may have as many threads as it likes. The container's group does, and so does its limit of processes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Explain: the flood
#
# A weight knows what threads *ask for*. Nobody asks for the work of an interrupt: whoever runs is interrupted, and the
# packet is worked off in its time. Processor seconds, by who had to pay, in a run of 0.1 s on four processors:

# %%
where = results.where(by=("device", "payer", "cause", "mechanism"))
flood = where[
    (where["device"] == "cpu") & (where["tenants.neighbour.workload"].astype(str) == NEIGHBOURS["flood"])
].copy()
paid = flood["payer"].astype(str)
flood["paid by"] = "kernel, for whoever runs"
flood.loc[paid.str.contains("neighbour"), "paid by"] = "the neighbour"
flood.loc[paid.str.contains("server") | (flood["cause"].astype(str) == "program"), "paid by"] = "the server"
(
    flood.pivot_table("seconds", "paid by", "stack", aggfunc="sum", observed=True)
    .reindex(["the server", "kernel, for whoever runs", "the neighbour"])
    .round(3)
)

# %%
summary = results.summary()
packets = summary[
    (summary["tenant"] == "neighbour") & (summary["tenants.neighbour.workload"].astype(str) == NEIGHBOURS["flood"])
].set_index("stack")["mean"]
kernel_s = flood[flood["paid by"].str.startswith("kernel")].groupby("stack", observed=True)["seconds"].sum()
for stack in STACKS:
    count = packets[stack] * 1000 * 0.1
    print(f"{stack:16} {count:9,.0f} packets; kernel: {kernel_s[stack]:.3f} s / {count:,.0f} = ", end="")
    print(f"{1e6 * kernel_s[stack] / count:.2f} us a packet")

# %% [markdown]
# A container's packet takes a longer way through the *same* kernel (its bridge, its translated address, its virtual
# cable), so the flood takes more from the server than without containers. A virtual machine's packets go to a thread of
# the host and into the guest, which pays for its own network stack. Both are the neighbour's, so its weight counts for
# them.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Memory: hurt before anybody is killed
#
# A server that reads files which its kernel keeps in memory, beside a bomb that takes memory and touches it; on a
# machine with 1 GiB, in containers with and without a limit.

# %%
READER = {
    "name": "native-server",
    "parameters": {
        "requests_count": 100_000,
        "request_reads_ratio": "100 %",
        "files_bytes": "200 MiB",
        "request_log_bytes": "0 B",
    },
}
bombed = run(
    {"no limit": "linux-6 | docker-27(memory=unlimited)", "limit": "linux-6 | docker-27"},
    {
        "server": {"workload": READER, "memory": "256 MiB", "vcpus": 2},
        "neighbour": {"workload": ["idle", "memory-bomb"], "memory": "256 MiB", "vcpus": 1},
    },
    {"base": "lenny-2009", "devices": {"memory": {"capacity": "1 GiB"}}},
    "400 ms",
)
memory = answers_per_s(bombed)
ends = bombed.tenants.merge(bombed.runs[["run", "stack", "tenants.neighbour.workload"]])
ends = ends[(ends["tenant"] == "neighbour") & (ends["tenants.neighbour.workload"].astype(str) == "memory-bomb")]
table = memory.T.round(0)
table["lost, %"] = (100 * (1 - memory.loc["memory-bomb"] / memory.loc["idle"])).round(0)
table["the bomb was"] = ends.set_index("stack")["outcome"].str.partition(":")[0]
table

# %% [markdown]
# The bomb is killed in both cases. Without a limit it has by then pushed the server's *files* out of memory, and the
# server reads them from the disk again: a neighbour is hurt long before anybody is refused anything.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Another isolation: what breaks together
#
# Loss of performance is one thing. What a crash takes down, and how many things have to be broken to get from one
# tenant to another, is another one, and it follows from the same tree: everything above what fails.

# %%
blasts = dict(zip(STACKS, vl.blast(*STACKS.values(), tenants=4, machine=MACHINE, times=False), strict=True))
isolation = pd.DataFrame(
    {
        "worst neighbour, %": lost.drop("idle").max(),
        "lost by a crash, of 4": pd.Series({name: blast.mean_lost for name, blast in blasts.items()}),
        "to be broken": pd.Series({name: blast.boundaries for name, blast in blasts.items()}),
    }
).reindex(STACKS)


def two_isolations():
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axes, column in zip(figure.subplots(1, 3), isolation, strict=True):
        axes.barh(isolation.index, isolation[column], color="#b0b0b8", edgecolor="#333333")
        axes.bar_label(axes.containers[0], fmt="%.3g", padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.25)
        axes.set_title(column, loc="left", fontsize=13)
        axes.set_xticks([])
        if axes is not figure.axes[0]:
            axes.set_yticks([])
    return figure


picture(two_isolations)

# %% [markdown]
# - *worst neighbour*: what the server lost to the worst of the three neighbours above;
# - *lost by a crash*: of four tenants, as the mean over the components that may crash;
# - *to be broken*: boundaries on the shortest way from one tenant to the next, whatever they are made of.
#
# A container with limits is a good wall against a hog and no second wall against a fault of its kernel.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# 1. Two cases of your own (another `SEED`, other numbers): processors divided by weight, and a quota that two
#    threads share.
# 2. A hog has as many threads as `hog_threads` says below, beside the server's two, on four processors. What does the
#    server lose without groups? And if the hog's group has a quota of one processor?
# 3. From its loss to the fork bomb: how many processes did the bomb have, on average, while the server ran?
# 4. Which of these neighbours does a limit of *processes* stop, which a limit of *memory*, which a *weight*, and which
#    none of them? What would stop that one?

# %%
weights = exercise("shares", SEED)
weights

# %%
answer(weights, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
quota = exercise("quota", SEED, level=2)
quota

# %%
answer(quota, {1: None, 2: None, 3: None, 4: None})

# %%
hog_threads = 3 + SEED % 9
rules = {
    "no groups": f"(s:o s2:o {' '.join(['o'] * hog_threads)}){CORES}",
    "quota of 1": "({s:o s2:o} {" + " ".join(["o"] * hog_threads) + "}<1)" + str(CORES),
}
checked = {}
for name, drawing in rules.items():
    table = vl.share(drawing)
    mine = table["thread"].str.split("/").str[-1].str.startswith("s")
    checked[name] = 100 * (1 - table.loc[mine, "share"].mean())
print(f"{hog_threads} threads")
compare(predict({"no groups": None, "quota of 1": None}, names=list(rules), unit="%"), checked, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Slices.** Shares are rates here (`fluid`): means are right, the slowest answers are not seen. With `fidelity:
#   quantum` the same division of a processor gives very different tails: `virtlab run scenarios/quota-tails.yaml`.
# - **Caches as a weapon.** Tenants divide caches by what they touch; nobody attacks by them, and side channels are not
#   modelled at all.
# - **How likely** a fault or a break-in is: boundaries are counted, and `virtlab blast` gives their width and code as
#   sourced weights. None of that is a chance.
# - **Defences that nobody switched on**: charging packets to whom they are for (`linux-6(packet_work=charged)`),
#   processors of one's own, limits of the disk. `scenarios/packet-flood.yaml` and `shares-or-processors.yaml` have
#   them.
