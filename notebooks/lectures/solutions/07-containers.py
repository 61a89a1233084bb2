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
# # 7. Containers: solutions
#
# For whoever teaches [the lecture](../07-containers.ipynb). Everything is computed: it holds for each `SEED`.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, predict, solution

# %% slideshow={"slide_type": "slide"} tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "docker-27"
SEED = 1

# %%
RULES = {
    "weights": ({"weight": 1}, {"weight": 1}),
    "quotas of 200 %": ({"cap": "200 %"}, {"cap": "200 %"}),
    "processors of their own": ({"cpus": "0-1"}, {"cpus": "2-3"}),
}
FOUR = {"base": MACHINE, "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}}

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
WANTED = "tenants.B.workload.parameters.threads"
SECONDS = 0.1


def run(title, stacks, tenants, machine=MACHINE, **more):
    """A short scenario, once."""
    scenario = {"version": 1, "title": title, "machine": machine, "stacks": stacks, "tenants": tenants}
    return vl.run({**scenario, "replications": 1, "seed": SEED, **more}, out=folder.name, on="serial", progress=False)


def hog(threads):
    """A program whose threads always compute."""
    return {"workload": {"name": "cpu-hog", "parameters": {"threads": threads}}, "memory": "1 GiB"}


def divided(rule_a, rule_b, wanted):
    """Processors that A (four threads) and B (so many threads) get: a row for each number of B's threads."""
    tenants = {"A": {**hog(4), **rule_a}, "B": {**hog(wanted), **rule_b}}
    results = run("rules", {"containers": f"linux-6 | {PRODUCT}"}, tenants, FOUR, duration=f"{SECONDS} s")
    threads = results.threads.merge(results.runs[["run", *results.axes]], on="run")
    threads = threads[threads["kind"] == "program"].assign(used=threads["useful_s"] / SECONDS)
    return threads.pivot_table("used", WANTED, "tenant", "sum", observed=True)


shares = pd.concat({name: divided(*rules, [1, 4]) for name, rules in RULES.items()}, names=["rule", "B wants"])
modest, greedy = (shares.xs(wanted, level="B wants").loc[list(RULES)] for wanted in (1, 4))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Prediction

# %%
compare(predict({}, names=list(RULES), unit="processors"), modest["A"], reveal=True)

# %% [markdown]
# The usual mistake is two for the weights: a weight is a right in a quarrel, and nobody quarrels about what B leaves.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises: a quota, images

# %%
solution(exercise("quota", SEED))

# %%
solution(exercise("image_layers", SEED))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercise: a division by weight
#
# Max-min: nobody gets more than it wants or has threads for, and what is left goes to whoever wants more.

# %%
wanted, weight = Random(SEED).choice([1, 2, 3]), Random(SEED).choice([2, 3, 7])
by_weight = 4 * weight / (1 + weight)
mine = min(wanted, by_weight)
found = divided({"weight": 1}, {"weight": weight}, [wanted]).iloc[0]
print(f"B: the smaller of {wanted} (wanted) and 4 × {weight} / {1 + weight} = {by_weight:.2f} (its part): {mine:.2f}")
print(f"A: the rest, 4 - {mine:.2f} = {4 - mine:.2f}")
print(f"simulated: B {found['B']:.2f}, A {found['A']:.2f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises in words
#
# 1. Only what the host does not hold; lazily, hardly more than an index, and the rest when it is read.

# %%
pulls = {
    "empty host": vl.pull("petclinic-3", link="100 Mbit/s"),
    "holds shop-1": vl.pull("petclinic-3", held=["shop-1"], link="100 Mbit/s"),
    "lazily": vl.pull("petclinic-3", stack="linux-6 | containerd-lazy-1.7", lazy=True, link="100 Mbit/s"),
}
pd.DataFrame(
    {
        name: {"MB": each.reports[0].moved_bytes / 1e6, "seconds": each.reports[0].end_s - each.reports[0].begin_s}
        for name, each in pulls.items()
    }
).round(2)

# %% [markdown]
# 2. Not of bytes any more, but of what each file takes: looked up, made, renamed.

# %%
script = {"instances_count": 1, "files_count": 100, "groups_count": 1}
writer = {"workload": {"name": "append-to-small-files", "parameters": script}, "memory": "2 GiB"}
small = run("append", {"container": f"linux-6 | {PRODUCT}"}, {"app": writer})
spent = small.charges[small.charges["device"] == "cpu"].groupby("mechanism", observed=True)["service_s"].sum()
(spent.sort_values(ascending=False).head(4) / 100 * 1e6).round(2).to_frame("us a file")

# %% [markdown]
# 3. What a layer can keep is what it sees as a whole; of a process, part of the state lies in a kernel that others use
#    as well.

# %%
container, machine = vl.can(f"linux-6 | {PRODUCT}", "linux-6 | kvm-6 / linux-6", machine=MACHINE)
for word in ("snapshot", "migrate", "own-kernel"):
    print(f"{word}: container {container[word].by or 'no'}, virtual machine {machine[word].by or 'no'}")
    print(f"    {container[word].why_not}")
