//! `config.toml`: what the user set.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::accounts::Account;
use crate::engine::DeviceWish;
use crate::mail::Person;
use crate::mail::when::{Calendar, Zone};
use crate::search;
use crate::triage::{Kind, Tier};

/// The configuration. Unknown keys are an error: a typing mistake must not pass in silence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    pub(super) me: Me,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) tiers: BTreeMap<String, TierNorm>,
    pub(super) rules: Vec<Rule>,
    pub(super) send: Option<Send>,
    pub(super) models: Models,
    pub(super) notify: Option<Notify>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Me {
    pub(super) name: Option<String>,
    pub(super) addresses: Vec<String>,
    pub(super) time_zone: Option<String>,
    pub(super) work: Option<Work>,
    /// When mail is brought forward.
    pub(super) windows: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Work {
    pub(super) days: Vec<String>,
    pub(super) hours: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TierNorm {
    pub(super) due: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) when: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Send {
    pub(super) from: String,
    pub(super) smtp: Smtp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<Password>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Smtp {
    pub(super) host: String,
    pub(super) port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Password {
    pub(super) command: Vec<String>,
}

/// Told by `sync --watch` of mail that is for now or today.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    /// Program and arguments; the text comes on its standard input.
    pub(super) command: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Models {
    /// The hub `model fetch` asks instead of huggingface.co.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<String>,
    /// What the writer runs on: `auto`, `cpu`, `cuda` or `metal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<DeviceWish>,
}

impl Rule {
    fn check(&self) -> Result<(), Failure> {
        let wrong = |why: String| {
            Failure::asked_wrongly(format!("the rule {:?}: {why}", self.when))
                .hint("a rule has when = a query, and tier or kind (or both)")
        };
        if self.tier.is_none() && self.kind.is_none() {
            return Err(wrong("it has neither tier nor kind".into()));
        }
        search::parse(&self.when).map_err(|error| wrong(error.to_string()))?;
        let tier = self.tier.as_deref().map(str::parse::<Tier>).transpose();
        let kind = self.kind.as_deref().map(str::parse::<Kind>).transpose();
        tier.map_err(|error| wrong(error.to_string()))?;
        kind.map_err(|error| wrong(error.to_string()))?;
        Ok(())
    }
}

impl Send {
    /// The sender: `ada@example.org` or `Ada <ada@example.org>`.
    pub(super) fn sender(&self) -> Person {
        parse_person(&self.from)
            .unwrap_or_else(|| Person { name: String::new(), address: self.from.to_lowercase() })
    }
}

/// An address alone, without a name.
pub(super) fn is_bare_address(text: &str) -> bool {
    parse_person(text).is_some_and(|person| person.address == text.trim().to_lowercase())
}

/// `09:30`.
fn is_time_of_day(text: &str) -> bool {
    let number = |text: &str, below: u8| {
        text.len() == 2 && text.parse::<u8>().is_ok_and(|number| number < below)
    };
    text.split_once(':').is_some_and(|(hour, minute)| number(hour, 24) && number(minute, 60))
}

/// An address as people write it: `ada@example.org` or `Ada <ada@example.org>`. The address comes
/// back in lower case; nothing when it is none.
pub(super) fn parse_person(text: &str) -> Option<Person> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').to_owned(), address.trim()),
        None => (String::new(), text),
    };
    let (local, domain) = address.split_once('@')?;
    let valid = !local.is_empty()
        && !domain.is_empty()
        && !address.contains(|c: char| c.is_whitespace() || c.is_control());
    valid.then(|| Person { name, address: address.to_lowercase() })
}

impl Config {
    /// Reads the file; one that is not there is an empty one.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                let failure = Failure::could_not(format!("reading {}: {error}", path.display()));
                return Err(failure.hint(match error.kind() {
                    std::io::ErrorKind::InvalidData => "save it as UTF-8",
                    std::io::ErrorKind::IsADirectory => "the configuration is a file",
                    _ => "may you read it? `postroom config path` says where it lies",
                }));
            }
        };
        let config: Self = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map(|span| format!(", line {}", text[..span.start].matches('\n').count() + 1))
                .unwrap_or_default();
            Failure::asked_wrongly(format!(
                "reading {}{line}: {}",
                path.display(),
                error.message().replace('\n', " ")
            ))
            .hint("`postroom config path` says where it lies; README.md lists every key")
        })?;
        config.check().map_err(|failure| Failure {
            message: format!("reading {}: {}", path.display(), failure.message),
            ..failure
        })?;
        Ok(config)
    }

    /// What the shape of the file does not say: whether each value means something.
    fn check(&self) -> Result<(), Failure> {
        if let Some(send) = &self.send
            && parse_person(&send.from).is_none()
        {
            let what = format!("[send] from = {:?} is not an address", send.from);
            return Err(Failure::asked_wrongly(what).hint("for example \"Ada <ada@example.org>\""));
        }
        if let Some(wrong) = self.me.addresses.iter().find(|a| !is_bare_address(a)) {
            return Err(Failure::asked_wrongly(format!("[me] addresses: {wrong:?} is no address"))
                .hint("for example addresses = [\"ada@example.org\"]"));
        }
        if let Some(wrong) = self.me.windows.iter().find(|time| !is_time_of_day(time)) {
            return Err(Failure::asked_wrongly(format!("[me] windows: {wrong:?} is no time"))
                .hint("for example windows = [\"09:30\", \"15:30\"]"));
        }
        for (name, account) in &self.accounts {
            account.check().map_err(|error| {
                Failure::asked_wrongly(format!("[accounts.{name}] {error}"))
                    .hint("for example imap = { host = \"imap.example.org\", port = 993 }")
            })?;
        }
        self.rules.iter().try_for_each(Rule::check)?;
        self.calendar().map(|_| ())
    }

    /// When mail is brought forward, in minutes of the day.
    pub(super) fn window_minutes(&self) -> Vec<u16> {
        let minutes = |time: &String| {
            let (hour, minute) = time.split_once(':')?;
            Some(hour.parse::<u16>().ok()? * 60 + minute.parse::<u16>().ok()?)
        };
        self.me.windows.iter().filter_map(minutes).collect()
    }

    /// The user's zone, days and hours of work.
    pub(super) fn calendar(&self) -> Result<Calendar, Failure> {
        let wrong = |error: &dyn std::error::Error| {
            Failure::asked_wrongly(super::failure::chain(error))
                .hint("for example: time_zone = \"Europe/Berlin\", work = { days = [\"mon\"], hours = \"09:00-17:30\" }")
        };
        let zone = match &self.me.time_zone {
            Some(name) => Zone::parse(name).map_err(|error| wrong(&error))?,
            None => linked_zone().unwrap_or_else(Zone::system),
        };
        match &self.me.work {
            None => Ok(Calendar::office(zone)),
            Some(work) => {
                let days: Vec<&str> = work.days.iter().map(String::as_str).collect();
                Calendar::parse(zone, &days, &work.hours).map_err(|error| wrong(&error))
            }
        }
    }
}

