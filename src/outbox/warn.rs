//! What a person should look at before saying yes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::show::Recipient;
use super::{Error, clean, punycode};
use crate::mail::{self, Person};
use crate::store::{Header, Letter, LetterRow, Scope, Store};

/// Messages looked through for known people.
const HEADERS_MAX: usize = 50_000;
/// A domain is the user's usual company from this many letters on.
const USUAL_LETTERS_MIN: usize = 2;

/// What kind of thing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// The user never wrote to this address, nor heard from it.
    NewContact,
    /// The message answered asks for answers at another domain than its sender's.
    ReplyToElsewhere,
    /// The domain looks like one the user writes to, and is not.
    LookAlike,
    /// The domain has letters outside ASCII.
    ForeignLetters,
    /// The greeting names somebody who does not get it.
    GreetingName,
    /// The text speaks of an attachment, and there is none.
    NoAttachment,
    /// Something noticed when the letter was written.
    Noted,
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What kind.
    pub kind: WarningKind,
    /// In words for a person.
    pub text: String,
}

pub(super) fn warnings(
    store: &Store,
    row: &LetterRow,
    letter: &Letter,
    recipients: &[Recipient],
) -> Result<Vec<Warning>, Error> {
    let mut found: Vec<Warning> = Vec::new();
    let mut add = |kind, text: String| {
        if !found.iter().any(|warning: &Warning| warning.text == text) {
            found.push(Warning { kind, text });
        }
    };
    for text in &letter.warnings {
        add(WarningKind::Noted, clean::line(text, 300));
    }
    let answered = match row.in_reply_to {
        Some(id) => store.headers(&Scope { ids: Some(vec![id]), ..Scope::default() })?.pop(),
        None => None,
    };
    let elsewhere = answered.as_ref().and_then(|header| {
        let list = header.facts.list_id.as_deref();
        reply_to_elsewhere(&header.from.address, &header.people.reply_to, list, recipients)
    });
    if let Some(text) = elsewhere {
        add(WarningKind::ReplyToElsewhere, text);
    }
    let company = Company::of(store, answered.as_ref(), recipients)?;
    for recipient in recipients {
        let domain = domain_of(&recipient.address);
        if let Some(usual) = company.look_alike(domain) {
            let text = format!("{domain} looks like {usual}, but is another domain");
            add(WarningKind::LookAlike, text);
        }
        if domain.split('.').any(|label| label.starts_with("xn--")) {
            let text = format!("{domain} is a name with letters outside ASCII");
            add(WarningKind::ForeignLetters, text);
        }
        if !company.known.contains(&recipient.address) {
            let text = format!("new contact: {} has not been in your mail", recipient.address);
            add(WarningKind::NewContact, text);
        }
    }
    if let Some(name) = greeted_stranger(letter, recipients) {
        let text = format!("the greeting names {name}, who is not among the recipients");
        add(WarningKind::GreetingName, text);
    }
    if letter.attachments.is_empty() && speaks_of_attachment(&letter.body) {
        let text = "the text speaks of an attachment, and there is none".to_owned();
        add(WarningKind::NoAttachment, text);
    }
    Ok(found)
}

/// Whom the user knows.
#[derive(Default)]
struct Company {
    /// Addresses seen as author, or written to.
    known: BTreeSet<String>,
    /// Domains written to, with the number of letters.
    domains: BTreeMap<String, usize>,
}

impl Company {
    fn of(
        store: &Store,
        answered: Option<&Header>,
        recipients: &[Recipient],
    ) -> Result<Self, Error> {
        let mut company = Self::default();
        let wanted: BTreeSet<&str> = recipients.iter().map(|r| r.address.as_str()).collect();
        for (address, _) in store.own_addresses()? {
            company.domains.insert(domain_of(&address).to_owned(), USUAL_LETTERS_MIN);
            company.known.insert(address);
        }
        let scope = Scope { newest_first: true, limit: Some(HEADERS_MAX), ..Scope::default() };
        store.each_header::<Error>(&scope, |header| {
            // The very message answered makes nobody known: a stranger wrote it.
            if answered.is_some_and(|answered| answered.id == header.id) && !header.own {
                return Ok(());
            }
            company.take(&header, &wanted);
            Ok(())
        })?;
        Ok(company)
    }

