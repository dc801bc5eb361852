"""Triangles of one network: what the two ends of every edge have in common.

Here: meeting every triangle once, and sums over the corners opposite to each edge.
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

# Forks at once, and cells of the table in which their tops are looked up: what a cache holds.
FORKS = 1 << 17
CELLS = 1 << 21
# Whole numbers of these parts are summed. That is exact, in any order, up to 2^53 parts: shares to
# 9, and marginal strengths to 9,007, for which as many shared contacts would be needed.
SHARE_PARTS = 1e15
MARGINAL_PARTS = 1e12


class Rising(NamedTuple):
    """Edges from the end with fewer contacts to the end with more, sorted by both: equal arrays.

    low, high                    ends, as ranks
    share                        geometric mean of both shares
    low_marginal, high_marginal  marginal strength seen from either end
    """

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray
    low_marginal: np.ndarray
    high_marginal: np.ndarray


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


def shared_contacts(edges: pa.StructArray) -> tuple[pa.Array, ...]:
    """The edges of one network, each with what its ends i and j have in common.

    in   first_id, second_id: the ends i and j, every edge once, in any order; first_share,
         second_share: p_ij and p_ji, 0 to 1; first_marginal, second_marginal: m_ij and m_ji, 0 to
         1; other fields go through
    out  the same; shared_contact_count: people q with edges to both; either_contact_count: with
         edges to either, but for i and j; share: sum over q of sqrt(p_iq p_qi p_jq p_qj);
         marginal: sum over q of m_iq m_jq
    """
    column = dict(zip(edges.type.names, edges.flatten(), strict=True))
    ids = pa.concat_arrays([column["first_id"], column["second_id"]])
    people = ids.dictionary_encode().indices.to_numpy()
    contacts = np.bincount(people)
    rank = np.empty(len(contacts), np.int64)
    rank[np.argsort(contacts)] = np.arange(len(contacts))
    first, second = np.split(rank[people], 2)

    low, high = np.minimum(first, second), np.maximum(first, second)
    order = _places_by(high)
    order = order.take(_places_by(low.take(order)))
    first_marginal, second_marginal = column["first_marginal"], column["second_marginal"]
    rising = (
        low,
        high,
        np.sqrt(np.multiply(column["first_share"], column["second_share"])),
        np.where(first < second, first_marginal, second_marginal),
        np.where(first < second, second_marginal, first_marginal),
    )
    sums = np.empty((3, len(order)))
    sums[:, order] = _sums(Rising(*(values.take(order) for values in rising)))
    shared = sums[0].astype(np.int64)
    either = contacts[people].reshape(2, -1).sum(axis=0) - 2 - shared
    found = (shared, either, sums[1] / SHARE_PARTS, sums[2] / MARGINAL_PARTS)
    return *column.values(), *(pa.array(values) for values in found)


def _places_by(ranks: np.ndarray) -> np.ndarray:
    """Places in the list in ascending order of the rank there; equal ones stay as they are."""
    # In two bytes, so of up to 65,536 people, numpy sorts without comparing: six times faster.
    return np.argsort(ranks.astype(np.min_scalar_type(ranks.max())), kind="stable")


def _sums(edges: Rising) -> np.ndarray:
    """Triangles of every edge, and the parts of shares and of marginal strengths over them."""
    sums = np.zeros((3, len(edges.low)))
    for triangles in _triangles(edges, _forks(edges.low, edges.high)):
        _add(sums, edges, triangles)
    return sums


def _add(sums: np.ndarray, edges: Rising, triangles: np.ndarray) -> None:
    """Add what some triangles mean for their edges: near edges, far edges and tops."""
    share = edges.share.take(triangles)
    from_low = edges.low_marginal.take(triangles)
    from_high = edges.high_marginal.take(triangles)
    # One product for the corner opposite to each: of what leads there from its two ends.
    for edge, shares, marginals in zip(
        triangles,
        (share[1] * share[2], share[0] * share[2], share[0] * share[1]),
        (from_low[1] * from_low[2], from_low[0] * from_high[2], from_high[0] * from_high[1]),
        strict=True,
    ):
        np.add.at(sums[0], edge, 1.0)
        np.add.at(sums[1], edge, np.rint(shares * SHARE_PARTS))
        np.add.at(sums[2], edge, np.rint(marginals * MARGINAL_PARTS))


def _forks(low: np.ndarray, high: np.ndarray) -> Forks:
    """Those of all edges that rise from one person, these sorted by both ends."""
    end = np.cumsum(np.bincount(low))[low]
    fars = end - 1 - np.arange(len(low))
    near = _places_by(high)
    near = near[fars[near] > 0]
    return Forks(near, high[near], fars[near], end[near], np.cumsum(fars[near]))


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
