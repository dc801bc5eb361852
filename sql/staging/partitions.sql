-- Into which parts does the network of each month fall?
--
-- Grain:   month, person_id
-- Check:   part_id <= person_id
-- Source:  Leiden, modularity: Traag, Waltman & van Eck 2019, Scientific Reports 9:5233
-- Caveat:  the seed is fixed, so the same network gives the same parts; other partitions may be
--          nearly as good
-- Version: 1

with networks as (
    select
        edges.month,
        leiden_parts(
            list(
                struct_pack(
                    person_id := edges.person_id,
                    contact_id := edges.contact_id,
                    strength := edges.strength
                )
                order by edges.person_id, edges.contact_id
            )
        ) as parts
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    where edges.person_id < edges.contact_id
    group by edges.month
),

members as (
    select
        networks.month,
        unnest(networks.parts) as member
    from networks
)

select
    members.month,  -- month whose network it is
    members.member.person_id,  -- the person
    members.member.part_id  -- the part; the smallest person_id in it
from members
