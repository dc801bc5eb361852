-- Which contacts do the two ends of an edge share, and what passes through them?
--
-- Grain:   month, person_id, contact_id
-- Check:   shared_contact_count >= 1
-- Check:   indirect_share between 0 and 1
-- Check:   redundancy >= 0
-- Source:  Burt 1992, Structural Holes, chapter 2
-- Caveat:  edges that share no contact have no row
-- Version: 1

-- Every triangle is met once, at its end with the fewest contacts: pairs of contacts of a hub, which
-- are most of all pairs in a network with hubs, are never looked at. That order is why pairs of edges
-- are materialized before the third edge is looked up; a planner that may choose starts elsewhere
-- and takes ten times as long.
with rising as (
    select
        edge_shares.month,
        edge_shares.person_id as low_id,
        edge_shares.contact_id as high_id,
        edge_shares.contact_degree as high_degree,
        edge_shares.share as up_share,
        edge_shares.contact_share as down_share,
        edge_shares.relative_strength as up_relative,
        edge_shares.contact_relative_strength as down_relative
    from staging.edge_shares
    join staging.wanted_months on wanted_months.month = edge_shares.month
    where
        edge_shares.degree < edge_shares.contact_degree
        or (
            edge_shares.degree = edge_shares.contact_degree
            and edge_shares.person_id < edge_shares.contact_id
        )
),

forks as materialized (
    select
        near.month,
        near.low_id as a_id,
        near.high_id as b_id,
        far.high_id as c_id,
        near.up_share as ab_share,
        near.down_share as ba_share,
        near.up_relative as ab_relative,
        near.down_relative as ba_relative,
        far.up_share as ac_share,
        far.down_share as ca_share,
        far.up_relative as ac_relative,
        far.down_relative as ca_relative
    from rising as near
    join rising as far
        on far.month = near.month
        and far.low_id = near.low_id
        and (
            near.high_degree < far.high_degree
            or (near.high_degree = far.high_degree and near.high_id < far.high_id)
        )
),

triangles as (
    select
        forks.month,
        forks.a_id,
        forks.b_id,
        forks.c_id,
        forks.ab_share,
        forks.ba_share,
        forks.ac_share,
        forks.ca_share,
        rising.up_share as bc_share,
        rising.down_share as cb_share,
        forks.ab_relative,
        forks.ba_relative,
        forks.ac_relative,
        forks.ca_relative,
        rising.up_relative as bc_relative,
        rising.down_relative as cb_relative
    from forks
    join rising
        on rising.month = forks.month
        and rising.low_id = forks.b_id
        and rising.high_id = forks.c_id
),

-- For an edge from i to j and the shared contact q: p_iq * p_qj, and p_iq * m_jq.
corners as (
    select
        triangles.month,
        triangles.a_id as first_id,
        triangles.b_id as second_id,
        triangles.ac_share * triangles.cb_share as there_indirect,
        triangles.bc_share * triangles.ca_share as back_indirect,
        triangles.ac_share * triangles.bc_relative as there_redundancy,
        triangles.bc_share * triangles.ac_relative as back_redundancy
    from triangles
    union all
    select
        triangles.month,
        triangles.a_id as first_id,
        triangles.c_id as second_id,
        triangles.ab_share * triangles.bc_share as there_indirect,
        triangles.cb_share * triangles.ba_share as back_indirect,
        triangles.ab_share * triangles.cb_relative as there_redundancy,
        triangles.cb_share * triangles.ab_relative as back_redundancy
    from triangles
    union all
    select
        triangles.month,
        triangles.b_id as first_id,
        triangles.c_id as second_id,
        triangles.ba_share * triangles.ac_share as there_indirect,
        triangles.ca_share * triangles.ab_share as back_indirect,
        triangles.ba_share * triangles.ca_relative as there_redundancy,
        triangles.ca_share * triangles.ba_relative as back_redundancy
    from triangles
),

pairs as (
    select
        corners.month,
        corners.first_id,
        corners.second_id,
        count(*) as shared_contact_count,
        sum(cast(round(corners.there_indirect * 1e12) as bigint)) / 1e12 as there_indirect,
        sum(cast(round(corners.back_indirect * 1e12) as bigint)) / 1e12 as back_indirect,
        sum(cast(round(corners.there_redundancy * 1e12) as bigint)) / 1e12 as there_redundancy,
        sum(cast(round(corners.back_redundancy * 1e12) as bigint)) / 1e12 as back_redundancy
    from corners
    group by all
),

sides as (
    select
        pairs.month,
        pairs.first_id as person_id,
        pairs.second_id as contact_id,
        pairs.shared_contact_count,
        pairs.there_indirect as indirect_share,
        pairs.there_redundancy as redundancy
    from pairs
    union all
    select
        pairs.month,
        pairs.second_id as person_id,
        pairs.first_id as contact_id,
        pairs.shared_contact_count,
        pairs.back_indirect as indirect_share,
        pairs.back_redundancy as redundancy
    from pairs
)

select
    sides.month,  -- month whose network it is
    sides.person_id,  -- one end of an edge
    sides.contact_id,  -- the other end
    sides.shared_contact_count,  -- contacts of both; contacts
    sides.indirect_share,  -- sum of p_iq * p_qj: the share that reaches the contact through others; 0 to 1
    sides.redundancy  -- sum of p_iq * m_jq: how far the contact repeats what others give
from sides
