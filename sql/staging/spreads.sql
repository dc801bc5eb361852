-- Over which groups and communities is each person's strength spread?
--
-- Grain:   month, division, person_id, part
-- Check:   division in ('group', 'community')
-- Check:   tie_count >= 1
-- Check:   strength > 0
-- Check:   share between 0 and 1
-- Caveat:  contacts of no group (freemail) are left out of what is said of groups; a person all of
--          whose contacts are has no row of them
-- Version: 1

-- Contacts of one person in one part.
with blocks as (
    select
        edges.month,
        'group' as division,
        edges.person_id,
        theirs.group_name as part,
        theirs.group_name = own.group_name as is_own,
        theirs.is_internal,
        count(*) as tie_count,
        sum(cast(round(edges.strength * 1e12) as bigint)) as strength
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    join staging.memberships as theirs
        on theirs.month = edges.month
        and theirs.person_id = edges.contact_id
    left join staging.memberships as own
        on own.month = edges.month
        and own.person_id = edges.person_id
    where theirs.group_name is not null
    group by all
    union all
    select
        edges.month,
        'community' as division,
        edges.person_id,
        cast(theirs.community_id as varchar) as part,
        theirs.community_id = own.community_id as is_own,
        cast(null as boolean) as is_internal,
        count(*) as tie_count,
        sum(cast(round(edges.strength * 1e12) as bigint)) as strength
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    join staging.lasting_communities as own
        on own.month = edges.month
        and own.person_id = edges.person_id
    join staging.lasting_communities as theirs
        on theirs.month = edges.month
        and theirs.person_id = edges.contact_id
    group by edges.month, edges.person_id, own.community_id, theirs.community_id
),

totals as (
    select
        blocks.month,
        blocks.division,
        blocks.person_id,
        sum(blocks.strength) as strength
    from blocks
    group by all
)

-- Whole numbers over their sum: all in one part is exactly 1.
select
    blocks.month,  -- month whose network it is
    blocks.division,  -- group: departments inside, domains outside; community: those of the month
    blocks.person_id,  -- whose network
    blocks.part,  -- name of the group or number of the community
    blocks.is_own,  -- whether the person belongs to it; null where they belong to no group
    blocks.is_internal,  -- whether it is of the own organisation; null for communities
    blocks.tie_count,  -- contacts in it; people
    blocks.strength / 1e12 as strength,  -- of the ties with them together
    blocks.strength / totals.strength as share  -- of the person's strength in all parts; 0 to 1
from blocks
join totals
    on totals.month = blocks.month
    and totals.division = blocks.division
    and totals.person_id = blocks.person_id
