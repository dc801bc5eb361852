-- Over which communities is each person's strength spread, and how much of it stays in their own?
--
-- Grain:   month, person_id
-- Check:   community_id is not null
-- Check:   participation between 0 and 1
-- Check:   clique_share between 0 and 1
-- Source:  participation: Guimera & Amaral 2005, Nature 433:895
-- Version: 1

-- Contacts of one person in one community.
with blocks as (
    select
        edges.month,
        edges.person_id,
        own.community_id as own_community_id,
        theirs.community_id,
        sum(cast(round(edges.strength * 1e12) as bigint)) as strength
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    join staging.lasting_communities as own
        on own.month = edges.month
        and own.person_id = edges.person_id
    join staging.lasting_communities as theirs
        on theirs.month = edges.month
        and theirs.person_id = edges.contact_id
    group by all
),

totals as (
    select
        blocks.month,
        blocks.person_id,
        sum(blocks.strength) as strength
    from blocks
    group by all
),

-- Whole numbers over their sum: all in one community is exactly 1.
spread as (
    select
        blocks.month,
        blocks.person_id,
        blocks.own_community_id,
        blocks.community_id = blocks.own_community_id as is_own,
        blocks.strength / totals.strength as share
    from blocks
    join totals
        on totals.month = blocks.month
        and totals.person_id = blocks.person_id
)

select
    spread.month,  -- month whose network it is
    spread.person_id,  -- whose network
    spread.own_community_id as community_id,  -- the person's own community
    greatest(
        1 - sum(cast(round(spread.share * spread.share * 1e12) as bigint)) / 1e12, 0
    ) as participation,  -- 0 all strength in one community, towards 1 spread evenly over many
    max(case when spread.is_own then spread.share else 0 end) as clique_share  -- of strength, inside the own community; 0 to 1
from spread
group by spread.month, spread.person_id, spread.own_community_id
