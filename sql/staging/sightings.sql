-- When was each address first met, and what has it done since?
--
-- Grain:   address_key
-- Check:   first_seen_at is not null
-- Caveat:  when a directory was first asked says nothing of when somebody came: it dates only those
--          whom no message or meeting names
-- Caveat:  an address that only kith.toml or a mailbox names has not been met and is left out
-- Version: 3

with met as (
    select
        address_months.address_key,
        address_months.first_seen_at,
        true as is_met,
        address_months.written_count,
        address_months.automated_count,
        address_months.answer_count,
        address_months.direct_count,
        address_months.named_count,
        address_months.posted_count
    from staging.address_months
    union all
    select
        listed.address_key,
        listed.seen_at as first_seen_at,
        false as is_met,
        0 as written_count,
        0 as automated_count,
        0 as answer_count,
        0 as direct_count,
        0 as named_count,
        0 as posted_count
    from (
        select
            people.address_key,
            people.valid_from as seen_at
        from raw.people
        union all
        select
            unnest(people.alias_keys) as address_key,
            people.valid_from as seen_at
        from raw.people
    ) as listed
    where listed.address_key is not null
)

select
    met.address_key,  -- the address
    coalesce(min(met.first_seen_at) filter (where met.is_met), min(met.first_seen_at)) as first_seen_at,  -- first message or meeting that names it, else first directory snapshot; UTC
    bool_or(met.is_met) as is_met,  -- named by a message or meeting, not by a directory alone
    cast(sum(met.written_count) as bigint) as written_count,  -- messages it wrote
    cast(sum(met.automated_count) as bigint) as automated_count,  -- of these, with a machine's headers
    cast(sum(met.answer_count) as bigint) as answer_count,  -- of these, that follow an earlier message
    cast(sum(met.direct_count) as bigint) as direct_count,  -- of these, that no list carried
    cast(sum(met.named_count) as bigint) as named_count,  -- times that others named it in To, Cc or Bcc
    cast(sum(met.posted_count) as bigint) as posted_count  -- messages that it, as a list, carried
from met
group by met.address_key
