"""The pictures of the report: lines over months as SVG that lives inside the page.

Here: what is drawn, at which width, and the few SVG elements that may reach the page.
Not here: the network (report_network.py), which people and numbers are shown (report.py), words,
layout and colours (report.html).

Colours are the page's custom properties, so one picture serves light, dark and print. Sizes are
fixed and nothing depends on the fonts of the machine that draws. Names enter Vega-Lite as data
only: no expression, title or link is ever made of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

_LINES = 4  # colours of the page, --line-1 to --line-4; each once solid and once dashed
MOST_LINES = 2 * _LINES
_ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan"}
_ATTRIBUTES = {
    *("viewBox", "transform", "d", "x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "cx", "cy", "r"),
    *("width", "height", "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap"),
    *("stroke-linejoin", "stroke-miterlimit", "opacity", "fill-opacity", "stroke-opacity"),
    *("text-anchor", "font-size", "font-weight", "display"),
}
# January says its year, the other months their name; the text is ours, the value a time.
_MONTH_LABEL = (
    "utcmonth(datum.value) == 0 ? utcFormat(datum.value, '%Y') : utcFormat(datum.value, '%b')"
)


Rows = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class Frame:
    """Room for one picture, in units of its view box, which is as wide as it is meant to be seen.

    names  how many columns of text fit to the right of the lines
    """

    width: int
    height: int
    left: int
    right: int
    font: int
    names: int
    month_step: int


WIDE = Frame(width=880, height=380, left=34, right=214, font=13, names=22, month_step=3)
NARROW = Frame(width=350, height=330, left=26, right=122, font=11, names=12, month_step=6)
PANEL = Frame(width=300, height=124, left=34, right=10, font=11, names=0, month_step=6)


@dataclass(frozen=True)
class Line:
    """One contact's values, one for each month; None where there is none yet.

    label      what stands at the end of the line, already short enough for the frame
    is_dashed  where None, lines beyond the colours are
    """

    label: str
    values: Sequence[float | None]
    is_dashed: bool | None = None


def named_lines(
    months: Sequence[date], lines: Sequence[Line], frame: Frame, ceiling: float | None = None
) -> Markup:
    """Every line in one picture, named at its end.

    months   first days, ascending, at least two;  lines  at most MOST_LINES, strongest first
    ceiling  end of the scale where there is one, else a little above the largest value
    """
    plot_width, plot_height = _plot(frame)
    values = [value for line in lines for value in line.values if value is not None]
    top = ceiling or 1.06 * max(values)
    ends = [(line.values[-1] or 0.0) for line in lines]
    places = _apart(ends, gap=top * (frame.font + 4) / plot_height, top=top)
    keys = [str(number) for number in range(len(lines))]
    points = [
        {"line": key, "month": _instant(month), "value": value}
        for key, line in zip(keys, lines, strict=True)
        for month, value in zip(months, line.values, strict=True)
    ]
    labels = [
        {
            "line": key,
            "month": _instant(months[-1]),
            "value": end,
            "place": place,
            "name": line.label,
        }
        for key, line, end, place in zip(keys, lines, ends, places, strict=True)
    ]
    colour = alt.Color(
        "line:N",
        legend=None,
        scale=alt.Scale(
            domain=keys, range=[f"var(--line-{1 + number % _LINES})" for number in range(len(keys))]
        ),
    )
    dash = alt.StrokeDash(
        "line:N",
        legend=None,
        scale=alt.Scale(
            domain=keys,
            range=[
                [5, 3]
                if (number >= _LINES if line.is_dashed is None else line.is_dashed)
                else [1, 0]
                for number, line in enumerate(lines)
            ],
        ),
    )
    x, y = _month_axis(months, frame), _value_axis(top, count=5)
    drawn = alt.Chart(alt.NamedData("points")).mark_line(
        strokeWidth=2.25, strokeCap="round", strokeJoin="round"
    )
    named = alt.Chart(alt.NamedData("labels"))
    return _framed(
        alt.layer(
            drawn.encode(x=x, y=y, color=colour, strokeDash=dash),
            named.mark_rule(strokeWidth=1, opacity=0.6).encode(
                x=x,
                x2=alt.value(plot_width + 16),
                y=y,
                y2="place:Q",
                color=colour,
            ),
            named.mark_circle(size=42, opacity=1).encode(x=x, y=y, color=colour),
            named.mark_text(align="left", baseline="middle", fill="var(--ink)").encode(
                x=alt.value(plot_width + 20), y=alt.Y("place:Q"), text="name:N"
            ),
        ),
        {"points": points, "labels": labels},
        frame,
    )


def trend(
    months: Sequence[date],
    values: Sequence[float | None],
    ceiling: float | None = None,
    floor: float = 0.0,
) -> Markup:
    """One measure over time, small, with its newest value marked.

    months  first days, ascending, at least two;  values  at least one that is not None
    ceiling  end of the scale where the measure has one, else a little above the largest value
    floor    where the scale begins
    """
    known = [number for number, value in enumerate(values) if value is not None]
    top = ceiling or 1.15 * max(values[number] for number in known) or 1.0
    rows = [
        {"month": _instant(month), "value": value, "newest": number == known[-1]}
        for number, (month, value) in enumerate(zip(months, values, strict=True))
    ]
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=_month_axis(months, PANEL), y=_value_axis(top, count=3, floor=floor)
    )
    return _framed(
        alt.layer(
            base.mark_line(
                stroke="var(--line-1)",
                strokeWidth=2,
                strokeCap="round",
                strokeJoin="round",
                # A month between two without a value would be a line without length.
                point=alt.OverlayMarkDef(size=9, filled=True, fill="var(--line-1)", opacity=1),
            ),
            base.transform_filter("datum.newest").mark_circle(
                size=40, opacity=1, fill="var(--line-1)"
            ),
        ),
        {"rows": rows},
        PANEL,
    )


def _plot(frame: Frame) -> tuple[int, int]:
    """Width and height left for the lines: what labels of the axes take is fixed, not measured."""
    return frame.width - frame.left - frame.right, frame.height - 2 * frame.font - 14


def _instant(month: date) -> int:
    """Milliseconds since 1970: a number cannot be read in another time zone."""
    return int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp() * 1000)


def _month_axis(months: Sequence[date], frame: Frame) -> alt.X:
    step = 1 if len(months) <= frame.month_step else frame.month_step
    return alt.X(
        "month:T",
        scale=alt.Scale(type="utc", domain=[_instant(months[0]), _instant(months[-1])]),
        axis=alt.Axis(
            title=None,
            grid=False,
            values=[_instant(month) for month in months if (month.month - 1) % step == 0],
            labelExpr=_MONTH_LABEL,
        ),
    )


def _value_axis(top: float, count: int, floor: float = 0.0) -> alt.Y:
    return alt.Y(
        "value:Q",
        scale=alt.Scale(domain=[floor, top], nice=False),
        axis=alt.Axis(title=None, tickCount=count, domain=False, ticks=False),
    )


def _apart(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Where labels stand: near their values, in the same order, never closer than ``gap``."""
    order = sorted(range(len(values)), key=lambda number: (-values[number], number))
    places = list(values)
    ceiling = top
    for number in order:
        places[number] = ceiling = min(places[number], ceiling)
        ceiling -= gap
    floor = 0.0
    for number in reversed(order):
        places[number] = floor = max(places[number], floor)
        floor += gap
    return places


