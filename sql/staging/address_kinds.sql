-- Is an address a person, a robot, a list, a room or a group, and how do we know?
--
-- Grain:   address_key
-- Check:   kind in ('person', 'robot', 'list', 'room', 'group')
-- Check:   kind_reason is not null
-- Caveat:  the first reason that fits holds; whoever gives no reason is a person
-- Caveat:  without a directory, a person away from the first to the last letter and a machine that
--          only acknowledges look alike: who is written to more often than answering is a person
-- Version: 3

-- Reasons are ranked. Precedence 0 is for what a hand wrote down: it beats everything.
with by_hand as (
    select
        kinds_by_hand.address_key,
        0 as precedence,
        kinds_by_hand.kind,
        'people.toml' as kind_reason
    from raw.kinds_by_hand
),

named as (
    select
        own_addresses.address_key,
        1 as precedence,
        'person' as kind,
        'own address in kith.toml' as kind_reason
    from raw.own_addresses
),

directory_entries as (
    select
        people.address_key,
        people.kind
    from raw.people
    union all
    select
        unnest(people.alias_keys) as address_key,
        people.kind
    from raw.people
),

in_directory as (
    select
        directory_entries.address_key,
        2 as precedence,
        case directory_entries.kind
            when 'person' then 'person'
            when 'room' then 'room'
            else 'group'
        end as kind,
        'directory' as kind_reason
    from directory_entries
),

list_addresses as (
    select
        sightings.address_key,
        3 as precedence,
        'list' as kind,
        'List-Post' as kind_reason
    from staging.sightings
    where sightings.posted_count > 0
),

-- List-Id is by custom the list's address with a dot for the @.
list_ids as (
    select
        addresses.address_key,
        4 as precedence,
        'list' as kind,
        'List-Id' as kind_reason
    from raw.addresses
    where replace(addresses.address, '@', '.') in (
        select list_months.list_id
        from staging.list_months
    )
),

attendees as (
    select unnest(events.attendees) as attendee
    from raw.events
),

on_calendars as (
    select
        attendees.attendee.address_key,
        5 as precedence,
        attendees.attendee.kind,
        'calendar' as kind_reason
    from attendees
    where attendees.attendee.kind in ('room', 'group')
),

local_parts as (
    select
        addresses.address_key,
        split_part(addresses.address, '@', 1) as local_part
    from raw.addresses
),

-- bounce.miller@ may be somebody called Miller. Whoever answers again and again outside lists, and
-- seldom with a machine's headers, is; a machine that threads its own mail (git.daemon@) is not
-- believed, for the second word must not be a machine's either.
family_names as (
    select sightings.address_key
    from staging.sightings
    join local_parts on local_parts.address_key = sightings.address_key
    cross join staging.parameters
    where
        regexp_matches(
            local_parts.local_part,
            '^(bounces?|owner|git|svn|jira|jenkins|hudson|cron|alerts?|bot|robot)[._][a-z]{2,}$'
        )
        and not regexp_matches(
            local_parts.local_part,
            '[._](admin|bot|build|builds|bounces?|daemon|error|errors|mail|mailer|news|'
            || 'notifications?|reply|request|robot|server|service|system|support|updates?)$'
        )
        and sightings.answer_count - (sightings.written_count - sightings.direct_count)
        >= parameters.robot_message_count
        and sightings.automated_count
        <= (1 - parameters.robot_message_share) * sightings.written_count
),

-- A hyphen, dot, plus or the end must follow: bounce-17@ is a robot, bouncer@ may be a person, and so
-- is talbot@; patchwork-bot@ and buildbot+7@ are not. An answer to reply+17ab@ goes to a machine.
robot_forms as (
    select
        local_parts.address_key,
        6 as precedence,
        'robot' as kind,
        'form of the address' as kind_reason
    from local_parts
    left join family_names on family_names.address_key = local_parts.address_key
    where
        family_names.address_key is null
        and (
            regexp_matches(
                local_parts.local_part,
                '^(no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer[-_.]?daemon|postmaster|bounces?|'
                || 'notifications?|notify|newsletters?|auto[-_.]?(reply|confirm|mailer)|listserv|'
                || 'majordomo|daemon|cron|owner|srs[01]|jira|jenkins|hudson|buildbot|bugzilla|gerrit|'
                || 'patchwork|git|gitlab|svn|alerts?|alertmanager|nagios|zabbix|www-data|robot|bot)($|[-_.+=])'
            )
            or regexp_matches(local_parts.local_part, '^([a-z]+bot|reply|replies|unsubscribe)[+]')
            or regexp_matches(
                local_parts.local_part,
                '[-_.+](no[-_.]?reply|do[-_.]?not[-_.]?reply|bounces?|notifications?|owner|request|'
                || 'unsubscribe|bot|robot|daemon)$'
            )
        )
),

