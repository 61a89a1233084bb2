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
# # 3. Memory: two translations, and more promises than pages
#
# **Question.** A guest translates its addresses to what it takes for memory. That is translated once more. What do two
# translations cost, and what happens if all guests together are promised more than there is?

# %% slideshow={"slide_type": "skip"}
import tempfile
from functools import cache

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, picture, predict, slider

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## The model: one address, two tables
#
# The processor keeps translations in its *translation buffer* (TLB). What is not there is looked up in the page table:
# four levels, four references to memory. Under **nested paging** each of the four entries has a guest's address, which
# the hypervisor's table of four levels translates first, and so has the data at the end. The numbers are the order of
# the references:

# %%
LEVELS = 4


def walk():
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    number = 0
    for row in range(LEVELS + 1):
        axes.plot([0, LEVELS], [row, row], color="#9c9ca1", zorder=0)
        if row < LEVELS:
            axes.plot([LEVELS, 0], [row, row + 1], color="#9c9ca1", linestyle=":", zorder=0)
        for column in range(LEVELS + 1):
            if (row, column) == (LEVELS, LEVELS):
                axes.text(column, row, "data", ha="center", va="center", backgroundcolor="w")
                continue
            number += 1
            guest = column == LEVELS
            colour = "#e69f00" if guest else "#cfcfd3"
            axes.text(
                column, row, f"{number}", ha="center", va="center", bbox={"boxstyle": "circle", "facecolor": colour}
            )
    axes.set_xticks(range(LEVELS + 1), [*(f"hypervisor {LEVELS - place}" for place in range(LEVELS)), "guest"])
    axes.set_yticks(range(LEVELS + 1), [*(f"guest level {LEVELS - place}" for place in range(LEVELS)), "data"])
    axes.set(xlim=(-0.6, LEVELS + 0.6), ylim=(LEVELS + 0.6, -0.6))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


picture(walk)

# %% [markdown]
# 4 × (4 + 1) + 4 = 24 references instead of 4. Most of them are found in caches; how many are waited for is measured
# below. **Shadow paging** has one table only, made by the hypervisor of both, and pays at every change of it.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Predict
#
# *Random access* reads and changes words anywhere in a table of 1 GiB; its kernel maps it with pages of 2 MiB. *New
# processes* are started one after the other. How many per cent longer than on bare metal, with nested paging where the
# hypervisor maps the guest's memory with pages of 2 MiB or of 4 KiB, and with shadow paging?

# %%
NAMES = [
    "random access, nested 2 MiB",
    "random access, nested 4 KiB",
    "random access, shadow",
    "new processes, nested 2 MiB",
    "new processes, shadow",
]
guess = predict(
    {
        "random access, nested 2 MiB": None,
        "random access, nested 4 KiB": None,
        "random access, shadow": None,
        "new processes, nested 2 MiB": None,
        "new processes, shadow": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "subslide"}
# Four guests of 1 GiB fill 360 MiB of it each with data of their own, beside their files, and work on 240 MiB; the host
# has 3.5 GiB. ESX asks a driver in each guest for pages (*balloon*): the guest's own kernel gives what it needs least.
# Without a balloon it compresses pages, without that it swaps them. How many times as slow as with a balloon are they?

# %%
SHORT = ["compression", "swap"]
slower = predict({"compression": None, "swap": None}, names=SHORT)
slower

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Run

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "bare metal": "linux-6 |",
    "nested 2 MiB": "linux-6 | kvm-6 / linux-6",
    "nested 4 KiB": {"stack": "linux-6 | kvm-6 / linux-6", "parameters": {"kvm-6": {"host_page_bytes": "4 KiB"}}},
    "shadow": "linux-6 | kvm-6(paging=shadow) / linux-6",
}


def run(title, machine, stacks, tenants, **others):
    scenario = {"version": 1, "title": title, "machine": machine, "stacks": stacks, "tenants": tenants, **others}
    scenario |= {"replications": 1, "seed": SEED}
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


@cache
def random_access(table_mib):
    program = {"name": "random-access", "parameters": {"table_bytes": f"{table_mib} MiB", "groups_count": 20}}
    return run("random access", MACHINE, STACKS, {"A": {"workload": program, "memory": "8 GiB", "vcpus": 1}})


def overhead_percent(results):
    return results.summary().set_index("stack")["overhead_percent"]


