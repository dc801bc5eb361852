-- Which addresses, other than its own, stand as author in a mailbox's sent folder?
--
-- Grain:   month, mailbox_id, author_key
-- Check:   message_count >= 1
-- Caveat:  who writes for somebody else stands in Sender; what they write is not counted
-- Caveat:  what was written to the owner has only strayed into the folder
-- Version: 1

with candidates as (
    select
        wanted_months.month,
        messages.mailbox_id,
        messages.message_id,
        messages.message_key,
        messages.author_key
    from raw.messages
    join staging.wanted_months
        on wanted_months.month = date_trunc('month', messages.sent_date)
        and messages.sent_date >= wanted_months.month
        and messages.sent_at < wanted_months.as_of
    join raw.mailboxes on mailboxes.mailbox_id = messages.mailbox_id
    where
        messages.author_key <> mailboxes.address_key
        and (messages.sender_key is null or messages.sender_key = messages.author_key)
        and not list_contains(messages.to_keys, mailboxes.address_key)
        and not list_contains(messages.cc_keys, mailboxes.address_key)
        and not list_contains(messages.bcc_keys, mailboxes.address_key)
),

-- Gmail's label and the folder in files; Outlook's folders have names of their own.
filed as (
    select
        message_folders.mailbox_id,
        message_folders.message_id
    from raw.message_folders
    where message_folders.folder_id in ('SENT', 'sent')
    union all
    select
        message_folders.mailbox_id,
        message_folders.message_id
    from raw.message_folders
    join raw.folders
        on folders.mailbox_id = message_folders.mailbox_id
        and folders.folder_id = message_folders.folder_id
        and folders.name = 'sent'
)

select
    candidates.month,  -- the month
    candidates.mailbox_id,  -- the mailbox
    candidates.author_key,  -- an address that is not its own
    count(distinct candidates.message_key) as message_count  -- messages in the sent folder from it
from candidates
join filed
    on filed.mailbox_id = candidates.mailbox_id
    and filed.message_id = candidates.message_id
group by candidates.month, candidates.mailbox_id, candidates.author_key
