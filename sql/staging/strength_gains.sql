-- What did the contacts of each month add to the strength of a tie?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   there_mail_strength >= 0
-- Check:   back_mail_strength >= 0
-- Check:   meeting_strength >= 0
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Version: 1

-- A meeting is two contacts of equal weight, one each way, and counts here once.
with passed as (
    select
        contact_days.month,
        wanted_months.as_of_date,
        least(contact_days.from_person_id, contact_days.to_person_id) as first_id,
        greatest(contact_days.from_person_id, contact_days.to_person_id) as second_id,
        contact_days.channel <> 'meeting' and contact_days.from_person_id < contact_days.to_person_id as is_there,
        contact_days.channel <> 'meeting' and contact_days.from_person_id > contact_days.to_person_id as is_back,
        cast(
            round(
                contact_days.weight
                * power(
                    2.0,
                    -date_diff('day', contact_days.contact_date, wanted_months.as_of_date)
                    / parameters.half_life_days
                ) * 1e12
            ) as bigint
        ) as strength
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    cross join staging.parameters
    where
        contact_days.channel <> 'meeting'
        or contact_days.from_person_id < contact_days.to_person_id
)

select
    passed.month,  -- month of the contacts
    passed.first_id,  -- the person with the smaller id
    passed.second_id,  -- the other
    passed.as_of_date,  -- the sums stand as on this date
    sum(case when passed.is_there then passed.strength else 0 end) / 1e12 as there_mail_strength,  -- decayed mail of the first to the second
    sum(case when passed.is_back then passed.strength else 0 end) / 1e12 as back_mail_strength,  -- decayed mail of the second to the first
    sum(case when passed.is_there or passed.is_back then 0 else passed.strength end) / 1e12 as meeting_strength  -- decayed meetings, the same each way
from passed
group by passed.month, passed.first_id, passed.second_id, passed.as_of_date
