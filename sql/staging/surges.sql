-- How many fading, lapsed and dormant ties did each person call in each month, and usually?
--
-- Grain:   month, person_id
-- Check:   called_count + usual_count > 0
-- Source:  kith's own: calling only in need
-- Caveat:  usual is the median of the twelve months before, months without a call among them; who
--          has no row has called nobody in all that time, or less than every other month
-- Version: 1

with wanted as (
    select
        wanted_months.month,
        make_date(year(wanted_months.month) - 1, month(wanted_months.month), 1) as year_before
    from staging.wanted_months
),

first_wanted as (
    select min(wanted.year_before) as month
    from wanted
),

calls as (
    select
        revivals.month,
        revivals.person_id,
        count(*) as called_count
    from staging.revivals
    join first_wanted on revivals.month >= first_wanted.month
    group by revivals.month, revivals.person_id
),

ranked as (
    select
        wanted.month,
        calls.person_id,
        calls.called_count,
        row_number() over (
            partition by wanted.month, calls.person_id
            order by calls.called_count desc
        ) as place
    from calls
    join wanted
        on calls.month >= wanted.year_before
        and calls.month < wanted.month
),

counts as (
    select
        wanted.month,
        calls.person_id,
        calls.called_count,
        0 as half_count
    from calls
    join wanted on wanted.month = calls.month
    union all
    -- The median of twelve is the mean of the sixth and the seventh; months that have no row are
    -- months without a call and come last.
    select
        ranked.month,
        ranked.person_id,
        0 as called_count,
        ranked.called_count as half_count
    from ranked
    where ranked.place in (6, 7)
)

select
    counts.month,  -- the month
    counts.person_id,  -- the person
    cast(sum(counts.called_count) as bigint) as called_count,  -- fading, lapsed and dormant ties to which the person began a thread in the month; people
    cast(sum(counts.half_count) as bigint) / 2 as usual_count  -- median of that over the twelve months before; people
from counts
group by all
