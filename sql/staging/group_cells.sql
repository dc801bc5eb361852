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

-- What one person has with the people of one group, their own or another.
with told as (
    select
        spreads.month,
        spreads.person_id,
        memberships.group_name as own_group,
        spreads.part as their_group,
        own.group_name is not null as is_own_shown,
        theirs.group_name is not null as is_their_shown,
        spreads.tie_count,
        cast(round(spreads.strength * 1e12) as bigint) as units,
        cast(round(spreads.hours * 1e12) as bigint) as hour_units
    from staging.spreads
    join staging.wanted_months on wanted_months.month = spreads.month
    join staging.memberships
        on memberships.month = spreads.month
        and memberships.person_id = spreads.person_id
    left join staging.shown_groups as own
        on own.month = spreads.month
        and own.group_name = memberships.group_name
    left join staging.shown_groups as theirs
        on theirs.month = spreads.month
        and theirs.group_name = spreads.part
    where
        spreads.division = 'group'
        and memberships.group_name is not null
),

-- Every tie is told twice, once by each of the two people; none of them tells of one cell twice.
pairs as (
    select
        told.month,
        least(told.own_group, told.their_group) as group_a,
        greatest(told.own_group, told.their_group) as group_b,
        count(*) as people_count,
        cast(sum(told.tie_count) as bigint) // 2 as tie_count,
        sum(told.units) / 2e12 as strength,
        sum(told.hour_units) / 2e12 as hours
    from told
    where told.is_own_shown and told.is_their_shown
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

-- Ties with a group beside which there is no cell, told by the people of a shown group and by those
-- with whom they have them.
beyond as (
    select
        told.month,
        told.own_group,
        told.their_group,
        told.is_own_shown,
        told.is_their_shown,
        told.person_id,
        told.tie_count,
        told.units,
        told.hour_units
    from told
    left join sides
        on sides.month = told.month
        and sides.own_group = told.own_group
        and sides.their_group = told.their_group
    where
        sides.month is null
        and told.their_group <> told.own_group
),

rests as (
    select
        beyond.month,
        beyond.own_group,
        count(distinct beyond.person_id) as own_people_count,
        cast(sum(beyond.tie_count) as bigint) as tie_count,
        sum(beyond.units) / 1e12 as strength,
        sum(beyond.hour_units) / 1e12 as hours
    from beyond
    where beyond.is_own_shown
    group by beyond.month, beyond.own_group
),

others as (
    select
        beyond.month,
        beyond.their_group,
        count(*) as people_count
    from beyond
    where beyond.is_their_shown
    group by beyond.month, beyond.their_group
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
    rests.own_people_count + others.people_count as people_count,
    rests.tie_count,
    cast(
        own.people_count
        * (own.all_people_count - own.people_count - coalesce(beside.people_count, 0)) as bigint
    ) as possible_count,
    rests.strength,
    rests.hours
from rests
join others
    on others.month = rests.month
    and others.their_group = rests.own_group
join staging.shown_groups as own
    on own.month = rests.month
    and own.group_name = rests.own_group
join smalls on smalls.month = rests.month
left join beside
    on beside.month = rests.month
    and beside.own_group = rests.own_group
cross join staging.parameters
where
    rests.own_people_count + others.people_count >= parameters.min_group_size
    and rests.tie_count >= parameters.min_group_size - 1
    and others.people_count <= smalls.people_count
