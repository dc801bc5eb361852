-- Over which groups and communities is each person's strength spread?
--
-- Grain:   month, division, person_id, part
-- Check:   division in ('group', 'community')
-- Check:   tie_count >= 1
-- Check:   strength > 0
-- Check:   hours >= 0
-- Check:   share between 0 and 1
-- Caveat:  contacts of no group (freemail) are left out of what is said of groups; a person all of
--          whose contacts are has no row of them
-- Version: 1

with homes as (
    select
        memberships.month,
        'group' as division,
        memberships.person_id,
        memberships.group_name as part,
        memberships.is_internal
    from staging.memberships
    join staging.wanted_months on wanted_months.month = memberships.month
    where memberships.group_name is not null
    union all
    select
        lasting_communities.month,
        'community' as division,
        lasting_communities.person_id,
        cast(lasting_communities.community_id as varchar) as part,
        cast(null as boolean) as is_internal
    from staging.lasting_communities
    join staging.wanted_months on wanted_months.month = lasting_communities.month
),

-- There are many edges, and by numbers they are grouped in half the time that names would take.
numbered as (
    select
        homes.month,
        homes.division,
        homes.person_id,
        homes.part,
        homes.is_internal,
        dense_rank() over (order by homes.division, homes.part, homes.is_internal) as part_number
    from homes
),

parts as (
    select distinct
        numbered.part_number,
        numbered.division,
        numbered.part,
        numbered.is_internal
    from numbered
),

-- Materialized, as the edges would else be grouped by both ends first, which makes them no fewer.
met as materialized (
    select
        edges.month,
        edges.person_id,
        numbered.part_number,
        cast(round(edges.strength * 1e12) as bigint) as strength,
        cast(round(edges.meeting_hours * 1e12) as bigint) as hours
    from staging.edges
    join numbered
        on numbered.month = edges.month
        and numbered.person_id = edges.contact_id
),

-- Contacts of one person in one part.
blocks as (
    select
        met.month,
        met.person_id,
        met.part_number,
        count(*) as tie_count,
        sum(met.strength) as strength,
        sum(met.hours) as hours
    from met
    group by met.month, met.person_id, met.part_number
),

named as (
    select
        blocks.month,
        parts.division,
        blocks.person_id,
        parts.part,
        parts.is_internal,
        blocks.tie_count,
        blocks.strength,
        blocks.hours
    from blocks
    join parts on parts.part_number = blocks.part_number
),

totals as (
    select
        named.month,
        named.division,
        named.person_id,
        sum(named.strength) as strength
    from named
    group by all
)

-- Whole numbers over their sum: all in one part is exactly 1.
select
    named.month,  -- month whose network it is
    named.division,  -- group: departments inside, domains outside; community: those of the month
    named.person_id,  -- whose network
    named.part,  -- name of the group or number of the community
    named.part = homes.part as is_own,  -- whether the person belongs to it; null where they belong to no group
    named.is_internal,  -- whether it is of the own organisation; null for communities
    named.tie_count,  -- contacts in it; people
    named.strength / 1e12 as strength,  -- of the ties with them together
    named.hours / 1e12 as hours,  -- time together with them in meetings in the window; hours
    named.strength / totals.strength as share  -- of the person's strength in all parts; 0 to 1
from named
join totals
    on totals.month = named.month
    and totals.division = named.division
    and totals.person_id = named.person_id
left join homes
    on homes.month = named.month
    and homes.division = named.division
    and homes.person_id = named.person_id
