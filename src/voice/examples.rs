//! Past replies of the user to mail like the one at hand.

use std::collections::{BTreeMap, BTreeSet};

use super::letters::text_of;
use super::words::{content_words, cosine, stems, weighted_similarity};
use crate::mail::{self, MessageId, UnixSeconds};
use crate::store::{self, Header, Store};

/// Words of the mail that make the query.
const QUERY_WORDS_MAX: usize = 12;
/// Candidates asked for, each way.
const CANDIDATES: usize = 40;
/// Pairs whose text is read.
const READ_MAX: usize = 60;
/// Characters of a text compared or embedded.
const CHARS_MAX: usize = 1_500;

/// A search for messages: query text and how many, best first.
pub type Find<'a> = dyn Fn(&str, usize) -> Vec<MessageId> + 'a;
/// Vectors of texts, one each; nothing when they cannot be made.
pub type Embed<'a> = dyn Fn(&[&str]) -> Option<Vec<Vec<f32>>> + 'a;

/// A past reply and what it answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The reply.
    pub id: MessageId,
    /// The mail it answered.
    pub asked_id: MessageId,
    /// That mail's own words.
    pub asked: String,
    /// The reply's own words.
    pub answered: String,
    /// How like the mail at hand the one answered is: 0 to 1.
    pub score: f32,
}

/// The words of a mail that a query for similar mail is made of: the most frequent, of equals the
/// earlier, the subject's first. Plain lower-case words, no operators.
pub fn query_words(subject: &str, own: &str) -> Vec<String> {
    const MARKS: &[&str] = &["aw", "fwd", "fw", "wg", "sv", "antw"];
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for word in content_words(subject).into_iter().chain(content_words(own)) {
        if word.chars().all(char::is_numeric) || MARKS.contains(&word.as_str()) {
            continue;
        }
        let count = counts.entry(word.clone()).or_default();
        if *count == 0 {
            order.push(word);
        }
        *count += 1;
    }
    order.sort_by_key(|word| std::cmp::Reverse(counts[word]));
    order.truncate(QUERY_WORDS_MAX);
    order
}

/// The user's past replies to mail most like `message`, best first.
///
/// `find` searches the archive; it is asked once for letters of the user and once for any mail, whose
/// answers are then looked up. With `embed` likeness is by meaning and words, else by words. Nothing
/// later than `as_of` counts, and neither do the message's own answers.
///
/// # Errors
/// The store cannot be read.
pub fn closest_replies(
    store: &Store,
    find: &Find<'_>,
    embed: Option<&Embed<'_>>,
    message: MessageId,
    as_of: UnixSeconds,
    limit: usize,
) -> Result<Vec<Example>, store::Error> {
    let header = store.header(message)?;
    let own = text_of(store, message)?.map(|text| mail::own_words(&text)).unwrap_or_default();
    let words = query_words(&header.subject, &own).join(" ");
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut candidates = find(&format!("from:me {words}"), CANDIDATES);
    candidates.extend(find(&words, CANDIDATES));
    let mut examples: Vec<Example> = Vec::new();
    let mut seen: BTreeSet<MessageId> = BTreeSet::new();
    for id in candidates.into_iter().take(2 * CANDIDATES) {
        let Some((asked, reply)) = pair(store, id, as_of)? else { continue };
        let late = asked.id == message || reply.date > as_of || asked.date > as_of;
        if late || !seen.insert(reply.id) {
            continue;
        }
        let texts = (text_of(store, asked.id)?, text_of(store, reply.id)?);
        let (Some(asked_text), Some(reply_text)) = texts else { continue };
        let answered = mail::own_words(&reply_text);
        if !answered.trim().is_empty() {
            let asked_words = mail::own_words(&asked_text);
            examples.push(Example {
                id: reply.id,
                asked_id: asked.id,
                asked: format!("{}\n{asked_words}", asked.subject),
                answered,
                score: 0.0,
            });
        }
        if examples.len() >= READ_MAX {
            break;
        }
    }
    score(&mut examples, &format!("{}\n{own}", header.subject), embed);
    examples.retain(|example| example.score > 0.0);
    examples.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.id.cmp(&a.id)));
    examples.truncate(limit);
    Ok(examples)
}

/// The mail answered and the reply, whichever of the two `id` is.
fn pair(
    store: &Store,
    id: MessageId,
    as_of: UnixSeconds,
) -> Result<Option<(Header, Header)>, store::Error> {
    let header = match store.header(id) {
        Ok(header) => header,
        // The index may know what the store has forgotten.
        Err(store::Error::NoMessage { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let thread = store.thread(header.thread)?;
    let Some(at) = thread.iter().position(|other| other.id == id) else { return Ok(None) };
    if header.own {
        let asked = match answered_id(store, id)? {
            Some(asked) => thread.iter().find(|other| other.id == asked && !other.own),
            None => thread[..at].iter().rev().find(|other| !other.own),
        };
        return Ok(asked.cloned().map(|asked| (asked, header)));
    }
    for reply in thread[at + 1..].iter().filter(|other| other.own && other.date <= as_of) {
        if answered_id(store, reply.id)?.is_none_or(|asked| asked == id) {
            return Ok(Some((header, reply.clone())));
        }
    }
    Ok(None)
}

/// The stored message that a reply names as the one it answers.
fn answered_id(store: &Store, reply: MessageId) -> Result<Option<MessageId>, store::Error> {
    let raw = match store.raw(reply) {
        Ok(raw) => raw,
        Err(store::Error::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    match mail::parse(&raw).in_reply_to.first() {
        Some(rfc_id) => store.by_rfc_id(rfc_id),
        None => Ok(None),
    }
}

fn score(examples: &mut [Example], text: &str, embed: Option<&Embed<'_>>) {
    let documents: Vec<BTreeSet<String>> =
        examples.iter().map(|example| stems(cut(&example.asked))).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for stem in documents.iter().flatten() {
        *counts.entry(stem.clone()).or_default() += 1;
    }
    let total = documents.len() as f32;
    let rarity: BTreeMap<String, f32> = counts
        .into_iter()
        .map(|(stem, count)| (stem, ((total + 1.0) / (count as f32 + 0.5)).ln().max(0.1)))
        .collect();
    let here = stems(cut(text));
    let mut texts = vec![cut(text)];
    texts.extend(examples.iter().map(|example| cut(&example.asked)));
    let vectors = embed.and_then(|embed| embed(&texts)).filter(|all| all.len() == texts.len());
    let near: Vec<f32> = match &vectors {
        Some(vectors) => vectors[1..].iter().map(|vector| cosine(&vectors[0], vector)).collect(),
        None => Vec::new(),
    };
    for (at, example) in examples.iter_mut().enumerate() {
        let by_words = weighted_similarity(&here, &documents[at], &rarity);
        example.score = match near.get(at) {
            Some(cosine) => 0.5 * by_words + 0.5 * cosine.max(0.0),
            None => by_words,
        };
    }
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(CHARS_MAX).map_or(text, |(at, _)| &text[..at])
}
