-- Which people was each message written to, and in which role?
--
-- Grain:   month, message_key, person_id
-- Check:   role in ('to', 'cc', 'bcc')
-- Caveat:  whoever is named twice has the more visible role: To, then Cc, then Bcc
-- Version: 1

with wanted as (
    select
        messages.month,
        messages.message_key,
        messages.author_id,
        messages.to_keys,
        messages.cc_keys,
        messages.bcc_keys
    from staging.messages
    join staging.wanted_months on wanted_months.month = messages.month
),

named as (
    select
        wanted.month,
        wanted.message_key,
        wanted.author_id,
        unnest(wanted.to_keys) as address_key,
        1 as role_rank
    from wanted
    union all
    select
        wanted.month,
        wanted.message_key,
        wanted.author_id,
        unnest(wanted.cc_keys) as address_key,
        2 as role_rank
    from wanted
    union all
    -- Some archives repeat all of Cc in Bcc, so Cc must win.
    select
        wanted.month,
        wanted.message_key,
        wanted.author_id,
        unnest(wanted.bcc_keys) as address_key,
        3 as role_rank
    from wanted
),

people as (
    select
        named.month,
        named.message_key,
        addresses.person_id,
        min(named.role_rank) as role_rank
    from named
    join staging.addresses
        on addresses.address_key = named.address_key
        and addresses.kind = 'person'
    where addresses.person_id is distinct from named.author_id
    group by all
)

select
    people.month,  -- month the message was sent in
    people.message_key,  -- the message
    people.person_id,  -- a person it was written to, never its author
    case people.role_rank
        when 1 then 'to'
        when 2 then 'cc'
        else 'bcc'
    end as role  -- to, cc, bcc
from people
