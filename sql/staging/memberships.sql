-- To which group does each person belong in each month in which they matter?
--
-- Grain:   month, person_id
-- Check:   is_internal is not null
-- Caveat:  the department is that of the month, everything else is timeless
-- Version: 1

with met as (
    select distinct
        tie_strength.month,
        tie_strength.person_id
    from metrics.tie_strength
    join staging.wanted_months on wanted_months.month = tie_strength.month
)

select
    met.month,  -- the month
    met.person_id,  -- somebody who has a tie of any state
    case
        when affiliations.is_internal and posts.department is not null then posts.department
        when not affiliations.is_freemail then affiliations.domain
    end as group_name,  -- department inside the own organisation, domain outside; null for freemail
    affiliations.is_internal,  -- of the own organisation, or oneself
    affiliations.is_freemail  -- the address is of a public mail service
from met
join staging.affiliations on affiliations.person_id = met.person_id
left join staging.posts
    on posts.month = met.month
    and posts.person_id = met.person_id
