-- Over which communities is each person's strength spread, and how much of it stays in their own?
--
-- Grain:   month, person_id
-- Check:   community_id is not null
-- Check:   participation between 0 and 1
-- Check:   clique_share between 0 and 1
-- Source:  participation: Guimera & Amaral 2005, Nature 433:895
-- Version: 1

with blocks as (
    select
        edge_shares.month,
        edge_shares.person_id,
        own.community_id,
        theirs.community_id = own.community_id as is_own,
        sum(cast(round(edge_shares.share * 1e12) as bigint)) / 1e12 as share
    from staging.edge_shares
    join staging.wanted_months on wanted_months.month = edge_shares.month
    join staging.communities as own
        on own.month = edge_shares.month
        and own.person_id = edge_shares.person_id
    join staging.communities as theirs
        on theirs.month = edge_shares.month
        and theirs.person_id = edge_shares.contact_id
    group by
        edge_shares.month,
        edge_shares.person_id,
        own.community_id,
        theirs.community_id
)

-- Sums of rounded parts may pass a bound by a last digit, hence least and greatest.
select
    blocks.month,  -- month whose network it is
    blocks.person_id,  -- whose network
    blocks.community_id,  -- the person's own community
    greatest(
        1 - sum(cast(round(blocks.share * blocks.share * 1e12) as bigint)) / 1e12, 0
    ) as participation,  -- 0 all strength in one community, towards 1 spread evenly over many
    least(
        coalesce(
            sum(cast(round(blocks.share * 1e12) as bigint)) filter (where blocks.is_own) / 1e12, 0
        ),
        1
    ) as clique_share  -- of strength, inside the own community; 0 to 1
from blocks
group by all
