-- How mixed is each person's network by groups and by communities, and how much of it is their own?
--
-- Grain:   month, division, person_id
-- Check:   division in ('group', 'community')
-- Check:   diversity between 0 and 1
-- Check:   own_share between 0 and 1
-- Check:   ei_index between -1 and 1
-- Check:   outside_share between 0 and 1
-- Source:  Blau 1977, Inequality and Heterogeneity; of communities the same is the participation of
--          Guimera & Amaral 2005, Nature 433:895; E-I: Krackhardt & Stern 1988, Social Psychology
--          Quarterly 51:123
-- Version: 1

with summed as (
    select
        spreads.month,
        spreads.division,
        spreads.person_id,
        sum(cast(round(spreads.share * spreads.share * 1e12) as bigint)) / 1e12 as concentration,
        bool_or(spreads.is_own is not null) as has_own,
        sum(spreads.tie_count) as tie_count,
        sum(case when spreads.is_own then spreads.tie_count else 0 end) as own_tie_count,
        -- No more than one part is the own one.
        max(case when spreads.is_own then spreads.share else 0 end) as own_share,
        sum(cast(round(case when spreads.is_internal then 0 else spreads.share end * 1e12) as bigint))
        / 1e12 as outside_share
    from staging.spreads
    join staging.wanted_months on wanted_months.month = spreads.month
    group by all
)

-- Sums of rounded parts may pass a bound by a last digit, hence least and greatest.
select
    summed.month,  -- month whose network it is
    summed.division,  -- group or community
    summed.person_id,  -- whose network
    greatest(1 - summed.concentration, 0) as diversity,  -- chance that two units of strength go to different parts; 0 all in one, towards 1 spread evenly over many
    case when summed.has_own then summed.own_share end as own_share,  -- of strength, within the own part; null without a group; 0 to 1
    case
        when summed.has_own
            then cast(summed.tie_count - 2 * summed.own_tie_count as double) / summed.tie_count
    end as ei_index,  -- ties beyond the own part less those within, over both; null without a group; -1 all within, 1 all beyond
    case when summed.division = 'group' then least(summed.outside_share, 1) end as outside_share  -- of strength, outside the own organisation; null for communities; 0 to 1
from summed
