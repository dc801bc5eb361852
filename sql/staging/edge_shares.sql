-- What part of each end's network is an edge?
--
-- Grain:   month, person_id, contact_id
-- Check:   share between 0 and 1
-- Check:   degree >= 1
-- Check:   contact_degree >= 1
-- Source:  Burt 1992, Structural Holes, chapter 2: p_ij
-- Version: 3

select
    edges.month,  -- month whose network it is
    edges.person_id,  -- one end
    edges.contact_id,  -- the other end
    edges.strength,  -- strength of the tie
    -- Rounded sums may fall short of their only part by a last digit.
    least(edges.strength / own.total_strength, 1) as share,  -- Burt's p_ij: of the person's strength; 0 to 1
    own.degree,  -- edges of the person; contacts
    theirs.degree as contact_degree  -- edges of the contact; contacts
from staging.edges
join staging.wanted_months on wanted_months.month = edges.month
join staging.network_sizes as own
    on own.month = edges.month
    and own.person_id = edges.person_id
join staging.network_sizes as theirs
    on theirs.month = edges.month
    and theirs.person_id = edges.contact_id