    fn take(&mut self, header: &Header, wanted: &BTreeSet<&str>) {
        let from = wire(&header.from.address);
        if wanted.contains(from.as_str()) {
            self.known.insert(from);
        }
        if !header.own {
            return;
        }
        let people = &header.people;
        let mut domains = BTreeSet::new();
        for person in people.to.iter().chain(&people.cc).chain(&people.bcc) {
            let address = wire(&person.address);
            domains.insert(domain_of(&address).to_owned());
            if wanted.contains(address.as_str()) {
                self.known.insert(address);
            }
        }
        for domain in domains {
            *self.domains.entry(domain).or_default() += 1;
        }
    }

    /// The usual domain that `domain` could be taken for.
    fn look_alike(&self, domain: &str) -> Option<&str> {
        let usual = |letters: usize| letters >= USUAL_LETTERS_MIN;
        if domain.is_empty() || self.domains.get(domain).copied().is_some_and(usual) {
            return None;
        }
        let shape = skeleton(domain);
        // Another host of somebody the user writes to.
        let ours = self
            .domains
            .iter()
            .any(|(known, letters)| usual(*letters) && owner(known) == owner(domain));
        let drawn = |known: &str| {
            if domain.ends_with(known) || known.ends_with(domain) {
                None
            } else if skeleton(known) == shape || one_edit_apart(known, domain) {
                Some(Likeness::Drawn)
            } else if ours {
                None
            } else {
                wears_the_name(domain, known)
            }
        };
        self.domains
            .iter()
            .filter(|(known, letters)| usual(**letters) && known.len() >= 5 && known.contains('.'))
            .filter_map(|(known, _)| drawn(known).map(|likeness| (likeness, known.len(), known)))
            .max()
            .map(|(_, _, known)| known.as_str())
    }
}

/// How one domain is like another, the plainest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Its owner's name is in it.
    Name,
    /// The whole of it is in it.
    Inside,
    /// The eye takes one for the other.
    Drawn,
}

