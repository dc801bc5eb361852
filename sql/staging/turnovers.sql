-- How many contacts came, stayed and went in each person's network since an earlier month?
--
-- Grain:   month, span, person_id
-- Check:   reactivated_count >= 0
-- Check:   lost_count >= 0
-- Check:   contact_count + earlier_contact_count >= 1
-- Caveat:  whoever came is new where the two turned to each other for the first time since then, and
--          reactivated where they had before
-- Version: 1

-- Pairs are looked at once, and then from both ends.
with kept as (
    select
        comparisons.month,
        comparisons.span,
        edges.person_id as first_id,
        edges.contact_id as second_id
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.edges on edges.month = comparisons.month
    join staging.edges as earlier
        on earlier.month = comparisons.earlier_month
        and earlier.person_id = edges.person_id
        and earlier.contact_id = edges.contact_id
    where
        edges.person_id < edges.contact_id
        and earlier.person_id < earlier.contact_id
),

ends as (
    select unnest([true, false]) as is_first
),

sides as (
    select
        comparisons.month,
        comparisons.span,
        network_sizes.person_id,
        network_sizes.degree as contact_count,
        0 as earlier_contact_count,
        0 as kept_count,
        0 as new_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.network_sizes on network_sizes.month = comparisons.month
    union all
    select
        comparisons.month,
        comparisons.span,
        network_sizes.person_id,
        0 as contact_count,
        network_sizes.degree as earlier_contact_count,
        0 as kept_count,
        0 as new_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.network_sizes on network_sizes.month = comparisons.earlier_month
    union all
    select
        kept.month,
        kept.span,
        case when ends.is_first then kept.first_id else kept.second_id end as person_id,
        0 as contact_count,
        0 as earlier_contact_count,
        1 as kept_count,
        0 as new_count
    from kept
    cross join ends
    union all
    select
        comparisons.month,
        comparisons.span,
        edges.person_id,
        0 as contact_count,
        0 as earlier_contact_count,
        0 as kept_count,
        1 as new_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.edges
        on edges.month = comparisons.month
        and edges.mutual_date >= comparisons.earlier_as_of_date
),

counted as (
    select
        sides.month,
        sides.span,
        sides.person_id,
        cast(sum(sides.contact_count) as bigint) as contact_count,
        cast(sum(sides.earlier_contact_count) as bigint) as earlier_contact_count,
        cast(sum(sides.kept_count) as bigint) as kept_count,
        cast(sum(sides.new_count) as bigint) as new_count
    from sides
    group by all
)

select
    counted.month,  -- the month
    counted.span,  -- window or year: how far back it is compared
    counted.person_id,  -- whose network; in it now or then
    counted.contact_count,  -- contacts now; people
    counted.earlier_contact_count,  -- contacts then; people
    counted.kept_count,  -- contacts now and then; people
    counted.earlier_contact_count - counted.kept_count as lost_count,  -- contacts then, not now; people
    counted.new_count,  -- contacts now who were none before then; people
    counted.contact_count - counted.kept_count - counted.new_count as reactivated_count  -- contacts now, not then, but before; people
from counted
