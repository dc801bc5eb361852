-- How many contacts has each person in the network of a month, and how much strength lies in them?
--
-- Grain:   month, person_id
-- Check:   degree >= 1
-- Check:   greatest_strength > 0
-- Version: 1

select
    edges.month,  -- month whose network it is
    edges.person_id,  -- whose network
    count(*) as degree,  -- edges of the person; contacts
    sum(cast(round(edges.strength * 1e12) as bigint)) / 1e12 as total_strength,  -- strength of all of them
    max(edges.strength) as greatest_strength  -- strength of the strongest
from staging.edges
join staging.wanted_months on wanted_months.month = edges.month
group by all
