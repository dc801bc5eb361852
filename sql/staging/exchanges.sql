-- What mail passed in the window that ends with each month, seen from either of two people?
--
-- Grain:   month, person_id, contact_id
-- Check:   person_id <> contact_id
-- Check:   out_weight >= 0
-- Check:   in_weight >= 0
-- Version: 1

with sides as (
    select
        tie_windows.month,
        tie_windows.first_id as person_id,
        tie_windows.second_id as contact_id,
        tie_windows.there_mail_weight as out_weight,
        tie_windows.back_mail_weight as in_weight,
        tie_windows.there_start_count as started_count,
        tie_windows.back_start_count as received_start_count
    from staging.tie_windows
    join staging.wanted_months on wanted_months.month = tie_windows.month
    where tie_windows.there_mail_count + tie_windows.back_mail_count > 0
    union all
    select
        tie_windows.month,
        tie_windows.second_id as person_id,
        tie_windows.first_id as contact_id,
        tie_windows.back_mail_weight as out_weight,
        tie_windows.there_mail_weight as in_weight,
        tie_windows.back_start_count as started_count,
        tie_windows.there_start_count as received_start_count
    from staging.tie_windows
    join staging.wanted_months on wanted_months.month = tie_windows.month
    where tie_windows.there_mail_count + tie_windows.back_mail_count > 0
)

select
    sides.month,  -- month whose end the window ends with
    sides.person_id,  -- one of two between whom there was mail; every pair stands twice
    sides.contact_id,  -- the other
    sides.out_weight,  -- mail of the person to the contact; attention
    sides.in_weight,  -- mail of the contact to the person; attention
    sides.started_count,  -- threads that the person began with a message To the contact
    sides.received_start_count  -- threads that the contact began with a message To the person
from sides
