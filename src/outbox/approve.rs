//! A person's yes, bound to the very bytes it was given to.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use super::render::{Envelope, Stamp, digest, envelope, header_value, render};
use super::show::current_digest;
use super::{Error, clean};
use crate::mail::UnixSeconds;
use crate::store::{Change, Letter, LetterId, LetterRow, LetterState, Store};

/// A letter that a person approved. Only this room can make one: by [`approve`], or by [`approved`]
/// from what is stored, after its digest was checked again.
#[derive(Debug)]
pub struct ApprovedLetter {
    pub(super) id: LetterId,
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: String,
}

impl ApprovedLetter {
    /// Its number.
    pub fn id(&self) -> LetterId {
        self.id
    }

    /// Who it goes to.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The bytes that will leave.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the approval is bound to.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// What became of a letter whose arrival was unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A person saw that it arrived.
    Arrived,
    /// A person saw that it did not: it may be sent again, under the same `Message-ID`.
    Lost,
}

/// Approves the letter whose digest a person was shown.
///
/// # Errors
/// [`Error::Changed`] when the letter is not the one shown, [`Error::Unfinished`] when it has gaps,
/// and what [`render`] refuses.
pub fn approve(
    store: &mut Store,
    id: LetterId,
    shown_digest: &str,
    now: UnixSeconds,
) -> Result<ApprovedLetter, Error> {
    let row = store.letter(id)?;
    let letter = row.letter()?;
    let envelope = envelope(&letter)?;
    let stamp = Stamp { message_id: new_message_id(&letter, id, now), date: now };
    let bytes = render(store, &letter, &stamp)?;
    let digest = digest(&envelope, &bytes);
    if !digest.eq_ignore_ascii_case(shown_digest.trim()) {
        let shown = clean::line(shown_digest, 80);
        return Err(Error::Changed { letter: id.0, shown, now: digest });
    }
    if let Some(quote) = unfinished(&letter).into_iter().next() {
        return Err(Error::Unfinished { letter: id.0, quote });
    }
    store.approve_letter(id, &row.data, &digest, &bytes, now)?;
    store.record(Change::Approve(id), row.in_reply_to.as_slice(), now)?;
    approved(store, id)
}

/// The approved letter as stored, checked again: the stored bytes, and the letter as it reads now,
/// must both have the digest that was approved.
///
/// # Errors
/// [`Error::NotApproved`], or [`Error::Tampered`] when anything differs.
pub fn approved(store: &Store, id: LetterId) -> Result<ApprovedLetter, Error> {
    let row = store.letter(id)?;
    if row.state != LetterState::Approved {
        return Err(Error::NotApproved { letter: id.0, state: row.state.name() });
    }
    verified(store, row)
}

pub(super) fn verified(store: &Store, row: LetterRow) -> Result<ApprovedLetter, Error> {
    let envelope = envelope(&row.letter()?)?;
    super::render::check_form(&row.bytes)?;
    let of_bytes = digest(&envelope, &row.bytes);
    let of_letter = current_digest(store, &row.letter()?)?;
    if of_bytes != row.digest || of_letter != row.digest {
        return Err(Error::Tampered { letter: row.id.0 });
    }
    Ok(ApprovedLetter { id: row.id, envelope, bytes: row.bytes, digest: row.digest })
}

/// Replaces a letter's content; any approval is void.
///
/// # Errors
/// The letter was sent or is being sent.
pub fn edit(
    store: &mut Store,
    id: LetterId,
    letter: &Letter,
    now: UnixSeconds,
) -> Result<(), Error> {
    let row = store.letter(id)?;
    store.edit_letter(id, &letter.to_json())?;
    store.record(Change::Edit(id, row.data), row.in_reply_to.as_slice(), now)?;
    Ok(())
}

/// A person's no.
///
/// # Errors
/// The letter was sent or is being sent.
pub fn reject(store: &mut Store, id: LetterId, now: UnixSeconds) -> Result<(), Error> {
    let row = store.letter(id)?;
    store.reject_letter(id)?;
    store.record(Change::Reject(id), row.in_reply_to.as_slice(), now)?;
    Ok(())
}

/// Writes down what a person found out about a letter whose arrival was unknown.
///
/// # Errors
/// The letter is not unknown.
pub fn settle(
    store: &mut Store,
    id: LetterId,
    arrival: Arrival,
    now: UnixSeconds,
) -> Result<(), Error> {
    let row = store.letter(id)?;
    if row.state != LetterState::Unknown {
        let state = row.state.name().to_owned();
        let refused = "its arrival is not in doubt";
        return Err(crate::store::Error::LetterState { letter: id.0, state, refused }.into());
    }
    let state = match arrival {
        Arrival::Arrived => LetterState::Sent,
        Arrival::Lost => LetterState::Approved,
    };
    store.end_sending(id, state, &row.server_reply, now)?;
    if arrival == Arrival::Arrived {
        store.record(Change::Send(id), row.in_reply_to.as_slice(), now)?;
    }
    Ok(())
}

/// The lines of the user's own text, subject first, in which a gap is left: `[…]`, or one with a note
/// in it (`[… in #12 you wrote: …]`).
pub fn unfinished(letter: &Letter) -> Vec<String> {
    std::iter::once(letter.subject.as_str())
        .chain(letter.body.lines().filter(|line| !line.trim_start().starts_with('>')))
        .filter(|line| line.contains("[…") || line.contains("[...]"))
        .map(|line| clean::line(line, 200))
        .collect()
}

/// The `Message-ID` fixed at approval, without brackets: what to look for in a Sent folder.
pub fn message_id(row: &LetterRow) -> Option<String> {
    let value = header_value(&row.bytes, "Message-ID")?;
    Some(value.trim_matches(['<', '>']).to_owned())
}

/// Nothing of the letter goes into it: a hash of the envelope would let a reader test whom a blind
/// copy went to.
fn new_message_id(letter: &Letter, id: LetterId, now: UnixSeconds) -> String {
    let random = || RandomState::new().build_hasher().finish();
    let domain = letter.from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let domain = super::punycode::ascii_domain(domain).unwrap_or_else(|| "localhost".to_owned());
    format!("{:x}.{:x}.{:016x}{:016x}@{domain}", now.0.max(0), id.0, random(), random())
}
