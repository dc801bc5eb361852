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
with sides as (
    select
        comparisons.month,
        comparisons.span,
        edges.person_id as first_id,
        edges.contact_id as second_id,
        1 as now_count,
        0 as earlier_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.edges on edges.month = comparisons.month
    where edges.person_id < edges.contact_id
    union all
    select
        comparisons.month,
        comparisons.span,
        edges.person_id as first_id,
        edges.contact_id as second_id,
        0 as now_count,
        1 as earlier_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.edges on edges.month = comparisons.earlier_month
    where edges.person_id < edges.contact_id
),

paired as (
    select
        sides.month,
        sides.span,
        sides.first_id,
        sides.second_id,
        max(sides.now_count) as now_count,
        max(sides.earlier_count) as earlier_count
    from sides
    group by all
),

came as (
    select
        paired.month,
        paired.span,
        paired.first_id,
        paired.second_id
    from paired
    where paired.earlier_count = 0
),

-- Only of those who came must be asked whether they had been there before.
known as (
    select
        came.month,
        came.span,
        came.first_id,
        came.second_id,
        case when tie_months.mutual_date >= comparisons.earlier_as_of_date then 1 else 0 end
            as new_count
    from came
    join staging.comparisons
        on comparisons.month = came.month
        and comparisons.span = came.span
    join staging.tie_months
        on tie_months.month = came.month
        and tie_months.first_id = came.first_id
        and tie_months.second_id = came.second_id
),

fates as (
    select
        paired.month,
        paired.span,
        paired.first_id,
        paired.second_id,
        paired.now_count,
        paired.earlier_count,
        known.new_count
    from paired
    left join known
        on known.month = paired.month
        and known.span = paired.span
        and known.first_id = paired.first_id
        and known.second_id = paired.second_id
),

ends as (
    select
        fates.month,
        fates.span,
        fates.first_id as person_id,
        fates.now_count,
        fates.earlier_count,
        fates.new_count
    from fates
    union all
    select
        fates.month,
        fates.span,
        fates.second_id as person_id,
        fates.now_count,
        fates.earlier_count,
        fates.new_count
    from fates
),

counted as (
    select
        ends.month,
        ends.span,
        ends.person_id,
        cast(sum(ends.now_count) as bigint) as contact_count,
        cast(sum(ends.earlier_count) as bigint) as earlier_contact_count,
        cast(sum(ends.now_count * ends.earlier_count) as bigint) as kept_count,
        coalesce(cast(sum(ends.new_count) as bigint), 0) as new_count
    from ends
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
