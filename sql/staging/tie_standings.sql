-- Where does each tie stand among the person's ties, and in the network of the month?
--
-- Grain:   month, person_id, contact_id
-- Check:   rank >= 1
-- Check:   share between 0 and 1
-- Check:   overlap between 0 and 1
-- Source:  share: Burt 1992, Structural Holes, chapter 2; overlap: Onnela et al. 2007, PNAS 104:7332
-- Caveat:  only ties with contact in the window or a strength of min_strength have a place
-- Version: 1

with pairs as (
    select
        tie_months.month,
        tie_months.first_id,
        tie_months.second_id,
        tie_months.strength,
        shared_contacts.first_share,
        shared_contacts.second_share,
        shared_contacts.overlap
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    cross join staging.parameters
    left join staging.shared_contacts
        on shared_contacts.month = tie_months.month
        and shared_contacts.first_id = tie_months.first_id
        and shared_contacts.second_id = tie_months.second_id
    where
        tie_months.strength > 0
        and (
            tie_months.last_contact_date >= wanted_months.window_start_date
            or tie_months.strength >= parameters.min_strength
        )
),

ends as (
    select unnest([true, false]) as is_first
),

sides as (
    select
        pairs.month,
        case when ends.is_first then pairs.first_id else pairs.second_id end as person_id,
        case when ends.is_first then pairs.second_id else pairs.first_id end as contact_id,
        pairs.strength,
        case when ends.is_first then pairs.first_share else pairs.second_share end as share,
        pairs.overlap
    from pairs
    cross join ends
)

select
    sides.month,  -- the month
    sides.person_id,  -- whose tie it is
    sides.contact_id,  -- with whom
    row_number() over (
        partition by sides.month, sides.person_id
        order by sides.strength desc, sides.contact_id
    ) as rank,  -- 1 for the strongest; equal ones in the order of contact_id
    sides.share,  -- of the person's strength in the network; null off it; 0 to 1
    sides.overlap  -- shared contacts over all contacts of the two but themselves; null off the network and without others; 0 to 1
from sides
