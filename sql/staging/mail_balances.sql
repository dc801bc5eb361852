-- How much mail has each person given, and how much of it came back from the same people?
--
-- Grain:   month, person_id
-- Check:   mutual_strength >= 0
-- Check:   out_strength >= 0
-- Source:  reciprocity: Squartini et al. 2013, Scientific Reports 3:2729; decay: Ahmad, Porter &
--          Beguerisse-Diaz 2021, arXiv:1805.00193
-- Caveat:  of everybody whom the person ever wrote to: who never answered weighs on until it has
--          decayed, when metrics.tie_strength has no row of the two any more
-- Version: 1

with bounds as (
    select max(wanted_months.month) as last_month
    from staging.wanted_months
),

-- A row of staging.pair_histories holds until the pair's next contact.
held as (
    select
        pair_histories.first_id,
        pair_histories.second_id,
        pair_histories.month as from_month,
        coalesce(
            lead(pair_histories.month) over (
                partition by pair_histories.first_id, pair_histories.second_id
                order by pair_histories.month
            ),
            bounds.last_month + 1
        ) as until_month,
        pair_histories.as_of_date,
        pair_histories.there_mail_strength,
        pair_histories.back_mail_strength
    from staging.pair_histories
    join bounds on pair_histories.month <= bounds.last_month
),

decayed as (
    select
        wanted_months.month,
        held.first_id,
        held.second_id,
        held.there_mail_strength,
        held.back_mail_strength,
        least(held.there_mail_strength, held.back_mail_strength) as mutual_strength,
        1e12 * power(
            2.0,
            -date_diff('day', held.as_of_date, wanted_months.as_of_date) / parameters.half_life_days
        ) as parts
    from held
    join staging.wanted_months
        on wanted_months.month >= held.from_month
        and wanted_months.month < held.until_month
    cross join staging.parameters
    where
        held.there_mail_strength > 0
        or held.back_mail_strength > 0
),

sides as (
    select
        decayed.month,
        decayed.first_id as person_id,
        cast(round(decayed.mutual_strength * decayed.parts) as bigint) as mutual_parts,
        cast(round(decayed.there_mail_strength * decayed.parts) as bigint) as out_parts
    from decayed
    union all
    select
        decayed.month,
        decayed.second_id as person_id,
        cast(round(decayed.mutual_strength * decayed.parts) as bigint) as mutual_parts,
        cast(round(decayed.back_mail_strength * decayed.parts) as bigint) as out_parts
    from decayed
)

select
    sides.month,  -- the month
    sides.person_id,  -- whose mail it is
    sum(sides.mutual_parts) / 1e12 as mutual_strength,  -- sum over contacts of the smaller of both directions, decayed
    sum(sides.out_parts) / 1e12 as out_strength  -- decayed mail to all of them
from sides
group by all
