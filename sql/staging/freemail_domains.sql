-- Which domains are nobody's organisation, because anybody can have an address there?
--
-- Grain:   domain
-- Source:  the larger public mail services and the mail domains of internet providers, by hand
-- Caveat:  a list kept by hand is never complete; a domain that is missing looks like an organisation
-- Version: 1

select
    unnest([
        '126.com', '163.com', 'alice.it', 'aol.co.uk', 'aol.com', 'aol.de', 'arcor.de', 'att.net',
        'bellsouth.net', 'bigpond.com', 'bluewin.ch', 'bol.com.br', 'btinternet.com', 'charter.net',
        'comcast.net', 'compuserve.com', 'cox.net', 'daum.net', 'duck.com', 'earthlink.net',
        'email.com', 'email.cz', 'fastmail.com', 'fastmail.fm', 'foxmail.com', 'free.fr',
        'freenet.de', 'gmail.com', 'gmx.at', 'gmx.ch', 'gmx.com', 'gmx.de', 'gmx.net',
        'googlemail.com', 'hanmail.net', 'hey.com', 'hotmail.co.uk', 'hotmail.com', 'hotmail.de',
        'hotmail.es', 'hotmail.fr', 'hotmail.it', 'hushmail.com', 'icloud.com', 'inbox.lv',
        'inbox.ru', 'juno.com', 'laposte.net', 'libero.it', 'live.co.uk', 'live.com', 'live.de',
        'live.fr', 'live.nl', 'mac.com', 'mail.com', 'mail.ru', 'mailbox.org', 'me.com', 'msn.com',
        'naver.com', 'netscape.net', 'ntlworld.com', 'o2.pl', 'onet.pl', 'optonline.net',
        'orange.fr', 'outlook.com', 'outlook.de', 'outlook.fr', 'pacbell.net', 'pm.me',
        'posteo.de', 'proton.me', 'protonmail.com', 'qq.com', 'rambler.ru', 'rediffmail.com',
        'riseup.net', 'rocketmail.com', 'rogers.com', 'sbcglobal.net', 'seznam.cz', 'sfr.fr',
        'shaw.ca', 'sina.com', 'sympatico.ca', 't-online.de', 'telus.net', 'tin.it', 'tiscali.it',
        'tuta.com', 'tutanota.com', 'ukr.net', 'uol.com.br', 'verizon.net', 'virgilio.it',
        'wanadoo.fr', 'web.de', 'wp.pl', 'xs4all.nl', 'xtra.co.nz', 'yahoo.ca', 'yahoo.co.in',
        'yahoo.co.jp', 'yahoo.co.uk', 'yahoo.com', 'yahoo.com.au', 'yahoo.com.br', 'yahoo.de',
        'yahoo.es', 'yahoo.fr', 'yahoo.it', 'yandex.com', 'yandex.ru', 'ymail.com', 'zoho.com'
    ]) as domain  -- a public mail service; lower case
