-- Between which groups are there enough ties to speak of, and what connects each with all others?
--
-- Grain:   month, group_a, group_b
-- Check:   group_a <= group_b
-- Check:   tie_count >= 1
-- Check:   possible_count >= tie_count
-- Caveat:  people of no group (freemail) are left out
-- Caveat:  a cell is the ties of two groups, or of one with itself: it stands here if min_group_size
--          people have them
-- Caveat:  ties of a group with groups without a cell beside it are its cell with "(other)": small groups
--          among them, and large ones that it has little to do with
-- Caveat:  a cell with "(other)" stands here only if it could be ties with small groups alone: then
--          nothing follows from it for any two groups
-- Version: 1

-- Every edge stands twice, once for each end.
with ends as (
    select
        edges.month,
        own.group_name as own_group,
        theirs.group_name as their_group,
        edges.person_id,
        edges.contact_id,
        cast(round(edges.strength * 1e12) as bigint) as units,
        coalesce(cast(round(tie_windows.meeting_hours * 1e12) as bigint), 0) as hour_units
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    join staging.memberships as own
        on own.month = edges.month
        and own.person_id = edges.person_id
    join staging.memberships as theirs
        on theirs.month = edges.month
        and theirs.person_id = edges.contact_id
    left join staging.tie_windows
        on tie_windows.month = edges.month
        and tie_windows.first_id = least(edges.person_id, edges.contact_id)
        and tie_windows.second_id = greatest(edges.person_id, edges.contact_id)
    where
        own.group_name is not null
        and theirs.group_name is not null
),

-- What a small group is part of.
told as (
    select
        ends.month,
        ends.own_group,
        theirs.group_name as their_group,
        ends.person_id,
        ends.contact_id,
        ends.units,
        ends.hour_units
    from ends
    join staging.shown_groups as own
        on own.month = ends.month
        and own.group_name = ends.own_group
    left join staging.shown_groups as theirs
        on theirs.month = ends.month
        and theirs.group_name = ends.their_group
),

pairs as (
    select
        told.month,
        least(told.own_group, told.their_group) as group_a,
        greatest(told.own_group, told.their_group) as group_b,
        count(distinct told.person_id) as people_count,
        count(*) // 2 as tie_count,
        sum(told.units) / 2e12 as strength,
        sum(told.hour_units) / 2e12 as hours
    from told
    where told.their_group is not null
    group by all
),

cells as (
    select
        pairs.month,
        pairs.group_a,
        pairs.group_b,
        pairs.people_count,
        pairs.tie_count,
        pairs.strength,
        pairs.hours,
        cast(
            case
                when pairs.group_a = pairs.group_b
                    then firsts.people_count * (firsts.people_count - 1) / 2
                else firsts.people_count * seconds.people_count
            end as bigint
        ) as possible_count
    from pairs
    join staging.shown_groups as firsts
        on firsts.month = pairs.month
        and firsts.group_name = pairs.group_a
    join staging.shown_groups as seconds
        on seconds.month = pairs.month
        and seconds.group_name = pairs.group_b
    cross join staging.parameters
    where pairs.people_count >= parameters.min_group_size
),

-- Cells from each of their two sides.
sides as (
    select
        cells.month,
        cells.group_a as own_group,
        cells.group_b as their_group
    from cells
    union
    select
        cells.month,
        cells.group_b as own_group,
        cells.group_a as their_group
    from cells
),

beside as (
    select
        sides.month,
        sides.own_group,
        sum(shown_groups.people_count) as people_count
    from sides
    join staging.shown_groups
        on shown_groups.month = sides.month
        and shown_groups.group_name = sides.their_group
    where sides.their_group <> sides.own_group
    group by sides.month, sides.own_group
),

smalls as (
    select
        shown_groups.month,
        max(shown_groups.all_people_count) - sum(shown_groups.people_count) as people_count
    from staging.shown_groups
    join staging.wanted_months on wanted_months.month = shown_groups.month
    group by shown_groups.month
),

rests as (
    select
        told.month,
        told.own_group,
        count(distinct told.person_id) as own_people_count,
        count(distinct told.contact_id) as their_people_count,
        count(*) as tie_count,
        sum(told.units) / 1e12 as strength,
        sum(told.hour_units) / 1e12 as hours
    from told
    left join sides
        on sides.month = told.month
        and sides.own_group = told.own_group
        and sides.their_group = told.their_group
    where
        sides.month is null
        and (told.their_group is null or told.their_group <> told.own_group)
    group by all
)

select
    cells.month,  -- month whose network it is
    cells.group_a,  -- one group; the first by name
    cells.group_b,  -- the other, or the same
    cells.people_count,  -- people of either who have such a tie; people
    cells.tie_count,  -- ties between them; pairs
    cells.possible_count,  -- pairs that there could be; pairs
    cells.strength,  -- strength of these ties
    cells.hours  -- time that the pairs spent together in meetings in the window; hours
from cells
union all
select
    rests.month,
    least(rests.own_group, '(other)') as group_a,
    greatest(rests.own_group, '(other)') as group_b,
    rests.own_people_count + rests.their_people_count as people_count,
    rests.tie_count,
    cast(
        own.people_count
        * (own.all_people_count - own.people_count - coalesce(beside.people_count, 0)) as bigint
    ) as possible_count,
    rests.strength,
    rests.hours
from rests
join staging.shown_groups as own
    on own.month = rests.month
    and own.group_name = rests.own_group
join smalls on smalls.month = rests.month
left join beside
    on beside.month = rests.month
    and beside.own_group = rests.own_group
cross join staging.parameters
where
    rests.own_people_count + rests.their_people_count >= parameters.min_group_size
    and rests.tie_count >= parameters.min_group_size - 1
    and rests.their_people_count <= smalls.people_count
