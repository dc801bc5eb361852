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

ranked as (
    select
        edge_shares.month,
        edge_shares.person_id,
        row_number() over (
            partition by edge_shares.month, edge_shares.person_id
            order by edge_shares.share desc
        ) as rank,
        edge_shares.share
    from staging.edge_shares
    join months on months.month = edge_shares.month
),

sides as (
    select
        comparisons.month,
        comparisons.span,
        ranked.person_id,
        ranked.rank,
        ranked.share as now_share,
        0 as earlier_share
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join ranked on ranked.month = comparisons.month
    union all
    select
        comparisons.month,
        comparisons.span,
        ranked.person_id,
        ranked.rank,
        0 as now_share,
        ranked.share as earlier_share
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join ranked on ranked.month = comparisons.earlier_month
),

-- One side of each pair is 0, so these sums are exact.
ranks as (
    select
        sides.month,
        sides.span,
        sides.person_id,
        sides.rank,
        max(sides.now_share) as now_share,
        max(sides.earlier_share) as earlier_share
    from sides
    group by all
),

terms as (
    select
        ranks.month,
        ranks.span,
        ranks.person_id,
        ranks.now_share,
        ranks.earlier_share,
        case
            when ranks.now_share > 0
                then
                    ranks.now_share
                    * ln(2 * ranks.now_share / (ranks.now_share + ranks.earlier_share)) / 2
            else 0
        end
        + case
            when ranks.earlier_share > 0
                then
                    ranks.earlier_share
                    * ln(2 * ranks.earlier_share / (ranks.now_share + ranks.earlier_share)) / 2
            else 0
        end as divergence
    from ranks
)

select
    terms.month,  -- the month
    terms.span,  -- window or year: how far back it is compared
    terms.person_id,  -- whose network
    greatest(sum(cast(round(terms.divergence * 1e12) as bigint)) / 1e12, 0) as distance  -- Jensen-Shannon divergence of the ranked shares; 0 alike, 0.69 (ln 2) nothing in common; nats
from terms
group by terms.month, terms.span, terms.person_id
having max(terms.now_share) > 0 and max(terms.earlier_share) > 0
