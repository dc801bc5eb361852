-- What may be said to everybody about the whole network?
--
-- Grain:   month
-- Caveat:  metrics.network without its counts, which would tell what the groups leave open, and without
--          its panels: two crowds that differ by one mailbox tell what is in that mailbox
-- Caveat:  null where fewer than min_group_size people have a tie, or write mail
-- Version: 1

with writers as (
    select
        tie_windows.month,
        tie_windows.first_id as person_id
    from staging.tie_windows
    join staging.wanted_months on wanted_months.month = tie_windows.month
    where tie_windows.there_mail_count > 0 or tie_windows.back_mail_count > 0
    union
    select
        tie_windows.month,
        tie_windows.second_id as person_id
    from staging.tie_windows
    join staging.wanted_months on wanted_months.month = tie_windows.month
    where tie_windows.there_mail_count > 0 or tie_windows.back_mail_count > 0
),

crowds as (
    select
        writers.month,
        count(*) as writer_count
    from writers
    group by writers.month
)

select
    network.month,  -- the month
    case
        when network.people_count >= parameters.min_group_size then network.mean_strength
    end as mean_strength,  -- strength of a tie in the network; null without any
    case
        when crowds.writer_count >= parameters.min_group_size then network.reciprocity
    end as reciprocity,  -- of the weight of mail in the window, what is returned; 0 to 1
    case
        when crowds.writer_count >= parameters.min_group_size then network.mutual_share
    end as mutual_share,  -- of pairs with mail in the window, those with mail both ways; 0 to 1
    case
        when crowds.writer_count >= parameters.min_group_size then network.link_reciprocity
    end as link_reciprocity  -- of directed links by mail in the window, those returned; 0 to 1
from metrics.network
join staging.wanted_months on wanted_months.month = network.month
cross join staging.parameters
left join crowds on crowds.month = network.month
where network.scope = 'all'
