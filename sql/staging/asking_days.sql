-- On which days was asked what each month judges, as the days for an answer are over or not yet?
--
-- Grain:   month, asked_date
-- Check:   is_due is not null
-- Caveat:  a question is judged once, when its seven days are over, and stands in the month of that
--          day: a message of January 28 is due on February 4 and stands in February. Those whose days
--          are not over at as_of stand there too, as not due, with what is known of them until then
-- Version: 1

with days as (
    select
        wanted_months.month,
        wanted_months.as_of,
        wanted_months.as_of_date,
        unnest(
            range(-parameters.answer_days, date_diff('day', wanted_months.month, wanted_months.as_of_date))
        ) as offset_days
    from staging.wanted_months
    cross join staging.parameters
)

select
    days.month,  -- the month that judges
    days.as_of,  -- the last instant that it knows of; UTC
    days.month + cast(days.offset_days as integer) as asked_date,  -- day of the question, UTC
    days.month + cast(days.offset_days + parameters.answer_days as integer) < days.as_of_date as is_due  -- whether its days for an answer are over at as_of
from days
cross join staging.parameters
