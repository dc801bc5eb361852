-- Which local parts name a role and nobody in particular?
--
-- Grain:   local_part
-- Source:  RFC 2142, and what mail servers, shops and associations use, by hand
-- Caveat:  a list kept by hand is never complete; a role that is missing looks like somebody's own
-- Version: 1

select
    unnest([
        'abuse', 'account', 'accounting', 'accounts', 'admin', 'administration', 'administrator',
        'all', 'announce', 'billing', 'board', 'booking', 'buero', 'bugs', 'calendar', 'career',
        'careers', 'company', 'contact', 'contacto', 'contato', 'customerservice', 'desk', 'dev',
        'devel', 'director', 'disclosure', 'editor', 'email', 'enquiries', 'enquiry', 'events',
        'everybody', 'everyone', 'feedback', 'finance', 'ftp', 'general', 'hello', 'help',
        'helpdesk', 'hi', 'hostmaster', 'hr', 'info', 'information', 'inquiries', 'invoice',
        'invoices', 'it', 'jobs', 'kontakt', 'legal', 'list', 'lists', 'mail', 'mailbox',
        'maintainer', 'maintainers', 'management', 'manager', 'marketing', 'me', 'media', 'members',
        'membership', 'my', 'news', 'noc', 'office', 'ops', 'order', 'orders', 'patches', 'payments',
        'post', 'press', 'privacy', 'procurement', 'public', 'purchasing', 'reception', 'recruiting',
        'recruitment', 'registration', 'reply', 'reports', 'request', 'root', 'sales', 'secretary',
        'security', 'sekretariat', 'service', 'services', 'shop', 'social', 'spam', 'staff',
        'support', 'sysadmin', 'system', 'team', 'tech', 'test', 'ticket', 'tickets', 'training',
        'travel', 'undisclosed', 'unsubscribe', 'user', 'usenet', 'uucp', 'verkauf', 'vertrieb',
        'web', 'webmaster', 'welcome', 'work', 'www'
    ]) as local_part  -- what stands before the @; lower case
