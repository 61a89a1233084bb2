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
# # 7. Containers: names, rules and layers
#
# **Question.** A container is no machine. It is some processes of an ordinary kernel that are shown other *names*, are
# bound by *rules*, and see a file system made of *layers*. What does each of the three cost, and what does it give?
#
# Run the cells from top to bottom; it takes some seconds.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, lines, numbers, picture, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "docker-27"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model
#
# Grey and hatched is shared by the tenants A and B. Containers share one kernel, as processes do; virtual machines
# have one each.

# %%
stacks(
    {"processes": "linux-6 |", "containers": f"linux-6 | {PRODUCT}", "virtual machines": "linux-6 | kvm-6 / linux-6"}
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **Namespaces** are tables of names of one's own: files (mounts), processes, network, users, host name, messages.
#   Who has no name for a thing cannot ask for it. They divide nothing: the kernel behind the names is one.
# - **Cgroups** are rules for a group of processes: weight, quota, set of processors, memory, number of processes,
#   disk. They divide what is scarce, but only that for which somebody has set a rule.
# - **Images** are layers of files, read-only, one on top of the other, and an upper one for what is written. Equal
#   layers are kept and fetched once; a file that is changed is copied up first.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# Two containers on four processors, with equal rights. **A** has four threads that compute; **B** has *one*. How many
# processors does A get by *weights* (equal), by *quotas* of 200 % each, and with two *processors of its own* each?

# %%
RULES = {
    "weights": ({"weight": 1}, {"weight": 1}),
    "quotas of 200 %": ({"cap": "200 %"}, {"cap": "200 %"}),
    "processors of their own": ({"cpus": "0-1"}, {"cpus": "2-3"}),
}
FOUR = {"base": MACHINE, "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}}

# %%
guess = predict(
    {"weights": None, "quotas of 200 %": None, "processors of their own": None}, names=list(RULES), unit="processors"
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run

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

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look: rules

# %%
compare(guess, modest["A"], reveal=REVEAL)

# %%
picture(bars, pd.DataFrame({"A, if B wants one": modest["A"], "A, if B wants four": greedy["A"]}), "processors")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A weight counts only while somebody else wants the processor: what B leaves, A takes. A quota and processors of one's
# own hold even if nobody wants the rest. When both want everything, all three rules give the same.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Names.** Processor time of single demands, in microseconds, whoever pays it. (`null`: a system call that does
# nothing.)

# %%
PLACES = {"process": "linux-6 |", "container": f"linux-6 | {PRODUCT}", "virtual machine": "linux-6 | kvm-6 / linux-6"}
catalog = vl.Catalog()


def processor_us(stack, demand):
    """Processor time of one demand, of whoever pays it."""
    return vl.explain(stack, demand, MACHINE, catalog=catalog).totals[-1].processor_s * 1e6


demands = ["null", "open", "stat", "create", "send 1448 B"]
pd.DataFrame({name: {each: processor_us(stack, each) for each in demands} for name, stack in PLACES.items()}).round(2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A container's calls pass a filter, and names are looked up in layers; to create a file is what becomes dearest: there
# the union has work of its own. A virtual machine's calls stay within its own kernel, and cost what a process pays,
# until they need a device: then it is the other way round.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Layers: copied up.** A line is appended to a file of 42 MB. It came with the image, so the container has to copy it
# to its upper layer first; a *volume* is a directory of the host and no layer.

# %%
FILES = 4
script = {"instances_count": 1, "files_count": FILES, "groups_count": 1}
where = {
    "process": "linux-6 |",
    "file of the image": f"linux-6 | {PRODUCT}",
    "file of a volume": f"linux-6 | {PRODUCT}(storage=host)",
}
writer = {"workload": {"name": "append-to-big-files", "parameters": script}, "memory": "2 GiB"}
appended = run("append", where, {"app": writer})
appended_ms = (
    appended.tenants.merge(appended.runs[["run", "stack"]], on="run").set_index("stack")["value"] * 1e3 / FILES
)
picture(bars, appended_ms[list(where)].to_frame("append"), "ms for a line appended to a file of 42 MB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Layers: fetched once.** Four images brought onto an empty host, one after the other (`virtlab pull`). They stand on
# the same base; petclinic-3.1 is petclinic-3 after a change of its own code:

# %%
delivery = vl.pull("nginx-1.27", "petclinic-3", "petclinic-3.1", "shop-1", link="100 Mbit/s")
print(f"on the disk: {delivery.disk_bytes / 1e6:.0f} MB; without sharing: {delivery.alone_bytes / 1e6:.0f} MB")
pd.DataFrame(
    {
        each.image: {
            "layers held": len(each.held),
            "layers fetched": len(each.fetched),
            "MB moved": round(each.moved_bytes / 1e6, 1),
            "seconds": round(each.end_s - each.begin_s, 1),
        }
        for each in delivery.reports
    }
).T.astype({"layers held": int, "layers fetched": int})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Move the slider.** A quota is a budget for a period. A server does a millisecond of work every eleven, beside a
# thread that takes all that is left. When the budget is used up, all of its threads stop until the next period begins.
# The figure: how long its answers take, up to the longest.

# %%
PERIODS = {"10 ms": 0.010, "100 ms": 0.100}
PARTS = [50, 75, 90, 95, 100]
work = {"pieces": 60, "period": "11 ms", "piece": "3.5e6 cycles", "beside": 1}


def quota(percent):
    """How long a server's answers take under a quota, by the length of its period, slice by slice."""
    server = {"workload": {"name": "lat-10ms-1ms", "parameters": work}, "memory": "1 GiB", "cap": f"{percent} %"}
    tenants = {"server": {**server, "cap_period": list(PERIODS)}}
    results = run("quota", {"container": f"linux-6 | {PRODUCT}"}, tenants, FOUR, fidelity="quantum")
    answers = results.requests.merge(results.runs[["run", "tenants.server.cap_period"]], on="run")
    answers = answers[answers["kind"].astype(str) == "piece"]
    table = {
        name: answers[answers["tenants.server.cap_period"] == seconds]["latency_s"].quantile([p / 100 for p in PARTS])
        for name, seconds in zip(PERIODS, sorted(answers["tenants.server.cap_period"].unique()), strict=True)
    }
    table = pd.DataFrame({f"period {name}": column.to_numpy() * 1e3 for name, column in table.items()}, index=PARTS)
    return lines(table, f"% of the answers, quota {percent} %", "ms")


slider(quota, percent=[30, 45, 60, 90, 120], at=60)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same part of a processor, and quite different waits: with long periods the slowest answers wait for a good part
# of a period, which is long; with short ones for a part of a short one. An average shows nothing of it.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# What does the copy cost? A file of the image is in memory; page by page it is entered into the page cache once more,
# as a file of the upper layer, and copied. The kernel's prices, and the union's:

# %%
kernel = numbers("linux-6", "page_write_cycles", "copy_cycles_per_byte", machine=MACHINE)
kernel

# %%
overlay = numbers(PRODUCT, "overlay_copy_cycles", machine=MACHINE)
overlay

# %% [markdown] slideshow={"slide_type": "fragment"}
# By hand; simulated is what the container takes longer than the process:

# %%
clock_hz = catalog.machine(MACHINE).devices["cpu"].values()["frequency_hz"]
size_bytes = catalog.workload("append-to-big-files", MACHINE).values()["file_bytes"]
pages, page_bytes = size_bytes / 4096, 4096
parts = {
    f"{pages:.0f} pages × {kernel['page_write_cycles']:.0f}": pages * kernel["page_write_cycles"],
    f"{size_bytes:.0f} bytes × {kernel['copy_cycles_per_byte']:.3f}": size_bytes * kernel["copy_cycles_per_byte"],
    "the file looked up, made and renamed": overlay["overlay_copy_cycles"],
}
for text, cycles in parts.items():
    print(f"{text} = {cycles / 1e6:.2f} M cycles")
by_hand_ms = sum(parts.values()) / clock_hz * 1e3
more_ms = appended_ms["file of the image"] - appended_ms["process"]
print(f"together {sum(parts.values()) / 1e6:.2f} M cycles = {by_hand_ms:.2f} ms; simulated {more_ms:.2f} ms")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Without the copy a line takes a fraction of a millisecond, nearly all of it the script's own work. So does the second
# line: the copy is made once. That is why databases keep their files in volumes, and why a small image is not the same
# as a light container.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# A quota by hand; your numbers depend on `SEED`:

# %%
asked = exercise("quota", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# Images and their layers:

# %%
layers = exercise("image_layers", SEED)
layers

# %%
answer(layers, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Predict a division.** Again four processors and four threads in A; this time with these weights, and B wants so
# many.

# %%
wanted, weight = Random(SEED).choice([1, 2, 3]), Random(SEED).choice([2, 3, 7])
print(f"B wants {wanted} processors; A weighs 1, B weighs {weight}")
mine = predict({"A": None, "B": None}, names=["A", "B"], unit="processors")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Change something.**
#
# 1. Pull `petclinic-3` onto a host that holds `shop-1` (`held=["shop-1"]`), and lazily (`lazy=True`). What moves?
# 2. Append to many small files instead (`append-to-small-files`, `files_count` 100). What is the copy's cost now made
#    of?
# 3. What can nobody do to a container that can be done to a virtual machine, and why not? (`vl.can(*PLACES.values())`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Security.** A namespace that leaks costs nothing here; `virtlab blast` counts interfaces and their widths, never
#   chances.
# - **Rules that nobody has set.** What a neighbour does to a shared kernel is lecture 8.
# - **Contents of files**: two layers are equal if they have the same name, not because their bytes agree.
# - **Networks between hosts**, orchestration, health checks.
# - Costs of the union and the filter were measured on one machine and carried over to this one.
