"""How the report's pages write numbers and dates, and where their templates are.

Here: the filters of the templates, and the one environment that escapes every value.
Not here: the words themselves (report.html, report_group.html), what is shown (report.py).
"""

from datetime import date
from pathlib import Path

import jinja2

_WORDS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def amount(number: float | None, digits: int = 1) -> str:
    """A number with fixed digits, so that columns align; a dash where it is undefined."""
    if number is None:
        return "–"
    smallest = 10.0**-digits
    if 0 < number < smallest / 2:
        return f"<{smallest:.{digits}f}"
    return f"{number:,.{digits}f}"


def percent(share: float | None) -> str:
    """A share of 0 to 1 in per cent; a dash where it is undefined."""
    if share is None:
        return "–"
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def day(when: date, month: str = "%B") -> str:
    """As in 3 October 2026; ``%b`` for 3 Oct 2026."""
    return f"{when.day} {when:{month} %Y}"


def counted(number: int, one: str, many: str) -> str:
    """``one`` or ``many`` behind the number, which is a word as long as it is short."""
    word = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{word} {one if number == 1 else many}"


def hours(number: float | None) -> str:
    """A span of time in minutes, hours or days, whatever is read most easily."""
    if number is None:
        return "–"
    if number < 1:
        return f"{60 * number:.0f} min"
    return f"{number:.1f} h" if number < 48 else f"{number / 24:.1f} days"


def template(name: str) -> jinja2.Template:
    """One of the pages beside this file; whatever is put into it is escaped."""
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "amount": amount,
        "percent": percent,
        "day": day,
        "counted": counted,
        "hours": hours,
        "month": "{:%B %Y}".format,
    }
    return environment.get_template(name)
