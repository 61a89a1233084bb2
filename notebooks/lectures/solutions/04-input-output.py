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
# # 4. Input and output: solutions
#
# For whoever teaches [the lecture](../04-input-output.ipynb). Everything is computed: it holds for each `SEED`.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import compare, exercise, lines, picture, predict, solution

# %% slideshow={"slide_type": "slide"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1

# %%
KVM = "linux-6 | kvm-6 / linux-6"
PATHS = {
    "bare metal": {"stack": "linux-6 |"},
    "emulated": {"stack": KVM, "virtual_hardware": {"disk": "emulated", "nic": "emulated"}},
    "paravirtual": {"stack": KVM, "virtual_hardware": {"disk": "paravirtual", "nic": "paravirtual"}},
    "passthrough": {"stack": KVM, "virtual_hardware": {"disk": "passthrough", "nic": "passthrough"}},
    "domain 0": {"stack": "xen-4 | linux-6"},
    "hosted": {"stack": "linux-6 | vmware-workstation-17 / linux-6"},
}
GUESTS = [name for name in PATHS if name != "bare metal"]
MODELS = {name: path["stack"] for name, path in PATHS.items()}

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
BURST, DEPTH = (f"tenants.app.workload.parameters.{name}" for name in ("burst_count", "threads_count"))


def run(workload, stacks=PATHS, **parameters):
    """One program on some paths."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)


def rates(results, axis):
    """What the program achieved: a row for each value of the axis, a column for each path."""
    rows = results.tenants.merge(results.runs[["run", "stack", axis]], on="run")
    return rows.pivot_table("value", axis, "stack", observed=True, sort=False).sort_index()


packets = run("packet-generator", bursts_count=100, burst_count=[1, 2, 8, 32])
disk = run("disk-random", blocks_count=96, threads_count=[1, 4, 16], write_ratio=0)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Prediction

# %%
sent = rates(packets, BURST)
alone = sent.loc[1] / sent.loc[1, "bare metal"] * 100
compare(predict({}, names=GUESTS, unit="%"), alone[GUESTS], reveal=True)

# %% [markdown]
# Students tend to expect that paravirtual is close to bare metal. One at a time it is not; in bursts it comes close,
# while the emulated card and domain 0 stay where they were.

# %%
picture(lines, sent, "packets in a burst", "million packets/s", log="x", models=MODELS)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercise: a ring and its server

# %%
solution(exercise("kicks", SEED))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercise: bursts of this size from a guest of KVM
#
# The slower of two workers: the carrier, for which further packets of a burst are cheaper, or the wire.

# %%
burst = Random(SEED).choice([3, 5, 6, 12])
catalog = vl.Catalog()
program = catalog.workload("packet-generator", MACHINE).values()
nic, cpu = (catalog.machine(MACHINE).devices[name].values() for name in ("nic", "cpu"))
kvm = catalog.layer("kvm-6", MACHINE).values()
first = kvm["nic_ring_cycles"] + kvm["bridge_cycles"] + catalog.layer("linux-6", MACHINE).values()["nic_driver_cycles"]
copy = kvm["device_copy_cycles_per_byte"] * (program["packet_bytes"] - program["link_header_bytes"])
cycles = first + (burst - 1) * kvm["nic_further_cycles"] + burst * copy
carrier_us = cycles / cpu["frequency_hz"] * 1e6 / burst
frame_bytes = program["packet_bytes"] - program["link_header_bytes"] + nic["frame_bytes"]
wire_us = frame_bytes / nic["link_bytes_per_s"] * 1e6
simulated = rates(
    run("packet-generator", {"paravirtual": PATHS["paravirtual"]}, bursts_count=100, burst_count=[burst]), BURST
)
print(f"carrier: {cycles:.0f} cycles for {burst} packets = {carrier_us:.3f} us a packet")
print(f"wire: {frame_bytes:.0f} bytes = {wire_us:.3f} us a packet")
print(f"by hand {1 / max(carrier_us, wire_us):.3f}, simulated {simulated.iloc[0, 0]:.3f} million packets/s")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises in words
#
# 1. One request after the other: the rate is one over the time of one request, however many wait. 2. The label
#    "hosted" is not what was slow; the card was (lecture 5). 3. Not passthrough: a guest that holds a piece of
#    hardware cannot leave it behind.

# %%
others = {
    "KVM": PATHS["paravirtual"],
    "KVM, serial": {"stack": "linux-6 | kvm-6(device_threads=serial) / linux-6"},
    "hosted": PATHS["hosted"],
    "hosted, paravirtual": {**PATHS["hosted"], "virtual_hardware": {"nic": "paravirtual"}},
}
reads = rates(run("disk-random", others, blocks_count=96, threads_count=[1, 16], write_ratio=0), DEPTH)
bursts = rates(run("packet-generator", others, bursts_count=100, burst_count=[1, 8]), BURST)
pd.concat({"reads/s": reads.round(0), "million packets/s": bursts.round(3)})[list(others)]
