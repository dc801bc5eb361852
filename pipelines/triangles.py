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
CELLS = 1 << 20
# Triangles at once: every addition of some goes over all edges.
TRIANGLES = 1 << 18
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
    order = np.argsort(low * len(contacts) + high)
    first_marginal, second_marginal = column["first_marginal"], column["second_marginal"]
    rising = (
        low,
        high,
        np.sqrt(np.multiply(column["first_share"], column["second_share"])),
        np.where(first < second, first_marginal, second_marginal),
        np.where(first < second, second_marginal, first_marginal),
    )
    sums = np.empty((3, len(order)))
    sums[:, order] = _sums(Rising(*(values[order] for values in rising)))
    shared = sums[0].astype(np.int64)
    either = contacts[people].reshape(2, -1).sum(axis=0) - 2 - shared
    found = (shared, either, sums[1] / SHARE_PARTS, sums[2] / MARGINAL_PARTS)
    return *column.values(), *(pa.array(values) for values in found)


def _sums(edges: Rising) -> np.ndarray:
    """Triangles of every edge, and the parts of shares and of marginal strengths over them."""
    count = len(edges.low)
    sums = np.zeros((3, count))
    for triangles in _triangles(edges.low, edges.high):
        # Of near edges, far edges and tops.
        share = edges.share.take(triangles)
        from_low, from_high = (
            edges.low_marginal.take(triangles),
            edges.high_marginal.take(triangles),
        )
        # One product for the corner opposite to each: of what leads there from its two ends.
        for edge, shares, marginals in zip(
            triangles,
            (share[1] * share[2], share[0] * share[2], share[0] * share[1]),
            (from_low[1] * from_low[2], from_low[0] * from_high[2], from_high[0] * from_high[1]),
            strict=True,
        ):
            sums[0] += np.bincount(edge, minlength=count)
            sums[1] += np.bincount(edge, np.rint(shares * SHARE_PARTS), count)
            sums[2] += np.bincount(edge, np.rint(marginals * MARGINAL_PARTS), count)
    return sums


def _triangles(low: np.ndarray, high: np.ndarray) -> Iterator[np.ndarray]:
    """Near edge, far edge and top of triangles, as places in the list: many at once, (3, n)."""
    waiting: list[np.ndarray] = []
    count = 0
    for some in _few_triangles(low, high):
        waiting.append(some)
        count += some.shape[1]
        if count >= TRIANGLES:
            yield np.concatenate(waiting, axis=1)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting, axis=1)


def _few_triangles(low: np.ndarray, high: np.ndarray) -> Iterator[np.ndarray]:
    """The same, as many as come of ``FORKS`` forks.

    Forks are taken in the order of the high ends of their near edges. So the tops of some forks
    rise from the same few people, and a table of those by everybody tells where in the list each
    top is.
    """
    people = high.max() + 1
    degrees = np.bincount(low, minlength=people)
    ends = np.cumsum(degrees)
    cells = low * people + high
    # Every edge that rises from the same corner after the near one is a far one.
    fars = ends[low] - 1 - np.arange(len(low))
    nears = np.argsort(high, kind="stable")
    nears = nears[fars[nears] > 0]
    middles, fars = high[nears], fars[nears]
    # Forks are numbered through; the last one of a near edge has the last far edge.
    forks = np.cumsum(fars)
    shifts = ends[low[nears]] - forks
    height = max(1, CELLS // people)
    table = np.full(height * people, -1, np.int32)
    begin = done = 0
    while begin < len(nears):
        first = middles[begin]
        end = min(
            max(begin + 1, np.searchsorted(forks, done + FORKS)),
            np.searchsorted(middles, first + height),
        )
        tops = slice(ends[first] - degrees[first], ends[middles[end - 1]])
        cell = cells[tops] - first * people
        table[cell] = np.arange(tops.start, tops.stop)

        some, times = slice(begin, end), fars[begin:end]
        far = np.arange(done, forks[end - 1]) + np.repeat(shifts[some], times)
        row = np.repeat((middles[some] - first) * people, times)
        top = table.take(row + high.take(far))
        closed = np.flatnonzero(top >= 0)
        near = np.repeat(nears[some], times)
        yield np.stack([places.take(closed) for places in (near, far, top)])

        table[cell] = -1
        begin, done = end, forks[end - 1]
