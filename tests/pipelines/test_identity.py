"""Evidence joins addresses, marks hold them apart, and the order of the evidence is no evidence."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import Edge, Mark, groups, join_addresses

KEYS = st.integers(0, 12)
EDGES = st.lists(st.builds(Edge, st.integers(3, 5), KEYS, KEYS, st.just(False)), max_size=30)
BY_HAND = st.lists(st.builds(Edge, st.just(1), KEYS, KEYS, st.just(True)), max_size=4)
APART = st.lists(st.sets(KEYS, min_size=2, max_size=3), max_size=3)
# A directory gives each address to one entry: address -> the entry that holds it.
DIRECTORY = st.dictionaries(KEYS, st.integers(0, 3))


def marks(apart: list[set[int]], *directories: dict[int, int]) -> list[Mark]:
    found = [
        Mark(key, f"apart {number}", key, True)
        for number, members in enumerate(apart)
        for key in members
    ]
    for number, holders in enumerate(directories):
        found += [Mark(key, f"directory {number}", entry) for key, entry in holders.items()]
    return found


def members(found: dict[int, int]) -> list[set[int]]:
    gathered: dict[int, set[int]] = {}
    for key, root in found.items():
        gathered.setdefault(root, set()).add(key)
    return list(gathered.values())


@given(EDGES)
def test_with_nothing_held_apart_the_groups_are_the_connected_components(edges):
    graph = nx.Graph((one.address_key, one.other_key) for one in edges)
    components = {frozenset(one) for one in nx.connected_components(graph)}
    assert {frozenset(one) for one in members(groups(edges, []))} == components


@given(EDGES, APART, DIRECTORY)
def test_a_group_is_named_after_its_least_address(edges, apart, directory):
    found = groups(edges, marks(apart, directory))
    assert found.keys() == {key for one in edges for key in (one.address_key, one.other_key)}
    for root, group in ((min(group), group) for group in members(found)):
        assert {found[key] for key in group} == {root}


@given(BY_HAND, EDGES, APART, DIRECTORY, st.randoms())
def test_the_order_in_which_evidence_comes_is_no_evidence(by_hand, edges, apart, directory, dice):
    evidence, held = by_hand + edges, marks(apart, directory)
    expected = groups(evidence, held)
    dice.shuffle(evidence)
    dice.shuffle(held)
    assert groups(evidence, held) == expected


@given(BY_HAND, EDGES, APART)
def test_what_is_held_apart_by_hand_is_never_one_person(by_hand, edges, apart):
    for group in members(groups(by_hand + edges, marks(apart))):
        assert all(len(group & held) <= 1 for held in apart)


@given(EDGES, DIRECTORY, DIRECTORY)
def test_two_entries_of_one_directory_are_never_one_person(edges, one, other):
    for group in members(groups(edges, marks([], one, other))):
        for holders in (one, other):
            assert len({holders[key] for key in group if key in holders}) <= 1


@given(BY_HAND, EDGES, APART, DIRECTORY)
def test_only_what_is_held_apart_keeps_evidence_from_being_used(by_hand, edges, apart, directory):
    """Of every edge between two groups some mark would be broken by its use."""
    found = groups(by_hand + edges, marks(apart, directory))
    whole = {min(group): group for group in members(found)}
    # What is said by hand makes entries one; which ones, an independent graph says.
    same = nx.Graph()
    same.add_nodes_from(directory.values())
    for group in members(groups(by_hand, marks(apart))):
        entries = sorted({directory[key] for key in group if key in directory})
        same.add_edges_from((entries[0], other) for other in entries[1:])
    entry_of = {
        entry: min(component) for component in nx.connected_components(same) for entry in component
    }
    for edge in edges:
        one, other = found[edge.address_key], found[edge.other_key]
        if one != other:
            both = whole[one] | whole[other]
            entries = {entry_of[directory[key]] for key in both if key in directory}
            assert len(entries) > 1 or any(len(both & held) > 1 for held in apart)


def test_the_rule_believed_first_is_used_and_the_other_refused():
    # 1 and 3 are two entries of a directory; 2 cannot belong to both.
    held = [Mark(1, "directory", 1), Mark(3, "directory", 3)]
    found = groups([Edge(7, 1, 2), Edge(4, 2, 3)], held)
    assert found == {1: 1, 2: 2, 3: 2}


def test_a_human_makes_two_entries_one_person_and_the_evidence_of_both_counts():
    held = [Mark(1, "directory", 1), Mark(2, "directory", 1), Mark(3, "directory", 3)]
    edges = [Edge(3, 1, 2), Edge(7, 2, 3), Edge(7, 3, 4)]
    assert groups(edges, held) == {1: 1, 2: 1, 3: 3, 4: 3}
    assert groups([*edges, Edge(1, 1, 3, True)], held) == {1: 1, 2: 1, 3: 1, 4: 1}


def test_sql_gives_and_takes_structs():
    edge = {"address_key": 5, "other_key": 2, "precedence": 3, "is_by_hand": False}
    mark = {"address_key": 5, "scope": "directory", "label": 5, "is_by_hand": False}
    assert join_addresses([edge], [mark]) == [
        {"address_key": 2, "joined_key": 2},
        {"address_key": 5, "joined_key": 2},
    ]
