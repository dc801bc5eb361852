-- What do the two ends of an edge share, and how closed does that make their networks?
--
-- Grain:   month, low_id, high_id
-- Check:   low_share between 0 and 1
-- Check:   high_share between 0 and 1
-- Check:   shared_contact_count >= 0
-- Check:   overlap between 0 and 1
-- Check:   low_indirect_share between 0 and 1
-- Check:   high_indirect_share between 0 and 1
-- Check:   low_redundancy >= 0
-- Check:   high_redundancy >= 0
-- Source:  shares, redundancy: Burt 1992, Structural Holes, chapter 2; overlap: Onnela et al. 2007,
--          PNAS 104:7332
-- Version: 3

-- Every triangle is met once, at its corner with the fewest contacts: pairs of contacts of a hub,
-- which are most of all pairs in a network with hubs, are never looked at. So people are numbered by
-- their contacts, every month on its own, and an edge rises from the lower number to the higher; both
-- numbers in one are its key.
with nodes as materialized (
    select
        network_sizes.month,
        network_sizes.person_id,
        network_sizes.degree,
        network_sizes.total_strength,
        network_sizes.greatest_strength,
        cast(
            row_number() over (
                order by network_sizes.month, network_sizes.degree, network_sizes.person_id
            ) as integer
        ) as node
    from staging.network_sizes
    join staging.wanted_months on wanted_months.month = network_sizes.month
),

-- Materialized, as a planner that may choose joins all nodes of a month with each other.
started as materialized (
    select
        edges.month,
        edges.person_id as low_id,
        edges.contact_id as high_id,
        edges.strength,
        nodes.node as low_node,
        nodes.degree as low_degree,
        -- Rounded sums may fall short of their only part by a last digit.
        least(edges.strength / nodes.total_strength, 1) as low_share,
        edges.strength / nodes.greatest_strength as low_marginal
    from staging.edges
    join nodes
        on nodes.month = edges.month
        and nodes.person_id = edges.person_id
),

rising as materialized (
    select
        started.month,
        started.low_id,
        started.high_id,
        started.strength,
        started.low_node,
        nodes.node as high_node,
        nodes.node * 2147483648 as high_start,
        started.low_node * 2147483648 + nodes.node as edge,
        started.low_degree + nodes.degree - 2 as other_count,
        started.low_share,
        least(started.strength / nodes.total_strength, 1) as high_share,
        sqrt(started.low_share * least(started.strength / nodes.total_strength, 1)) as share,
        started.low_marginal,
        started.strength / nodes.greatest_strength as high_marginal
    from started
    join nodes
        on nodes.month = started.month
        and nodes.person_id = started.high_id
    where started.low_node < nodes.node
),

forks as (
    select
        near.edge as near_edge,
        near.share as near_share,
        near.low_marginal as near_low_marginal,
        near.high_marginal as near_high_marginal,
        far.edge as far_edge,
        far.share as far_share,
        far.low_marginal as far_low_marginal,
        far.high_marginal as far_high_marginal,
        near.high_start + far.high_node as top_edge
    from rising as near
    join rising as far
        on far.low_node = near.low_node
        and far.high_node > near.high_node
),

-- Each edge of a triangle is seen from the corner opposite to it. With S_i the strength of all ties
-- of i and M_i that of the strongest, p_iq p_qj = s_iq s_qj / (S_i S_q) and p_iq m_jq = s_iq s_jq /
-- (S_i M_j): but for S and M of i and j themselves both are the same for i and for j, and are summed
-- once for the two.
seen as (
    select
        unnest([
            struct_pack(
                edge := forks.near_edge,
                share := forks.far_share * top.share,
                marginal := forks.far_low_marginal * top.low_marginal
            ),
            struct_pack(
                edge := forks.far_edge,
                share := forks.near_share * top.share,
                marginal := forks.near_low_marginal * top.high_marginal
            ),
            struct_pack(
                edge := forks.top_edge,
                share := forks.near_share * forks.far_share,
                marginal := forks.near_high_marginal * forks.far_high_marginal
            )
        ]) as side
    from forks
    join rising as top on top.edge = forks.top_edge
),

pairs as (
    select
        seen.side.edge,
        count(*) as shared_contact_count,
        sum(cast(round(seen.side.share * 1e15) as bigint)) / 1e15 as share,
        sum(cast(round(seen.side.marginal * 1e12) as bigint)) / 1e12 as marginal
    from seen
    group by seen.side.edge
)

select
    rising.month,  -- month whose network it is
    rising.low_id,  -- the end with fewer contacts; of as many, with the smaller id
    rising.high_id,  -- the other end
    rising.strength,  -- strength of the tie
    rising.low_share,  -- Burt's p_ij: of the strength of low_id; 0 to 1
    rising.high_share,  -- of the strength of high_id; 0 to 1
    coalesce(pairs.shared_contact_count, 0) as shared_contact_count,  -- contacts of both; contacts
    cast(coalesce(pairs.shared_contact_count, 0) as double)
    / nullif(rising.other_count - coalesce(pairs.shared_contact_count, 0), 0) as overlap,  -- shared contacts over all contacts of the two but themselves; null without others; 0 to 1
    coalesce(pairs.share * sqrt(rising.low_share / rising.high_share), 0) as low_indirect_share,  -- sum of p_iq * p_qj: the share of low_id that reaches high_id through others; 0 to 1
    coalesce(pairs.share * sqrt(rising.high_share / rising.low_share), 0) as high_indirect_share,  -- the share of high_id that reaches low_id through others; 0 to 1
    coalesce(pairs.marginal * rising.low_share / rising.low_marginal, 0) as low_redundancy,  -- sum of p_iq * m_jq: how far high_id repeats what others give to low_id
    coalesce(pairs.marginal * rising.high_share / rising.high_marginal, 0) as high_redundancy  -- how far low_id repeats what others give to high_id
from rising
left join pairs on pairs.edge = rising.edge
