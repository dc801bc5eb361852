-- Which mailing lists carried messages in each month?
--
-- Grain:   month, list_id
-- Check:   message_count >= 1
-- Version: 1

select
    envelopes.month,  -- the month
    lower(envelopes.list_id) as list_id,  -- List-Id, lower case
    count(*) as message_count  -- messages that it carried
from staging.envelopes
join staging.wanted_months on wanted_months.month = envelopes.month
where envelopes.list_id is not null
group by envelopes.month, lower(envelopes.list_id)
