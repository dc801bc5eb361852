-- Why are two addresses held to be one person's, or not?
--
-- Grain:   person_id, address_key, other_key, rule
-- Check:   address_key < other_key
-- Check:   evidence_count >= 1
-- Check:   is_used is not null
-- Caveat:  addresses stand here as keys only; what says otherwise goes into people.toml
-- Caveat:  evidence that was not used spoke against the directory, people.toml, or a rule that is
--          believed first
-- Version: 1
--
-- Topic:   What is missing?
-- High:    evidence_count: seen again and again
-- Low:     evidence_count: seen once, or stated by hand
-- Values:  rule: explained with an example each in people-and-contacts.md

with owners as (
    select
        joined_addresses.joined_key,
        min(addresses.person_id) as person_id
    from staging.joined_addresses
    join staging.addresses on addresses.address_key = joined_addresses.address_key
    group by joined_addresses.joined_key
)

select
    owners.person_id,  -- whose address_key is
    join_evidence.address_key,  -- key of one address
    join_evidence.other_key,  -- key of the other
    join_evidence.rule,  -- by_hand, own_address, directory, send_as, sent_for, reply_to, answered_from, copied, same_local
    joined_addresses.joined_key = others.joined_key as is_used,  -- whether both are held to be one person's
    join_evidence.evidence_count  -- directory snapshots or messages that show it; 1 where it was stated
from staging.join_evidence
join staging.joined_addresses on joined_addresses.address_key = join_evidence.address_key
join staging.joined_addresses as others on others.address_key = join_evidence.other_key
-- Of people of whom no address was ever met nothing is said.
join owners on owners.joined_key = joined_addresses.joined_key
