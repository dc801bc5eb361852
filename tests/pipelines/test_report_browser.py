"""The report as a browser shows it: it fits, it can be read, it runs and loads nothing.

Where no Chromium is installed, these tests are skipped.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import report
from pipelines.settings import Limits
from pipelines.warehouse import open_published
from tests.browser import CHROMIUM, Browser
from tests.pipelines.report_tables import ADA, Bond, World, village

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


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)`` by WCAG 2."""
    channels = [int(part) / 255 for part in colour.strip("rgb()").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_every_text_lies_within_the_page_and_is_large_enough(
    browser: Browser, page: Path, width: int
):
    browser.show(page.as_uri(), width)
    texts = browser.value(_TEXTS)
    assert len(texts) > 300
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


def test_one_of_two_pictures_is_shown_for_the_width(browser: Browser, page: Path):
    seen = "[...document.querySelectorAll('figure svg')].map(e => e.getClientRects().length)"
    browser.show(page.as_uri(), 360)
    assert browser.value(seen) == [0, 1]
    browser.show(page.as_uri(), 1280)
    assert browser.value(seen) == [1, 0]


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
    methods = [event.get("method") for event in browser.events]
    assert "Page.javascriptDialogOpening" not in methods
    assert "Runtime.consoleAPICalled" not in methods
    assert "Runtime.exceptionThrown" not in methods
    assert "Log.entryAdded" not in methods
    requested = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in requested if not url.startswith("data:")] == [path.as_uri()]
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.documentElement.scrollWidth") == 360
