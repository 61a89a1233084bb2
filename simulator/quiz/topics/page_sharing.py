"""Equal pages of several guests: what a scanner finds in its first and second pass, and how much that frees."""

from __future__ import annotations

from random import Random

from simulator.layers._page_sharing import Kind, PageSharing
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "equal pages of guests kept once"
LEVELS = {1: "zero pages and pages of the same image", 2: "and pages that two guests have"}
_UNIT = 16 * 16
"""Pages come in such portions: a scanner looks at a guest in sixteen parts."""
_PAGE_KIB = 4
_WAYS = {"KSM": True, "ESX": False}


def case(random: Random, level: int) -> Case:
    """Two to five equal guests, one of two scanners."""
    guests, way = random.randint(2, 5), random.choice(list(_WAYS))
    zero, image, own = (random.randint(1, 12) * _UNIT for _ in range(3))
    pair = random.randint(1, 6) * _UNIT if level > 1 else 0
    each = zero + image + own + pair
    rate = each * guests // random.choice((4, 5, 8, 10, 16))
    first, second, pass_s = scanned(way, guests, {"zero": zero, "image": image, "own": own, "pair": pair}, rate)
    saved = Working()
    saved.step("zero pages, all kept as one that counts for none", f"{guests} * {zero}", "pages")
    parts = [saved.written, saved.step("of the image one copy stays", f"({guests} - 1) * {image}")]
    if pair:
        parts.append(saved.step("of what two guests have one copy stays", f"(2 - 1) * {pair}"))
    pages = saved.step("saved in all", " + ".join(parts), "pages")
    none = Working()
    none.pick("in its first pass KSM only remembers what pages look like", 0.0)
    size = Working(saved)
    size.step("in MiB", f"{pages} * {_PAGE_KIB} / 1024", "MiB")
    pass_time = Working()
    all_pages = pass_time.step("pages of all guests", f"{guests} * {each}")
    pass_time.step("at the scanner's rate", f"{all_pages} / {rate}", "s")
    part = Working()
    part.step("of all pages", f"{pages} / {all_pages} * 100", "%")
    questions = (
        Question("pass", "How long does one pass take?", "s", pass_s, pass_time),
        Question("first", "How many pages are saved after the first pass?", "", first, none if way == "KSM" else saved),
        Question("second", "How many MiB are saved after the second pass?", "MiB", second * _PAGE_KIB / 1024, size),
        Question("part", "Which part of the guests' memory is that?", "%", second / (each * guests) * 100.0, part),
    )
    rows = [("all zero", number(zero), "all"), ("of the image", number(image), "the same in all"),
            ("its own", number(own), "like no other page")]  # fmt: skip
    if pair:
        rows.insert(2, ("of a program", number(pair), "the same in the first two; the others' are like no other"))
    looks = {
        "KSM": "As KSM does it, a page must look as it did in the pass before; then it is merged as soon as its like "
        "has been met in this pass or is merged already.",
        "ESX": "As ESX does it, a page is merged as soon as its like has been met, be it in the first pass.",
    }
    return Case(
        (
            f"{guests} guests have {each} pages of {_PAGE_KIB} KiB each. A scanner looks at {rate} pages a second, one "
            f"guest after the other, again and again, and keeps equal pages once. {looks[way]} Nobody writes "
            "meanwhile. The one zero page that is left is not counted.",
        ),
        questions,
        "from simulator.quiz.topics import page_sharing\n"
        f"kinds = {{'zero': {zero}, 'image': {image}, 'own': {own}, 'pair': {pair}}}\n"
        f"print(page_sharing.scanned({way!r}, {guests}, kinds, {rate}))",
        table=Table(("pages of a guest", "how many", "like what"), tuple(rows)),
    )  # fmt: skip


def scanned(way: str, guests: int, kinds: dict[str, int], rate: int) -> tuple[float, float, float]:
    """Let virtlab's scanner look: pages saved after one and two passes, and how long a pass took.

    Args:
        way: ``KSM`` or ``ESX``.
        guests: how many.
        kinds: pages of each guest: ``zero``, of the ``image``, of a ``pair`` of guests, and its ``own``.
        rate: pages a second.
    """
    scanner = PageSharing(second_look=_WAYS[way])
    for guest in range(guests):
        pair = "pair" if guest < 2 else f"pair {guest}"
        pages = (
            Kind("zero", kinds["zero"], alike=float("inf")), Kind("image", kinds["image"]),
            Kind(f"own {guest}", kinds["own"]), Kind(pair, kinds["pair"]),
        )  # fmt: skip
        scanner.describe(f"guest {guest}", pages, 0.0)
    saved, now_s, pass_s = [], 0.0, scanner.pages / rate
    for _ in range(2):
        now_s += pass_s
        scanner.scan(rate * pass_s, now_s)
        saved.append(sum(scanner.saved_pages(now_s).values()))
    return saved[0], saved[1], pass_s
