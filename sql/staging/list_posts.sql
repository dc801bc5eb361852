-- What did people write to which mailing list?
--
-- Grain:   month, message_key
-- Check:   list_id is not null
-- Check:   author_id is not null
-- Caveat:  a message that two lists carried is a post to the one that its copies name first
-- Version: 1

select
    messages.month,  -- month of the post
    messages.message_key,  -- the post
    lists.person_id as list_id,  -- the list that carried it
    messages.author_id,  -- who wrote it
    messages.sent_at,  -- when; UTC
    messages.is_thread_start  -- follows no earlier message
from staging.messages
join staging.wanted_months on wanted_months.month = messages.month
join staging.addresses as lists
    on lists.address_key = messages.list_address_key
    and lists.kind = 'list'
where
    messages.author_id is not null
    and not messages.is_automated
