-- From which other addresses does the owner of a mailbox write?
--
-- Grain:   owner_key, address_key
-- Check:   owner_key <> address_key
-- Check:   message_count >= 1
-- Caveat:  an address that several owners write from is nobody's own, nor is one that names a role
-- Version: 1

-- Two mailboxes of one person are no two owners.
with owners as (
    select
        mailboxes.mailbox_id,
        mailboxes.address_key as owner_key,
        case
            when own_addresses.address_key is not null then 'own'
            else coalesce(
                min(directory_holders.account_id || ' ' || directory_holders.directory_id),
                cast(mailboxes.address_key as varchar)
            )
        end as owner_id
    from raw.mailboxes
    left join raw.own_addresses on own_addresses.address_key = mailboxes.address_key
    left join staging.directory_holders on directory_holders.address_key = mailboxes.address_key
    where mailboxes.address_key is not null
    group by mailboxes.mailbox_id, mailboxes.address_key, own_addresses.address_key
),

written as (
    select
        owners.owner_id,
        owners.owner_key,
        sent_months.author_key as address_key,
        sent_months.message_count
    from staging.sent_months
    join owners on owners.mailbox_id = sent_months.mailbox_id
),

used as (
    select
        written.address_key,
        count(distinct written.owner_id) as owner_count
    from written
    group by written.address_key
),

roles as (
    select addresses.address_key
    from raw.addresses
    join staging.role_words on role_words.local_part = split_part(addresses.address, '@', 1)
)

select
    written.owner_key,  -- the address by which the mailbox goes
    written.address_key,  -- another that its owner writes from
    cast(sum(written.message_count) as bigint) as message_count  -- sent messages that show it; messages
from written
cross join staging.parameters
join used on used.address_key = written.address_key
join staging.address_kinds
    on address_kinds.address_key = written.address_key
    and address_kinds.kind = 'person'
where
    written.address_key <> written.owner_key
    and used.owner_count = 1
    and written.address_key not in (
        select roles.address_key
        from roles
    )
group by written.owner_key, written.address_key
having sum(written.message_count) >= min(parameters.sent_from_message_count)
