"""The tree of nodes on one machine: equal path and scope mean the same node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simulator.errors import StackError
from simulator.notation.expression import ROLES, Expression, Scope, Term
from simulator.notation.parser import parse


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A layer instance in the tree of one machine.

    Attributes:
        name: the product as written; ``@domain-0`` where a role is used that no option fills.
        path: identity, e.g. ``linux-2.4/vmware-workstation-3.2[web]/linux-2.4[web]``; a role stands in it by its own
            name, the instance of a group as ``[group=a]``.
        scope: how many there are: one per machine, group or tenant.
        owner: the tenant or group it belongs to, empty for the machine's.
        parent: the node below, None on the hardware.
        options: what was written in parentheses.
        role: its part beside the guests of its parent, None if it has none.
        children: the nodes that stand on it.
    """

    name: str
    path: str
    scope: Scope
    owner: str = ""
    parent: Node | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def private(self) -> bool:
        """Whether one tenant has it for itself."""
        return self.scope == "tenant"

    @property
    def apart(self) -> bool:
        """Whether it is one tenant's, or one group's: not everybody's on the machine."""
        return self.scope != "machine"

    def __repr__(self) -> str:
        return f"Node({self.path!r})"


@dataclass(frozen=True, slots=True)
class Tree:
    """All nodes of one machine, parents first, and each tenant's nodes from the hardware up."""

    nodes: tuple[Node, ...]
    chains: Mapping[str, tuple[Node, ...]]

    @property
    def givers(self) -> dict[str, str]:
        """Whose figures hold for a node that is not everybody's, by path: its tenant's, or its group's first one's."""
        found: dict[str, str] = {}
        for tenant, chain in self.chains.items():
            for node in chain:
                if node.apart:
                    found.setdefault(node.path, tenant)
        return found

    def node(self, path: str) -> Node:
        """The node with this path.

        Raises:
            KeyError: there is none.
        """
        return {node.path: node for node in self.nodes}[path]


def build(expressions: Mapping[str, Expression | str], groups: Mapping[str, str | None] | None = None) -> Tree:
    """The tree of one machine.

    Args:
        expressions: for each tenant the stack it stands on; they share what is equal in path and scope.
        groups: for each tenant its group, wanted where an expression has two bars. A single tenant needs none.

    Raises:
        StackError: the stacks cannot stand on one machine.
    """
    if not expressions:
        raise StackError("no tenant stands on this machine; give at least one")
    builder = _Builder(groups or {}, alone=len(expressions) == 1)
    parsed = {tenant: parse(each) if isinstance(each, str) else each for tenant, each in expressions.items()}
    chains = {tenant: builder.chain(tenant, expression) for tenant, expression in parsed.items()}
    return Tree(tuple(builder.nodes.values()), chains)


class _Builder:
    """Makes nodes as tenants need them."""

    def __init__(self, groups: Mapping[str, str | None], alone: bool) -> None:
        self.nodes: dict[str, Node] = {}
        self._groups, self._alone = groups, alone

    def chain(self, tenant: str, expression: Expression) -> tuple[Node, ...]:
        """A tenant's nodes from the hardware up."""
        nodes: list[Node] = []
        for scope, term in expression.placed():
            parent = nodes[-1] if nodes else None
            if term.is_role:
                nodes.append(self._role(parent, term, expression))
            else:
                nodes.append(self._layer(parent, term, scope, self._owner(scope, tenant, expression)))
        self._check_bottom(tenant, nodes[0])
        return tuple(nodes)

    def _owner(self, scope: Scope, tenant: str, expression: Expression) -> str:
        if scope != "group":
            return tenant if scope == "tenant" else ""
        group = self._groups.get(tenant) or (tenant if self._alone else None)
        if group is None:
            raise StackError(f"'{expression}' has two bars, but {tenant!r} is in no group; give it one: 'group: a'")
        return group

    def _layer(self, parent: Node | None, term: Term, scope: Scope, owner: str) -> Node:
        plain = replace(term, options=tuple(option for option in term.options if option[0] not in ROLES))
        instance = {"machine": "", "group": f"[group={owner}]", "tenant": f"[{owner}]"}[scope]
        path = f"{parent.path}/{plain}{instance}" if parent else f"{plain}{instance}"
        options = dict(term.options)
        known = self.nodes.get(path)
        if known is None:
            known = self._add(Node(term.name, path, scope, owner, parent, options))
            for role in (key for key in options if key in ROLES):
                self._add(Node(options[role], f"{path}/{role}", scope, owner, known, role=role))
        elif known.options != options:
            other = replace(term, options=tuple(known.options.items()))
            raise StackError(f"'{term}' and '{other}' would be one {term.name} with two meanings; write both alike")
        return known

    def _role(self, parent: Node | None, term: Term, expression: Expression) -> Node:
        if parent is None or parent.role:
            below = f"'{parent.name}'" if parent else "the hardware"
            raise StackError(f"'{expression}': {below} has no {term.name}; write '{term}' on top of a hypervisor")
        path = f"{parent.path}/{term.name}"
        known = self.nodes.get(path)
        return known or self._add(Node(str(term), path, parent.scope, parent.owner, parent, role=term.name))

    def _add(self, node: Node) -> Node:
        self.nodes[node.path] = node
        if node.parent:
            node.parent.children.append(node)
        return node

    def _check_bottom(self, tenant: str, node: Node) -> None:
        first = next(iter(self.nodes.values()))
        if node is not first:
            message = f"'{node.path}' of {tenant!r} and '{first.path}' cannot both stand on the hardware"
            raise StackError(f"{message}; let all stacks side by side begin with the same system")
