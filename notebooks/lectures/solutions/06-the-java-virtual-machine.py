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
# # 6. The Java virtual machine: solutions
#
# For whoever teaches [the lecture](../06-the-java-virtual-machine.ipynb). Everything is computed: it holds for each
# `SEED`.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, lines, picture, predict, solution

# %% slideshow={"slide_type": "slide"} tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "hotspot-21"
SEED = 1

# %%
MODES = {
    "interpreter only": "interpreter",
    "C1 only": "c1",
    "tiered (default)": "tiered",
    "everything first": "tiered-first",
}
ASKED = ["interpreter only", "tiered (default)", "everything first"]

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(stacks, workload="managed", tenant=None, **parameters):
    """A program in class files on some stacks; ``tenant``: what else is said of it."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4, **(tenant or {})}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)


def iterations(results, *by):
    """Seconds of each iteration: a column for each stack, and for each value of further axes."""
    requests = results.requests.merge(results.runs[["run", "stack", *by]], on="run")
    requests["iteration"] = requests.groupby("run", observed=True).cumcount() + 1
    return requests.pivot_table("latency_s", "iteration", [*by, "stack"], observed=True, sort=False)


stacks = {name: f"linux-6 | {PRODUCT}(mode={mode})" for name, mode in MODES.items()}
modes = run(stacks, iterations_count=6, iteration_cycles="1 G cycles")
times = iterations(modes)
warm_s = times["tiered (default)"].iloc[-3:].mean()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Prediction

# %%
compare(predict({}, names=ASKED), (times.iloc[0] / warm_s)[ASKED], reveal=True)

# %%
picture(lines, times * 1000, "iteration", "ms", log="y")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises: a heap, a method

# %%
solution(exercise("heap", SEED))

# %%
solution(exercise("compiling", SEED))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercise: a warm-up on fewer processors
#
# The compilers take from the program what the cap leaves both together, and go on doing so after the first iteration.

# %%
cap = Random(SEED).choice([50, 100, 200])
default = {"capped": f"linux-6 | {PRODUCT}"}
capped = iterations(run(default, tenant={"cap": f"{cap} %"}, iterations_count=6, iteration_cycles="1 G cycles"))
print(f"cap {cap} %: first {capped.iloc[0, 0]:.2f} s, sixth {capped.iloc[-1, 0]:.2f} s")
print(f"no cap: first {times['tiered (default)'].iloc[0]:.2f} s, sixth {times['tiered (default)'].iloc[-1]:.2f} s")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises in words
#
# 1. Green threads share one processor, however many there are. 2. It chooses as on four processors, and has one. 3.
#    The virtual machine is one process: whoever ends it ends all programs in it.

# %%
kinds = {"system": f"linux-6 | {PRODUCT}", "green": f"linux-6 | {PRODUCT}(threads=green)"}
four = iterations(run(kinds, threads_count=4, iterations_count=3, iteration_cycles="0.5 G cycles"))
(four.iloc[-1] * 1000).round(1).to_frame("ms of the third iteration")

# %%
rooms = {"counts on 1": {}, "counts on 4": {"limits": {PRODUCT: {"processors": 4}}}}
contained = dict.fromkeys(rooms, f"linux-6 | docker-27 / {PRODUCT}")
chosen = {
    name: run({name: contained[name]}, "java-exit", {"vcpus": 1, **room}).settings.set_index("setting")["value"]
    for name, room in rooms.items()
}
pd.DataFrame(chosen).transpose()

# %%
shared = {
    "version": 1,
    "title": "exit",
    "machine": MACHINE,
    "stacks": {"one JVM": f"linux-6 / {PRODUCT} |", "a JVM each": f"linux-6 | {PRODUCT}"},
    "tenants": {
        "good": {"workload": {"name": "managed", "parameters": {"iterations_count": 2}}, "memory": "1 GiB"},
        "bad": {"workload": "java-exit", "memory": "1 GiB"},
    },
    "replications": 1,
    "seed": SEED,
}
ended = vl.run(shared, out=folder.name, on="serial", progress=False)
ended.tenants.merge(ended.runs[["run", "stack"]], on="run").pivot(index="stack", columns="tenant", values="outcome")