fn wire(address: &str) -> String {
    let Some((user, domain)) = address.rsplit_once('@') else { return address.to_owned() };
    match punycode::ascii_domain(domain) {
        Some(domain) => format!("{user}@{domain}"),
        None => address.to_owned(),
    }
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The last two labels: near enough to what one owner holds for a warning.
fn owner(domain: &str) -> &str {
    let dots: Vec<usize> = domain.match_indices('.').map(|(at, _)| at).collect();
    if dots.len() < 2 { domain } else { &domain[dots[dots.len() - 2] + 1..] }
}

/// Where an answer to mail of `from` goes when its `Reply-To` leads away. A list that wants answers sent
/// to itself leads nowhere new: its mail names it.
fn reply_to_elsewhere(
    from: &str,
    reply_to: &[Person],
    list: Option<&str>,
    recipients: &[Recipient],
) -> Option<String> {
    let from = wire(from);
    let list = list.map(owner);
    let elsewhere = reply_to.iter().map(|person| wire(&person.address)).find(|address| {
        let there = owner(domain_of(address));
        let is_other = there != owner(domain_of(&from)) || is_public(there) && *address != from;
        is_other
            && list != Some(there)
            && recipients.iter().any(|recipient| recipient.address == *address)
    })?;
    Some(format!("the mail is from {from}, but the answer goes to {elsewhere}"))
}

/// Whether everybody may have an address there.
fn is_public(owner: &str) -> bool {
    owner.split('.').next().is_some_and(|name| PROVIDERS.contains(&name))
}

/// Names whose owners hold them under many endings, and whose users are everybody.
const PROVIDERS: &[&str] = &[
    "gmail",
    "google",
    "googlemail",
    "outlook",
    "hotmail",
    "live",
    "yahoo",
    "icloud",
    "proton",
    "protonmail",
    "fastmail",
    "web",
    "gmx",
    "mail",
    "amazon",
    "microsoft",
];
/// A shorter name is a word that anybody may have in theirs.
const NAME_CHARS_MIN: usize = 6;

/// How `domain` shows `known`, or its name, and is somebody else's: `example.org.evil.net`,
/// `harbor-foods-billing.net`, `harbor-foods.net` for `harbor-foods.example`.
fn wears_the_name(domain: &str, known: &str) -> Option<Likeness> {
    if owner(domain) == owner(known) {
        return None;
    }
    if format!(".{domain}.").contains(&format!(".{known}.")) {
        return Some(Likeness::Inside);
    }
    let name = owner(known).split('.').next().unwrap_or_default();
    if name.len() < NAME_CHARS_MIN || PROVIDERS.contains(&name) {
        return None;
    }
    let shape = skeleton(name);
    // Its ending is nobody's name.
    let labels = domain.rsplit_once('.').map_or("", |(labels, _)| labels);
    let worn = labels.split('.').any(|label| {
        let before =
            label.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
        let behind = label.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
        before || behind || skeleton(label) == shape
    });
    worn.then_some(Likeness::Name)
}

/// A domain with what the eye takes for the same made the same.
fn skeleton(domain: &str) -> String {
    domain
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
        .chars()
        .filter_map(|c| match c {
            '0' => Some('o'),
            '1' | 'i' | '|' => Some('l'),
            '3' => Some('e'),
            '5' => Some('s'),
            '-' => None,
            other => Some(other),
        })
        .collect()
}

/// Whether one letter put in, left out, changed, or two swapped make one the other.
fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    a.len().max(b.len()) <= 1 || (a.len() == 2 && b.len() == 2 && a[0] == b[1] && a[1] == b[0])
}

/// A name in the greeting that belongs to no recipient.
fn greeted_stranger(letter: &Letter, recipients: &[Recipient]) -> Option<String> {
    // To a list or to many, a greeting may name anybody.
    if recipients.len() > 5 {
        return None;
    }
    let greeting = mail::greeting(&letter.body)?;
    let known: Vec<String> = recipients
        .iter()
        .map(|recipient| format!("{} {}", recipient.name, recipient.address).to_lowercase())
        .collect();
    // Without a display name an address like a1@… tells nobody's name.
    if recipients.iter().any(|recipient| recipient.name.is_empty()) {
        return None;
    }
    let names: Vec<&str> = greeting
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-')))
        .filter(|word| word.chars().next().is_some_and(char::is_uppercase))
        .filter(|word| word.chars().count() > 1 && !is_greeting_word(word))
        .collect();
    let stranger = |name: &&str| !known.iter().any(|known| known.contains(&name.to_lowercase()));
    if names.is_empty() || !names.iter().all(stranger) {
        return None;
    }
    names.first().map(|name| (*name).to_owned())
}

fn is_greeting_word(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "hi",
        "hello",
        "hey",
        "dear",
        "good",
        "morning",
        "afternoon",
        "evening",
        "day",
        "greetings",
        "all",
        "team",
        "everyone",
        "everybody",
        "folks",
        "both",
        "there",
        "sir",
        "madam",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "hallo",
        "liebe",
        "lieber",
        "guten",
        "tag",
        "abend",
        "morgen",
        "sehr",
        "geehrte",
        "geehrter",
        "frau",
        "herr",
        "herren",
        "damen",
        "moin",
        "servus",
        "bonjour",
        "bonsoir",
        "salut",
        "cher",
        "chère",
        "chers",
        "madame",
        "monsieur",
        "hola",
        "estimado",
        "estimada",
        "buenos",
        "buenas",
        "señor",
        "señora",
        "ciao",
        "gentile",
        "beste",
        "geachte",
        "hej",
        "hei",
        "olá",
        "caro",
        "cara",
        "colleagues",
        "kollegen",
        "ladies",
        "gentlemen",
    ];
    WORDS.contains(&word.to_lowercase().as_str())
}