/// The zone that `/etc/localtime` links to, read from that one file: to find it by its name the whole
/// database is listed first, which takes longer than a search. Nothing where `TZ` or the system say it
/// otherwise.
fn linked_zone() -> Option<Zone> {
    const LINK: &str = "/etc/localtime";
    if std::env::var_os("TZ").is_some() {
        return None;
    }
    let target = std::fs::read_link(LINK).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    Zone::of_file(name, &std::fs::read(LINK).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Failure> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        Config::read(&path)
    }

    #[test]
    fn the_contract_s_example_is_read() {
        let config = read(
            r#"
            [me]
            addresses = ["ada@example.org"]
            time_zone = "Europe/Berlin"
            work = { days = ["mon","tue","wed","thu","fri"], hours = "09:00-17:30" }
            windows = ["09:30", "15:30"]
            [accounts.work]
            address = "ada@example.org"
            imap = { host = "imap.example.org", port = 993 }
            smtp = { host = "smtp.example.org", port = 465 }
            password.command = ["pass", "show", "mail/work"]
            [accounts.old]
            address = "ada@example.net"
            user = "ada"
            imap = { host = "127.0.0.1", port = 1143, tls = "off" }
            [tiers.today]
            due = "8 working hours"
            [[rules]]
            when = "from:boss@example.org"
            tier = "today"
            [notify]
            command = ["notify-send", "Postroom"]
            [models]
            endpoint = "https://mirror.example.org"
            device = "cuda"
            [send]
            from = "ada@example.org"
            smtp = { host = "smtp.example.org", port = 465 }
            "#,
        )
        .expect("understood");
        assert_eq!(config.me.addresses, ["ada@example.org"]);
        assert_eq!(config.rules[0].tier.as_deref(), Some("today"));
        assert_eq!(config.send.expect("a table").smtp.port, 465);
        assert_eq!(config.models.endpoint.as_deref(), Some("https://mirror.example.org"));
        assert_eq!(config.models.device, Some(DeviceWish::Cuda));
    }

    #[test]
    fn a_typing_mistake_is_named_with_its_line() {
        let failure = read("[me]\nadresses = []\n").expect_err("refused");
        assert_eq!(failure.status, 2);
        assert!(failure.message.contains("line 2") && failure.message.contains("adresses"));
    }

    #[track_caller]
    fn check_refused(text: &str, word: &str) {
        let failure = read(text).expect_err("refused");
        assert_eq!(failure.status, 2);
        assert!(failure.message.contains(word), "{}", failure.message);
        assert!(failure.hint.is_some());
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        check_refused("[me]\nwindows = [\"25:00\"]\n", "25:00");
        check_refused("[me]\nwindows = [\"9:30\"]\n", "9:30");
        check_refused("[me]\naddresses = [\"nope\"]\n", "nope");
        check_refused("[me]\naddresses = [\"Ada <ada@example.org>\"]\n", "Ada");
        check_refused("[[rules]]\nwhen = \"from:boss\"\n", "neither tier nor kind");
        check_refused("[[rules]]\nwhen = \"from:\"\ntier = \"now\"\n", "from:");
        check_refused("[[rules]]\nwhen = \"from:boss\"\ntier = \"soon\"\n", "soon");
        check_refused("[[rules]]\nwhen = \"from:boss\"\nkind = \"friend\"\n", "friend");
        check_refused("[models]\ndevice = \"tpu\"\n", "tpu");
        let account =
            |imap: &str| format!("[accounts.a]\naddress = \"a@b.c\"\nimap = {{ {imap} }}\n");
        check_refused(&account("host = \"imap.example.org\", tls = \"off\""), "imap.example.org");
        check_refused(&account("host = \"imap.example.org\", tls = \"maybe\""), "maybe");
        check_refused(&account("host = \"\""), "host");
    }

    #[test]
    fn windows_are_minutes_of_the_day() {
        let config = read(
            "[me]
windows = [\"09:30\"]
",
        )
        .expect("understood");
        assert_eq!(config.window_minutes(), [9 * 60 + 30]);
    }

    #[track_caller]
    fn check_person(text: &str, expected: Option<(&str, &str)>) {
        let person = parse_person(text);
        let found = person.as_ref().map(|p| (p.name.as_str(), p.address.as_str()));
        assert_eq!(found, expected);
    }

    #[test]
    fn people_are_read_as_they_are_written() {
        check_person("ada@example.org", Some(("", "ada@example.org")));
        check_person("Ada Merz <Ada@Example.org>", Some(("Ada Merz", "ada@example.org")));
        check_person("\"Merz, Ada\" <ada@example.org>", Some(("Merz, Ada", "ada@example.org")));
        check_person("ada", None);
        check_person("@example.org", None);
        check_person("ada@example.org\nBcc: eve@example.net", None);
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        let failure = read("[me]\ntime_zone = \"Mars/Olympus\"\n").expect_err("refused");
        assert!(failure.message.contains("Mars/Olympus"), "{}", failure.message);
    }
}
