"""The report as a browser shows it: it fits, it can be read, it runs and loads nothing.

Where no Chromium is installed, these tests are skipped.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import report, report_group
from pipelines.settings import Limits
from pipelines.warehouse import open_published
from tests.browser import CHROMIUM, Browser
from tests.pipelines.report_group_tables import groups
from tests.pipelines.report_person_tables import ADA, Bond, World, village
from tests.pipelines.report_tables import write

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")

# Every element that itself holds text, with its box, its colour and the size of its letters.
_TEXTS = """
[...document.body.querySelectorAll("*")]
    .filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()))
    .filter(e => e.getClientRects().length)
    .map(e => {
        const box = e.getBoundingClientRect(), style = getComputedStyle(e);
        return {
            text: e.textContent.trim().slice(0, 40), left: box.left, right: box.right,
            colour: e instanceof SVGElement ? style.fill : style.color,
            size: parseFloat(style.fontSize) * (e.ownerSVGElement ? e.getCTM().a : 1),
        };
    })
"""
_BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def written(world: World, folder: Path) -> Path:
    with open_published(world.write(folder), Limits(threads=1)) as connection:
        path = folder / "report.html"
        path.write_text(report.page(connection, ADA), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(village(), tmp_path_factory.mktemp("village"))


@pytest.fixture(scope="module")
def group_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("groups")
    with open_published(write(folder, groups()), Limits(threads=1)) as connection:
        path = folder / "group.html"
        path.write_text(report_group.page(connection, "Sales"), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many contacts as a picture can hold, with names of every length."""
    bonds = [
        Bond(10 + n, f"Contact {'Long ' * (n % 5)}{n}", [80 / (n + 1)] * 24, group=f"Group {n % 9}")
        for n in range(150)
    ]
    world = dataclasses.replace(
        village(), bonds=bonds, between=[(10, n, 2.0) for n in range(30, 90)]
    )
    return written(world, tmp_path_factory.mktemp("full"))


