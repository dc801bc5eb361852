-- Which contacts do the two ends of an edge share, and what passes through them?
--
-- Grain:   month, person_id, contact_id
-- Check:   shared_contact_count >= 1
-- Check:   indirect_share between 0 and 1
-- Check:   redundancy >= 0
-- Source:  Burt 1992, Structural Holes, chapter 2
-- Caveat:  an edge whose ends share nobody has no row
-- Version: 2

-- Every triangle is met once, at its corner with the fewest contacts: pairs of contacts of a hub,
-- which are most of all pairs in a network with hubs, are never looked at. So people are numbered by
-- their contacts, every month on its own, and an edge rises from the lower number to the higher; both
-- numbers in one are its key. Pairs of edges are materialized before the third edge is looked up: a
-- planner that may choose starts elsewhere and takes ten times as long.
with nodes as materialized (
    select
        network_sizes.month,
        network_sizes.person_id,
        network_sizes.total_strength,
        network_sizes.greatest_strength,
        row_number() over (
            order by network_sizes.month, network_sizes.degree, network_sizes.person_id
        ) as node
    from staging.network_sizes
    join staging.wanted_months on wanted_months.month = network_sizes.month
),

-- What i and j share is one sum for both of them: p_iq p_qj = s_iq s_jq / (S_i S_q) differs from
-- p_jq p_qi by the totals of i and j alone, and so does p_iq m_jq = s_iq s_jq / (S_i M_j). It is
-- summed for the end for which it is greater, so that twelve digits are enough for both.
started as materialized (
    select
        edges.month,
        edges.person_id as low_id,
        edges.contact_id as high_id,
        edges.strength,
        nodes.node as low_node,
        nodes.total_strength as low_total,
        nodes.greatest_strength as low_greatest
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
        started.low_node,
        nodes.node as high_node,
        started.low_node * 2147483648 + nodes.node as edge,
        started.strength,
        started.low_total,
        nodes.total_strength as high_total,
        least(started.low_total, nodes.total_strength) as least_total,
        started.low_total * nodes.greatest_strength as low_scale,
        nodes.total_strength * started.low_greatest as high_scale,
        least(
            started.low_total * nodes.greatest_strength,
            nodes.total_strength * started.low_greatest
        ) as least_scale
    from started
    join nodes
        on nodes.month = started.month
        and nodes.person_id = started.high_id
    where started.low_node < nodes.node
),

forks as materialized (
    select
        near.edge as near_edge,
        far.edge as far_edge,
        near.high_node * 2147483648 + far.high_node as top_edge
    from rising as near
    join rising as far
        on far.low_node = near.low_node
        and near.high_node < far.high_node
),

triangles as materialized (
    select
        forks.near_edge,
        forks.far_edge,
        forks.top_edge,
        rising.strength,
        rising.least_total,
        rising.least_scale
    from forks
    join rising on rising.edge = forks.top_edge
),

sights as (
    select
        triangles.near_edge,
        triangles.far_edge,
        triangles.top_edge,
        near.strength as near_strength,
        far.strength as far_strength,
        triangles.strength as top_strength,
        near.low_total,
        near.high_total as middle_total,
        far.high_total,
        near.least_total as near_total,
        far.least_total as far_total,
        triangles.least_total as top_total,
        near.least_scale as near_scale,
        far.least_scale as far_scale,
        triangles.least_scale as top_scale,
        unnest(['near', 'far', 'top']) as opposite
    from triangles
    join rising as near on near.edge = triangles.near_edge
    join rising as far on far.edge = triangles.far_edge
),

-- Each edge of a triangle is seen from the corner opposite to it.
parts as (
    select
        case sights.opposite
            when 'near' then sights.near_edge
            when 'far' then sights.far_edge
            else sights.top_edge
        end as edge,
        case sights.opposite
            when 'near' then sights.far_strength * sights.top_strength / sights.high_total / sights.near_total
            when 'far' then sights.near_strength * sights.top_strength / sights.middle_total / sights.far_total
            else sights.near_strength * sights.far_strength / sights.low_total / sights.top_total
        end as indirect,
        case sights.opposite
            when 'near' then sights.far_strength * sights.top_strength / sights.near_scale
            when 'far' then sights.near_strength * sights.top_strength / sights.far_scale
            else sights.near_strength * sights.far_strength / sights.top_scale
        end as redundancy
    from sights
),

pairs as (
    select
        parts.edge,
        count(*) as shared_contact_count,
        sum(cast(round(parts.indirect * 1e12) as bigint)) / 1e12 as indirect,
        sum(cast(round(parts.redundancy * 1e12) as bigint)) / 1e12 as redundancy
    from parts
    group by parts.edge
),

ends as (
    select unnest([true, false]) as is_low
)

select
    rising.month,  -- month whose network it is
    case when ends.is_low then rising.low_id else rising.high_id end as person_id,  -- one end of an edge
    case when ends.is_low then rising.high_id else rising.low_id end as contact_id,  -- the other end
    pairs.shared_contact_count,  -- contacts of both; contacts
    pairs.indirect * rising.least_total
    / case when ends.is_low then rising.low_total else rising.high_total end as indirect_share,  -- sum of p_iq * p_qj: the share that reaches the contact through others; 0 to 1
    pairs.redundancy * rising.least_scale
    / case when ends.is_low then rising.low_scale else rising.high_scale end as redundancy  -- sum of p_iq * m_jq: how far the contact repeats what others give
from pairs
join rising on rising.edge = pairs.edge
cross join ends
