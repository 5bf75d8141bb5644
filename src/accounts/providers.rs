//! What is known of the big providers: where their servers are, what they want, what they do in
//! their own way. A look here tells nobody anything.

use super::{Account, Server};

/// What a server does in its own way, where it matters to a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// Whether its CONDSTORE may be used when it offers it.
    pub condstore: bool,
    /// Whether its QRESYNC may be used when it offers it.
    pub qresync: bool,
    /// Whether it wants to be told who asks (ID, RFC 2971) before a folder is opened.
    pub id_first: bool,
    /// Most messages asked for with one command.
    pub batch_messages_max: usize,
    /// Whether it puts what it sends among the sent mail by itself: another copy would be one too many
    /// (thunderbird-android#7134).
    pub keeps_sent: bool,
}

/// A server nobody has complained about.
const PLAIN: Quirks = Quirks {
    condstore: true,
    qresync: true,
    id_first: false,
    batch_messages_max: 500,
    keeps_sent: false,
};

/// A provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What people call it.
    pub name: &'static str,
    /// Its addresses end in one of these.
    pub domains: &'static [&'static str],
    /// Its IMAP server, on port 993 with TLS from the first byte.
    pub imap: &'static str,
    /// Where it takes mail to be sent.
    pub smtp: (&'static str, u16),
    /// Whether it logs in by the part of the address before the @ alone.
    pub user_is_local_part: bool,
    /// What to do first, or why it does not work yet.
    pub hint: &'static str,
    /// Whether it takes no passwords at all, not even for one application.
    pub without_passwords: bool,
    quirks: Quirks,
}

impl Provider {
    /// Its IMAP server.
    pub fn server(&self) -> Server {
        Server::new(self.imap, 993)
    }

    /// Its SMTP server.
    pub fn smtp_server(&self) -> Server {
        Server::new(self.smtp.0, self.smtp.1)
    }
}

const OTHER: Provider = Provider {
    name: "",
    domains: &[],
    imap: "",
    smtp: ("", 465),
    user_is_local_part: false,
    hint: "",
    without_passwords: false,
    quirks: PLAIN,
};

const APP_PASSWORD: &str = "it wants a password made for this one application, not your own";

