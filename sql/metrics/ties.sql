-- Which two people were ever in contact, and how do they stand now?
--
-- Grain:   person_id, contact_id
-- Check:   person_id <> contact_id
-- Check:   strength >= 0
-- Check:   first_contact_at <= last_contact_at
-- Check:   contact_day_count >= 1
-- Check:   state in ('dormant', 'one_way', 'reactivated', 'new', 'lapsed', 'fading', 'active')
-- Warn:    has rows
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193; dormant: Levin,
--          Walter & Murnighan 2011, Organization Science 22:923
-- Caveat:  every pair stands twice, once for each of the two; nobody is ever dropped
-- Version: 1
--
-- Topic:   How strong?
-- Asks:    strength: How close are the two now, if only what goes both ways counts?
-- High:    strength: both give each other attention, often and lately
-- Low:     strength: little or old contact; 0 where only one of the two ever wrote
-- Formula: strength: that of the last month of metrics.tie_strength; 0 where the tie is no longer there
-- High:    contact_day_count: they have met or written on many days
-- Low:     contact_day_count: 1, a single day

with newest as (
    select max(months.month) as month
    from staging.months
),

latest as (
    select
        pair_histories.first_id,
        pair_histories.second_id,
        max(pair_histories.month) as month
    from staging.pair_histories
    group by all
),

pairs as (
    select
        pair_histories.first_id,
        pair_histories.second_id,
        pair_histories.first_contact_at,
        pair_histories.last_contact_at,
        pair_histories.last_contact_date,
        pair_histories.mutual_date,
        pair_histories.contact_day_count,
        months.as_of_date,
        newest.month,
        unnest([true, false]) as is_first
    from staging.pair_histories
    join latest
        on latest.first_id = pair_histories.first_id
        and latest.second_id = pair_histories.second_id
        and latest.month = pair_histories.month
    cross join newest
    join staging.months on months.month = newest.month
),

sides as (
    select
        pairs.month,
        case when pairs.is_first then pairs.first_id else pairs.second_id end as person_id,
        case when pairs.is_first then pairs.second_id else pairs.first_id end as contact_id,
        pairs.first_contact_at,
        pairs.last_contact_at,
        pairs.last_contact_date,
        pairs.mutual_date,
        pairs.contact_day_count,
        pairs.as_of_date
    from pairs
),

-- Named apart, so that no other month is read.
standing as (
    select
        tie_strength.person_id,
        tie_strength.contact_id,
        tie_strength.strength,
        tie_strength.state
    from metrics.tie_strength
    join newest on newest.month = tie_strength.month
)

-- A tie that has left metrics.tie_strength is in the last of the states that it can have left in.
select
    sides.person_id,  -- whose tie it is
    sides.contact_id,  -- with whom
    sides.first_contact_at,  -- first contact ever; UTC
    sides.last_contact_at,  -- last contact; UTC
    sides.contact_day_count,  -- days with contact, ever; days
    coalesce(standing.strength, 0) as strength,  -- at the end of the last month; 0 where the tie is no longer there
    case
        when standing.state is not null then standing.state
        when
            date_diff('day', sides.last_contact_date, sides.as_of_date) >= parameters.dormant_days
            then 'dormant'
        when sides.mutual_date is null then 'one_way'
        else 'lapsed'
    end as state  -- dormant, one_way, reactivated, new, lapsed, fading, active
from sides
left join standing
    on standing.person_id = sides.person_id
    and standing.contact_id = sides.contact_id
cross join staging.parameters
