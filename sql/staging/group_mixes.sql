-- Over which groups is each person's strength spread, and how much of it stays in their own?
--
-- Grain:   month, person_id
-- Check:   group_diversity between 0 and 1
-- Check:   ei_index between -1 and 1
-- Check:   ei_strength_index between -1 and 1
-- Check:   outside_share between 0 and 1
-- Source:  Blau 1977, Inequality and Heterogeneity; E-I: Krackhardt & Stern 1988, Social Psychology
--          Quarterly 51:123
-- Caveat:  contacts of no group (freemail) are left out; a person all of whose contacts are has no
--          row
-- Version: 1

-- Contacts of one person in one group.
with blocks as (
    select
        edges.month,
        edges.person_id,
        own.group_name as own_group_name,
        theirs.group_name,
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
),

totals as (
    select
        blocks.month,
        blocks.person_id,
        sum(blocks.strength) as strength
    from blocks
    group by all
),

spread as (
    select
        blocks.month,
        blocks.person_id,
        blocks.own_group_name,
        blocks.own_group_name = blocks.group_name as is_own,
        blocks.is_internal,
        blocks.tie_count,
        blocks.strength / totals.strength as share
    from blocks
    join totals
        on totals.month = blocks.month
        and totals.person_id = blocks.person_id
),

summed as (
    select
        spread.month,
        spread.person_id,
        spread.own_group_name,
        sum(cast(round(spread.share * spread.share * 1e12) as bigint)) / 1e12 as concentration,
        sum(case when spread.is_own then spread.tie_count else 0 end) as own_tie_count,
        sum(spread.tie_count) as tie_count,
        sum(cast(round(case when spread.is_own then spread.share else 0 end * 1e12) as bigint))
        / 1e12 as own_group_share,
        sum(cast(round(case when spread.is_internal then 0 else spread.share end * 1e12) as bigint))
        / 1e12 as outside_share
    from spread
    group by all
)

-- Sums of rounded parts may pass a bound by a last digit, hence least and greatest.
select
    summed.month,  -- month whose network it is
    summed.person_id,  -- whose network
    greatest(1 - summed.concentration, 0) as group_diversity,  -- chance that two units of strength go to different groups; 0 one group, towards 1 many alike
    case
        when summed.own_group_name is not null
            then cast(summed.tie_count - 2 * summed.own_tie_count as double) / summed.tie_count
    end as ei_index,  -- ties beyond the own group less those within, over both; null without a group; -1 all within, 1 all beyond
    case
        when summed.own_group_name is not null
            then 1 - 2 * least(summed.own_group_share, 1)
    end as ei_strength_index,  -- the same of strength
    case
        when summed.own_group_name is not null then least(summed.own_group_share, 1)
    end as own_group_share,  -- of strength, within the own group; null without one; 0 to 1
    least(summed.outside_share, 1) as outside_share  -- of strength, outside the own organisation; 0 to 1
from summed
