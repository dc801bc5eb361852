"""One person from many addresses: evidence joins them, marks hold them apart.

Here: the union of what belongs together, under constraints. Not here: what counts as evidence
(sql/staging/join_evidence.sql), what people.toml says (people_file.py).

Edges are taken in a fixed order: the one believed first, then by keys. An edge that would unite
addresses under two marks of one scope is passed over, and nothing that comes later can make it
good: groups only grow. So two addresses are in one group exactly where their edge was used or
others have joined them, and the answer depends on the edges and not on the order they came in.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Edge(NamedTuple):
    """Evidence that two addresses are one person's; in the order in which it is taken.

    is_by_hand  said by a human, who may unite what a directory tells apart
    """

    precedence: int
    address_key: int
    other_key: int
    is_by_hand: bool = False


class Mark(NamedTuple):
    """What an address bears in a scope: no two labels of one scope are one person's.

    is_by_hand  said by a human: no evidence overrides it
    """

    address_key: int
    scope: str
    label: int
    is_by_hand: bool = False


class _Forest:
    """Disjoint sets; the root of each is its least member."""

    def __init__(self) -> None:
        self.parents: dict[Any, Any] = {}

    def root(self, member: Any) -> Any:
        """The least member of the set that ``member`` is in; of a new one itself."""
        parents = self.parents
        above = parents.setdefault(member, member)
        while above != member:
            # Halving the path on the way keeps many lookups linear.
            parents[member] = member = parents[above]
            above = parents[member]
        return member

    def unite(self, one: Any, other: Any) -> Any:
        """Make one set of those with these two roots; its root."""
        low, high = (one, other) if one < other else (other, one)
        self.parents[high] = low
        return low


class _Labels:
    """What the addresses of each group bear, and which labels stand for one and the same."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self._same = _Forest()
        self._by_hand = set()
        self._borne: dict[int, dict[str, int]] = {}
        for mark in marks:
            self._borne.setdefault(mark.address_key, {})[mark.scope] = mark.label
            if mark.is_by_hand:
                self._by_hand.add(mark.scope)

    def allow(self, one: int, other: int, *, by_hand: bool) -> bool:
        """Whether the groups with these roots may become one."""
        ours, theirs = self._borne.get(one), self._borne.get(other)
        if not ours or not theirs:
            return True
        clashes = [
            (scope, label, rival)
            for scope, label in ours.items()
            if (rival := theirs.get(scope)) is not None
            and self._same.root((scope, label)) != self._same.root((scope, rival))
        ]
        if clashes and (not by_hand or any(scope in self._by_hand for scope, *_ in clashes)):
            return False
        for scope, label, rival in clashes:
            # Two entries of a directory that a human says are one person are one from now on.
            self._same.unite(self._same.root((scope, label)), self._same.root((scope, rival)))
        return True

    def move(self, low: int, high: int) -> None:
        """Let the group ``low`` bear what ``high`` bore; the smaller collection is moved."""
        gone, kept = self._borne.pop(high, None), self._borne.get(low)
        if gone is None:
            return
        if kept is None or len(kept) < len(gone):
            gone, kept = kept or {}, gone
        kept.update(gone)
        self._borne[low] = kept


def groups(edges: Iterable[Edge], marks: Iterable[Mark]) -> dict[int, int]:
    """Address -> the least address of its group, for every address in an edge."""
    forest, labels = _Forest(), _Labels(marks)
    for _, address_key, other_key, is_by_hand in sorted(edges):
        one, other = forest.root(address_key), forest.root(other_key)
        if one != other and labels.allow(one, other, by_hand=is_by_hand):
            low = forest.unite(one, other)
            labels.move(low, other if low == one else one)
    return {member: forest.root(member) for member in list(forest.parents)}


def join_addresses(
    edges: list[dict[str, Any]], marks: list[dict[str, Any]]
) -> list[dict[str, int]]:
    """The function of SQL: structs of Edge and of Mark -> address_key, joined_key."""
    found = groups((Edge(**one) for one in edges), (Mark(**one) for one in marks))
    return [
        {"address_key": address_key, "joined_key": joined_key}
        for address_key, joined_key in sorted(found.items())
    ]
