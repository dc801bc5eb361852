-- How strong was a tie at the end of each month in which the two had contact?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   there_mail_strength >= 0
-- Check:   back_mail_strength >= 0
-- Check:   meeting_strength >= 0
-- Check:   strength_before >= 0
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Source:  forward decay: Cormode, Shkapenyuk, Srivastava & Xu 2009, ICDE, 138
-- Caveat:  a month without contact changes nothing but by the passing of time, so it has no row
-- Version: 1

with bounds as (
    select
        min(wanted_months.month) as first_month,
        max(wanted_months.month) as last_month
    from staging.wanted_months
),

-- What a month added is scaled up once, by its distance from a fixed day, and the sum so far is
-- scaled down by the distance of each month's end from that day. The day moves on with every era of
-- 60 half-lives, so that whole numbers of 38 digits hold any sum exactly: it is the same whichever
-- months are wanted.
ages as (
    select
        months.month,
        date_diff('day', parameters.first_month, months.as_of_date)
        / parameters.half_life_days as half_lives
    from staging.months
    join bounds on months.month <= bounds.last_month
    cross join staging.parameters
),

scales as (
    select
        ages.month,
        floor(ages.half_lives / 60) as era,
        power(2.0, ages.half_lives - 60 * floor(ages.half_lives / 60)) as scale
    from ages
),

gains as not materialized (
    select
        strength_gains.month,
        strength_gains.first_id,
        strength_gains.second_id,
        scales.era,
        cast(round(strength_gains.there_mail_strength * scales.scale * 1e12) as decimal(38, 0)) as there_mail,
        cast(round(strength_gains.back_mail_strength * scales.scale * 1e12) as decimal(38, 0)) as back_mail,
        cast(round(strength_gains.meeting_strength * scales.scale * 1e12) as decimal(38, 0)) as meetings
    from staging.strength_gains
    join scales on scales.month = strength_gains.month
),

pairs as (
    select distinct
        strength_gains.first_id,
        strength_gains.second_id
    from staging.strength_gains
    join staging.wanted_months on wanted_months.month = strength_gains.month
),

-- All that lies before the wanted months is one row of a pair: it is summed up without an order.
gathered as (
    select
        gains.month,
        gains.first_id,
        gains.second_id,
        gains.there_mail,
        gains.back_mail,
        gains.meetings
    from gains
    join bounds on gains.month >= bounds.first_month
    union all
    select
        max(gains.month) as month,
        gains.first_id,
        gains.second_id,
        sum(gains.there_mail) as there_mail,
        sum(gains.back_mail) as back_mail,
        sum(gains.meetings) as meetings
    from gains
    join bounds on gains.month < bounds.first_month
    join pairs
        on pairs.first_id = gains.first_id
        and pairs.second_id = gains.second_id
    group by gains.first_id, gains.second_id
),

totals as (
    select
        gathered.month,
        gathered.first_id,
        gathered.second_id,
        gathered.there_mail,
        gathered.back_mail,
        gathered.meetings,
        sum(gathered.there_mail) over so_far as there_mail_total,
        sum(gathered.back_mail) over so_far as back_mail_total,
        sum(gathered.meetings) over so_far as meeting_total
    from gathered
    window so_far as (
        partition by gathered.first_id, gathered.second_id
        order by gathered.month
    )
),

eras as (
    select distinct scales.era
    from scales
),

past_eras as (
    select
        gains.first_id,
        gains.second_id,
        gains.era,
        sum(gains.there_mail) as there_mail,
        sum(gains.back_mail) as back_mail,
        sum(gains.meetings) as meetings
    from gains
    where gains.era < (
        select max(eras.era)
        from eras
    )
    group by gains.first_id, gains.second_id, gains.era
),

-- What no longer counts in the sum so far: all of earlier eras, but for the 2^-60 that is left of
-- the one before. Nothing is left of those before that.
forgotten as (
    select
        past_eras.first_id,
        past_eras.second_id,
        eras.era,
        sum(past_eras.there_mail)
        - sum(
            case
                when past_eras.era = eras.era - 1
                    then cast(round(past_eras.there_mail * power(2.0, -60)) as decimal(38, 0))
                else 0
            end
        ) as there_mail,
        sum(past_eras.back_mail)
        - sum(
            case
                when past_eras.era = eras.era - 1
                    then cast(round(past_eras.back_mail * power(2.0, -60)) as decimal(38, 0))
                else 0
            end
        ) as back_mail,
        sum(past_eras.meetings)
        - sum(
            case
                when past_eras.era = eras.era - 1
                    then cast(round(past_eras.meetings * power(2.0, -60)) as decimal(38, 0))
                else 0
            end
        ) as meetings
    from past_eras
    join eras on past_eras.era < eras.era
    group by all
)

select
    totals.month,  -- a month with contact
    totals.first_id,  -- the person with the smaller id
    totals.second_id,  -- the other
    wanted_months.as_of_date,  -- the strengths stand as on this date
    round((totals.there_mail_total - coalesce(forgotten.there_mail, 0)) / scales.scale) / 1e12
        as there_mail_strength,  -- decayed mail of the first to the second, all history
    round((totals.back_mail_total - coalesce(forgotten.back_mail, 0)) / scales.scale) / 1e12
        as back_mail_strength,  -- decayed mail of the second to the first, all history
    round((totals.meeting_total - coalesce(forgotten.meetings, 0)) / scales.scale) / 1e12
        as meeting_strength,  -- decayed meetings, the same each way, all history
    sqrt(
        (
            totals.there_mail_total - totals.there_mail - coalesce(forgotten.there_mail, 0)
            + totals.meeting_total - totals.meetings - coalesce(forgotten.meetings, 0)
        )
        / (scales.scale * 1e12)
        * (
            totals.back_mail_total - totals.back_mail - coalesce(forgotten.back_mail, 0)
            + totals.meeting_total - totals.meetings - coalesce(forgotten.meetings, 0)
        )
        / (scales.scale * 1e12)
    ) as strength_before  -- geometric mean of both directions without the month's own contacts
from totals
join staging.wanted_months on wanted_months.month = totals.month
join scales on scales.month = totals.month
left join forgotten
    on forgotten.first_id = totals.first_id
    and forgotten.second_id = totals.second_id
    and forgotten.era = scales.era
