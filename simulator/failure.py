"""What fails as a whole: the parts of a layer, the ways into them, and what is known of both.

A layer says which parts it has (``Layer.parts``); what a fault takes down then follows from what stands above the part
in the tree, and what code that has broken out of a tenant reaches follows from where the part runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simulator.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a layer that fails, and is broken into, as a whole.

    Attributes:
        name: what it is, in a word: ``kernel``, ``hypervisor``, ``process``, ``module``, ``daemon``.
        each: how many there are: one for the node, for each guest, or for all nodes of the product on one system.
        inside: it is no thing of its own but code in the kernel of the system that it runs on: what breaks it breaks
            that kernel.
        at: the role of the system that it runs on, where that is not the system below.
        takes: what goes with it: all that stands ``above`` it, the ``devices`` of what stands above it, or ``nothing``
            but the control over it.
        faces: what the code above calls it by; empty: nothing above calls it, or nothing is between the two.
        width: the number of ``BOUNDARY`` that says how many ways in that are; empty: no number is known to count them.
        code: the number that says how much code stands behind.
        own: the number that says how many calls it may itself make to the system that it runs on; empty: all.
    """

    name: str
    each: Literal["node", "guest", "system"] = "node"
    inside: bool = False
    at: str = ""
    takes: Literal["above", "devices", "nothing"] = "above"
    faces: str = ""
    width: str = ""
    code: str = ""
    own: str = ""


BOUNDARY = tuple(
    Parameter(name, "count", meaning, optional=True)
    for name, meaning in (
        ("calls_count", "system calls that code above it may make"),
        ("hypercalls_count", "calls that a guest's kernel may make to the hypervisor"),
        ("exits_count", "reasons to leave a guest that the module works out"),
        ("host_calls_count", "system calls that its process may make to the system below"),
        ("code_lines_count", "lines of code that run with the rights of the kernel or hypervisor"),
        ("module_lines_count", "lines of code that it adds to the kernel below"),
        ("process_lines_count", "lines of code of its process"),
        ("exhaustible_count", "resources of the kernel that one tenant without rights can use up for all"),
        ("process_faults_count", "kinds of fault of one program that end or stop the whole process"),
        ("exploits_tried_count", "published exploits that were tried from inside"),
        ("exploits_passed_count", "of these, those that did inside what they were written for"),
        ("exploits_broke_out_count", "of these, those that broke the boundary"),
        ("reports_count", "weaknesses reported in a year; how they are counted is a matter of policy: no rate"),
    )
)
"""What is known of the boundary that a layer makes: weights to be looked at, never chances of an attack. All of it may
be missing, and is unknown then."""
RECOVERY = (
    Parameter("micro_reboot_s", "s", "until it goes on with what stands on it, after its fault is seen", optional=True),
    Parameter("recovered_ratio", "ratio", "part of the injected and noticed faults after which it did", optional=True),
    Parameter("driver_restart_s", "s", "until a driver domain of it serves its guests again", optional=True),
)  # fmt: skip
"""How a layer recovers in place; what it does not say, it cannot."""
SECTIONS: Mapping[str, tuple[Parameter, ...]] = {"boundary": BOUNDARY, "recovery": RECOVERY}
"""The sections of a layer's file that say so."""
