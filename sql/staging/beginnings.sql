-- Which ties did each person begin or revive in the window that ends with each month?
--
-- Grain:   month, person_id, contact_id
-- Check:   person_id <> contact_id
-- Caveat:  begun by whoever wrote first; a tie that begins with a meeting, or with mail both ways in
--          the same instant, was begun by nobody
-- Caveat:  a mailbox that has just been connected seems to begin all its ties; ask it once it is
--          settled
-- Version: 1

with begun as (
    select
        tie_months.month,
        tie_months.first_id,
        tie_months.second_id,
        wanted_months.window_start_date,
        cast(tie_months.first_contact_at as date) as first_contact_date,
        tie_months.first_revival_date,
        tie_months.second_revival_date,
        tie_months.mutual_date is not null as is_mutual
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    where
        greatest(
            cast(tie_months.first_contact_at as date),
            tie_months.first_revival_date,
            tie_months.second_revival_date
        ) >= wanted_months.window_start_date
),

ends as (
    select unnest([true, false]) as is_first
),

starts as (
    select
        begun.month,
        begun.first_id,
        begun.second_id,
        ends.is_first,
        begun.is_mutual,
        begun.first_contact_date >= begun.window_start_date as is_new,
        case
            when begun.first_contact_date >= begun.window_start_date then begun.first_contact_date
            when ends.is_first then begun.first_revival_date
            else begun.second_revival_date
        end as began_date,
        begun.window_start_date
    from begun
    cross join ends
),

-- A tie begins, and a silence ends, on the first day with contact of its month: whoever wrote first
-- in that month wrote first on that day.
firsts as (
    select
        starts.month,
        case when starts.is_first then starts.first_id else starts.second_id end as person_id,
        case when starts.is_first then starts.second_id else starts.first_id end as contact_id,
        starts.is_new,
        starts.is_mutual,
        starts.began_date,
        case
            when starts.is_first then pair_months.first_there_mail_at else pair_months.first_back_mail_at
        end as own_at,
        least(
            case
                when starts.is_first then pair_months.first_back_mail_at
                else pair_months.first_there_mail_at
            end,
            pair_months.first_meeting_at
        ) as other_at
    from starts
    join staging.pair_months
        on pair_months.month = cast(date_trunc('month', starts.began_date) as date)
        and pair_months.first_id = starts.first_id
        and pair_months.second_id = starts.second_id
    where starts.began_date >= starts.window_start_date
)

select
    firsts.month,  -- month whose end the window ends with
    firsts.person_id,  -- who wrote first
    firsts.contact_id,  -- to whom
    firsts.is_new,  -- there was no contact before; false: it ended a silence that was lapsed or dormant to the person
    firsts.is_mutual,  -- both have turned to each other by the month's end
    firsts.began_date  -- the day, UTC
from firsts
where
    firsts.own_at is not null
    and (firsts.other_at is null or firsts.own_at < firsts.other_at)
