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
# # 1. What a virtual machine is: solutions
#
# For whoever teaches. Put the student's `SEED` into the parameters; everything below is computed for it.

# %%
import tempfile

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, predict, solution

# %% tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1

# %% [markdown]
# ## Predictions

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "process": "linux-6 |",
    "container": "linux-6 | docker-27",
    "virtual machine": "linux-6 | kvm-6 / linux-6",
    "Java virtual machine": "linux-6 | hotspot-21",
    "emulator": "linux-6 | qemu-7.2 / linux-6",
}
PROGRAMS = {"compute": "compression", "calls": "unixbench-syscall"}
simulated = {}
for program, workload in PROGRAMS.items():
    bytecode = workload == "compression"
    results = vl.run(
        {
            "version": 1,
            "title": program,
            "machine": MACHINE,
            "stacks": {name: stack for name, stack in STACKS.items() if bytecode or "hotspot" not in stack},
            "tenants": {"A": {"workload": workload, "memory": "4 GiB", "vcpus": 1}},
            "replications": 1,
            "seed": SEED,
        },
        out=folder.name,
        on="serial",
        progress=False,
    )
    overhead = results.summary().set_index("stack")["overhead_percent"]
    simulated |= {f"{program}, {name}": value for name, value in overhead.items() if name != "process"}
compare(predict({}, names=simulated, unit="%"), simulated, reveal=True)

# %% [markdown]
# - **Computing** costs nothing wherever the processor executes it: the container's and the guest's instructions run as
#   the process's do. Bytecode is interpreted first and compiled on the way; the emulator translates all of it.
# - **System calls** of a guest go to the guest's own kernel, without an exit: as on bare metal. A container's pass a
#   filter first; an emulator enters its kernel by code.
#
# Frequent mistake: "a virtual machine traps each system call". That was so where the guest's kernel had lost its
# privilege (lecture 2); today's processors have a mode for guests in which it keeps it.
#
# ## Exercise 1

# %%
solution(exercise("event_rates", SEED))

# %% [markdown]
# ## Exercise 2: 20,000 calls in a second of computing

# %%
catalog = vl.Catalog()
filter_cycles = catalog.layer("docker-27", MACHINE).values()["filter_cycles"]
frequency_hz = catalog.machine(MACHINE).devices["cpu"].values()["frequency_hz"]
percent = 20_000 * filter_cycles / frequency_hz * 100
print(f"20,000 × {filter_cycles:.1f} cycles / {frequency_hz / 1e9:g} GHz = {percent / 100:.6f} s in a second")
print(f"overhead: {percent:.3f} %")

# %% [markdown]
# Less than the error of any measurement, although the same filter takes 31 % of a program that does nothing but calls.
# An overhead belongs to a program *and* a model, never to a model alone.
#
# ## Exercise 3: Popek and Goldberg's properties

# %%
pd.DataFrame(
    {
        "process": ["within its interface", "the kernel has it", "yes"],
        "container": ["no: the filter and the limits are noticed", "the kernel has it", "yes"],
        "virtual machine": ["yes", "the hypervisor has it, with its host", "yes"],
        "Java virtual machine": ["no: bytecode only", "the kernel below has it", "once compiled"],
        "emulator": ["yes", "the emulator has it, with its host", "no: every instruction is translated"],
    },
    index=["equivalence", "resource control", "efficiency"],
).transpose()
