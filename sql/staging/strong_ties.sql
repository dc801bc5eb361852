-- Which are the strongest ties of each mailbox owner, as far as they are strong?
--
-- Grain:   month, person_id, contact_id
-- Check:   strength > 0
-- Check:   place >= 1
-- Caveat:  of the network: contact both ways in the window; no more than sympathy_layer_size of each
--          person, as what is made of them looks at every two of these
-- Version: 1

with placed as (
    select
        edges.month,
        edges.person_id,
        edges.contact_id,
        edges.strength,
        row_number() over (
            partition by edges.month, edges.person_id
            order by edges.strength desc, edges.contact_id
        ) as place
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    join staging.owners
        on owners.person_id = edges.person_id
        and owners.first_covered_at < wanted_months.as_of
    cross join staging.parameters
    where edges.strength >= parameters.strong_strength
)

select
    placed.month,  -- the month
    placed.person_id,  -- somebody whose mailbox is read
    placed.contact_id,  -- with whom
    placed.strength,  -- strength of the tie
    placed.place,  -- 1 for the strongest; of equal strengths the smaller contact_id comes first
    tie_strength.contact_day_count,  -- days with contact in the window; days
    tie_strength.last_contact_at  -- last contact; UTC
from placed
join metrics.tie_strength
    on tie_strength.month = placed.month
    and tie_strength.person_id = placed.person_id
    and tie_strength.contact_id = placed.contact_id
cross join staging.parameters
where placed.place <= parameters.sympathy_layer_size
