//! The user's own letters, with what is theirs told apart.

use std::collections::BTreeSet;

use crate::mail::{self, MessageId, Person, UnixSeconds, Voice as Speaker};
use crate::store::{self, Header, Scope, Store};

/// Letters learned from, newest first.
const LETTERS_MAX: usize = 400;
/// Further ones to the correspondent, and to their domain.
const NEAR_LETTERS_MAX: usize = 100;
/// Other people's mail that favourite phrases are set against.
const OTHERS_MAX: usize = 200;
/// Headers looked through.
const HEADERS_MAX: usize = 60_000;

/// One letter of the user.
#[derive(Clone, Debug)]
pub(super) struct OwnLetter {
    pub(super) id: MessageId,
    pub(super) subject: String,
    pub(super) to: Vec<Person>,
    pub(super) everyone: BTreeSet<String>,
    /// Empty when unsure.
    pub(super) language: String,
    pub(super) greeting: String,
    pub(super) sign_off: String,
    pub(super) signature: String,
    /// Own words without greeting and sign-off.
    pub(super) body: String,
    pub(super) is_reply: bool,
    /// Own words stand above a quote of the mail answered.
    pub(super) quotes_below: bool,
}

/// Why the headers' walk ended early.
enum Ended {
    Enough,
    Store(store::Error),
}

impl From<store::Error> for Ended {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// The user's letters, newest first, and own words of others' mail.
pub(super) fn gather(
    store: &Store,
    me: &[String],
    as_of: UnixSeconds,
    correspondent: Option<&str>,
) -> Result<(Vec<OwnLetter>, Vec<String>), store::Error> {
    let mut chosen: Vec<Header> = Vec::new();
    let mut others: Vec<MessageId> = Vec::new();
    let (mut to_them, mut to_domain) = (0, 0);
    let domain = correspondent.and_then(domain_of);
    let scope = Scope {
        newest_first: true,
        until: Some(as_of),
        limit: Some(HEADERS_MAX),
        ..Scope::default()
    };
    let walked = store.each_header::<Ended>(&scope, |header| {
        if !(header.own || me.contains(&header.from.address)) {
            if others.len() < OTHERS_MAX && is_personal(&header) {
                others.push(header.id);
            }
            return Ok(());
        }
        let everyone = addresses(&header);
        let near = correspondent.is_some_and(|them| everyone.contains(them));
        let in_domain =
            domain.is_some() && everyone.iter().any(|address| domain_of(address) == domain);
        let wanted = chosen.len() < LETTERS_MAX
            || near && to_them < NEAR_LETTERS_MAX
            || in_domain && to_domain < NEAR_LETTERS_MAX;
        to_them += usize::from(near);
        to_domain += usize::from(in_domain);
        if wanted {
            chosen.push(header);
        }
        let full = chosen.len() >= LETTERS_MAX && others.len() >= OTHERS_MAX;
        if full && (correspondent.is_none() || to_them >= NEAR_LETTERS_MAX) {
            return Err(Ended::Enough);
        }
        Ok(())
    });
    if let Err(Ended::Store(error)) = walked {
        return Err(error);
    }
    let mut letters = Vec::new();
    for header in &chosen {
        if let Some(text) = text_of(store, header.id)? {
            let letter = own_letter(header, &text);
            // What was merely passed on shows no manner of writing.
            if !letter.body.is_empty() {
                letters.push(letter);
            }
        }
    }
    let mut words = Vec::new();
    for id in others {
        words.extend(text_of(store, id)?.map(|text| mail::own_words(&text)));
    }
    Ok((letters, words))
}

/// The text of a stored message; nothing when its bytes are damaged.
pub(super) fn text_of(store: &Store, id: MessageId) -> Result<Option<String>, store::Error> {
    match store.raw(id) {
        Ok(raw) => Ok(Some(mail::parse(&raw).text)),
        Err(store::Error::Damaged { .. } | store::Error::NoMessage { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn own_letter(header: &Header, text: &str) -> OwnLetter {
    let passages = mail::passages(text);
    let first_own = passages.iter().position(|passage| {
        passage.voice == Speaker::Own && !text[passage.start..passage.end].trim().is_empty()
    });
    let last_quoted = passages.iter().rposition(|passage| passage.voice == Speaker::Quoted);
    let signature = mail::letter_shape(text).signature;
    let own = mail::own_words(text);
    let shape = mail::letter_shape(&own);
    let body_start = shape.greeting.as_ref().map_or(0, |range| range.end);
    let body_end = shape.sign_off.as_ref().map_or(own.len(), |range| range.start).max(body_start);
    let part = |range: Option<std::ops::Range<usize>>| {
        range.and_then(|range| own.get(range)).unwrap_or_default().trim().to_owned()
    };
    OwnLetter {
        id: header.id,
        subject: header.subject.clone(),
        to: header.people.to.clone(),
        everyone: addresses(header),
        language: header.language.clone(),
        body: own.get(body_start..body_end).unwrap_or_default().trim().to_owned(),
        greeting: part(shape.greeting),
        sign_off: part(shape.sign_off),
        signature: signature
            .and_then(|range| text.get(range))
            .map(|text| text.trim().trim_start_matches("--").trim().to_owned())
            .unwrap_or_default(),
        is_reply: mail::base_subject(&header.subject).1,
        quotes_below: matches!((first_own, last_quoted), (Some(own), Some(quoted)) if own < quoted),
    }
}

fn addresses(header: &Header) -> BTreeSet<String> {
    let people = &header.people;
    people.to.iter().chain(&people.cc).map(|person| person.address.clone()).collect()
}

fn is_personal(header: &Header) -> bool {
    let facts = &header.facts;
    !facts.list_unsubscribe && !facts.automatic && !facts.campaign && facts.list_id.is_none()
}

pub(super) fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}
