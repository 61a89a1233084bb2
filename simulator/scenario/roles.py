"""Roles: which system drives the devices for a hypervisor's guests."""

from __future__ import annotations

from collections.abc import Iterator

from simulator import notation
from simulator.notation import ROLES, Expression, Term
from simulator.scenario.fits import MACHINE, SYSTEM
from simulator.scenario.lookup import Lookup


def fill(lookup: Lookup, expression: Expression) -> Expression:
    """The expression with every role filled: as written, or else as the catalog says of a product."""
    return notation.fill_roles(expression, lambda name: lookup.product(name).roles)


def problem(lookup: Lookup, expression: Expression) -> tuple[str, str] | None:
    """Message and remedy for a role that a layer does not have, or that nothing fills."""
    for term, role in _meant(expression):
        if role not in _known(lookup, term):
            return f"{term.name} has no {role}", f"leave it out, or take a hypervisor that has a {role}"
    for term, role in (*_meant(expression), *_chosen(lookup, expression)):
        if role not in dict(term.options):
            system = lookup.layer_for(MACHINE, SYSTEM)
            return f"which system is the {role} of {term.name}?", f"write e.g. '{term.name}({role}={system})'"
    return None


def _meant(expression: Expression) -> Iterator[tuple[Term, str]]:
    """Layers and the roles that the expression fills or uses."""
    terms = [term for _, term in expression.placed()]
    for term, above in zip(terms, [*terms[1:], Term("")], strict=True):
        if not term.is_role:
            roles = [*dict(term.options), *([above.name] if above.is_role else [])]
            yield from ((term, role) for role in roles if role in ROLES)


def _chosen(lookup: Lookup, expression: Expression) -> Iterator[tuple[Term, str]]:
    """Layers and the roles that their structure asks for."""
    for _, term in expression.placed():
        if not term.is_role:
            choices = {**lookup.product(term.name).structure, **dict(term.options)}
            yield from ((term, role) for role in choices.values() if role in ROLES)


def _known(lookup: Lookup, term: Term) -> set[str]:
    """The roles that a layer can have filled."""
    choices = lookup.layer_class(term.name).STRUCTURE.values()
    return {*lookup.product(term.name).roles, *(value for values in choices for value in values)}
