-- Which addresses belong to one and the same person?
--
-- Grain:   address_key
-- Check:   joined_key <= address_key
-- Caveat:  what people.toml holds apart, and two entries of one directory, are never joined by a
--          rule; only people.toml and [me] can say that two entries are one person
-- Caveat:  where two pieces of evidence exclude each other, the rule that is believed first holds
-- Version: 2

with edges as (
    select
        coalesce(
            list(
                struct_pack(
                    address_key := join_evidence.address_key,
                    other_key := join_evidence.other_key,
                    precedence := join_evidence.precedence,
                    is_by_hand := join_evidence.rule in ('by_hand', 'own_address')
                )
                order by join_evidence.precedence, join_evidence.address_key, join_evidence.other_key
            ),
            []
        ) as edges
    from staging.join_evidence
),

marks as (
    select
        concat('directory ', directory_holders.account_id) as scope,
        directory_holders.address_key,
        directory_holders.holder_key as label,
        false as is_by_hand
    from staging.directory_holders
    union all
    select
        concat('apart ', apart_by_hand.entry) as scope,
        apart_by_hand.address_key,
        apart_by_hand.address_key as label,
        true as is_by_hand
    from raw.apart_by_hand
),

gathered as (
    select
        coalesce(
            list(
                struct_pack(
                    address_key := marks.address_key,
                    scope := marks.scope,
                    label := marks.label,
                    is_by_hand := marks.is_by_hand
                )
                order by marks.scope, marks.address_key
            ),
            []
        ) as marks
    from marks
),

joined as (
    select unnest(join_addresses(edges.edges, gathered.marks)) as found
    from edges
    cross join gathered
)

select
    joined.found.address_key,  -- the address
    joined.found.joined_key  -- the least address of the same person
from joined