fn speaks_of_attachment(body: &str) -> bool {
    const MARKS: &[&str] = &[
        "attached is",
        "attached are",
        "i attach",
        "i've attached",
        "i have attached",
        "please find attached",
        "see attached",
        "see the attached",
        "im anhang",
        "anbei",
        "ci-joint",
        "en pièce jointe",
        "adjunto",
    ];
    body.lines().filter(|line| !line.trim_start().starts_with('>')).any(|line| {
        let line = line.to_lowercase();
        MARKS.iter().any(|mark| line.contains(mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_look_alike(domain: &str, expected: Option<&str>) {
        let mut company = Company::default();
        for known in ["harbor-foods.example", "example.org", "milano.example.com"] {
            company.domains.insert(known.to_owned(), 3);
        }
        company.domains.insert("once.quarry.net".to_owned(), 1);
        assert_eq!(company.look_alike(domain), expected, "{domain}");
    }

    #[test]
    fn look_alikes_are_told_from_neighbours() {
        check_look_alike("harbor-foods.example", None);
        check_look_alike("harb0r-foods.example", Some("harbor-foods.example"));
        check_look_alike("harborfoods.example", Some("harbor-foods.example"));
        check_look_alike("harbour-foods.example", Some("harbor-foods.example"));
        check_look_alike("exarnple.org", Some("example.org"));
        check_look_alike("exampel.org", Some("example.org"));
        check_look_alike("mail.example.org", None);
        check_look_alike("sample.org", None);
        check_look_alike("another.example", None);
        check_look_alike("0nce.quarry.net", None);
        check_look_alike("harbor-foods.example.evil.net", Some("harbor-foods.example"));
        check_look_alike("harbor-foods-billing.net", Some("harbor-foods.example"));
        check_look_alike("my-harbor-foods.net", Some("harbor-foods.example"));
        check_look_alike("harbor-foods.net", Some("harbor-foods.example"));
        check_look_alike("login.harbor-foods.net", Some("harbor-foods.example"));
        check_look_alike("harbor-food-market.net", None);
    }

    const USUAL: [&str; 10] = [
        "harbor-foods.example",
        "northwind-traders.example",
        "lindenhof-klinik.example",
        "meridian-travel.example",
        "quillmark.example",
        "bluecanyon.example",
        "stadtwerke-altona.example",
        "orbitale.example",
        "maple-street-school.example",
        "vandermeer-legal.example",
    ];

    /// Whether an answer from `from` to `reply_to` is warned of.
    fn leads_away(from: &str, reply_to: &str, list: Option<&str>) -> bool {
        let person = |address: &str| Person { name: String::new(), address: address.to_owned() };
        let (role, name) = (super::super::show::Role::To, String::new());
        let recipient = Recipient { role, name, address: reply_to.to_owned() };
        reply_to_elsewhere(from, &[person(reply_to)], list, &[recipient]).is_some()
    }

    #[test]
    fn of_a_hundred_answers_led_away_all_are_warned_of_and_of_a_hundred_others_none() {
        let (mut missed, mut alarmed) = (Vec::new(), Vec::new());
        for (at, known) in USUAL.iter().enumerate() {
            let from = format!("name{at}@{known}");
            let label = known.split('.').next().expect("a label");
            for reply_to in [
                format!("name{at}@gmail.com"),
                format!("{label}@outlook.com"),
                format!("name{at}@{label}.test"),
                format!("name{at}@{known}.test"),
                format!("name{at}@{label}-billing.test"),
                format!("billing@mail.{label}.test"),
                format!("name{at}@xn--{label}-abc.test"),
                format!("ceo{at}@elsewhere.test"),
                format!(
                    "name{at}@{}",
                    known.replacen('l', "1", 1).replacen('o', "0", 1).replacen('a', "4", 1)
                ),
            ] {
                if !leads_away(&from, &reply_to, None) {
                    missed.push(reply_to);
                }
            }
            // From one stranger at a public provider to another.
            if !leads_away(&format!("name{at}@gmail.com"), &format!("other{at}@gmail.com"), None) {
                missed.push(from.clone());
            }
            for (reply_to, list) in [
                (from.clone(), None),
                (format!("support@{known}"), None),
                (format!("name{at}@mail.{known}"), None),
                (format!("ticket+{at}@desk.{known}"), None),
                (format!("name{at}.home@{known}"), None),
                ("dev@lists.parser.test".to_owned(), Some("dev.lists.parser.test")),
                ("dev@parser.test".to_owned(), Some("dev.parser.test")),
                ("users@groups.parser.test".to_owned(), Some("users.groups.parser.test")),
                (format!("team@{known}"), Some("team.lists.parser.test")),
                (format!("NAME{at}@{known}").to_lowercase(), None),
            ] {
                if leads_away(&from, &reply_to, list) {
                    alarmed.push(reply_to);
                }
            }
        }
        assert!(missed.is_empty(), "missed: {missed:?}");
        assert!(alarmed.is_empty(), "false alarms: {alarmed:?}");
    }

    /// Ten ways to look like a domain.
    fn forgeries(known: &str) -> [String; 10] {
        let (name, ending) = known.split_once('.').expect("two labels");
        let middle = name.len() / 2;
        let (a, b) = name.split_at(middle);
        let swapped: String = {
            let mut chars: Vec<char> = name.chars().collect();
            chars.swap(1, 2);
            chars.into_iter().collect()
        };
        let drawn = name.replacen('l', "1", 1).replacen('o', "0", 1).replacen('e', "3", 1);
        [
            format!("{drawn}.{ending}"),
            format!("{swapped}.{ending}"),
            format!("{a}{}.{ending}", &b[1..]),
            format!("{a}{}{b}.{ending}", &b[..1]),
            format!("{a}-{b}.{ending}"),
            format!("{name}.test"),
            format!("{name}-billing.test"),
            format!("secure-{name}.test"),
            format!("{known}.account-check.test"),
            format!("{name}.mail-login.test"),
        ]
    }

    #[test]
    fn of_a_hundred_forged_domains_all_are_warned_of_and_of_a_hundred_others_few() {
        let mut company = Company::default();
        for known in USUAL {
            company.domains.insert(known.to_owned(), 3);
        }
        let forged: Vec<String> = USUAL.iter().flat_map(|known| forgeries(known)).collect();
        assert_eq!(forged.len(), 100);
        let missed: Vec<&String> =
            forged.iter().filter(|domain| company.look_alike(domain).is_none()).collect();
        assert!(missed.is_empty(), "missed: {missed:?}");
        let words = [
            "harbor", "foods", "north", "traders", "klinik", "travel", "quill", "canyon", "school",
            "legal",
        ];
        let others =
            ["press", "works", "house", "online", "group", "labs", "partner", "city", "one"];
        let mut clean: Vec<String> = words
            .iter()
            .flat_map(|word| others.iter().map(move |other| format!("{word}-{other}.test")))
            .collect();
        clean.extend(USUAL.iter().map(|known| format!("mail.{known}")));
        assert_eq!(clean.len(), 100);
        let alarmed: Vec<&String> =
            clean.iter().filter(|domain| company.look_alike(domain).is_some()).collect();
        assert!(alarmed.len() <= 2, "false alarms: {alarmed:?}");
        eprintln!("100 of 100 forged, {} of 100 clean ones warned of", alarmed.len());
    }
}
