"""Triangles of one network: what the two ends of every edge have in common.

Here: shares of strength, meeting every triangle once, sums over the corners opposite to each edge.
Not here: how SQL calls this (functions.py), what the sums mean (sql/staging/shared_contacts.sql).

A triangle is met at its corner with the fewest contacts: pairs of contacts of a hub, which are most
of all pairs in a network with hubs, are never looked at (Schank & Wagner 2005, LNCS 3503:606). So
people are ranked by their contacts, and an edge rises from its low end to its high end. Two edges
that rise from one corner are a fork; where their high ends have an edge, too, that edge is the top
of a triangle.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Forks at once, and cells of the table in which their tops are looked up: what a cache holds.
FORKS = 1 << 17
CELLS = 1 << 21
# Whole numbers of these parts are summed. That is exact, in any order, up to 2^53 parts: shares to
# 9, and marginal strengths to 9,007, for which as many shared contacts would be needed.
SHARE_PARTS = 1e15
MARGINAL_PARTS = 1e12
EDGE = ("first_id", "second_id", "strength")
PERSON = ("person_id", "total_strength", "greatest_strength")


class Rising(NamedTuple):
    """Edges from the end with fewer contacts to the end with more, sorted by both: equal arrays.

    low, high  ends, as ranks
    share      geometric mean of both shares, in roots of parts
    marginals  marginal strengths seen from low and from high, in roots of parts, as one complex
               number: what lies side by side is found at once
    """

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    marginals: np.ndarray


class Forks(NamedTuple):
    """Pairs of edges that rise from one person: the near one, and any after it in the list.

    Grouped by near edge, these in the order of their high ends: arrays with one item for each.

    near    its place in the list of edges
    middle  its high end, as a rank
    fars    how many edges make a fork with it
    end     one past the last of them
    done    forks of it and of all before it
    """

    near: np.ndarray
    middle: np.ndarray
    fars: np.ndarray
    end: np.ndarray
    done: np.ndarray


def shared_contacts(edges: pa.StructArray, people: pa.StructArray) -> tuple[pa.Array, ...]:
    """The edges of one network, each with what its ends i and j have in common.

    edges   first_id, second_id: the ends i and j, every edge once, in any order; strength
    people  person_id: everybody with an edge; total_strength, greatest_strength: of their edges
    out     first_id, second_id, strength; first_share, second_share: Burt's p_ij and p_ji, 0 to 1;
            first_marginal, second_marginal: m_ij and m_ji, 0 to 1; shared_contact_count: people q
            with edges to both; either_contact_count: with edges to either, but for i and j; share:
            sum over q of sqrt(p_iq p_qi p_jq p_qj); marginal: sum over q of m_iq m_jq
    """
    first_id, second_id, strength = (edges.field(name) for name in EDGE)
    person_id, total, greatest = (people.field(name) for name in PERSON)
    ids = pa.concat_arrays([first_id, second_id])
    ends = pc.index_in(ids, value_set=person_id).to_numpy().reshape(2, -1)
    # Rounded sums may fall short of their only part by a last digit.
    shares = np.minimum(np.divide(strength, total.to_numpy()[ends]), 1)
    marginals = np.divide(strength, greatest.to_numpy()[ends])
    contacts = np.bincount(ends.ravel())
    counts, sums = _sums(ends, contacts, shares, marginals)
    either = contacts[ends].sum(axis=0) - 2 - counts
    found = (
        *shares,
        *marginals,
        counts,
        either,
        sums.real / SHARE_PARTS,
        sums.imag / MARGINAL_PARTS,
    )
    return first_id, second_id, strength, *(pa.array(values) for values in found)


def _sums(
    ends: np.ndarray, contacts: np.ndarray, shares: np.ndarray, marginals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of every edge; in them, parts of shares and i times parts of marginal strengths."""
    rank = np.empty(len(contacts), np.int64)
    rank[np.argsort(contacts)] = np.arange(len(contacts))
    first, second = rank[ends]
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = _places_by(high)
    order = order.take(_places_by(low.take(order)))
    from_low, from_high = np.where(first < second, marginals, marginals[::-1])
    share = np.sqrt(shares[0] * shares[1] * SHARE_PARTS)
    rising = (low, high, share, (from_low + 1j * from_high) * np.sqrt(MARGINAL_PARTS))
    edges = Rising(*(values.take(order) for values in rising))

    counts, sums = np.zeros(len(order)), np.zeros(len(order), complex)
    for triangles in _triangles(edges, _forks(edges.low, edges.high)):
        _add(counts, sums, edges, triangles)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return counts.take(place).astype(np.int64), sums.take(place)


def _places_by(ranks: np.ndarray) -> np.ndarray:
    """Places in the list in ascending order of the rank there; equal ones stay as they are."""
    # In two bytes, so of up to 65,536 people, numpy sorts without comparing: six times faster.
    return np.argsort(ranks.astype(np.min_scalar_type(ranks.max())), kind="stable")


def _add(counts: np.ndarray, sums: np.ndarray, edges: Rising, triangles: np.ndarray) -> None:
    """Add what some triangles mean for their edges: near edges, far edges and tops."""
    share = edges.share.take(triangles)
    marginals = edges.marginals.take(triangles)
    low, high = marginals.real, marginals.imag
    # For each edge, what leads from its two ends to the corner opposite.
    parts = np.empty(triangles.shape, complex)
    parts.real = share[1] * share[2], share[0] * share[2], share[0] * share[1]
    parts.imag = low[1] * low[2], low[0] * high[2], high[0] * high[1]
    np.rint(parts, out=parts)
    for edge, part in zip(triangles, parts, strict=True):
        np.add.at(counts, edge, 1.0)
        np.add.at(sums, edge, part)


def _forks(low: np.ndarray, high: np.ndarray) -> Forks:
    """Those of all edges that rise from one person, these sorted by both ends."""
    rising = np.bincount(low)
    end = np.repeat(np.cumsum(rising), rising)
    near = _places_by(high)
    end = end.take(near)
    fars = end - 1 - near
    some = np.flatnonzero(fars)
    near, end, fars = near.take(some), end.take(some), fars.take(some)
    return Forks(near, high.take(near), fars, end, np.cumsum(fars))


def _triangles(edges: Rising, forks: Forks) -> Iterator[np.ndarray]:
    """Near edge, far edge and top of some triangles after others, as places in the list: (3, n).

    The tops of forks with near middles rise from the same few people: a table of those by everybody
    tells where in the list each top is.
    """
    people = edges.high.max() + 1
    height = max(1, CELLS // people)
    table = np.full(height * people, -1, np.int32)
    begin = 0
    while begin < len(forks.near):
        before = forks.done[begin] - forks.fars[begin]
        first = forks.middle[begin]
        stop = min(
            max(begin + 1, np.searchsorted(forks.done, before + FORKS)),
            np.searchsorted(forks.middle, first + height),
        )
        some = slice(begin, stop)
        tops = slice(*np.searchsorted(edges.low, (first, forks.middle[stop - 1] + 1)))
        cell = edges.low[tops] * people + edges.high[tops] - first * people
        table[cell] = np.arange(tops.start, tops.stop)

        times = forks.fars[some]
        far = np.arange(before, forks.done[stop - 1]) + np.repeat(
            forks.end[some] - forks.done[some], times
        )
        row = np.repeat((forks.middle[some] - first) * people, times)
        top = table.take(row + edges.high.take(far))
        closed = np.flatnonzero(top >= 0)
        near = np.repeat(forks.near[some], times)
        yield np.stack([places.take(closed) for places in (near, far, top)])

        table[cell] = -1
        begin = stop
