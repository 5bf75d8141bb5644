//! A letter as a person sees it before saying yes.

use serde::Serialize;

use super::render::{Stamp, address, digest, envelope, render};
use super::warn::{Warning, warnings};
use super::{Error, clean, unfinished};
use crate::mail::{Person, UnixSeconds};
use crate::store::{Letter, LetterFile, LetterId, LetterState, Store};

/// In which header a recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// `Bcc`: the others do not see it.
    Bcc,
}

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// In which header.
    pub role: Role,
    /// Display name.
    pub name: String,
    /// The address as it goes over the wire: a domain outside ASCII in Punycode.
    pub address: String,
}

/// A letter with everything its approval is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub letter: LetterId,
    /// Where it stands.
    pub state: LetterState,
    /// The headers that will leave, but for `Date` and `Message-ID`, which approval sets.
    pub headers: Vec<(&'static str, String)>,
    /// Everyone who gets it.
    pub recipients: Vec<Recipient>,
    /// The text.
    pub body: String,
    /// What it carries.
    pub attachments: Vec<LetterFile>,
    /// What [`super::approve()`] wants back.
    pub digest: String,
    /// Lines with gaps; while there are any, it cannot be approved.
    pub unfinished: Vec<String>,
    /// What to look at first.
    pub warnings: Vec<Warning>,
}

/// A letter as it would leave.
///
/// # Errors
/// No such letter, or what [`render`] refuses.
pub fn show(store: &Store, id: LetterId) -> Result<Shown, Error> {
    let row = store.letter(id)?;
    let letter = row.letter()?;
    let recipients = recipients(&letter)?;
    let digest = current_digest(store, &letter)?;
    let mut headers = vec![("From", written(&letter.from)?)];
    for (name, people) in [("To", &letter.to), ("Cc", &letter.cc), ("Bcc", &letter.bcc)] {
        let written: Result<Vec<String>, Error> = people.iter().map(written).collect();
        let written = written?.join(", ");
        if !written.is_empty() {
            headers.push((name, written));
        }
    }
    headers.push(("Subject", clean::subject(&letter.subject)));
    if let Some(id) = clean::id(&letter.in_reply_to) {
        headers.push(("In-Reply-To", format!("<{id}>")));
    }
    let warnings = warnings(store, &row, &letter, &recipients)?;
    Ok(Shown {
        letter: id,
        state: row.state,
        headers,
        recipients,
        body: clean::body(&letter.body).replace("\r\n", "\n"),
        attachments: letter.attachments.clone(),
        digest,
        unfinished: unfinished(&letter),
        warnings,
    })
}

/// The digest of a letter as it reads now.
///
/// # Errors
/// What [`render`] refuses.
pub fn current_digest(store: &Store, letter: &Letter) -> Result<String, Error> {
    // Date and Message-ID do not count; any will do.
    let stamp = Stamp { message_id: "unset@localhost".to_owned(), date: UnixSeconds(0) };
    Ok(digest(&envelope(letter)?, &render(store, letter, &stamp)?))
}

fn recipients(letter: &Letter) -> Result<Vec<Recipient>, Error> {
    let roles = [(Role::To, &letter.to), (Role::Cc, &letter.cc), (Role::Bcc, &letter.bcc)];
    let mut recipients = Vec::new();
    for (role, people) in roles {
        for person in people {
            let address = address("recipient", person)?.to_string();
            recipients.push(Recipient { role, name: clean::name(&person.name), address });
        }
    }
    Ok(recipients)
}

fn written(person: &Person) -> Result<String, Error> {
    let address = address("recipient", person)?;
    let name = clean::name(&person.name);
    Ok(if name.is_empty() { address.to_string() } else { format!("{name} <{address}>") })
}
