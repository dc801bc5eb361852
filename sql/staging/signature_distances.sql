-- How differently does each person spread their strength over ranks than in an earlier month?
--
-- Grain:   month, span, person_id
-- Check:   distance between 0 and 0.7
-- Source:  Jensen-Shannon divergence of ranked shares: Saramaki et al. 2014, PNAS 111:942
-- Caveat:  who holds a rank does not matter, only how much of the strength it holds; no row where the
--          person has no contacts in one of the two months
-- Version: 1

with months as (
    select wanted_months.month
    from staging.wanted_months
    union
    select comparisons.earlier_month as month
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
),

-- Strengths in falling order, so that the place in the list is the rank.
ranked as (
    select
        edges.month,
        edges.person_id,
        list(edges.strength order by -edges.strength) as strengths
    from staging.edges
    join months on months.month = edges.month
    group by edges.month, edges.person_id
),

networks as (
    select
        ranked.month,
        ranked.person_id,
        ranked.strengths,
        network_sizes.total_strength
    from ranked
    join staging.network_sizes
        on network_sizes.month = ranked.month
        and network_sizes.person_id = ranked.person_id
),

compared as (
    select
        comparisons.month,
        comparisons.span,
        now.person_id,
        now.strengths as now_strengths,
        now.total_strength as now_strength,
        earlier.strengths as earlier_strengths,
        earlier.total_strength as earlier_strength,
        unnest(
            range(1, greatest(array_length(now.strengths), array_length(earlier.strengths)) + 1)
        ) as rank
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join networks as now on now.month = comparisons.month
    join networks as earlier
        on earlier.month = comparisons.earlier_month
        and earlier.person_id = now.person_id
),

-- Rounded sums may fall short of their only part by a last digit.
shares as (
    select
        compared.month,
        compared.span,
        compared.person_id,
        least(coalesce(compared.now_strengths[compared.rank], 0) / compared.now_strength, 1) as now_share,
        least(coalesce(compared.earlier_strengths[compared.rank], 0) / compared.earlier_strength, 1)
            as earlier_share
    from compared
),

terms as (
    select
        shares.month,
        shares.span,
        shares.person_id,
        case
            when shares.now_share > 0
                then shares.now_share * ln(2 * shares.now_share / (shares.now_share + shares.earlier_share)) / 2
            else 0
        end
        + case
            when shares.earlier_share > 0
                then
                    shares.earlier_share
                    * ln(2 * shares.earlier_share / (shares.now_share + shares.earlier_share)) / 2
            else 0
        end as divergence
    from shares
)

select
    terms.month,  -- the month
    terms.span,  -- window or year: how far back it is compared
    terms.person_id,  -- whose network
    greatest(sum(cast(round(terms.divergence * 1e12) as bigint)) / 1e12, 0) as distance  -- Jensen-Shannon divergence of the ranked shares; 0 alike, 0.69 (ln 2) nothing in common; nats
from terms
group by terms.month, terms.span, terms.person_id
