-- To how many does each person reach out, and whom do they drop once answered?
--
-- Grain:   month, person_id
-- Check:   begun_new_count <= begun_count
-- Check:   beyond_count <= begun_count
-- Check:   dropped_count <= answered_new_count
-- Caveat:  kith's own measure; dropped: answered by somebody new, the person wrote and met no more in
--          the window after the one in which they had begun
-- Version: 1

with begun as (
    select
        beginnings.month,
        beginnings.person_id,
        count(*) as begun_count,
        count(*) filter (where beginnings.is_new) as begun_new_count,
        count(*) filter (
            where
            own.group_name <> theirs.group_name
            and above.person_id is null
            and below.person_id is null
        ) as beyond_count
    from staging.beginnings
    join staging.wanted_months on wanted_months.month = beginnings.month
    left join staging.memberships as own
        on own.month = beginnings.month
        and own.person_id = beginnings.person_id
    left join staging.memberships as theirs
        on theirs.month = beginnings.month
        and theirs.person_id = beginnings.contact_id
    left join staging.superiors as above
        on above.month = beginnings.month
        and above.person_id = beginnings.person_id
        and above.superior_id = beginnings.contact_id
    left join staging.superiors as below
        on below.month = beginnings.month
        and below.person_id = beginnings.contact_id
        and below.superior_id = beginnings.person_id
    group by all
),

-- Ties with new people that were begun a window ago: what came of them?
courses as (
    select
        comparisons.month,
        beginnings.person_id,
        beginnings.contact_id,
        comparisons.earlier_month,
        least(beginnings.person_id, beginnings.contact_id) as first_id,
        greatest(beginnings.person_id, beginnings.contact_id) as second_id
    from staging.comparisons
    join staging.wanted_months on wanted_months.month = comparisons.month
    join staging.beginnings on beginnings.month = comparisons.earlier_month
    where
        comparisons.span = 'window'
        and beginnings.is_new
),

outcomes as (
    select
        courses.month,
        courses.person_id,
        earlier.meeting_count
        + case when courses.person_id = earlier.first_id then earlier.back_mail_count else earlier.there_mail_count end
        + coalesce(
            now.meeting_count
            + case when courses.person_id = now.first_id then now.back_mail_count else now.there_mail_count end,
            0
        ) > 0 as is_answered,
        coalesce(
            now.meeting_count
            + case when courses.person_id = now.first_id then now.there_mail_count else now.back_mail_count end,
            0
        ) = 0 as is_dropped
    from courses
    join staging.tie_windows as earlier
        on earlier.month = courses.earlier_month
        and earlier.first_id = courses.first_id
        and earlier.second_id = courses.second_id
    left join staging.tie_windows as now
        on now.month = courses.month
        and now.first_id = courses.first_id
        and now.second_id = courses.second_id
),

answered as (
    select
        outcomes.month,
        outcomes.person_id,
        count(*) as answered_new_count,
        count(*) filter (where outcomes.is_dropped) as dropped_count
    from outcomes
    where outcomes.is_answered
    group by all
)

select
    coalesce(begun.month, answered.month) as month,  -- month whose end the window ends with
    coalesce(begun.person_id, answered.person_id) as person_id,  -- who reached out
    coalesce(begun.begun_count, 0) as begun_count,  -- ties begun or revived in the window; people
    coalesce(begun.begun_new_count, 0) as begun_new_count,  -- of them those with new people; people
    coalesce(begun.beyond_count, 0) as beyond_count,  -- of those begun, beyond the own group and manager chain; people
    coalesce(answered.answered_new_count, 0) as answered_new_count,  -- new people of the window before who answered since; people
    coalesce(answered.dropped_count, 0) as dropped_count  -- of them those dropped; people
from begun
full join answered
    on answered.month = begun.month
    and answered.person_id = begun.person_id