processes = {"A": {"workload": "unixbench-execl", "memory": "8 GiB", "vcpus": 1}}
found = {
    "random access": overhead_percent(random_access(1024)),
    "new processes": overhead_percent(run("new processes", MACHINE, STACKS, processes)),
}
simulated = {name: found[name.split(", ")[0]][name.split(", ")[1]] for name in NAMES}

# %% [markdown]
# And the four guests that want more than there is, on a machine of 2009:

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
times = {name: 1 + percent / 100 for name, percent in overhead_percent(crowded).items()}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Look

# %%
compare(guess, simulated, reveal=REVEAL)

# %% slideshow={"slide_type": "subslide"}
compare(slower, times, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Whether a second translation is felt depends on how much memory is touched: move the slider (each step is a run).

# %%
WIDEST_PERCENT = 50


def by_size(table_mib):
    percent = overhead_percent(random_access(table_mib)).iloc[1:]
    figure = Figure(figsize=(10, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.barh([str(name) for name in percent.index], percent, color="#0072b2", edgecolor="#333333")
    for name, value in percent.items():
        axes.annotate(f"{value:.1f}", (value, str(name)), (5, 0), textcoords="offset points", va="center")
    axes.invert_yaxis()
    axes.set(xlim=(0, WIDEST_PERCENT), xlabel="overhead of random access, %")
    axes.set_title(f"table of {table_mib} MiB", loc="left")
    return figure


slider(by_size, table_mib=[4, 16, 32, 64, 256, 1024, 4096], at=1024)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Explain
#
# A buffer of 4096 entries covers 16 MiB in pages of 4 KiB, and 8 GiB in pages of 2 MiB. A translation of both is as
# large as the smaller page of the two. By hand, for a table of 1 GiB and small pages of the hypervisor (numbers of
# `virtlab show laptop-2025`: AMD's guide, and assumptions with ranges):

# %%
cpu = vl.Catalog().machine(MACHINE).devices["cpu"].values()
table_mib, page_kib = 1024, 4
covered_mib = cpu["tlb_entries_count"] * page_kib / 1024
missed = 1 - covered_mib / table_mib
reference_ns = cpu["cached_access_s"] * 1e9
walk_ns = missed * 3 * reference_ns
rates = random_access(1024).summary().set_index("stack")["mean"]
native_ns = 1 / rates["bare metal"]
print(f"covered            {cpu['tlb_entries_count']:.0f} × {page_kib} KiB = {covered_mib:.0f} MiB")
print(f"not covered        1 - {covered_mib:.0f} / {table_mib} = {missed:.4f} of all accesses")
print(
    f"waited for         1 reference natively, 2 more nested: 3 × {reference_ns:.0f} ns (the table lies in the cache)"
)
print(f"a mean update      {missed:.4f} × 3 × {reference_ns:.0f} = {walk_ns:.1f} ns more")
print(f"on bare metal      {native_ns:.1f} ns, mostly the wait for the word itself")
print(f"overhead           {walk_ns:.1f} / {native_ns:.1f} = {walk_ns / native_ns * 100:.1f} %")

# %% [markdown]
# Not 24 references: the levels above the last lie in caches of the walker's own. And none at all with large pages. That
# is why hypervisors ask for large pages, and why *nested paging* has won: what it costs a large page takes away; what
# shadow paging costs (each new page, each new process: lecture 2) nothing does.
#
# Memory that is promised twice is a matter of **who chooses** what goes. A guest's kernel knows that a file's page can
# be read again; the hypervisor sees pages only, and takes one that is needed at once.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercises
#
# 1. Page walks of your own case (change `SEED`).
# 2. Two guests with equal pages: what does the scanner find, and when?
# 3. From which size of table on does a hypervisor with pages of 4 KiB cost 10 %? Take the arithmetic above, and assume
#    that an update takes as long as on bare metal with 1 GiB.

# %% slideshow={"slide_type": "subslide"}
walks = exercise("page_walks", SEED)
walks

# %%
answer(walks, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
shared = exercise("page_sharing", SEED)
shared

# %%
answer(shared, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
size = predict({"table": None}, names=["table"], unit="MiB")
compare(size, {"table": covered_mib / (1 - 0.1 * native_ns / (3 * reference_ns))}, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## What the model leaves out
#
# - **Which page.** Memory is sets with a size and a rate of access, not addresses: a miss is a share, not an event.
# - **The walker's caches** have no size here; a program with huge tables of tables would feel them.
# - **Large pages that break up.** Sharing, ballooning and migration split them; here a size of page is chosen once.
