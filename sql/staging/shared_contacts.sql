-- What do the two ends of an edge share, and how closed does that make their networks?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   first_share between 0 and 1
-- Check:   second_share between 0 and 1
-- Check:   shared_contact_count >= 0
-- Check:   overlap between 0 and 1
-- Check:   first_indirect_share between 0 and 1
-- Check:   second_indirect_share between 0 and 1
-- Check:   first_redundancy >= 0
-- Check:   second_redundancy >= 0
-- Source:  shares, redundancy: Burt 1992, Structural Holes, chapter 2; overlap: Onnela et al. 2007,
--          PNAS 104:7332
-- Version: 5

with ties as (
    select
        edges.month,
        list(
            struct_pack(
                first_id := edges.person_id,
                second_id := edges.contact_id,
                strength := edges.strength
            )
        ) as edges
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    where edges.person_id < edges.contact_id
    group by edges.month
),

totals as (
    select
        network_sizes.month,
        list(
            struct_pack(
                person_id := network_sizes.person_id,
                total_strength := network_sizes.total_strength,
                greatest_strength := network_sizes.greatest_strength
            )
        ) as people
    from staging.network_sizes
    join staging.wanted_months on wanted_months.month = network_sizes.month
    group by network_sizes.month
),

networks as (
    select
        ties.month,
        shared_contacts(ties.edges, totals.people) as edges
    from ties
    join totals on totals.month = ties.month
),

-- One row for each network is work for one thread; what is kept, all write.
meetings as materialized (
    select
        networks.month,
        unnest(networks.edges) as edge
    from networks
)

-- The function sums over the shared contacts q of i and j. With s_ij the strength of a tie, S_i that of
-- all ties of i and M_i that of the strongest, p_iq p_qj = s_iq s_qj / (S_i S_q) and p_iq m_jq = s_iq s_jq
-- / (S_i M_j): but for S and M of i and j themselves both are the same for i and for j, and are summed
-- once for the two.
select
    meetings.month,  -- month whose network it is
    meetings.edge.first_id,  -- one end; the smaller id
    meetings.edge.second_id,  -- the other end
    meetings.edge.strength,  -- strength of the tie
    meetings.edge.first_share,  -- Burt's p_ij: of the strength of first_id; 0 to 1
    meetings.edge.second_share,  -- of the strength of second_id; 0 to 1
    meetings.edge.shared_contact_count,  -- contacts of both; contacts
    cast(meetings.edge.shared_contact_count as double)
    / nullif(meetings.edge.either_contact_count, 0) as overlap,  -- shared contacts over all contacts of the two but themselves; null without others; 0 to 1
    meetings.edge.share
    * sqrt(meetings.edge.first_share / meetings.edge.second_share) as first_indirect_share,  -- sum of p_iq * p_qj: the share of first_id that reaches second_id through others; 0 to 1
    meetings.edge.share
    * sqrt(meetings.edge.second_share / meetings.edge.first_share) as second_indirect_share,  -- the share of second_id that reaches first_id through others; 0 to 1
    meetings.edge.marginal * meetings.edge.first_share / meetings.edge.first_marginal as first_redundancy,  -- sum of p_iq * m_jq: how far second_id repeats what others give to first_id
    meetings.edge.marginal * meetings.edge.second_share / meetings.edge.second_marginal as second_redundancy  -- how far first_id repeats what others give to second_id
from meetings
