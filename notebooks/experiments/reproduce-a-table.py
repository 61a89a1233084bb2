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
# # Reproduce a table
#
# **Question.** A paper has a table. Which of its numbers follow from the others, by a model that has seen only some of
# them, and which do not?
#
# The table is that of Dall and Nieh, *KVM/ARM* (ASPLOS 2014), with the authors' raw data: seven programs on an x86
# laptop, natively and under KVM. Another paper is another file of `scenarios/published`; `virtlab validate NAME` does
# the same from the command line. It takes some ten seconds.

# %%
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from simulator.batch.progress import Silent
from simulator.validation import score
from simulator.validation.measuring import Store
from simulator.validation.validate import Validator, experiments

# %matplotlib inline
plt.rc("font", size=12)
pd.set_option("display.max_colwidth", None)

# %% tags=["parameters"]
NAME = "dall_2014_x86_laptop"
FOLDER = "../../scenarios/published"

# %% [markdown]
# ## Four uses of a number
#
# Each row of a published table has a use, which was given to it before anything was predicted and stays as it is:
#
# | use | what it may do |
# |---|---|
# | `calibrates` | be a parameter, or fit how often an event happens |
# | `baseline` | measured natively; fit how often an event happens, and how much a program computes |
# | `control` | nothing; it has to come out as published (no overhead where there is none) |
# | `judges` | nothing; it is only compared |
#
# The scenario says which program and which stack each row belongs to and, where a number is missed, why.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
file = Path(shutil.copy(Path(FOLDER, f"{NAME}.yaml"), folder.name))
print(file.read_text().partition("published:")[2])

# %%
validator = Validator(experiments(Path(folder.name)), [NAME], Store(Path(folder.name, "readings.jsonl")))
claimed = pd.DataFrame([claim.figure for claim in validator.claims])
display(claimed.groupby(["use", "platform"], sort=False).size().rename("rows").to_frame())

# %% [markdown]
# ## The inputs
#
# What the programs do (how many cycles a request takes, how often a compiler starts processes) was fitted to results of
# whole programs. These are the rows that were used, for the programs of this table on all machines of the paper:

# %%
(experiment,) = validator.experiments
programs = {tenant["workload"] for point in experiment.points for tenant in point["tenants"].values()}
fitted = pd.DataFrame([asdict(fit) for fit in validator.fitted if fit.product in programs])
display(fitted.groupby("fitted_on", sort=False)["parameter"].agg(["count", "unique"]))

# %% [markdown]
# KVM on the *server* is among them, with one processor: how often a program does what leaves the guest cannot be seen
# in a native run. No row of KVM on this *laptop* is. Everything else (what an exit costs, a page fault, a kick of a
# ring) is a number of the catalog with a source of its own: `virtlab show layers kvm-3`.
#
# A look that everybody can repeat: no row that judges here was an input.

# %%
judging = claimed[claimed["use"].isin(["judges", "control"])]
judges = {platform.replace(": ", ", ").lower() for platform in judging["platform"]}
inputs = {fitted_on.lower() for fitted_on in fitted["fitted_on"]}
print("judges:", *sorted(judges))
assert inputs.isdisjoint(judges)

# %% [markdown]
# ## The predictions
#
# *Before you run it:* seven programs under KVM, and the model has seen them only on bare metal and in another machine's
# guest. How many of the seven will be within a tenth of the published number?

# %%
found = validator.run(1, Silent())
rows = [row for row in found.rows if row.judged]
table = pd.DataFrame(rows)[
    ["platform", "benchmark", "published", "unit", "predicted", "error_percent", "verdict", "reason"]
]
display(table.style.format({"predicted": "{:.4g}", "error_percent": "{:+.1f}"}).hide(axis="index"))

# %% [markdown]
# A verdict is *close* up to 10 % of error, *fair* up to 40 %, and *wrong* beyond. A number that misses needs a reason,
# and the reason names what the model does not have; it is never mended by a constant for this row.
#
# ## Are they better than nothing?
#
# An error alone says little: where KVM costs 5 %, whoever predicts "as native" is off by 5 % only. Costs over the
# native run say more: how far is each prediction from the published cost, and how far from the dotted line, "as
# native"?

# %%
places = sorted(rows, key=lambda row: row.cost)
figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
for number, row in enumerate(places):
    axes.plot([row.cost, row.predicted_cost], [number, number], color="0.7", linewidth=3, zorder=1)
axes.scatter(
    [row.cost for row in places], range(len(places)), 90, "white", marker="o", edgecolors="0.2", label="published"
)
axes.scatter([row.predicted_cost for row in places], range(len(places)), 60, "0.2", marker="D", label="predicted")
axes.axvline(1, color="0.2", linestyle=":", label="as native")
axes.set_yticks(range(len(places)), [row.benchmark for row in places])
axes.set(xlabel="cost over native")
axes.legend(frameon=False, loc="lower right")
plt.show()

# %%
overall = found.scores["overall"][0]
errors = pd.Series({"predicted": overall.median, "as native": 100 * pd.Series([row.cost - 1 for row in rows]).median()})
print(f"off by, %, median: {errors.round(1).to_dict()}")
print(f"worst {overall.worst:.0f} %; {overall.right} of {overall.pairs} pairs of systems in the published order")
print(f"skill over 'as native': {overall.skill_native:.2f}, on the {overall.notable} dearer than {score.NOTABLE:g}")

# %% [markdown]
# The skill is one less the mean square error over that of "as native", on logarithms, and only of programs whose
# published cost is notable: 1 is perfect, 0 no better than saying nothing. One row that is missed weighs heavily in it.
#
# ## What this does not show
#
# - Which mechanism a wrong row lacks. [sensitivity-and-ablation](sensitivity-and-ablation.ipynb) switches mechanisms
#   off, one at a time; `virtlab validate --ablation` does it for all tables.
# - Whether the numbers of the catalog could lie elsewhere within their ranges: `virtlab validate NAME --draws 20`.
# - Whether the measurement could be repeated. Where a source gives its own spread, the table of rows has it (`spread`).
#
# **Your own table.** A CSV file with the columns of `simulator/validation/published`, a scenario with a section
# `published`, and `virtlab validate --scenarios FOLDER --figures FOLDER`. Write down the use of each row first.
