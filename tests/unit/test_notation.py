"""Stack expressions: what parses, what is shared, what is refused and where the caret stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import StackError
from simulator.notation import Expression, MalformedStack, Term, Tree, build, parse, resolve


def paths(tree: Tree, tenant: str) -> list[str]:
    return [node.path for node in tree.chains[tenant]]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("linux-2.4 |", "linux-2.4"),
        ("xen-4(domain-0=linux-6) | linux-6", "xen-4/linux-6[web]"),
        ("xen-4 / @domain-0 |", "xen-4/domain-0"),
        ("esx-4 | linux-6", "esx-4/linux-6[web]"),
        ("linux-6 | virtualbox / linux-6", "linux-6/virtualbox[web]/linux-6[web]"),
        ("windows-10 | workstation-16 / linux-6", "windows-10/workstation-16[web]/linux-6[web]"),
        ("macos-12 | fusion-12 / linux-6", "macos-12/fusion-12[web]/linux-6[web]"),
        ("linux-6 | kvm / linux-6", "linux-6/kvm[web]/linux-6[web]"),
        ("linux-6 | docker", "linux-6/docker[web]"),
        ("xen-4 / linux-6 | docker", "xen-4/linux-6/docker[web]"),
        ("xen-4 | linux-6 | docker", "xen-4/linux-6[group=a]/docker[web]"),
        ("linux-6 | hotspot-17", "linux-6/hotspot-17[web]"),
        ("linux-6 / hotspot-17 |", "linux-6/hotspot-17"),
        ("xen-4 | linux-6 / docker / hotspot-17", "xen-4/linux-6[web]/docker[web]/hotspot-17[web]"),
    ],
)
def test_every_case_of_the_design_parses_and_builds(text: str, path: str) -> None:
    expression = parse(text)
    tree = build({"web": expression, "bully": expression}, {"web": "a", "bully": "a"})
    assert str(expression) == text
    assert paths(tree, "web")[-1] == path


def test_the_bar_decides_what_is_shared() -> None:
    shared = build({"a": "linux-6 / hotspot-17 |", "b": "linux-6 / hotspot-17 |"})
    own = build({"a": "linux-6 | hotspot-17", "b": "linux-6 | hotspot-17"})
    assert shared.chains["a"][1] is shared.chains["b"][1] and not shared.chains["a"][1].private
    assert own.chains["a"][1] is not own.chains["b"][1] and own.chains["a"][1].private
    assert own.chains["a"][0] is own.chains["b"][0]


def test_a_group_shares_what_stands_between_two_bars() -> None:
    stack = "xen-4 | linux-6 | docker"
    tree = build({"a": stack, "b": stack, "c": stack}, {"a": "x", "b": "x", "c": "y"})
    systems = {tenant: tree.chains[tenant][1] for tenant in tree.chains}
    assert systems["a"] is systems["b"] is not systems["c"]
    assert (systems["a"].scope, systems["a"].owner) == ("group", "x")


def test_a_tenant_in_no_group_is_refused_unless_it_is_alone() -> None:
    stack = "xen-4 | linux-6 | docker"
    assert paths(build({"web": stack}), "web")[1] == "xen-4/linux-6[group=web]"
    with pytest.raises(StackError, match="'b' is in no group; give it one: 'group: a'"):
        build({"a": stack, "b": stack}, {"a": "x", "b": None})


def test_domain_0_is_a_node_beside_the_guests() -> None:
    tree = build({"web": "xen-4(domain-0=linux-6) | linux-2.4"})
    xen = tree.node("xen-4")
    assert [(child.name, child.role) for child in xen.children] == [("linux-6", "domain-0"), ("linux-2.4", None)]
    assert tree.node("xen-4/domain-0") not in tree.chains["web"]


def test_a_process_can_stand_on_domain_0() -> None:
    stacks = {
        "vm": "xen-4(domain-0=linux-6) | linux-6",
        "tool": "xen-4(domain-0=linux-6) / @domain-0 |",
        "java": "xen-4(domain-0=linux-6) / @domain-0 | hotspot-17",
    }
    tree = build(stacks)
    driver_domain = tree.node("xen-4/domain-0")
    assert tree.chains["tool"][-1] is tree.chains["java"][-2] is driver_domain
    assert (driver_domain.name, driver_domain.scope) == ("linux-6", "machine")


def test_a_role_that_nothing_fills_keeps_its_own_name() -> None:
    assert build({"tool": "xen-4 / @domain-0 |"}).node("xen-4/domain-0").name == "@domain-0"


def test_side_by_side_on_one_machine() -> None:
    tree = build({"vm": "linux-6 | kvm / linux-6", "ct": "linux-6 | docker", "cron": "linux-6 |"})
    assert [node.path for node in tree.nodes] == [
        "linux-6",
        "linux-6/kvm[vm]",
        "linux-6/kvm[vm]/linux-6[vm]",
        "linux-6/docker[ct]",
    ]
    assert paths(tree, "cron") == ["linux-6"]


def test_options_tell_nodes_apart() -> None:
    tree = build({"a": "linux-6 / kvm(nested = on) |", "b": "linux-6 / kvm |"})
    assert paths(tree, "a")[1] == "linux-6/kvm(nested=on)"
    assert tree.node("linux-6/kvm(nested=on)").options == {"nested": "on"}


@pytest.mark.parametrize(
    ("stacks", "message"),
    [
        ({"a": "linux-6 |", "b": "xen-4 | linux-6"}, "'xen-4' of 'b' and 'linux-6' cannot both stand on the hardware"),
        ({"a": "xen-4(domain-0=linux-6) | x", "b": "xen-4 | x"}, "would be one xen-4 with two meanings"),
        ({"a": "@domain-0 |"}, "the hardware has no domain-0; write '@domain-0' on top of a hypervisor"),
        ({"a": "xen-4 / @domain-0 / @domain-0 |"}, "'@domain-0' has no domain-0"),
        ({}, "no tenant stands on this machine"),
    ],
)
def test_what_cannot_stand_on_one_machine_is_refused(stacks: dict[str, str], message: str) -> None:
    with pytest.raises(StackError, match=message):
        build(stacks)


def test_a_bar_at_the_end_may_be_left_out_and_blanks_do_not_matter() -> None:
    assert str(parse("linux-2.4")) == "linux-2.4 |"
    assert str(parse(" xen-4( domain-0 = linux-6 ,memory=512  MiB )|linux-6/docker\n")) == (
        "xen-4(domain-0=linux-6, memory=512 MiB) | linux-6 / docker"
    )


def test_names_are_replaced_wherever_a_product_stands() -> None:
    newest = {"xen": "xen-4", "linux": "linux-6"}
    expression = resolve(parse("xen(domain-0=linux, mode=linux) / @domain-0 | linux"), lambda name: newest[name])
    assert str(expression) == "xen-4(domain-0=linux-6, mode=linux) / @domain-0 | linux-6"
    assert expression.names() == ("xen-4", "linux-6")


@pytest.mark.parametrize(
    ("text", "column", "message", "remedy"),
    [
        ("", 0, "nothing stands on the hardware", "begin with a system, e.g. 'linux-2.4 |'"),
        ("| linux-6", 0, "nothing stands on the hardware", "begin with a system, e.g. 'linux-2.4 |'"),
        ("linux-6 / ", 10, "a layer is missing", "write its name here, or leave out the '/'"),
        ("linux-6 / | docker", 10, "a layer is missing", "write its name here, or leave out the '/'"),
        ("/ linux-6", 0, "a layer is missing", "write its name here, or leave out the '/'"),
        ("a | b | c | d", 10, "there are more than two bars", "write 'machine | group | tenant'"),
        ("a || b", 3, "there is nothing between the two bars", "write one bar, or a layer for each group"),
        ("xen 4 | linux", 4, "two names stand side by side", "write '/' between them"),
        ("xen-4 / @driver |", 9, "there is no role 'driver'", "roles are: domain-0"),
        ("xen-4 / @ |", 9, "the name of a role is missing", "roles are: domain-0"),
        ("xen-4 / @domain-0(a=b) |", 17, "a role that is meant has no options", "'domain-0=' is written"),
        ("xen-4(domain-0=linux-6 | linux-6", 5, "the parenthesis is never closed", "write ')'"),
        ("xen-4(", 5, "the parenthesis is never closed", "write ')'"),
        ("xen-4(a", 5, "the parenthesis is never closed", "write ')'"),
        ("xen-4() |", 6, "a key is missing", "write 'key=value', or leave out the parentheses"),
        ("xen-4(=linux) |", 6, "a key is missing", "write 'key=value'"),
        ("xen-4(a=b,) |", 10, "a key is missing", "write 'key=value'"),
        ("xen-4(slow) |", 10, "'slow' has no value", "write 'slow=...'"),
        ("xen-4(a= ) |", 9, "'a' has no value", "write 'a=...'"),
        ("xen-4(a=1, a=2) |", 11, "'a' is given twice", "keep one of the two"),
        ("xen-4(domain-0=512 MiB) |", 15, "'512 MiB' is no name of a layer", "write e.g. 'domain-0=linux-2.4'"),
        ("xen-4(domain-0=linux-6(a=b)) |", 22, "'(' cannot stand here", "write ',' before the next key, or ')'"),
        ("linux-6) |", 7, "the parenthesis was never opened", "remove ')'"),
        ("linux-6, docker", 7, "',' cannot stand here", "write options as"),
        ("linux+6 |", 5, "'+' is no part of a name", "names are letters, digits"),
    ],
)
def test_a_malformed_stack_says_where_and_what_to_do(text: str, column: int, message: str, remedy: str) -> None:
    with pytest.raises(MalformedStack) as caught:
        parse(text)
    error = caught.value
    assert (error.message, error.position) == (message, column)
    assert remedy in error.remedy
    assert str(error).splitlines()[1:] == [f"    {text}", "    " + " " * column + "^"]


names = st.from_regex(r"[a-z][a-z0-9]{0,4}(-[0-9]\.?[0-9]?)?", fullmatch=True)
values = st.one_of(names, st.from_regex(r"[0-9]{1,3} [KM]iB", fullmatch=True))
options = st.dictionaries(names, values, max_size=2).map(lambda each: tuple(each.items()))
terms = st.builds(Term, names, options)
segment = st.lists(terms, min_size=1, max_size=3).map(tuple)
empty = st.just(())
expressions = st.one_of(st.tuples(segment, segment | empty), st.tuples(segment, segment, segment | empty)).map(
    Expression
)


@given(expressions)
def test_the_text_of_an_expression_parses_to_the_same(expression: Expression) -> None:
    assert parse(str(expression)) == expression


@given(st.text(alphabet="ab-4 |/(),=@\t+é", max_size=30))
def test_any_text_is_a_stack_or_is_refused_at_a_place_within_it(text: str) -> None:
    try:
        parse(text)
    except MalformedStack as error:
        assert 0 <= error.position <= len(text)
