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
# # Sensitivity and ablation
#
# **Question.** A kernel build takes a quarter longer under a hosted hypervisor of 2003. Which of the numbers behind
# this answer matters, how wrong may the answer be, and which mechanism makes it?
#
# Three tools, and each answers one of the three: **sensitivity** varies numbers, **uncertainty** draws all of them at
# once, **ablation** (`without:`) switches a mechanism off. It takes some fifteen seconds.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Image, display

import simulator as vl
from simulator.experiment import run_point
from simulator.plots import draw
from simulator.records import TABLES
from simulator.scenario import load
from simulator.uncertainty import Space, draws

# %matplotlib inline
plt.rc("font", size=12)

# %% tags=["parameters"]
MACHINE = "dell-2650"
HYPERVISOR = "vmware-workstation-3.2"
SEED = 1
STARS = 4
ROWS = 32
DRAWS = 20

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {"native": "linux-2.4 |", "hosted": f"linux-2.4 | {HYPERVISOR} / linux-2.4"}
SCENARIO = {
    "version": 1,
    "title": "A kernel build under a hosted hypervisor",
    "machine": MACHINE,
    "stacks": STACKS,
    "tenants": {
        "app": {
            "workload": {"name": "kernel-build", "parameters": {"files": 15, "file_variation": "0 %"}},
            "memory": "512 MiB",
            "vcpus": 1,
        }
    },
    "replications": 1,
    "seed": SEED,
}
HOW = {"out": folder.name, "jobs": 1}

# %% [markdown]
# ## One number at a time: the tornado
#
# Every number of the catalog that is not known exactly has a range. Each is moved to both ends of its range, all others
# stay. *Before you run it:* is it a number of the hypervisor that decides, or one of the program?

# %%
tornado = vl.sensitivity(SCENARIO, method="tornado", samples=DRAWS, top=8, **HOW)
(answer,) = tornado.findings
print(f"{answer.value:.3f} times the time on native; between {answer.low:.3f} and {answer.high:.3f} given all ranges")
pictures = draw(vl.load(tornado.folder), ["tornado"], Path(folder.name) / "figures")
display(Image(next(path for path in pictures if path.suffix == ".png"), width=800))

# %% [markdown]
# The bars show the change of the answer in per cent of it. Nobody has counted how many processes a compiler starts for
# a file, and this assumption of *ours* about the program moves the answer more than any number of the hypervisor that
# has a range. That is where a measurement pays.
#
# ## Everywhere in the space: Morris
#
# A tornado stands at one place. Morris's method makes steps from random places: `mu*` is the mean size of the effect
# over the range and ranks the numbers, `sigma` says how much the effect depends on where the others are.

# %%
morris = vl.sensitivity(SCENARIO, method="morris", samples=STARS, top=6, **HOW)
columns = ["parameter", "low_percent", "high_percent", "mu_star_percent", "sigma_percent", "source_kind"]
display(morris.frame()[columns].head(6).round(2))

# %% [markdown]
# A `sigma` as large as `mu*` is the sign of numbers that act together, or of an effect that bends.
#
# ## Parts of the variance: Sobol
#
# How much of the answer's variance does each number explain alone (`S1`), and together with others (`ST`)? Where
# effects simply add up both are the same. The intervals are bootstrap intervals of these few rows; with more rows they
# shrink.

# %%
sobol = vl.sensitivity(SCENARIO, method="sobol", samples=ROWS, top=2, **HOW)
parts = sobol.frame().dropna(subset="total_order").set_index("parameter")
display(parts.filter(like="order").round(2))

# %% [markdown]
# ## Uncertainty: what the model does not know, as draws
#
# The same ranges as distributions, drawn by a Latin hypercube. Each draw moves both stacks, so that what a number does
# to both cancels in their ratio.

# %%
scenario = load(SCENARIO)
space = Space.of(scenario)


ELAPSED = [column.name for column in TABLES["tenants"]].index("elapsed_s")


def elapsed_s(point, values):
    """Time of the build at a point with some values of the unknowns."""
    return run_point(space.point_with(point, values), replication=0)["tables"]["tenants"][0][ELAPSED]


drawn = pd.DataFrame(
    [[elapsed_s(0, values), elapsed_s(1, values)] for values in draws(space.parameters, DRAWS, seed=SEED)],
    columns=["native", "hosted"],
)
ratios = drawn["hosted"] / drawn["native"]
figure, axes = plt.subplots(figsize=(8, 2.2), layout="constrained")
axes.plot(ratios, [0] * len(ratios), "|", markersize=28, color="0.2")
axes.axvline(answer.value, color="0.2", linestyle="--")
axes.set(yticks=[], xlabel="times the time on native; dashed: with the catalog's values")
plt.show()
print(f"spread (standard deviation over mean): native {drawn['native'].std() / drawn['native'].mean():.1%}, ", end="")
print(f"hosted {drawn['hosted'].std() / drawn['hosted'].mean():.1%}, their ratio {ratios.std() / ratios.mean():.1%}")

# %% [markdown]
# ## Ablation: which mechanism makes it?
#
# Ranges say nothing of structure. For that a mechanism is switched off, and whatever else follows from it is worked out
# anew: a run without shadow page tables is a machine in which they cost nothing. The mechanisms are those that took the
# most time:

# %%
results = vl.run(SCENARIO, progress=False, **HOW)
where = results.where(by=("device", "cause", "mechanism"))
hosted = where[(where["stack"] == "hosted") & (where["device"] == "cpu") & (where["cause"] != "program")]
largest = hosted.groupby("mechanism", observed=True)["seconds"].sum().nlargest(5)
display(largest.round(3).to_frame())

# %%
without = {f"without {name}": {"stack": STACKS["hosted"], "without": [name]} for name in largest.index}
ablated = vl.run({**SCENARIO, "stacks": {**STACKS, **without}}, progress=False, **HOW)
overhead_percent = ablated.summary().set_index("stack")["overhead_percent"].drop("native").astype(float)

figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
axes.barh(overhead_percent.index.astype(str), overhead_percent, color="0.6", edgecolor="0.2")
axes.bar_label(axes.containers[0], fmt="%.1f", padding=4)
axes.axvline(overhead_percent["hosted"], color="0.2", linestyle="--")
axes.invert_yaxis()
axes.margins(x=0.1)
axes.set(xlabel="more time than native, %; dashed: with everything")
plt.show()
gone = overhead_percent["hosted"] - overhead_percent.drop("hosted")
print(f"largest: {gone.idxmax()} takes away {gone.max():.1f} of {overhead_percent['hosted']:.1f} points")

# %% [markdown]
# Compare both figures. The mechanism without which most of the overhead is gone does not stand on top of the tornado:
# what a fault takes under Workstation was *measured* (lmbench, in Barham et al. 2003), so it has little range.
# Sensitivity finds what is badly known, ablation what matters.
#
# ## What this does not show
#
# - A number without a range counts as exact; `tornado.counts` says how many there are. A range that is too narrow makes
#   the interval too narrow.
# - What nobody has modelled cannot be switched off.
# - One scenario. `virtlab sensitivity FILE.yaml` does the same to yours,
#   [docs/sensitivity.md](../../docs/sensitivity.md) explains the screening before it; `virtlab validate --ablation`
#   asks of all published tables at once what each mechanism is good for.
