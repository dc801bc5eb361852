-- Which messages are contact, and why are the others not?
--
-- Grain:   month, message_key
-- Check:   sent_at is not null
-- Check:   people_count >= 0
-- Check:   left_out_reason in ('no_author', 'author_hidden', 'author_is_robot', 'author_is_list', 'author_is_room', 'author_is_group', 'of_calendar', 'automated', 'broadcast', 'no_address', 'to_self', 'to_nobody')
-- Check:   left_out_reason is not null or author_id is not null
-- Check:   left_out_reason is not null or people_count >= 1
-- Source:  METRICS.md 2: robots, lists, rooms and groups make no contact; a crowd is no audience
-- Caveat:  the first reason that fits is given
-- Version: 3

-- no_author        nobody signed it, or under no address
-- author_hidden    a list stands in From and nothing names the author
-- author_is_robot  and likewise list, room, group: no person wrote it
-- of_calendar      an invitation, an answer to one: the calendar counts the meeting
-- automated        a machine answered for a person: out of office, bounce, receipt
-- broadcast        addressed to more than crowd_size addresses
-- no_address       To, Cc and Bcc name nobody ("undisclosed recipients")
-- to_self          written to oneself alone
-- to_nobody        addressed to robots, lists, rooms and groups alone

with audiences as (
    select
        recipients.month,
        recipients.message_key,
        count(*) as people_count
    from staging.recipients
    join staging.wanted_months on wanted_months.month = recipients.month
    group by recipients.month, recipients.message_key
),

written as (
    select
        envelopes.month,
        envelopes.message_key,
        envelopes.sent_at,
        envelopes.sent_date,
        envelopes.author_key,
        authors.person_id as author_id,
        authors.kind as author_kind,
        envelopes.is_author_hidden,
        envelopes.is_automated,
        envelopes.is_of_calendar,
        envelopes.list_id,
        envelopes.list_address_key,
        envelopes.address_count,
        coalesce(audiences.people_count, 0) as people_count,
        envelopes.in_reply_to_key,
        envelopes.reference_keys,
        envelopes.is_thread_start,
        envelopes.thread_key
    from staging.envelopes
    join staging.wanted_months on wanted_months.month = envelopes.month
    left join staging.addresses as authors on authors.address_key = envelopes.author_key
    left join audiences
        on audiences.month = envelopes.month
        and audiences.message_key = envelopes.message_key
),

-- Only those that name no other person are looked at for the author's own addresses.
own_names as (
    select
        envelopes.month,
        envelopes.message_key,
        unnest(flatten([envelopes.to_keys, envelopes.cc_keys, envelopes.bcc_keys])) as address_key,
        written.author_id
    from written
    join staging.envelopes
        on envelopes.month = written.month
        and envelopes.message_key = written.message_key
    where
        written.people_count = 0
        and written.address_count > 0
        and written.author_kind = 'person'
),

to_oneself as (
    select distinct
        own_names.month,
        own_names.message_key
    from own_names
    join staging.addresses
        on addresses.address_key = own_names.address_key
        and addresses.person_id = own_names.author_id
)

select
    written.month,  -- month it was sent in
    written.message_key,  -- the message, the same in every mailbox
    written.sent_at,  -- when it was sent; UTC
    written.sent_date,  -- its day, UTC
    case when written.author_kind = 'person' and not written.is_author_hidden then written.author_id end as author_id,  -- who wrote it; null where that is no person
    case
        when written.author_key is null then 'no_author'
        when written.is_author_hidden then 'author_hidden'
        when written.author_kind <> 'person' then 'author_is_' || written.author_kind
        when written.is_of_calendar then 'of_calendar'
        when written.is_automated then 'automated'
        when written.address_count > parameters.crowd_size then 'broadcast'
        when written.people_count > 0 then null
        when written.address_count = 0 then 'no_address'
        when to_oneself.message_key is not null then 'to_self'
        else 'to_nobody'
    end as left_out_reason,  -- why it makes no contact; null where it does
    written.is_automated,  -- its headers speak of a machine
    written.list_id,  -- List-Id of the list that carried it
    written.list_address_key,  -- address of that list
    written.address_count,  -- different addresses in To, Cc and Bcc, lists and robots included; addresses
    written.people_count,  -- different people in To, Cc and Bcc but the author; people
    written.in_reply_to_key,  -- message_key of the message it answers
    written.reference_keys,  -- message_keys of its thread, oldest first
    written.is_thread_start,  -- follows no earlier message
    written.thread_key  -- the oldest message it names, else the oldest of its conversation, else itself
from written
cross join staging.parameters
left join to_oneself
    on to_oneself.month = written.month
    and to_oneself.message_key = written.message_key