/// The sources of the quirks: Outlook has no CONDSTORE it can be held to; iCloud's QRESYNC sends
/// VANISHED for mail that is there (Mailspring-Sync#91); Yahoo takes seconds a command, more the
/// more is asked (MailKit#650); 126 and 163 want ID before a folder is opened (himalaya#729).
const PROVIDERS: &[Provider] = &[
    Provider {
        name: "Gmail",
        domains: &["gmail.com", "googlemail.com"],
        imap: "imap.gmail.com",
        smtp: ("smtp.gmail.com", 465),
        hint: "two-step verification on, then an app password (myaccount.google.com/apppasswords)",
        quirks: Quirks { keeps_sent: true, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "Outlook",
        domains: &["outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de"],
        imap: "outlook.office365.com",
        smtp: ("smtp.office365.com", 587),
        hint: "Microsoft has switched passwords off for mail programs; its own login (OAuth) is not here yet",
        without_passwords: true,
        quirks: Quirks { condstore: false, qresync: false, keeps_sent: true, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        imap: "imap.mail.me.com",
        smtp: ("smtp.mail.me.com", 587),
        user_is_local_part: true,
        hint: "an app-specific password (account.apple.com)",
        quirks: Quirks { qresync: false, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "Yahoo",
        domains: &[
            "yahoo.com",
            "yahoo.de",
            "yahoo.co.uk",
            "yahoo.fr",
            "ymail.com",
            "rocketmail.com",
        ],
        imap: "imap.mail.yahoo.com",
        smtp: ("smtp.mail.yahoo.com", 465),
        hint: APP_PASSWORD,
        quirks: Quirks { condstore: false, qresync: false, batch_messages_max: 100, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "AOL",
        domains: &["aol.com", "aim.com"],
        imap: "imap.aol.com",
        smtp: ("smtp.aol.com", 465),
        hint: APP_PASSWORD,
        quirks: Quirks { condstore: false, qresync: false, batch_messages_max: 100, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "Fastmail",
        domains: &["fastmail.com", "fastmail.fm"],
        imap: "imap.fastmail.com",
        smtp: ("smtp.fastmail.com", 465),
        hint: APP_PASSWORD,
        ..OTHER
    },
    Provider {
        name: "GMX",
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        imap: "imap.gmx.net",
        smtp: ("mail.gmx.net", 465),
        hint: "allow POP3 and IMAP in its settings first",
        ..OTHER
    },
    Provider {
        name: "GMX",
        domains: &["gmx.com", "gmx.us", "gmx.co.uk"],
        imap: "imap.gmx.com",
        smtp: ("mail.gmx.com", 465),
        hint: "allow POP3 and IMAP in its settings first",
        ..OTHER
    },
    Provider {
        name: "WEB.DE",
        domains: &["web.de"],
        imap: "imap.web.de",
        smtp: ("smtp.web.de", 587),
        hint: "allow POP3 and IMAP in its settings first",
        ..OTHER
    },
    Provider {
        name: "T-Online",
        domains: &["t-online.de", "magenta.de"],
        imap: "secureimap.t-online.de",
        smtp: ("securesmtp.t-online.de", 465),
        hint: "a password for mail programs, set in its settings",
        ..OTHER
    },
    Provider {
        name: "mailbox.org",
        domains: &["mailbox.org"],
        imap: "imap.mailbox.org",
        smtp: ("smtp.mailbox.org", 465),
        ..OTHER
    },
    Provider {
        name: "Posteo",
        domains: &["posteo.de", "posteo.net"],
        imap: "posteo.de",
        smtp: ("posteo.de", 465),
        ..OTHER
    },
    Provider {
        name: "Zoho",
        domains: &["zoho.com", "zohomail.com"],
        imap: "imap.zoho.com",
        smtp: ("smtp.zoho.com", 465),
        hint: "allow IMAP in its settings first",
        ..OTHER
    },
    Provider {
        name: "Yandex",
        domains: &["yandex.com", "yandex.ru", "ya.ru"],
        imap: "imap.yandex.com",
        smtp: ("smtp.yandex.com", 465),
        hint: APP_PASSWORD,
        ..OTHER
    },
    Provider {
        name: "Mail.ru",
        domains: &["mail.ru", "bk.ru", "list.ru", "inbox.ru"],
        imap: "imap.mail.ru",
        smtp: ("smtp.mail.ru", 465),
        hint: APP_PASSWORD,
        ..OTHER
    },
    Provider {
        name: "163",
        domains: &["163.com"],
        imap: "imap.163.com",
        smtp: ("smtp.163.com", 465),
        hint: APP_PASSWORD,
        quirks: Quirks { id_first: true, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "126",
        domains: &["126.com"],
        imap: "imap.126.com",
        smtp: ("smtp.126.com", 465),
        hint: APP_PASSWORD,
        quirks: Quirks { id_first: true, ..PLAIN },
        ..OTHER
    },
    Provider {
        name: "QQ",
        domains: &["qq.com", "foxmail.com"],
        imap: "imap.qq.com",
        smtp: ("smtp.qq.com", 465),
        hint: APP_PASSWORD,
        ..OTHER
    },
];

/// The provider of an address, by its domain.
pub fn provider(address: &str) -> Option<&'static Provider> {
    let (_, domain) = address.rsplit_once('@')?;
    let domain = domain.trim().to_lowercase();
    PROVIDERS.iter().find(|provider| provider.domains.contains(&domain.as_str()))
}

/// What the server at `host` does in its own way: an own domain may lie with a big provider.
pub fn quirks_of(host: &str) -> Quirks {
    let host = host.to_lowercase();
    let known = PROVIDERS.iter().find(|provider| {
        provider.imap == host
            || (provider.name == "Outlook" && host.ends_with(".outlook.com"))
            || (provider.name == "iCloud" && host.ends_with(".imap.mail.me.com"))
    });
    known.map_or(PLAIN, |provider| provider.quirks)
}

/// Where an account hands mail over: as the config says, else as its provider has it.
pub fn smtp_of(account: &Account) -> Option<Server> {
    let known = || {
        let host = account.imap.host.to_lowercase();
        let found = PROVIDERS.iter().find(|provider| provider.imap == host);
        found.map(Provider::smtp_server)
    };
    account.smtp.clone().or_else(known)
}

/// Words with which servers ask to be left alone, and for how many seconds where they do not say: Gmail's
/// daily limit (lieer#40), Outlook's pace (imapsync#212, #272).
const WAITS: &[(&str, u64)] = &[
    ("request is throttled", 60),
    ("[throttled]", 60),
    ("[overquota] account exceeded command or bandwidth limits", 900),
    ("exceeded command or bandwidth limits", 900),
    ("too many simultaneous connections", 60),
    ("too many connections", 60),
    ("rate limit", 60),
    ("server busy", 30),
];
/// Nobody is asked to wait longer at once.
const WAIT_SECONDS_MAX: u64 = 3_600;

/// For how many seconds a server asks to be left alone, if that is what a refusal says.
pub fn wait_asked(said: &str) -> Option<u64> {
    let said = said.to_lowercase();
    if let Some((_, rest)) = said.split_once("suggested backoff time:") {
        let digits: String = rest.trim().chars().take_while(char::is_ascii_digit).collect();
        let milliseconds: u64 = digits.parse().ok()?;
        return Some(milliseconds.div_ceil(1_000).clamp(1, WAIT_SECONDS_MAX));
    }
    WAITS.iter().find(|(words, _)| said.contains(words)).map(|(_, seconds)| *seconds)
}