def assert_quiet(browser: Browser, path: Path) -> None:
    """Nothing was logged, thrown, asked or requested, apart from the page itself."""
    methods = {event.get("method") for event in browser.events}
    assert methods.isdisjoint(
        {
            *("Page.javascriptDialogOpening", "Runtime.consoleAPICalled"),
            *("Runtime.exceptionThrown", "Log.entryAdded"),
        }
    )
    requested = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in requested if not url.startswith("data:")] == [path.as_uri()]


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)`` by WCAG 2."""
    channels = [int(part) / 255 for part in colour.strip("rgb()").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("width", [360, 800, 1280])
@pytest.mark.parametrize("which", ["page", "group_page", "full_page"])
def test_every_text_lies_within_the_page_and_is_large_enough(
    browser: Browser, request: pytest.FixtureRequest, which: str, width: int
):
    path = request.getfixturevalue(which)
    browser.show(path.as_uri(), width)
    assert_quiet(browser, path)
    browser.value("[...document.querySelectorAll('details')].map(e => e.open = true)")
    texts = browser.value(_TEXTS)
    assert len(texts) > (80 if which == "group_page" else 300)
    assert [one for one in texts if one["left"] < 0 or one["right"] > width] == []
    assert [one for one in texts if one["size"] < 10] == []
    assert browser.value("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Browser, page: Path, scheme: str):
    browser.show(page.as_uri(), 820, scheme)
    ground = browser.value(_BACKGROUND)
    assert (luminance(ground) > 0.5) == (scheme == "light")
    texts = browser.value(_TEXTS)
    assert [one for one in texts if contrast(one["colour"], ground) < 4.5] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_line_and_bar_stands_out_from_its_ground(browser: Browser, page: Path, scheme: str):
    browser.show(page.as_uri(), 820, scheme)
    ground = browser.value(_BACKGROUND)
    lines = browser.value(
        "[...document.querySelectorAll('svg path[stroke^=\"var(--line\"]')]"
        ".map(e => getComputedStyle(e).stroke)"
    )
    bars = browser.value(
        "[...document.querySelectorAll('.flow i')].map(e => getComputedStyle(e).backgroundColor)"
    )
    assert lines and bars
    assert [colour for colour in lines + bars if contrast(colour, ground) < 3] == []


@pytest.mark.parametrize("width", [360, 800, 1280])
@pytest.mark.parametrize("which", ["page", "full_page"])
def test_no_two_names_in_the_network_overlap(
    browser: Browser, request: pytest.FixtureRequest, which: str, width: int
):
    browser.show(request.getfixturevalue(which).as_uri(), width)
    boxes = browser.value(
        "[...document.querySelectorAll('.network svg text')].map(e => e.getBoundingClientRect())"
        ".filter(box => box.width).map(box => [box.left, box.top, box.right, box.bottom])"
    )
    # Everybody of the first ring, and the person in the middle.
    assert len(boxes) >= 6
    overlaps = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[:place]
        if min(one[2], other[2]) - max(one[0], other[0]) > 1
        and min(one[3], other[3]) - max(one[1], other[1]) > 3
    ]
    assert overlaps == []


def test_the_page_can_be_used_with_the_keyboard_alone(browser: Browser, page: Path):
    browser.show(page.as_uri(), 1280)
    focused = []
    for _ in range(15):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", windowsVirtualKeyCode=9)
        focused.append(
            browser.value(
                "(e => [e.tagName, e.textContent.trim(), getComputedStyle(e).outlineStyle])"
                "(document.activeElement)"
            )
        )
    assert focused[0][1] == "To the content"
    assert ["A", "Open or closed", "solid"] in focused
    assert focused[-1] == ["SUMMARY", "What this rests on", "solid"]
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
    assert browser.value("document.activeElement.parentElement.open") is True


def test_one_of_two_pictures_is_shown_for_the_width(browser: Browser, page: Path):
    seen = (
        "[...document.querySelectorAll('figure [role=img] svg')]"
        ".map(e => e.getClientRects().length)"
    )
    browser.show(page.as_uri(), 360)
    assert browser.value(seen) == [0, 1] * 3
    browser.show(page.as_uri(), 1280)
    assert browser.value(seen) == [1, 0] * 3


@pytest.mark.parametrize("width", [360, 1280])
def test_the_state_of_each_tie_stands_once_in_its_row(browser: Browser, page: Path, width: int):
    browser.show(page.as_uri(), width)
    states = browser.value(
        "[...document.querySelectorAll('tr')].filter(row => row.querySelector('.state'))"
        ".map(row => [...row.querySelectorAll('.state')]"
        ".filter(state => state.getClientRects().length).length)"
    )
    assert len(states) > 50
    assert set(states) == {1}


def test_print_is_dark_on_light_even_in_dark_mode(browser: Browser, page: Path):
    browser.show(page.as_uri(), 700, "dark", "print")
    assert luminance(browser.value("getComputedStyle(document.body).color")) < 0.05
    browser.call("Emulation.setEmulatedMedia", media="")
    printed = browser.call("Page.printToPDF")["data"]
    assert printed.startswith("JVBERi")  # %PDF


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>",
        "</text></svg><script>alert(1)</script>",
        '"><style>@import "https://evil.example/x.css"</style>',
        "x" * 5000,
        "\u202e長い名前" * 50,
    ],
)
def test_a_hostile_name_runs_loads_and_widens_nothing(browser: Browser, tmp_path: Path, name: str):
    bonds = [Bond(10, name, [3.0] * 24, "fading", silence=40, group=name), Bond(11, "Bo", [1.0])]
    path = written(World(bonds, village().circle, me=name), tmp_path)
    browser.show(path.as_uri(), 360)
    assert_quiet(browser, path)
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.documentElement.scrollWidth") == 360
