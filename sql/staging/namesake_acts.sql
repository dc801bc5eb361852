-- What do two addresses of one full name do that only one person does?
--
-- Grain:   address_key, other_key, rule
-- Check:   address_key < other_key
-- Check:   rule in ('sent_for', 'reply_to', 'answered_from', 'copied', 'same_local')
-- Check:   evidence_count >= 1
-- Caveat:  sent_for: From is one address and Sender the other
-- Caveat:  reply_to: a message from one asks for answers to the other alone
-- Caveat:  answered_from: somebody writes to one address and not to the other, and the other
--          answers; the name must be distinctive
-- Caveat:  copied: one writes to the other on several days, as who forwards mail to their own home;
--          the name must be distinctive
-- Caveat:  same_local: both read alike before the @, at two domains; the name must be distinctive
-- Version: 1

-- Only what namesakes wrote is looked at, which is little of all mail.
with written as (
    select
        messages.message_key,
        messages.sent_date,
        coalesce(messages.original_author_key, messages.author_key) as author_key,
        messages.sender_key,
        messages.reply_to_keys,
        flatten([messages.to_keys, messages.cc_keys]) as addressed_keys,
        messages.in_reply_to_key
    from raw.messages
    where coalesce(messages.original_author_key, messages.author_key) in (
        select namesakes.address_key
        from staging.namesakes
    )
),

parents as (
    select
        messages.message_key,
        coalesce(messages.original_author_key, messages.author_key) as author_key,
        flatten([messages.to_keys, messages.cc_keys]) as addressed_keys
    from raw.messages
    where messages.message_key in (
        select written.in_reply_to_key
        from written
    )
),

sent_for as (
    select
        namesakes.address_key,
        namesakes.other_key,
        'sent_for' as rule,
        count(distinct written.message_key) as evidence_count
    from written
    join staging.namesakes
        on namesakes.address_key = written.author_key
        and namesakes.other_key = written.sender_key
    -- A list may put itself there under its writers' names.
    where not list_contains(written.addressed_keys, written.sender_key)
    group by namesakes.address_key, namesakes.other_key
),

reply_to as (
    select
        namesakes.address_key,
        namesakes.other_key,
        'reply_to' as rule,
        count(distinct written.message_key) as evidence_count
    from written
    join staging.namesakes
        on namesakes.address_key = written.author_key
        and namesakes.other_key = written.reply_to_keys[1]
    where
        array_length(written.reply_to_keys) = 1
        and not list_contains(written.addressed_keys, written.reply_to_keys[1])
    group by namesakes.address_key, namesakes.other_key
),

answered_from as (
    select
        namesakes.address_key,
        namesakes.other_key,
        'answered_from' as rule,
        count(distinct written.message_key) as evidence_count
    from staging.namesakes
    join written on written.author_key = namesakes.address_key
    join parents on parents.message_key = written.in_reply_to_key
    where
        namesakes.is_distinctive
        and parents.author_key not in (namesakes.address_key, namesakes.other_key)
        and list_contains(parents.addressed_keys, namesakes.other_key)
        and not list_contains(parents.addressed_keys, namesakes.address_key)
    group by namesakes.address_key, namesakes.other_key
),

copied as (
    select
        namesakes.address_key,
        namesakes.other_key,
        'copied' as rule,
        count(distinct written.message_key) as evidence_count
    from written
    cross join staging.parameters
    join staging.namesakes on namesakes.address_key = written.author_key
    where
        namesakes.is_distinctive
        and list_contains(written.addressed_keys, namesakes.other_key)
    group by namesakes.address_key, namesakes.other_key
    -- Who got a namesake's mail sends it on, once.
    having count(distinct written.sent_date) >= min(parameters.copied_day_count)
),

local_parts as (
    select
        addresses.address_key,
        split_part(addresses.address, '@', 1) as local_part
    from raw.addresses
),

same_local as (
    select
        namesakes.address_key,
        namesakes.other_key,
        'same_local' as rule,
        cast(1 as bigint) as evidence_count
    from staging.namesakes
    cross join staging.parameters
    join local_parts on local_parts.address_key = namesakes.address_key
    join local_parts as others
        on others.address_key = namesakes.other_key
        and others.local_part = local_parts.local_part
    where
        namesakes.is_distinctive
        and length(local_parts.local_part) >= parameters.local_part_length
        and local_parts.local_part not in (
            select role_words.local_part
            from staging.role_words
        )
),

acts as (
    select sent_for.address_key, sent_for.other_key, sent_for.rule, sent_for.evidence_count from sent_for
    union all
    select reply_to.address_key, reply_to.other_key, reply_to.rule, reply_to.evidence_count from reply_to
    union all
    select answered_from.address_key, answered_from.other_key, answered_from.rule, answered_from.evidence_count from answered_from
    union all
    select copied.address_key, copied.other_key, copied.rule, copied.evidence_count from copied
    union all
    select same_local.address_key, same_local.other_key, same_local.rule, same_local.evidence_count from same_local
)

select
    least(acts.address_key, acts.other_key) as address_key,  -- one address
    greatest(acts.address_key, acts.other_key) as other_key,  -- the other
    acts.rule,  -- sent_for, reply_to, answered_from, copied, same_local
    max(acts.evidence_count) as evidence_count  -- messages that show it, in the direction that has more of them; 1 for same_local; messages
from acts
group by least(acts.address_key, acts.other_key), greatest(acts.address_key, acts.other_key), acts.rule
