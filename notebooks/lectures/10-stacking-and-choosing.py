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
# # 10. Stacking them up, and choosing
#
# **Question.** A Java virtual machine in a container in a virtual machine: does the stack cost what its layers cost one
# by one? And which model is for which need?

# %% slideshow={"slide_type": "skip"}
import tempfile

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model: layers on layers
#
# A layer hands each demand to the layer below and adds steps of its own; whatever lies below does the same to those
# steps. So everything that offers what another one needs can stand on it.

# %%
SINGLE = {
    "bare": "linux-6 |",
    "container": "linux-6 | docker-27",
    "VM": "linux-6 | kvm-6 / linux-6",
    "JVM": "linux-6 | hotspot-21",
}
STACKED = {
    "container in VM": "linux-6 | kvm-6 / linux-6 / docker-27",
    "JVM, container, VM": "linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21",
}
stacks({**{name: SINGLE[name] for name in ("container", "VM")}, **STACKED}, tenants=2)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two programs on one processor each: one compresses a file, one is a key-value store of very small requests. What each
# layer costs *alone*, in per cent of more time for the same work:

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
PROGRAMS = {
    "compression": "compression",
    "key-value": {"name": "key-value-store", "parameters": {"requests_count": 2000}},
}


def run(models):
    scenario = {
        "version": 1,
        "title": "stacks",
        "machine": MACHINE,
        "stacks": models,
        "tenants": {"app": {"workload": list(PROGRAMS.values()), "memory": "4 GiB", "vcpus": 1}},
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


def overheads(results):
    summary = results.summary()
    table = summary.pivot_table("overhead_percent", "workload", "stack", observed=True)
    return table.rename(index={"key-value-store": "key-value"})


alone = overheads(run(SINGLE))
alone.round(2)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# From these numbers: what do the two stacks in the picture cost, in per cent? The sum of their layers, the product of
# their factors, as much as the dearest, or something else?

# %%
NAMES = [f"{program}, {stack}" for program in PROGRAMS for stack in STACKED]
guess = predict(
    {
        "compression, container in VM": None,
        "compression, JVM, container, VM": None,
        "key-value, container in VM": None,
        "key-value, JVM, container, VM": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run

# %%
results = run({name: stack for name, stack in {**SINGLE, **STACKED}.items() if name != "JVM"})
all_of_them = overheads(results)
simulated = {f"{program}, {stack}": all_of_them.loc[program, stack] for program in PROGRAMS for stack in STACKED}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look
#
# What you have not predicted stays hidden (`REVEAL = True` in the parameters shows all).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now as *models*: `virtlab choose` lets each of them start, puts a fork bomb beside a tenant on it, counts what may be
# done to the tenant, and what it takes from an empty machine to the first guest. (Memory beside: that of the layers
# under the program, less the one kernel that all tenants share.)

# %%
CHOSEN = {
    "bare": SINGLE["bare"],
    "container": SINGLE["container"],
    "JVM": SINGLE["JVM"],
    "VM": SINGLE["VM"],
    "micro VM": "linux-6 | firecracker-1 / linux-4.14-microvm",
    "container in VM": STACKED["container in VM"],
}
choice = vl.choose(
    {
        "version": 1,
        "title": "which model for which need",
        "machine": {"base": "laptop-2025", "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}},
        "stacks": CHOSEN,
        "tenants": {"app": {"workload": "compression", "memory": "2 GiB", "vcpus": 2, "start": "200 ms"}},
        "replications": 1,
        "seed": SEED,
        "choose": {
            "aggressors": ["fork-bomb"],
            "needs": {
                "tenants that nobody trusts": {"loss": "50 %", "overhead": "10 %", "control": ["own-kernel"]},
                "many small tenants": {"footprint": "128 MiB", "loss": "50 %"},
                "tenants that move": {"control": ["migrate"]},
                "there in a second, and rewound": {"start": "1 s", "control": ["roll-back"]},
            },
        },
    },
    out=folder.name,
    jobs=1,
)
models = choice.frame().set_index("model")
MEMORY_MiB = (models["footprint_bytes"] - models.loc["bare", "footprint_bytes"]) / 2**20
shown = pd.DataFrame(
    {
        "overhead, %": models["overhead_percent"].round(2),
        "lost to a fork bomb, %": models["loss_percent"].round(0).abs(),
        "memory beside, MiB": MEMORY_MiB.round(1),
        "start, s": models["start_s"].round(2),
        "ways of control": models["control_count"],
        "steps to set up": models["install_steps_count"],
    }
)
shown

# %% [markdown] slideshow={"slide_type": "subslide"}
# What one gains in one respect one pays in another. Move the slider, a limit of memory for each tenant beside its
# program: who stays in? (Full: within the limit. The size of a mark is the number of ways of control.)


# %%
def trade_off(memory_limit_MiB):
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots()
    fits = MEMORY_MiB <= memory_limit_MiB
    for name, model in models.iterrows():
        inside = bool(fits[name])
        place = MEMORY_MiB[name], float(model["start_s"])
        size = 60 + 30 * model["control_count"]
        axes.scatter(*place, size, "#0072b2" if inside else "white", edgecolors="#333333", zorder=3)
        axes.annotate(name, place, (12, 10), textcoords="offset points", color="#333333" if inside else "#777777")
    axes.axvline(memory_limit_MiB, color="#333333", linestyle="--")
    axes.set(
        xlabel="memory for each further tenant beside its program, MiB",
        ylabel="start, s",
        xlim=(-10, 170),
        ylim=(-0.4, 5),
    )
    axes.set_title(f"{memory_limit_MiB} MiB: {fits.sum()} of {len(fits)} models", loc="left")
    return figure


slider(trade_off, memory_limit_MiB=[5, 20, 50, 100, 125, 140], at=100)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which models suit which need: the best in each respect, those that no other beats in all of them, and those within the
# limits of the four needs that the scenario names.

# %%
pd.DataFrame({"models": {need: ", ".join(names) or "none" for need, names in choice.needs.items()}})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain: what adds up, and what does not
#
# A cost is an extra step, never an inflated original. So *processor time* adds up, apart from what comes in other
# batches. Of one request of the key-value store, in microseconds (`results.where`, the ledger of all devices):

# %%
where = results.where(by=("device", "cause"))
requests = PROGRAMS["key-value"]["parameters"]["requests_count"]
of_store = where[(where["device"] == "cpu") & where["tenants.app.workload"].astype(str).str.startswith("key")].copy()
cause = of_store["cause"].astype(str)
of_store["of"] = "Linux and hardware"
of_store.loc[cause == "program", "of"] = "program"
of_store.loc[cause.str.contains("kvm") & ~cause.str.contains("linux-6.*linux-6"), "of"] = "KVM"
of_store.loc[cause.str.contains("docker") & ~cause.str.contains("hotspot"), "of"] = "Docker"
columns = ["bare", "container", "VM", "container in VM"]
ledger_us = 1e6 / requests * of_store.pivot_table("seconds", "of", "stack", aggfunc="sum", observed=True)[columns]
ledger_us.loc["all"] = ledger_us.sum()
ledger_us.round(3)

# %% [markdown]
# Docker's part is the same on the hardware as in a guest: its bridge and its translation of addresses, whoever executes
# them. But *elapsed* time does not add up. By hand, from the rates:

# %%
rates = results.summary().query("workload == 'key-value-store'").set_index("stack")["mean"]
us = 1e6 / rates.astype(float)
docker_us = ledger_us.loc["Docker"]
for inside, outside in (("container", "bare"), ("container in VM", "VM")):
    print(f"{inside:16} 1 / {rates[inside]:,.0f} - 1 / {rates[outside]:,.0f} requests/s = ", end="")
    print(f"{us[inside]:.2f} - {us[outside]:.2f} = {us[inside] - us[outside]:.2f} us", end="")
    print(f", of {docker_us[inside]:.2f} us of Docker's work")
rows = alone.loc["key-value"]
both = 100 * ((1 + rows["container"] / 100) * (1 + rows["VM"] / 100) - 1)
print(
    f"\nsum of the overheads      {rows['container']:.0f} + {rows['VM']:.0f} = {rows['container'] + rows['VM']:.0f} %"
)
print(f"product of the factors    {1 + rows['container'] / 100:.2f} × {1 + rows['VM'] / 100:.2f} - 1 = {both:.0f} %")
print(f"simulated                 {all_of_them.loc['key-value', 'container in VM']:.0f} %")

# %% [markdown]
# On bare metal a part of Docker's work is done by interrupts on *other, idle* processors while the server goes on. In a
# guest with one virtual processor there is none: each request waits for nearly all of it. The same layer is dearer
# where it stands higher, although it does the same. That the product comes near is chance: try it for the Java virtual
# machine's stack. Compression asks the layers for nearly nothing, and its stack costs what its layers cost.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## And a virtual machine in a virtual machine?
#
# A hypervisor needs the processor's assist, and its guests have it only if it passes it on. What this version says to
# it:

# %%
try:
    run({"nested": "linux-6 | kvm-6 / linux-6 / kvm-6 / linux-6"})
except vl.VirtlabError as refused:
    print(str(refused).split(": ", 2)[-1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# 1. Two cases of your own (another `SEED`, other numbers): what fits on a host, and what overhead follows from the
#    rate of events.
# 2. A host has `host_GiB` of memory (below), and a service takes 64 MiB of its own on each model. How many of them fit
#    as containers, and how many as virtual machines, if memory is all that counts?
# 3. Give the virtual machine two processors (`"vcpus": 2` in `run`). What becomes of the container in it, and why?
# 4. For a course of 300 students with untrusted programs of one second each: which of the models, and what would you
#    give up for it? Use the table of needs, and add a need of your own to the scenario.

# %%
density = exercise("density", SEED)
density

# %%
answer(density, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
rates_of_events = exercise("event_rates", SEED, level=2)
rates_of_events

# %%
answer(rates_of_events, {1: None, 2: None, 3: None, 4: None})

# %%
host_GiB = 8 * (1 + SEED % 8)
kernel_MiB = models.loc["bare", "footprint_bytes"] / 2**20
print(f"host: {host_GiB} GiB, of which its kernel takes {kernel_MiB:g} MiB")
fitting = {name: (host_GiB * 1024 - kernel_MiB) // (MEMORY_MiB[name] + 64) for name in ("container", "VM")}
compare(predict({"container": None, "VM": None}, names=list(fitting)), fitting, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Hypervisors in hypervisors' guests**, as above. They exist; what each exit then takes is a chain of exits.
# - **What is shared by several**: each tenant here pays for its own memory; sharing equal pages, base images and class
#   archives makes the twentieth cheaper than the first (`virtlab density scenarios/how-many-fit.yaml`).
# - **Who may be trusted**, what a licence costs, what the people know who run it: none of it follows from a stack.
# - **One program, one size.** Overheads are of a program *on* a model. `virtlab choose
#   scenarios/which-model-for-which-need.yaml` asks of seventeen models and with four neighbours.
