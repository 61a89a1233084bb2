"""The notation for stacks, and the tree of nodes it stands for: who shares what.

    stack   = segment [ "|" segment [ "|" segment ]]      scopes: machine | tenant, or machine | group | tenant
    segment = [ layer { "/" layer } ]
    layer   = name [ "(" key "=" value { "," key "=" value } ")" ]   or   "@" role

Layers are written from the hardware up. Left of the first bar there is one instance per machine, right of the last
one per tenant, between two bars one per group. ``linux-2.4 |`` is a system that all tenants share; a bar at the end
may be left out. A role (``xen-4(domain-0=linux-6)``) is a node of its own beside the guests; ``@domain-0`` puts a
process onto it.

Names are kept as written: the catalog knows which products there are, and :func:`resolve` puts versions in.
"""

from simulator.notation.expression import ROLES, Expression, Scope, Term, fill_roles, resolve
from simulator.notation.parser import MalformedStack, parse
from simulator.notation.tree import Node, Tree, build

__all__ = [
    "ROLES",
    "Expression",
    "MalformedStack",
    "Node",
    "Scope",
    "Term",
    "Tree",
    "build",
    "fill_roles",
    "parse",
    "resolve",
]