def _framed(chart: alt.LayerChart, rows: Rows, frame: Frame) -> Markup:
    plot_width, plot_height = _plot(frame)
    room = {"left": frame.left, "right": frame.right}
    return svg(
        chart.properties(width=plot_width, height=plot_height),
        rows,
        room | {"top": 10, "bottom": frame.height - plot_height - 10},
        frame.font,
    )


def svg(chart: alt.LayerChart, rows: Rows, padding: Mapping[str, int], font: int) -> Markup:
    """The picture as an element of the page, without anything that is not on the lists above.

    rows     of each data set that the chart names; Altair would copy them with every layer
    padding  room around it, in units of the view box, by side;  font  size of all texts
    """
    sized = chart.properties(autosize="none", padding=dict(padding)).configure(
        background="transparent",
        aria=False,
        view=alt.ViewConfig(stroke=None),
        text=alt.MarkConfig(fontSize=font),
        axis=alt.AxisConfig(
            labelFontSize=font,
            labelColor="var(--quiet)",
            labelPadding=6,
            labelOverlap=False,
            gridColor="var(--rule)",
            domainColor="var(--rule)",
            tickColor="var(--rule)",
        ),
    )
    drawing = sized.to_dict(validate=False)  # each part was checked when it was made
    for part in (drawing, *drawing["layer"]):
        if "data" in part:
            part["data"] = {"values": rows[part["data"]["name"]]}
    version = alt.SCHEMA_VERSION.rpartition(".")[0]
    text = vl_convert.vegalite_to_svg(drawing, vl_version=version, allowed_base_urls=[])
    root = ElementTree.fromstring(text)
    _keep_known(root)
    root.attrib = {"viewBox": root.attrib["viewBox"]}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _keep_known(element: ElementTree.Element) -> None:
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {key: value for key, value in element.attrib.items() if key in _ATTRIBUTES}
    for child in list(element):
        if child.tag.rpartition("}")[2] in _ELEMENTS:
            _keep_known(child)
            if not _is_empty(child):
                continue
        element.remove(child)


def _is_empty(element: ElementTree.Element) -> bool:
    """Vega draws groups without content and frames without size; they only cost bytes."""
    if element.tag == "path":
        return element.get("d", "") in ("", "M0,0h0v0h0Z")
    return element.tag == "g" and len(element) == 0
