"""An expression: the parts of a stack as written, before anybody knows which products there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Scope = Literal["machine", "group", "tenant"]

ROLES: Mapping[str, str] = {"domain-0": "the system that drives the devices for a hypervisor's guests"}
"""Options whose value is a layer with a part of its own, by name."""

SCOPES: Mapping[int, tuple[Scope, ...]] = {2: ("machine", "tenant"), 3: ("machine", "group", "tenant")}
"""What the segments of an expression mean, by their number."""


@dataclass(frozen=True, slots=True)
class Term:
    """One layer of an expression, or with ``is_role`` a role that is meant."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    is_role: bool = False

    def __str__(self) -> str:
        options = ", ".join(f"{key}={value}" for key, value in self.options)
        return f"{'@' if self.is_role else ''}{self.name}{f'({options})' if options else ''}"


@dataclass(frozen=True, slots=True)
class Expression:
    """A stack as written: two or three segments of terms, from the hardware up. Its text parses to the same."""

    segments: tuple[tuple[Term, ...], ...]

    def __str__(self) -> str:
        return " | ".join(" / ".join(map(str, terms)) for terms in self.segments).rstrip()

    def placed(self) -> Iterator[tuple[Scope, Term]]:
        """Every term with its scope, from the hardware up."""
        for scope, terms in zip(SCOPES[len(self.segments)], self.segments, strict=True):
            yield from ((scope, term) for term in terms)

    def names(self) -> tuple[str, ...]:
        """Every product once, in the order written, those that fill roles included."""
        found: list[str] = []
        for _, term in self.placed():
            found += [] if term.is_role else [term.name]
            found += [value for key, value in term.options if key in ROLES]
        return tuple(dict.fromkeys(found))


def resolve(expression: Expression, namer: Callable[[str], str]) -> Expression:
    """The expression with every product's name replaced, also those that fill roles."""

    def named(term: Term) -> Term:
        options = tuple((key, namer(value) if key in ROLES else value) for key, value in term.options)
        return replace(term, name=term.name if term.is_role else namer(term.name), options=options)

    return Expression(tuple(tuple(map(named, terms)) for terms in expression.segments))


def fill_roles(expression: Expression, roles_of: Callable[[str], Mapping[str, str]]) -> Expression:
    """The expression with every role named: as written, or else as ``roles_of`` says of a product."""

    def filled(term: Term) -> Term:
        if term.is_role:
            return term
        written = dict(term.options)
        missing = ((role, name) for role, name in roles_of(term.name).items() if role not in written)
        return replace(term, options=(*term.options, *missing))

    return Expression(tuple(tuple(map(filled, terms)) for terms in expression.segments))
