"""metrics.ties: every pair ever seen, with what became of it."""

TIES = "metrics.ties"


def state(world, person="ann", contact="bob"):
    return world.row(TIES, person_id=person, contact_id=contact).state


def test_a_pair_stands_twice_and_counts_all_its_days(world):
    world.mail("2023-01-10", "ann", to=["bob"])
    world.mail("2023-06-10", "bob", to=["ann"])
    world.mail("2024-01-10", "ann", to=["bob"])
    world.until("2024-02-01")
    world.build(TIES)
    assert len(world.rows(TIES)) == 2
    there, back = world.row(TIES, person_id="ann"), world.row(TIES, person_id="bob")
    assert there.contact_day_count == back.contact_day_count == 3
    assert f"{there.first_contact_at:%Y-%m-%d}" == "2023-01-10"
    assert f"{back.last_contact_at:%Y-%m-%d}" == "2024-01-10"
    assert there.strength == back.strength > 0


def test_the_state_is_that_of_the_last_month(world):
    for day in ("2023-10-02", "2023-11-02", "2023-12-02", "2024-01-02"):
        world.mail(day, "ann", to=["bob"])
        world.mail(day, "bob", to=["ann"])
    world.until("2024-02-01")
    world.build(TIES)
    (newest,) = world.rows("metrics.tie_strength", month="2024-01", person_id="ann")
    assert state(world) == newest.state


def test_a_tie_that_has_left_is_one_way_lapsed_or_dormant(world):
    """Nothing of them is in the window, and their strength is next to nothing."""
    world.mail("2020-01-10", "ann", to=["bob"])
    world.mail("2020-01-11", "bob", to=["ann"])
    world.mail("2022-06-10", "ann", to=["cat"])
    world.mail("2022-06-10", "ann", to=["dan"])
    world.mail("2022-06-11", "dan", to=["ann"])
    # Whoever is never written to would be a robot, and the world must go on.
    world.mail("2024-01-10", "cat", to=["dan"])
    world.until("2024-02-01")
    world.build(TIES)
    assert not world.rows("metrics.tie_strength", month="2024-01", person_id="ann")
    assert state(world) == "dormant"
    assert state(world, contact="cat") == "one_way"
    assert state(world, contact="dan") == "lapsed"
    assert world.row(TIES, person_id="ann", contact_id="dan").strength == 0
