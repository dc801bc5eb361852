-- On which days of a month had each person any contact?
--
-- Grain:   month, person_id
-- Check:   day_count between 1 and 31
-- Caveat:  days stand as bits of one number, so that "which of the person's days was this" is a
--          count of bits instead of a join with a row for each day
-- Version: 2

-- Example: contact on the 1st and the 3rd is 1 + 4 = 5.
with sides as (
    select
        contact_days.month,
        contact_days.from_person_id as person_id,
        contact_days.contact_date
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    union all
    select
        contact_days.month,
        contact_days.to_person_id as person_id,
        contact_days.contact_date
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    where contact_days.channel <> 'meeting'
),

days as (
    select
        sides.month,
        sides.person_id,
        bit_or(cast(1 as bigint) << (day(sides.contact_date) - 1)) as day_bits
    from sides
    group by all
)

select
    days.month,  -- the month
    days.person_id,  -- the person
    days.day_bits,  -- the lowest bit is the first day of the month; set where there was contact in either direction, UTC
    cast(bit_count(days.day_bits) as bigint) as day_count  -- days with contact; days
from days
