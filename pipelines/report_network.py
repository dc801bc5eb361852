"""One person's network in one picture: rings of closeness, a mark for each contact.

Here: who stands where, which names fit, the groups and their marks, the picture itself.
Not here: how SVG reaches the page (report_charts.py), the ties (report_facts.py), words and
colours (report.html).

The rings are Dunbar's layers: 5, 15, 50 and 150 people by strength. Each ring is filled evenly and
in the order of the groups, so nothing depends on chance and no two marks of a ring touch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin, sqrt

import altair as alt
import duckdb
from markupsafe import Markup

from pipelines import report_charts
from pipelines.report_facts import Period, Tie, readable

RINGS = (5, 15, 50, 150)
MOST_GROUPS = 6
_RADII = (0.24, 0.5, 0.75, 1.0)
_COLUMN = 0.64  # width of a column of text in sizes of the font
# Marks of the groups, as paths in a square from -1 to 1: no two look alike, even without colour.
SHAPES = (
    "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z",
    "M-.85,-.85H.85V.85H-.85Z",
    "M0,-1.15L1.05,.8H-1.05Z",
    "M0,-1.2L1.2,0L0,1.2L-1.2,0Z",
    "M-.4,-1.05H.4V-.4H1.05V.4H.4V1.05H-.4V.4H-1.05V-.4H-.4Z",
    "M0,1.15L1.05,-.8H-1.05Z",
)
OTHERS = "M-.8,0A.8,.8,0,1,1,.8,0A.8,.8,0,1,1,-.8,0ZM-.3,0A.3,.3,0,1,0,.3,0A.3,.3,0,1,0,-.3,0Z"
_COLOURS = ("--line-1", "--line-2", "--line-3", "--line-4", "--line-1", "--line-2")
_BETWEEN = """
    select person_id, contact_id
    from tie_strength
    where month = $month and person_id < contact_id and strength >= $strong
        and list_contains($ids, person_id) and list_contains($ids, contact_id)
    order by strength desc, person_id, contact_id
    limit $most
