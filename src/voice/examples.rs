//! Past replies of the user to mail like the one at hand.

use std::collections::{BTreeMap, BTreeSet};

use super::letters::{OwnLetter, text_of};
use super::words::{content_words, cosine, similarity, stems, weighted_similarity};
use crate::mail::{self, MessageId, UnixSeconds, Voice as Speaker};
use crate::store::{self, Header, Store};

/// Words of the mail that make the query.
const QUERY_WORDS_MAX: usize = 12;
/// Candidates asked for, each way.
const CANDIDATES: usize = 40;
/// Pairs whose text is read.
const READ_MAX: usize = 60;
/// Words of a letter that shows how somebody writes.
const LETTER_WORDS_MIN: usize = 8;
const LETTER_WORDS_MAX: usize = 150;
/// What a letter to the same correspondent is ahead of others, in likeness.
const NEAR_BONUS: f32 = 0.2;
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
    /// The mail it answered, where it is here.
    pub asked_id: Option<MessageId>,
    /// That mail's subject and own words; where it is not here, what the reply quotes of it; empty
    /// for a letter that shows no more than how they write.
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
/// later than `as_of` counts, and neither does the message itself or what came after it in its thread.
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
        let not_before = |other: &Header| {
            other.thread == header.thread && (other.date, other.id) >= (header.date, header.id)
        };
        let same = reply.id == message
            || not_before(&reply)
            || asked.as_ref().is_some_and(|asked| asked.id == message || asked.date > as_of);
        if same || reply.date > as_of || !seen.insert(reply.id) {
            continue;
        }
        examples.extend(example(store, asked.as_ref(), &reply)?);
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

/// Letters most like `text`, of equals the newest; those to the correspondent are preferred.
pub(super) fn letters_like(
    letters: &[OwnLetter],
    correspondent: Option<&str>,
    text: &str,
    language: &str,
    limit: usize,
) -> Vec<Example> {
    let fits = |letter: &&OwnLetter| {
        let words = letter.body.split_whitespace().count();
        let same = language.is_empty() || letter.language.is_empty() || letter.language == language;
        same && (LETTER_WORDS_MIN..=LETTER_WORDS_MAX).contains(&words)
    };
    let mut seen = BTreeSet::new();
    let mut found: Vec<(f32, Example)> = Vec::new();
    // One sent twice shows nothing more.
    for letter in letters.iter().filter(fits).filter(|letter| seen.insert(letter.body.as_str())) {
        let score = similarity(text, &format!("{}\n{}", letter.subject, letter.body));
        let near = correspondent.is_some_and(|them| letter.everyone.contains(them));
        let example = Example {
            id: letter.id,
            asked_id: None,
            asked: String::new(),
            answered: letter.body.clone(),
            score,
        };
        found.push((if near { score + NEAR_BONUS } else { score }, example));
    }
    // They come newest first, and the sort keeps that.
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found.into_iter().take(limit).map(|(_, example)| example).collect()
}

/// A reply with what it answered; nothing when one of the two says nothing.
fn example(
    store: &Store,
    asked: Option<&Header>,
    reply: &Header,
) -> Result<Option<Example>, store::Error> {
    let Some(text) = text_of(store, reply.id)? else { return Ok(None) };
    let asked_words = match asked {
        Some(asked) => text_of(store, asked.id)?.map(|text| mail::own_words(&text)),
        None => quoted_words(&text),
    };
    let answered = mail::own_words(&text);
    let Some(asked_words) = asked_words.filter(|words| !words.trim().is_empty()) else {
        return Ok(None);
    };
    if answered.trim().is_empty() {
        return Ok(None);
    }
    let subject = &asked.unwrap_or(reply).subject;
    Ok(Some(Example {
        id: reply.id,
        asked_id: asked.map(|asked| asked.id),
        asked: format!("{subject}\n{asked_words}"),
        answered,
        score: 0.0,
    }))
}

/// What a reply quotes, without the marks; nothing when it quotes nothing.
fn quoted_words(text: &str) -> Option<String> {
    let passages = mail::passages(text);
    let quoted = passages.iter().filter(|passage| passage.voice == Speaker::Quoted);
    let lines: Vec<&str> =
        quoted.flat_map(|passage| text[passage.start..passage.end].lines()).collect();
    let marked: Vec<&str> = lines
        .iter()
        .filter(|line| line.starts_with('>'))
        .map(|line| line.trim_start_matches(['>', ' ']))
        .collect();
    let kept = if marked.is_empty() {
        // A copied header block, a blank line, and the mail.
        let blank = lines.iter().position(|line| line.trim().is_empty())?;
        lines[blank..].to_vec()
    } else {
        marked
    };
    let words = mail::own_words(&kept.join("\n"));
    (!words.is_empty()).then_some(words)
}

/// The mail answered (where it is here) and the reply, whichever of the two `id` is.
fn pair(
    store: &Store,
    id: MessageId,
    as_of: UnixSeconds,
) -> Result<Option<(Option<Header>, Header)>, store::Error> {
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
        return Ok(Some((asked.cloned(), header)));
    }
    for reply in thread[at + 1..].iter().filter(|other| other.own && other.date <= as_of) {
        if answered_id(store, reply.id)?.is_none_or(|asked| asked == id) {
            return Ok(Some((Some(header), reply.clone())));
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
    let rarity: BTreeMap<String, f32> =
        counts.into_iter().map(|(stem, count)| (stem, (1.0 + total / count as f32).ln())).collect();
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
