-- Which people was each message written to, and in which role?
--
-- Grain:   month, message_key, person_id
-- Check:   role in ('to', 'cc', 'bcc')
-- Caveat:  whoever is named twice has the more visible role: To, then Cc, then Bcc
-- Version: 2

with wanted as not materialized (
    select
        envelopes.month,
        envelopes.message_key,
        authors.person_id as author_id,
        envelopes.to_keys,
        envelopes.cc_keys,
        envelopes.bcc_keys
    from staging.envelopes
    join staging.wanted_months on wanted_months.month = envelopes.month
    left join staging.addresses as authors on authors.address_key = envelopes.author_key
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
    where len(wanted.cc_keys) > 0
    union all
    -- Some archives repeat all of Cc in Bcc, so Cc must win.
    select
        wanted.month,
        wanted.message_key,
        wanted.author_id,
        unnest(wanted.bcc_keys) as address_key,
        3 as role_rank
    from wanted
    where len(wanted.bcc_keys) > 0
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
    group by named.month, named.message_key, addresses.person_id
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
