-- What says that two addresses belong to one person?
--
-- Grain:   address_key, other_key, rule
-- Check:   address_key < other_key
-- Check:   evidence_count >= 1
-- Caveat:  by_hand: people.toml says so
-- Caveat:  own_address: both are addresses of [me] in kith.toml
-- Caveat:  directory: both are addresses of one directory entry
-- Caveat:  send_as: the owner of a mailbox writes from the other address
-- Caveat:  sent_for, reply_to, answered_from, copied, same_local: staging.namesake_acts
-- Version: 1

with first_named as (
    select
        joined_by_hand.entry,
        min(joined_by_hand.address_key) as address_key
    from raw.joined_by_hand
    group by joined_by_hand.entry
),

by_hand as (
    select
        first_named.address_key,
        joined_by_hand.address_key as other_key,
        'by_hand' as rule,
        1 as precedence,
        cast(1 as bigint) as evidence_count
    from first_named
    join raw.joined_by_hand on joined_by_hand.entry = first_named.entry
),

first_own as (
    select min(own_addresses.address_key) as address_key
    from raw.own_addresses
),

own_address as (
    select
        first_own.address_key,
        own_addresses.address_key as other_key,
        'own_address' as rule,
        2 as precedence,
        cast(1 as bigint) as evidence_count
    from first_own
    cross join raw.own_addresses
),

directory as (
    select
        directory_holders.holder_key as address_key,
        directory_holders.address_key as other_key,
        'directory' as rule,
        3 as precedence,
        directory_holders.entry_count as evidence_count
    from staging.directory_holders
),

send_as as (
    select
        sent_from.owner_key as address_key,
        sent_from.address_key as other_key,
        'send_as' as rule,
        4 as precedence,
        sent_from.message_count as evidence_count
    from staging.sent_from
),

acts as (
    select
        namesake_acts.address_key,
        namesake_acts.other_key,
        namesake_acts.rule,
        case namesake_acts.rule
            when 'sent_for' then 5
            when 'reply_to' then 6
            when 'answered_from' then 7
            when 'copied' then 8
            else 9
        end as precedence,
        namesake_acts.evidence_count
    from staging.namesake_acts
),

evidence as (
    select by_hand.address_key, by_hand.other_key, by_hand.rule, by_hand.precedence, by_hand.evidence_count from by_hand
    union all
    select own_address.address_key, own_address.other_key, own_address.rule, own_address.precedence, own_address.evidence_count from own_address
    union all
    select directory.address_key, directory.other_key, directory.rule, directory.precedence, directory.evidence_count from directory
    union all
    select send_as.address_key, send_as.other_key, send_as.rule, send_as.precedence, send_as.evidence_count from send_as
    union all
    select acts.address_key, acts.other_key, acts.rule, acts.precedence, acts.evidence_count from acts
)

select
    least(evidence.address_key, evidence.other_key) as address_key,  -- one address
    greatest(evidence.address_key, evidence.other_key) as other_key,  -- the other
    evidence.rule,  -- by_hand, own_address, directory, send_as, sent_for, reply_to, answered_from, copied, same_local
    cast(min(evidence.precedence) as bigint) as precedence,  -- 1 is believed first
    cast(sum(evidence.evidence_count) as bigint) as evidence_count  -- snapshots, messages; 1 where it was stated
from evidence
where evidence.address_key <> evidence.other_key
group by
    least(evidence.address_key, evidence.other_key),
    greatest(evidence.address_key, evidence.other_key),
    evidence.rule