-- A name is no identity, but one that calls itself a machine is believed if no other name is seen.
robot_names as (
    select
        address_names.address_key,
        6 as precedence,
        'robot' as kind,
        'name of a machine' as kind_reason
    from raw.address_names
    group by address_names.address_key
    having
        bool_and(
            regexp_matches(
                lower(address_names.name),
                '(^|[^a-z])(bot|robot|no-?reply|mailer-daemon|(auto)?mailer|notifications?|'
                || 'newsletter)($|[^a-z])'
            )
        )
),

-- Whoever answers may still be a machine if nearly all that they write says so.
robot_headers as (
    select
        sightings.address_key,
        7 as precedence,
        'robot' as kind,
        'headers of a machine' as kind_reason
    from staging.sightings
    cross join staging.parameters
    where
        sightings.written_count >= parameters.robot_message_count
        and sightings.automated_count >= parameters.robot_message_share * sightings.written_count
        -- Who begins nothing and is written to more often than that is a person who was away.
        and not (
            sightings.answer_count = sightings.written_count
            and sightings.named_count > sightings.written_count
        )
),

-- Sends much, answers nothing, and nobody has ever written to it. Who writes to lists alone may be a
-- person whom nobody answers, so posts do not count.
robot_ways as (
    select
        sightings.address_key,
        8 as precedence,
        'robot' as kind,
        'writes much, never answers, is never written to' as kind_reason
    from staging.sightings
    cross join staging.parameters
    where
        sightings.direct_count >= parameters.silent_robot_message_count
        and sightings.answer_count = 0
        and sightings.named_count = 0
),

-- all@ and sales-team@ are read by many; a person would have written something.
group_forms as (
    select
        local_parts.address_key,
        9 as precedence,
        'group' as kind,
        'form of a group address that never writes' as kind_reason
    from local_parts
    join staging.sightings on sightings.address_key = local_parts.address_key
    where
        sightings.written_count = 0
        and regexp_matches(
            local_parts.local_part,
            '^(all|everyone|everybody|staff)($|[-_.])|[-_.](all|everyone|everybody|staff|team)$'
        )
),

reasons as (
    select by_hand.address_key, by_hand.precedence, by_hand.kind, by_hand.kind_reason from by_hand
    union all
    select named.address_key, named.precedence, named.kind, named.kind_reason from named
    union all
    select in_directory.address_key, in_directory.precedence, in_directory.kind, in_directory.kind_reason from in_directory
    union all
    select list_addresses.address_key, list_addresses.precedence, list_addresses.kind, list_addresses.kind_reason from list_addresses
    union all
    select list_ids.address_key, list_ids.precedence, list_ids.kind, list_ids.kind_reason from list_ids
    union all
    select on_calendars.address_key, on_calendars.precedence, on_calendars.kind, on_calendars.kind_reason from on_calendars
    union all
    select robot_forms.address_key, robot_forms.precedence, robot_forms.kind, robot_forms.kind_reason from robot_forms
    union all
    select robot_names.address_key, robot_names.precedence, robot_names.kind, robot_names.kind_reason from robot_names
    union all
    select robot_headers.address_key, robot_headers.precedence, robot_headers.kind, robot_headers.kind_reason from robot_headers
    union all
    select robot_ways.address_key, robot_ways.precedence, robot_ways.kind, robot_ways.kind_reason from robot_ways
    union all
    select group_forms.address_key, group_forms.precedence, group_forms.kind, group_forms.kind_reason from group_forms
),

ranked as (
    select
        reasons.address_key,
        reasons.kind,
        reasons.kind_reason,
        -- Within the directory a person beats a group that lists the address as its alias.
        row_number() over (
            partition by reasons.address_key
            order by reasons.precedence, reasons.kind desc
        ) as place
    from reasons
)

select
    sightings.address_key,  -- the address
    coalesce(ranked.kind, 'person') as kind,  -- person, robot, list, room, group
    coalesce(ranked.kind_reason, 'nothing speaks against it') as kind_reason  -- what says so
from staging.sightings
left join ranked
    on ranked.address_key = sightings.address_key
    and ranked.place = 1