"""
_STRONG = 1.0
_MOST_BETWEEN = 250


@dataclass(frozen=True)
class Group:
    """One group of the picture; without a name, all the smaller ones and people of none."""

    name: str | None
    shape: str
    colour: str
    people_count: int
    share: float


@dataclass(frozen=True)
class Network:
    """The picture twice, and what it says in words.

    between_count  lines drawn between two contacts
    """

    wide: Markup
    narrow: Markup
    groups: tuple[Group, ...]
    drawn_count: int
    between_count: int


@dataclass(frozen=True)
class _Canvas:
    """Room for one picture: half axes of the outermost ring, room around it, size of marks."""

    across: int
    down: int
    margin: int
    font: int
    label_count: int
    label_columns: int
    largest: float


_WIDE = _Canvas(
    across=405, down=310, margin=26, font=12, label_count=15, label_columns=17, largest=12
)
_NARROW = _Canvas(
    across=160, down=190, margin=14, font=11, label_count=5, label_columns=12, largest=8
)


@dataclass(frozen=True)
class _Mark:
    x: float
    y: float
    radius: float
    group: int


def network(
    connection: duckdb.DuckDBPyConnection, ties: Sequence[Tie], period: Period, me: str
) -> Network | None:
    """The network of the described month; None without a tie that goes both ways.

    ties  strongest first;  me  what stands in the middle
    """
    drawn = [tie for tie in ties if tie.strength > 0][: RINGS[-1]]
    if not drawn:
        return None
    between = connection.execute(
        _BETWEEN,
        {
            "month": period.month,
            "ids": [tie.contact_id for tie in drawn],
            "strong": _STRONG,
            "most": _MOST_BETWEEN,
        },
    ).fetchall()
    groups, membership = _groups(drawn)
    wide, narrow = (
        _picture(canvas, drawn, membership, groups, between, me) for canvas in (_WIDE, _NARROW)
    )
    return Network(wide, narrow, groups, len(drawn), len(between))


def _groups(drawn: Sequence[Tie]) -> tuple[tuple[Group, ...], list[int]]:
    """The largest groups and the rest, and the place among them of each tie."""
    sizes: dict[str, int] = {}
    for tie in drawn:
        if tie.place:
            sizes[tie.place] = sizes.get(tie.place, 0) + 1
    # Of two groups of one size, that of the closer contact first.
    named = sorted(sizes, key=lambda name: -sizes[name])[:MOST_GROUPS]
    membership = [named.index(tie.place) if tie.place in named else len(named) for tie in drawn]
    total = sum(tie.strength for tie in drawn)
    looks = [*zip(named, SHAPES, _COLOURS, strict=False), (None, OTHERS, "--quiet")]
    groups = tuple(
        Group(
            name,
            shape,
            colour,
            membership.count(number),
            sum(t.strength for t, of in zip(drawn, membership, strict=True) if of == number)
            / total,
        )
        for number, (name, shape, colour) in enumerate(looks)
    )
    return tuple(group for group in groups if group.people_count), membership


def _marks(canvas: _Canvas, drawn: Sequence[Tie], membership: Sequence[int]) -> list[_Mark]:
    """Where each contact stands: the ring by rank, the place on it by group and rank."""
    centre_x, centre_y = canvas.across + canvas.margin, canvas.down + canvas.margin
    strongest = drawn[0].strength
    marks: dict[int, _Mark] = {}
    first = 0
    for ring, (last, share) in enumerate(zip(RINGS, _radii(len(drawn)), strict=False)):
        ranks = sorted(range(first, min(last, len(drawn))), key=lambda n: (membership[n], n))
        # Half a step aside from the ring within, and in three rows where the ring is full.
        turn = -pi / 2 + ring * pi / 7
        for place, rank in enumerate(ranks):
            angle = turn + 2 * pi * place / len(ranks)
            row = share - 0.045 * (place % 3) if len(ranks) > 40 else share
            marks[rank] = _Mark(
                centre_x + row * canvas.across * cos(angle),
                centre_y + row * canvas.down * sin(angle),
                max(canvas.largest * sqrt(drawn[rank].strength / strongest), canvas.largest / 3.2),
                membership[rank],
            )
        first = last
    return [marks[rank] for rank in range(len(drawn))]


def _radii(count: int) -> list[float]:
    """The radius of each ring that is needed, as a part of the outermost."""
    needed = _RADII[: sum(count > first for first in (0, *RINGS[:-1]))]
    return [radius / needed[-1] for radius in needed]


def _labels(canvas: _Canvas, drawn: Sequence[Tie], marks: Sequence[_Mark], me: str) -> list[dict]:
    """Names of the closest where they hide no other name, and as few marks as can be."""
    centre = (canvas.across + canvas.margin, canvas.down + canvas.margin)
    boxes = [(centre[0] - 30, centre[1] - 8, centre[0] + 30, centre[1] + 22)]
    labels = [{"x": centre[0], "y": centre[1] + 15, "name": readable(me, 14), "align": "center"}]
    width, height = 2 * centre[0], 2 * centre[1]
    for tie, mark in zip(drawn[: canvas.label_count], marks, strict=False):
        name = readable(tie.name, canvas.label_columns)
        # The room that the longest name could need, so that names never move anything.
        long, tall = _COLUMN * canvas.font * canvas.label_columns, canvas.font + 2
        aside, above = mark.radius + 4, mark.radius + tall / 2 + 2
        choices = []
        for align, x, y, left in (
            ("center", mark.x, mark.y + above, mark.x - long / 2),
            ("center", mark.x, mark.y - above, mark.x - long / 2),
            ("left", mark.x + aside, mark.y, mark.x + aside),
            ("right", mark.x - aside, mark.y, mark.x - aside - long),
        ):
            box = (left, y - tall / 2, left + long, y + tall / 2)
            inside = box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height
            if inside and not any(_overlap(box, other) for other in boxes):
                hidden = sum(
                    _overlap(box, (m.x - m.radius, m.y - m.radius, m.x + m.radius, m.y + m.radius))
                    for m in marks
                )
                choices.append((hidden, len(choices), box, x, y, align))
        if choices:
            _, _, box, x, y, align = min(choices)
            boxes.append(box)
            labels.append({"x": x, "y": y, "name": name, "align": align})
    return labels


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _picture(
    canvas: _Canvas,
    drawn: Sequence[Tie],
    membership: Sequence[int],
    groups: Sequence[Group],
    between: Sequence[tuple[int, int]],
    me: str,
) -> Markup:
    marks = _marks(canvas, drawn, membership)
    where = {tie.contact_id: mark for tie, mark in zip(drawn, marks, strict=True)}
    x, y = (alt.X("x:Q", scale=None, axis=None), alt.Y("y:Q", scale=None, axis=None))
    looks = dict(zip(sorted(set(membership)), groups, strict=True))
    middle = {"x": canvas.across + canvas.margin, "y": canvas.down + canvas.margin}
    labels = _labels(canvas, drawn, marks, me)
    rows = {
        "rings": _ring_points(canvas, _radii(len(drawn))),
        "between": [_between_line(where, pair) for pair in between],
        "middle": [middle],
        **{
            f"group {number}": [_at(mark) for mark in marks if mark.group == number]
            for number in looks
        },
        **{
            align: [label for label in labels if label["align"] == align]
            for align in ("center", "left", "right")
        },
    }
    layers = {
        "rings": _chart("rings")
        .mark_line(stroke="var(--rule)", strokeWidth=1)
        .encode(x=x, y=y, detail="ring:N", order="step:Q"),
        "between": _chart("between")
        .mark_rule(stroke="var(--quiet)", strokeWidth=0.8, opacity=0.35)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q"),
    }
    for number, group in looks.items():
        layers[f"group {number}"] = (
            _chart(f"group {number}")
            .mark_point(
                shape=group.shape,
                filled=True,
                fill=f"var({group.colour})",
                stroke="var(--paper)",
                strokeWidth=0.8,
                opacity=1,
            )
            .encode(x=x, y=y, size=alt.Size("size:Q", scale=None))
        )
    layers["middle"] = (
        _chart("middle").mark_circle(fill="var(--ink)", size=70, opacity=1).encode(x=x, y=y)
    )
    for align in ("center", "left", "right"):
        layers[align] = (
            _chart(align)
            .mark_text(align=align, baseline="middle", fill="var(--ink)")
            .encode(x=x, y=y, text="name:N")
        )
    filled = [layer for name, layer in layers.items() if rows[name]]
    sized = alt.layer(*filled).properties(width=2 * middle["x"], height=2 * middle["y"])
    no_room = dict.fromkeys(("left", "right", "top", "bottom"), 0)
    return report_charts.svg(sized, rows, no_room, canvas.font)


def _chart(rows: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(rows))


def _at(mark: _Mark) -> dict[str, float]:
    # A path of side 2 is drawn at half the root of the size that Vega is given.
    return {"x": round(mark.x, 1), "y": round(mark.y, 1), "size": round(4 * mark.radius**2, 1)}


def _between_line(where: Mapping[int, _Mark], pair: tuple[int, int]) -> dict[str, float]:
    one, other = where[pair[0]], where[pair[1]]
    return {
        "x": round(one.x, 1),
        "y": round(one.y, 1),
        "x2": round(other.x, 1),
        "y2": round(other.y, 1),
    }


def _ring_points(canvas: _Canvas, radii: Sequence[float]) -> list[dict[str, float]]:
    return [
        {
            "ring": ring,
            "step": step,
            "x": round(canvas.margin + canvas.across * (1 + share * cos(step * pi / 36)), 1),
            "y": round(canvas.margin + canvas.down * (1 + share * sin(step * pi / 36)), 1),
        }
        for ring, share in enumerate(radii)
        for step in range(73)
    ]
