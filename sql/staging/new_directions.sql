-- To which groups that a mailbox owner's network lacks does one of their closest contacts lead?
--
-- Grain:   month, person_id, group_name
-- Check:   strength > 0
-- Check:   reached_count >= 1
-- Check:   contact_count >= 1
-- Source:  METRICS.md 6: groups within reach that one's network lacks
-- Caveat:  departments inside, domains outside; nothing is said of a group with fewer people in the
--          network than min_group_size
-- Caveat:  closest is the innermost layer, those whom one asks for help
-- Caveat:  a contact leads to a group where all their ties with it together make a strong one; of
--          several contacts who lead there the one along whose way the weaker of the two ties is
--          strongest
-- Caveat:  no more than opening_limit of each person, those with the strongest way
-- Version: 1

-- Long names are slow to join and sort; their numbers have the same order.
with large_groups as (
    select
        group_sizes.month,
        group_sizes.group_name,
        group_sizes.people_count,
        row_number() over (
            partition by group_sizes.month
            order by group_sizes.group_name
        ) as group_number
    from staging.group_sizes
    join staging.wanted_months on wanted_months.month = group_sizes.month
    cross join staging.parameters
    where group_sizes.people_count >= parameters.min_group_size
),

reached as (
    select
        spreads.month,
        spreads.person_id,
        large_groups.group_number,
        spreads.tie_count,
        spreads.strength
    from staging.spreads
    join large_groups
        on large_groups.month = spreads.month
        and large_groups.group_name = spreads.part
    where spreads.division = 'group'
),

-- Whoever hardly knows a group leads nobody to it.
leads as (
    select
        reached.month,
        reached.person_id,
        reached.group_number,
        reached.tie_count as reached_count,
        reached.strength
    from reached
    cross join staging.parameters
    where reached.strength >= parameters.strong_strength
),

ways as (
    select
        strong_ties.month,
        strong_ties.person_id,
        strong_ties.contact_id,
        strong_ties.last_contact_at,
        leads.group_number,
        leads.reached_count,
        least(strong_ties.strength, leads.strength) as strength
    from staging.strong_ties
    join leads
        on leads.month = strong_ties.month
        and leads.person_id = strong_ties.contact_id
    cross join staging.parameters
    where strong_ties.place <= parameters.support_layer_size
),

known as (
    select
        reached.month,
        reached.person_id,
        reached.group_number
    from reached
    union all
    select
        memberships.month,
        memberships.person_id,
        large_groups.group_number
    from staging.memberships
    join large_groups
        on large_groups.month = memberships.month
        and large_groups.group_name = memberships.group_name
),

placed as (
    select
        ways.month,
        ways.person_id,
        ways.group_number,
        ways.contact_id,
        ways.strength,
        ways.last_contact_at,
        ways.reached_count,
        row_number() over (
            partition by ways.month, ways.person_id, ways.group_number
            order by ways.strength desc, ways.contact_id
        ) as place
    from ways
    left join known
        on known.month = ways.month
        and known.person_id = ways.person_id
        and known.group_number = ways.group_number
    where known.group_number is null
),

best as (
    select
        placed.month,
        placed.person_id,
        placed.group_number,
        placed.contact_id,
        placed.strength,
        placed.last_contact_at,
        placed.reached_count,
        row_number() over (
            partition by placed.month, placed.person_id
            order by placed.strength desc, placed.contact_id, placed.group_number
        ) as rank
    from placed
    where placed.place = 1
)

select
    best.month,  -- the month
    best.person_id,  -- somebody whose mailbox is read
    large_groups.group_name,  -- a group of which the person knows nobody
    best.contact_id,  -- through whom it is within reach
    best.strength,  -- the weaker of two: the tie with the contact, and the contact's ties with the group together
    best.last_contact_at,  -- last contact with the contact; UTC
    best.reached_count,  -- people of the group whom the contact knows; people
    large_groups.people_count,  -- people of the group in the network; people
    network_sizes.degree as contact_count  -- contacts of the person, none of whom is of the group; people
from best
cross join staging.parameters
join large_groups
    on large_groups.month = best.month
    and large_groups.group_number = best.group_number
join staging.network_sizes
    on network_sizes.month = best.month
    and network_sizes.person_id = best.person_id
where best.rank <= parameters.opening_limit
