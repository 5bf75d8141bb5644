//! Who gets an answer, under which subject. Decided here from the mail's header alone.

use crate::mail::{Message, Person};
use crate::store::Header;

use super::Audience;

/// Ids in `References`.
const REFERENCES_MAX: usize = 50;

/// Who gets an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// `To`.
    pub to: Vec<Person>,
    /// `Cc`.
    pub cc: Vec<Person>,
    /// What to look at.
    pub warnings: Vec<String>,
}

/// The recipients of an answer to `header`: whom `Reply-To` names, else the author; for
/// [`Audience::All`] everybody else but the user. A follow-up to the user's own mail goes to those
/// it went to.
pub fn recipients(header: &Header, own: &[String], audience: Audience) -> Recipients {
    let people = &header.people;
    let is_own = |person: &Person| own.contains(&person.address);
    let mut found = Recipients::default();
    if header.own || is_own(&header.from) {
        found.to = distinct(people.to.iter().filter(|p| !is_own(p)), &[]);
        if found.to.is_empty() {
            found.to = distinct(people.to.iter().chain([&header.from]).take(1), &[]);
        }
        if audience == Audience::All {
            found.cc = distinct(people.cc.iter().filter(|p| !is_own(p)), &found.to);
        }
        return found;
    }
    let answers_to: Vec<&Person> =
        people.reply_to.iter().filter(|person| !person.address.is_empty()).collect();
    found.to = if answers_to.is_empty() {
        vec![header.from.clone()]
    } else {
        distinct(answers_to.into_iter(), &[])
    };
    let elsewhere = found.to.iter().find(|person| domain(person) != domain(&header.from));
    if let Some(person) = elsewhere {
        found.warnings.push(format!(
            "the mail is from {}, but asks for answers to {}",
            header.from.address, person.address
        ));
    }
    if audience == Audience::All {
        let others = people.to.iter().chain(&people.cc).filter(|person| !is_own(person));
        found.cc = distinct(others, &found.to);
    }
    found
}

fn distinct<'a>(people: impl Iterator<Item = &'a Person>, without: &[Person]) -> Vec<Person> {
    let mut kept: Vec<Person> = Vec::new();
    for person in people.filter(|person| !person.address.is_empty()) {
        let known = |other: &Person| other.address == person.address;
        if !kept.iter().any(known) && !without.iter().any(known) {
            kept.push(person.clone());
        }
    }
    kept
}

fn domain(person: &Person) -> &str {
    person.address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// `Re: ` and the subject, with reply marks of all languages taken off first.
pub fn reply_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some(shorter) = without_mark(rest) {
        rest = shorter;
    }
    if rest.is_empty() { "Re:".to_owned() } else { format!("Re: {rest}") }
}

/// `Re[2]: x` without its mark; forward marks stay, for they say what the mail is.
fn without_mark(subject: &str) -> Option<&str> {
    const MARKS: &[&str] =
        &["re", "aw", "antw", "sv", "vs", "odp", "réf", "ref", "rif", "res", "回复", "答复"];
    let (mark, rest) = subject.split_once([':', '：'])?;
    let mark = mark.trim().to_lowercase();
    let plain = mark.split(['[', '(', '^']).next().unwrap_or_default().trim();
    MARKS.contains(&plain).then(|| rest.trim_start())
}

/// RFC 5322, 3.6.4: the parent's references (else what it answers) and the parent.
pub(super) fn references(parent: &Message) -> Vec<String> {
    let mut ids = if parent.references.is_empty() && parent.in_reply_to.len() == 1 {
        parent.in_reply_to.clone()
    } else {
        parent.references.clone()
    };
    if let Some(id) = &parent.rfc_id {
        ids.retain(|other| other != id);
        ids.push(id.clone());
    }
    if ids.len() > REFERENCES_MAX {
        ids.drain(1..=ids.len() - REFERENCES_MAX);
    }
    ids
}
