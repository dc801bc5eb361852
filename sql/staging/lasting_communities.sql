-- To which lasting community does each person belong in each month?
--
-- Grain:   month, person_id
-- Check:   community_id >= 1
-- Source:  parts of successive months with the most people in common are one community
-- Caveat:  communities are numbered in the order of their birth: months that are added before the
--          first one number them anew
-- Version: 1

with last_wanted as (
    select max(wanted_months.month) as month
    from staging.wanted_months
),

-- Months without a network are skipped: what was one community before is one after.
numbered as (
    select
        partitions.month,
        partitions.person_id,
        partitions.part_id,
        dense_rank() over (order by partitions.month) as month_number
    from staging.partitions
    join last_wanted on partitions.month <= last_wanted.month
),

shares as (
    select
        numbered.month_number,
        numbered.part_id,
        earlier.part_id as earlier_part_id,
        count(*) as shared_count
    from numbered
    left join numbered as earlier
        on earlier.month_number = numbered.month_number - 1
        and earlier.person_id = numbered.person_id
    group by all
),

lines as (
    select
        lasting_communities(
            list(
                struct_pack(
                    month_number := shares.month_number,
                    part_id := shares.part_id,
                    earlier_part_id := shares.earlier_part_id,
                    shared_count := shares.shared_count
                )
                order by shares.month_number, shares.part_id, shares.earlier_part_id
            )
        ) as lasting
    from shares
),

named as (
    select unnest(lines.lasting) as community
    from lines
)

select
    numbered.month,  -- the month
    numbered.person_id,  -- the person
    named.community.community_id  -- the community; 1 for the first that was born
from numbered
join staging.wanted_months on wanted_months.month = numbered.month
join named
    on named.community.month_number = numbered.month_number
    and named.community.part_id = numbered.part_id
