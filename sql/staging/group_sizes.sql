-- How many people has each group in the network?
--
-- Grain:   month, group_name
-- Check:   people_count >= 1
-- Caveat:  never published: small groups stand here, too
-- Version: 1

select
    memberships.month,  -- the month
    memberships.group_name,  -- department inside the own organisation, domain outside
    max(cast(memberships.is_internal as integer)) = 1 as is_internal,  -- of the own organisation
    count(*) as people_count  -- its people in the network; people
from staging.network_sizes
join staging.wanted_months on wanted_months.month = network_sizes.month
join staging.memberships
    on memberships.month = network_sizes.month
    and memberships.person_id = network_sizes.person_id
where memberships.group_name is not null
group by memberships.month, memberships.group_name
