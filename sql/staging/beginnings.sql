-- Which ties did each person begin or revive in the window that ends with each month?
--
-- Grain:   month, person_id, contact_id
-- Check:   person_id <> contact_id
-- Caveat:  begun by whoever wrote first; a tie that begins with a meeting, or with mail both ways in
--          the same instant, was begun by nobody
-- Caveat:  a mailbox that has just been connected seems to begin all its ties; ask it once it is
--          settled
-- Version: 1

with pairs as (
    select
        tie_months.month,
        tie_months.first_id,
        tie_months.second_id,
        wanted_months.window_start_date,
        cast(pair_histories.first_contact_at as date) as first_contact_date,
        tie_months.first_revival_date,
        tie_months.second_revival_date
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    join staging.pair_histories
        on pair_histories.month = tie_months.history_month
        and pair_histories.first_id = tie_months.first_id
        and pair_histories.second_id = tie_months.second_id
    where pair_histories.last_contact_date >= wanted_months.window_start_date
),

sides as (
    select
        pairs.month,
        pairs.first_id as person_id,
        pairs.second_id as contact_id,
        pairs.window_start_date,
        pairs.first_contact_date,
        pairs.first_revival_date as revival_date
    from pairs
    union all
    select
        pairs.month,
        pairs.second_id as person_id,
        pairs.first_id as contact_id,
        pairs.window_start_date,
        pairs.first_contact_date,
        pairs.second_revival_date as revival_date
    from pairs
),

starts as (
    select
        sides.month,
        sides.person_id,
        sides.contact_id,
        sides.first_contact_date >= sides.window_start_date as is_new,
        case
            when sides.first_contact_date >= sides.window_start_date then sides.first_contact_date
            else sides.revival_date
        end as began_date
    from sides
    where
        sides.first_contact_date >= sides.window_start_date
        or sides.revival_date >= sides.window_start_date
),

first_window as (
    select min(wanted_months.window_start_date) as start_date
    from staging.wanted_months
),

-- What passed on those days, seen from the person.
acts as (
    select
        starts.month,
        starts.person_id,
        starts.contact_id,
        starts.is_new,
        starts.began_date,
        contact_days.channel <> 'meeting' as is_own,
        contact_days.first_contact_at
    from staging.contact_days
    join first_window on contact_days.contact_date >= first_window.start_date
    join starts
        on starts.person_id = contact_days.from_person_id
        and starts.contact_id = contact_days.to_person_id
        and starts.began_date = contact_days.contact_date
    union all
    select
        starts.month,
        starts.person_id,
        starts.contact_id,
        starts.is_new,
        starts.began_date,
        false as is_own,
        contact_days.first_contact_at
    from staging.contact_days
    join first_window on contact_days.contact_date >= first_window.start_date
    join starts
        on starts.person_id = contact_days.to_person_id
        and starts.contact_id = contact_days.from_person_id
        and starts.began_date = contact_days.contact_date
),

firsts as (
    select
        acts.month,
        acts.person_id,
        acts.contact_id,
        acts.is_new,
        acts.began_date,
        min(acts.first_contact_at) filter (where acts.is_own) as own_at,
        min(acts.first_contact_at) filter (where not acts.is_own) as other_at
    from acts
    group by all
)

select
    firsts.month,  -- month whose end the window ends with
    firsts.person_id,  -- who wrote first
    firsts.contact_id,  -- to whom
    firsts.is_new,  -- there was no contact before; false: it ended a silence that was lapsed or dormant to the person
    firsts.began_date  -- the day, UTC
from firsts
where
    firsts.own_at is not null
    and (firsts.other_at is null or firsts.own_at < firsts.other_at)
