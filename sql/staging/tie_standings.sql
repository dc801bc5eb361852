-- Where does each tie stand among the person's ties, and in the network of the month?
--
-- Grain:   month, person_id, contact_id
-- Check:   rank >= 1
-- Check:   share between 0 and 1
-- Check:   overlap between 0 and 1
-- Source:  share: Burt 1992, Structural Holes, chapter 2; overlap: Onnela et al. 2007, PNAS 104:7332
-- Caveat:  only ties with contact in the window or a strength of min_strength have a place
-- Version: 1

with ends as (
    select unnest([true, false]) as is_first
),

sides as (
    select
        tie_months.month,
        case when ends.is_first then tie_months.first_id else tie_months.second_id end as person_id,
        case when ends.is_first then tie_months.second_id else tie_months.first_id end as contact_id,
        tie_months.strength
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    cross join staging.parameters
    cross join ends
    where
        tie_months.strength > 0
        and (
            tie_months.last_contact_date >= wanted_months.window_start_date
            or tie_months.strength >= parameters.min_strength
        )
),

ranked as (
    select
        sides.month,
        sides.person_id,
        sides.contact_id,
        row_number() over (
            partition by sides.month, sides.person_id
            order by sides.strength desc, sides.contact_id
        ) as rank
    from sides
)

select
    ranked.month,  -- the month
    ranked.person_id,  -- whose tie it is
    ranked.contact_id,  -- with whom
    ranked.rank,  -- 1 for the strongest; equal ones in the order of contact_id
    edge_shares.share,  -- of the person's strength in the network; null off it; 0 to 1
    case
        when edge_shares.degree + edge_shares.contact_degree > 2
            then cast(coalesce(shared_contacts.shared_contact_count, 0) as double)
            / (
                edge_shares.degree - 1 + edge_shares.contact_degree - 1
                - coalesce(shared_contacts.shared_contact_count, 0)
            )
    end as overlap  -- shared contacts over all contacts of the two but themselves; null off the network and without others; 0 to 1
from ranked
left join staging.edge_shares
    on edge_shares.month = ranked.month
    and edge_shares.person_id = ranked.person_id
    and edge_shares.contact_id = ranked.contact_id
left join staging.shared_contacts
    on shared_contacts.month = ranked.month
    and shared_contacts.person_id = ranked.person_id
    and shared_contacts.contact_id = ranked.contact_id
