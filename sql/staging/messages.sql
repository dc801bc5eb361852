-- Which messages are contact, and why are the others not?
--
-- Grain:   month, message_key
-- Check:   sent_at is not null
-- Check:   people_count >= 0
-- Check:   left_out_reason in ('no_author', 'author_hidden', 'author_is_robot', 'author_is_list', 'author_is_room', 'author_is_group', 'of_calendar', 'automated', 'broadcast', 'no_address', 'to_self', 'to_nobody')
-- Check:   left_out_reason is not null or author_id is not null
-- Check:   left_out_reason is not null or people_count >= 1
-- Source:  kith's own: robots, lists, rooms and groups make no contact; a crowd is no audience
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
    -- As a join it would be counted over all months first.
    where recipients.month in (
        select wanted_months.month
        from staging.wanted_months
    )
    group by recipients.month, recipients.message_key
),

-- Everybody's own addresses: who writes to one of them alone writes to oneself.
authors as (
    select
        addresses.address_key,
        addresses.person_id,
        addresses.kind,
        owners.own_keys
    from staging.addresses
    join (
        select
            addresses.person_id,
            list(addresses.address_key order by addresses.address_key) as own_keys
        from staging.addresses
        group by addresses.person_id
    ) as owners on owners.person_id = addresses.person_id
)

select
    envelopes.month,  -- month it was sent in
    envelopes.message_key,  -- the message, the same in every mailbox
    envelopes.sent_at,  -- when it was sent; UTC
    envelopes.sent_date,  -- its day, UTC
    case
        when authors.kind = 'person' and not envelopes.is_author_hidden then authors.person_id
    end as author_id,  -- who wrote it; null where that is no person
    case
        when envelopes.author_key is null then 'no_author'
        when envelopes.is_author_hidden then 'author_hidden'
        when authors.kind <> 'person' then 'author_is_' || authors.kind
        when envelopes.is_of_calendar then 'of_calendar'
        when envelopes.is_automated then 'automated'
        when envelopes.address_count > parameters.crowd_size then 'broadcast'
        when audiences.people_count > 0 then null
        when envelopes.address_count = 0 then 'no_address'
        when
            list_has_any(envelopes.to_keys, authors.own_keys)
            or list_has_any(envelopes.cc_keys, authors.own_keys)
            or list_has_any(envelopes.bcc_keys, authors.own_keys)
            then 'to_self'
        else 'to_nobody'
    end as left_out_reason,  -- why it makes no contact; null where it does
    envelopes.is_automated,  -- its headers speak of a machine
    envelopes.list_id,  -- List-Id of the list that carried it
    envelopes.list_address_key,  -- address of that list
    envelopes.address_count,  -- different addresses in To, Cc and Bcc, lists and robots included; addresses
    coalesce(audiences.people_count, 0) as people_count,  -- different people in To, Cc and Bcc but the author; people
    envelopes.in_reply_to_key,  -- message_key of the message it answers
    envelopes.reference_keys,  -- message_keys of its thread, oldest first
    envelopes.is_thread_start,  -- follows no earlier message
    envelopes.thread_key  -- the oldest message it names, else the oldest of its conversation, else itself
from staging.envelopes
join staging.wanted_months on wanted_months.month = envelopes.month
cross join staging.parameters
left join authors on authors.address_key = envelopes.author_key
left join audiences
    on audiences.month = envelopes.month
    and audiences.message_key = envelopes.message_key
