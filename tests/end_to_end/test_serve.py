"""``virtlab serve`` as a lecturer meets it: the command in a terminal, its page in a real browser without a window."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
from browser import Browser, executable

from .conftest import Command

BIG = '.card .big[data-number="{}"]'
STACKS = ("linux-6+%7C", "linux-6+%7C+docker-27", "linux-6+%7C+kvm-6+%2F+linux-6")
SMALL = "&".join(["memory_gib=1", *(f"stack={each}" for each in STACKS)])
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def command() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the address that it prints."""
    serve = [sys.executable, "-m", "simulator", "serve", "--no-browser", "--port", "0", "--jobs", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where these tests run in the background
    with subprocess.Popen(serve, **pipes, text=True, start_new_session=True, preexec_fn=heeds) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        if process.poll() is None:
            process.kill()


@pytest.fixture(scope="module")
def browser(command: tuple[subprocess.Popen[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A page that is drawn."""
    program = executable()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium on this machine; install it: apt-get install chromium")
        pytest.skip("there is no Chromium on this machine")
    with Browser(program, tmp_path_factory.mktemp("profile")) as made:
        made.open(f"{command[1]}#{SMALL}")
        made.wait("document.querySelectorAll('.card .big').length === 3 && document.querySelector('#parameters-value')")
        yield made


def test_a_slider_moves_and_the_number_changes(browser: Browser) -> None:
    before = browser.text(BIG.format(2))
    assert before.endswith("%") and browser.text(BIG.format(0)) == "0 %"
    browser.run("document.querySelector('#parameters-value').focus()")
    browser.press("ArrowRight")
    browser.wait(f"document.querySelector('{BIG.format(2)}').innerText !== '{before}'")
    clients = int(browser.run("document.querySelector('#parameters-value').getAttribute('aria-valuetext')"))
    assert clients > 50
    assert f"p.clients_count={clients}" in browser.run("location.hash")
    assert f"clients_count: {clients}" in browser.run("document.querySelector('#scenario').textContent")


def test_both_neighbours_of_a_slider_are_simulated_while_nobody_waits(browser: Browser) -> None:
    answers = "performance.getEntriesByType('resource').filter(each => each.name.endsWith('/api/answer')).length"
    browser.wait(f"{answers} >= 4")  # the page, the slider of the test before, and its two neighbours
    browser.run("document.querySelector('#parameters-value').focus()")
    browser.press("ArrowRight")
    browser.wait("document.querySelector('#status').innerText.includes('3 runs (3 of them simulated before)')")


def test_a_mistake_in_a_stack_is_said_beside_it(browser: Browser) -> None:
    browser.click("#stack-1")
    browser.run("document.querySelector('#stack-1').select()")
    browser.type("linux-6 | doker")
    browser.press("Tab")
    said = browser.wait("document.querySelector('[id=\"mistake-stacks.1\"]').innerText")
    assert "no layer is called 'doker'" in said and "did you mean" in said
    assert browser.run("document.querySelector('#stack-1').getAttribute('aria-invalid')") == "true"
    assert browser.run("document.querySelectorAll('.card').length") == 2
    browser.run("document.querySelector('#stack-1').select()")
    browser.run("document.querySelector('#stack-1').focus()")
    browser.type("linux-6 | docker-27")
    browser.press("Tab")
    browser.wait("document.querySelectorAll('.card').length === 3")
    assert browser.run("document.querySelector('[id=\"mistake-stacks.1\"]').hidden")


def test_a_neighbour_is_chosen_and_the_loss_is_drawn(browser: Browser) -> None:
    choose = "(() => { const field = document.querySelector('#neighbour'); field.value = 'cpu-hog';"
    browser.run(choose + "field.dispatchEvent(new Event('change')); })()")
    browser.wait("!document.querySelector('#loss').hidden && document.querySelector('#neighbours')")
    assert browser.run("document.querySelector('#loss svg').getAttribute('aria-label')").startswith(
        "What the neighbours"
    )
    assert browser.run("document.querySelectorAll('#trees svg').length") == 3
    assert "neighbour=cpu-hog" in browser.run("location.hash")


def test_predict_first_hides_the_answer_until_somebody_has_guessed(browser: Browser) -> None:
    browser.click("#lecture")
    browser.wait(f"document.querySelector('{BIG.format(2)}').innerText === '?'")
    assert browser.run("document.querySelector('#figures').hidden")
    browser.click("#guess-number")
    browser.type("20")
    browser.press("Enter")
    browser.wait(f"document.querySelector('{BIG.format(2)}').innerText !== '?'")
    assert "guessed 20 %" in browser.text("#verdict")
    browser.click("#lecture")


def test_french_and_the_width_of_a_phone(browser: Browser) -> None:
    browser.click("#language")
    assert browser.text("#ask-title") == "La question" and browser.run("document.documentElement.lang") == "fr"
    browser.resize(390, 844)
    browser.wait("document.documentElement.scrollWidth <= 390")
    browser.resize(1280, 720)
    browser.wait("document.documentElement.scrollWidth <= 1280")
    browser.click("#reset")
    browser.wait("document.querySelectorAll('.card .big').length === 4")
    assert browser.text("#ask-title") == "La question" and browser.run("location.hash") == "#lang=fr"
    browser.click("#language")
    assert browser.text("#ask-title") == "What is asked"


def test_every_field_has_a_label(browser: Browser) -> None:
    unlabelled = browser.run(
        "[...document.querySelectorAll('input, select')].filter(field =>"
        "!(field.labels?.length && field.labels[0].textContent.trim()) && !field.getAttribute('aria-label'))"
        ".map(field => field.id)"
    )
    assert unlabelled == []


def test_where_no_stack_can_run_a_workload_others_are_offered(browser: Browser) -> None:
    choose = "(() => { const field = document.querySelector('#workload'); field.value = 'java-hello';"
    browser.run(choose + "field.dispatchEvent(new Event('change')); })()")
    browser.wait("!document.querySelector('#fit').hidden")
    assert "put a bytecode on top" in browser.text('[id="mistake-stacks.0"]')
    browser.click("#fit")
    browser.wait("document.querySelector('#fit').hidden && document.querySelectorAll('.card').length === 2")
    assert "hotspot" in browser.text(".card h3")


def test_a_link_gives_the_same_page_and_nothing_came_from_elsewhere(
    browser: Browser, command: tuple[subprocess.Popen[str], str]
) -> None:
    shown = browser.text("#cards")
    browser.run("location.reload()")
    browser.wait(f"document.querySelector('#cards')?.innerText === {json.dumps(shown)}")
    assert browser.complaints == []
    assert {urlsplit(each).netloc for each in browser.requests if not each.startswith("data:")} == {
        urlsplit(command[1]).netloc
    }


def test_ctrl_c_ends_it_without_a_traceback_and_no_process_is_left(command: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = command
    group = os.getpgid(process.pid)
    os.killpg(group, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said and said.rstrip().endswith("ended")
    end_s = time.monotonic() + 60
    while _anybody(group) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert not _anybody(group)


def _anybody(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_address_that_is_none_is_a_mistake_of_the_command(virtlab: Command) -> None:
    code, _, said = virtlab("serve", "--no-browser", "--jobs", "1", "--host", "no.such.host.invalid")
    assert code == 2
    assert said.startswith("error: 'no.such.host.invalid' is no address of this machine")
