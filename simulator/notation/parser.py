"""The parser: from a text to an expression, or to the place where it stops being one."""

from __future__ import annotations

import re
from typing import NoReturn

from simulator.errors import StackError
from simulator.notation.expression import ROLES, SCOPES, Expression, Term
from simulator.notation.scanner import Malformed, Scanner

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VALUE = re.compile(r"[^()|/=,@]*")
_ENDS = ("", "|", "/")
_LONGEST = 1000


class MalformedStack(Malformed, StackError):
    """A text that is no stack."""


def parse(expression: str) -> Expression:
    """The expression that a text stands for.

    Raises:
        MalformedStack: the text is no stack; says where, and what to write.
    """
    if len(expression) > _LONGEST:
        message = f"there are more than {_LONGEST:,} characters, the most that a stack may have"
        raise MalformedStack(f"{expression[:40]}...", 0, message, "leave layers out")
    return _Parser(expression).expression()


class _Parser(Scanner):
    MALFORMED = MalformedStack

    def expression(self) -> Expression:
        segments = [self._segment()]
        bars = []
        while self._take("|"):
            bars.append(self.position - 1)
            if len(segments) == max(SCOPES):
                self._fail("there are more than two bars", "write 'machine | group | tenant'", bars[-1])
            segments.append(self._segment())
        if self.position < len(self.text):
            self._unexpected()
        if not segments[0]:
            self._fail("nothing stands on the hardware", "begin with a system, e.g. 'linux-2.4 |'", 0)
        if len(bars) == 2 and not segments[1]:
            self._fail("there is nothing between the two bars", "write one bar, or a layer for each group", bars[1])
        return Expression((*segments, ()) if not bars else tuple(segments))

    def _segment(self) -> tuple[Term, ...]:
        if self._next() in ("", "|"):
            return ()
        terms = [self._term()]
        while self._take("/"):
            terms.append(self._term())
        return tuple(terms)

    def _term(self) -> Term:
        if self._take("@"):
            return self._role()
        name = self._match(_NAME)
        if name:
            return Term(name, self._options() if self._next() == "(" else ())
        if self._next() in _ENDS:
            self._fail("a layer is missing", "write its name here, or leave out the '/'")
        self._unexpected()

    def _role(self) -> Term:
        start = self.position
        name = self._match(_NAME)
        if name not in ROLES:
            message = f"there is no role {name!r}" if name else "the name of a role is missing"
            self._fail(message, f"roles are: {', '.join(ROLES)}", start)
        if self._next() == "(":
            self._fail("a role that is meant has no options", f"say it where '{name}=' is written")
        return Term(name, is_role=True)

    def _options(self) -> tuple[tuple[str, str], ...]:
        start = self.position
        self._take("(")
        options: dict[str, str] = {}
        while True:
            self._next()
            key_at = self.position
            key = self._key(start)
            if key in options:
                self._fail(f"{key!r} is given twice", "keep one of the two", key_at)
            options[key] = self._value(key)
            if self._take(")"):
                return tuple(options.items())
            if not self._take(","):
                self._check_closed(start)
                self._fail(f"{self._next()!r} cannot stand here", "write ',' before the next key, or ')'")

    def _key(self, start: int) -> str:
        key = self._match(_NAME)
        if key and self._take("="):
            return key
        self._check_closed(start)
        if key:
            self._fail(f"{key!r} has no value", f"write '{key}=...'")
        self._fail("a key is missing", "write 'key=value', or leave out the parentheses")

    def _value(self, key: str) -> str:
        self._next()
        start = self.position
        value = re.sub(" +", " ", self._match(_VALUE).strip())
        if not value:
            self._fail(f"{key!r} has no value", f"write '{key}=...'", start)
        if key in ROLES and not _NAME.fullmatch(value):
            self._fail(f"{value!r} is no name of a layer", f"write e.g. '{key}=linux-2.4'", start)
        return value

    def _check_closed(self, start: int) -> None:
        if self._next() in _ENDS:
            self._fail("the parenthesis is never closed", "write ')' behind the last value", start)

    def _unexpected(self) -> NoReturn:
        found = self._next()
        if found == ")":
            self._fail("the parenthesis was never opened", "remove ')'")
        if found in "(,=":
            self._fail(f"{found!r} cannot stand here", "write options as 'name(key=value, key=value)'")
        if _NAME.match(found) or found == "@":
            remedy = "write '/' between them, the lower one first, or '-' if it is one name"
            self._fail("two names stand side by side", remedy)
        self._fail(f"{found!r} is no part of a name", "names are letters, digits, '.', '-' and '_'")
