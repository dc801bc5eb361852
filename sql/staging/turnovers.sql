-- How many contacts came, stayed and went in each person's network since an earlier month?
--
-- Grain:   month, span, person_id
-- Check:   kept_count + new_count + reactivated_count = contact_count
-- Check:   kept_count + lost_count = earlier_contact_count
-- Check:   contact_count + earlier_contact_count >= 1
-- Caveat:  whoever came is new where the two turned to each other for the first time since then, and
--          reactivated where they had before
-- Version: 1

with sides as (
    select
        comparisons.month,
        comparisons.span,
        edges.person_id,
        edges.contact_id,
        1 as now_count,
        0 as earlier_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.edges on edges.month = comparisons.month
    union all
    select
        comparisons.month,
        comparisons.span,
        edges.person_id,
        edges.contact_id,
        0 as now_count,
        1 as earlier_count
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.edges on edges.month = comparisons.earlier_month
),

paired as (
    select
        sides.month,
        sides.span,
        sides.person_id,
        sides.contact_id,
        max(sides.now_count) as now_count,
        max(sides.earlier_count) as earlier_count
    from sides
    group by all
),

-- Only of those who came must be asked whether they had been there before.
came as (
    select
        paired.month,
        paired.span,
        paired.person_id,
        paired.contact_id,
        pair_histories.mutual_date >= comparisons.earlier_as_of_date as is_new
    from paired
    join staging.comparisons
        on comparisons.month = paired.month
        and comparisons.span = paired.span
    join staging.tie_states
        on tie_states.month = paired.month
        and tie_states.person_id = paired.person_id
        and tie_states.contact_id = paired.contact_id
    join staging.pair_histories
        on pair_histories.month = tie_states.history_month
        and pair_histories.first_id = least(paired.person_id, paired.contact_id)
        and pair_histories.second_id = greatest(paired.person_id, paired.contact_id)
    where paired.earlier_count = 0
),

counted as (
    select
        paired.month,
        paired.span,
        paired.person_id,
        sum(paired.now_count) as contact_count,
        sum(paired.earlier_count) as earlier_contact_count,
        sum(paired.now_count * paired.earlier_count) as kept_count
    from paired
    group by all
),

arrivals as (
    select
        came.month,
        came.span,
        came.person_id,
        count(*) filter (where came.is_new) as new_count,
        count(*) filter (where not came.is_new) as reactivated_count
    from came
    group by all
)

select
    counted.month,  -- the month
    counted.span,  -- window or year: how far back it is compared
    counted.person_id,  -- whose network; in it now or then
    cast(counted.contact_count as bigint) as contact_count,  -- contacts now; people
    cast(counted.earlier_contact_count as bigint) as earlier_contact_count,  -- contacts then; people
    cast(counted.kept_count as bigint) as kept_count,  -- contacts now and then; people
    cast(counted.earlier_contact_count - counted.kept_count as bigint) as lost_count,  -- contacts then, not now; people
    coalesce(arrivals.new_count, 0) as new_count,  -- contacts now, never before then; people
    coalesce(arrivals.reactivated_count, 0) as reactivated_count  -- contacts now, not then, but before; people
from counted
left join arrivals
    on arrivals.month = counted.month
    and arrivals.span = counted.span
    and arrivals.person_id = counted.person_id
