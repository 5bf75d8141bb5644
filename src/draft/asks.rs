//! What a mail asks for, and what to call it.

use serde::Serialize;

use super::phrases::phrases;
use crate::mail::when::{self, Zone};
use crate::mail::{self, UnixSeconds};

/// Asks answered one by one.
const ASKS_MAX: usize = 12;
/// Words of a topic.
const TOPIC_WORDS_MAX: usize = 6;
/// Characters of an ask quoted as its topic.
const QUOTE_CHARS_MAX: usize = 60;

/// Something a mail asks of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// The sentence that asks.
    pub quote: String,
    /// By when.
    pub due: Option<UnixSeconds>,
}

/// The asks that the words of a mail give away: questions and requests. For where the ledger has not
/// read it; `own` are the mail's own words, sent at `sent` by somebody in `zone`.
pub fn asks_in(own: &str, sent: UnixSeconds, zone: &Zone) -> Vec<Ask> {
    let shape = mail::letter_shape(own);
    let mut asks: Vec<Ask> = Vec::new();
    for range in mail::sentences(own) {
        let framed = [&shape.greeting, &shape.sign_off]
            .into_iter()
            .flatten()
            .any(|frame| frame.start < range.end && range.start < frame.end);
        let sentence = folded(&own[range]);
        if framed || !is_ask(&sentence) || asks.iter().any(|ask| ask.quote == sentence) {
            continue;
        }
        let due = when::deadline(&sentence, sent, zone).map(|deadline| deadline.at);
        asks.push(Ask { quote: sentence, due });
    }
    asks.truncate(ASKS_MAX);
    asks
}

/// Whether a sentence asks its reader for something, by its plain words.
pub(super) fn is_ask(sentence: &str) -> bool {
    const STARTS: &[&str] = &[
        "please ",
        "kindly ",
        "could you",
        "can you",
        "would you",
        "will you",
        "let me know",
        "let us know",
        "send me",
        "bitte ",
        "könntest du",
        "könnten sie",
        "kannst du",
        "können sie",
        "würdest du",
        "merci de ",
        "pourriez-vous",
        "pouvez-vous",
        "peux-tu",
        "pourrais-tu",
        "veuillez",
        "por favor",
        "podrías",
        "podría",
        "puedes",
        "per favore",
        "potresti",
        "può",
        "kun je",
        "kunt u",
        "graag ",
    ];
    const INSIDE: &[&str] = &[
        " please ",
        "could you",
        "can you",
        "would you",
        "let me know",
        "let us know",
        "i need you to",
        "we need you to",
        "i'd like you to",
        "i would like you to",
        "asking you to",
        " bitte ",
        "könntest du",
        "könnten sie",
        "sag mir bescheid",
        "gib mir bescheid",
        "merci de ",
        "pourriez-vous",
        "s'il te plaît",
        "s'il vous plaît",
        "por favor",
        "per favore",
        "laat me weten",
    ];
    const POLITE: &[&str] = &[
        "let me know if you have any questions",
        "please let me know if you have any",
        "please do not hesitate",
        "please don't hesitate",
        "please find",
        "how are you",
        "how's it going",
        "please note",
        "please excuse",
        "please accept",
        "let me know if there is anything",
    ];
    let lower = sentence.trim().to_lowercase().replace('’', "'");
    if lower.chars().filter(|c| c.is_alphabetic()).count() < 5 || lower.starts_with('>') {
        return false;
    }
    if POLITE.iter().any(|mark| lower.contains(mark)) {
        return false;
    }
    lower.ends_with('?')
        || STARTS.iter().any(|start| lower.starts_with(start))
        || INSIDE.iter().any(|mark| lower.contains(mark))
}

/// What an ask is about, short: `the Harbor contract` of "Could you sign the Harbor contract by
/// Friday?"; else the ask itself, quoted. From the reader's side: `your report` becomes `my report`.
pub fn topic(ask: &str, language: &str) -> String {
    let ask = folded(ask);
    if (language.is_empty() || language == "en")
        && let Some(topic) = english_object(&ask)
    {
        return topic;
    }
    quoted_topic(&ask, language)
}

/// The ask itself as its topic, cut where it is long.
pub(super) fn quoted_topic(ask: &str, language: &str) -> String {
    let ask = folded(ask);
    let marks = phrases(language).marks;
    let mut quote: String = ask.chars().take(QUOTE_CHARS_MAX).collect();
    if quote.len() < ask.len() {
        let cut = quote.rfind(' ').unwrap_or(quote.len());
        quote.truncate(cut);
        quote.push('…');
    }
    format!("{}{quote}{}", marks.0, marks.1)
}

/// The first phrase that a determiner opens, up to what ends it.
fn english_object(ask: &str) -> Option<String> {
    const OPEN: &[&str] = &["the", "our", "your", "my", "this", "that", "these", "those"];
    // Further back stands what the request is for, not what it is about.
    const POSITION_MAX: usize = 7;
    const END: &[&str] = &[
        "by", "before", "until", "till", "on", "at", "for", "to", "from", "with", "without", "and",
        "or", "but", "so", "if", "when", "that", "which", "who", "is", "are", "was", "were",
        "will", "would", "can", "could", "should", "has", "have", "had", "be", "been", "in", "as",
        "please", "you", "we", "i", "they", "he", "she", "it", "today", "tomorrow", "this", "next",
        "again", "yet", "because", "before", "after", "soon", "asap", "works", "work", "need",
        "needs", "looks", "look",
    ];
    // Words after a determiner that name nothing.
    const EMPTY: &[&str] = &[
        "chance",
        "moment",
        "minute",
        "look",
        "time",
        "way",
        "bit",
        "lot",
        "few",
        "one",
        "same",
        "week",
        "day",
        "morning",
        "afternoon",
        "evening",
        "month",
        "year",
        "call",
        "following",
    ];
    let words: Vec<&str> = ask.split_whitespace().collect();
    for (at, word) in words.iter().enumerate().take(POSITION_MAX) {
        let determiner = word.to_lowercase();
        if !OPEN.contains(&determiner.as_str()) {
            continue;
        }
        let mut taken: Vec<&str> = Vec::new();
        for word in &words[at + 1..] {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            if taken.len() >= TOPIC_WORDS_MAX || END.contains(&bare.to_lowercase().as_str()) {
                break;
            }
            taken.push(word.trim_matches(|c: char| {
                matches!(c, '?' | '.' | ',' | ';' | ':' | '!' | '(' | ')')
            }));
            if word.ends_with(['?', '.', ',', ';', ':', '!', ')']) {
                break;
            }
        }
        let name = taken.join(" ");
        let last = taken.last().map(|word| word.to_lowercase()).unwrap_or_default();
        if name.chars().filter(|c| c.is_alphabetic()).count() < 3 || EMPTY.contains(&last.as_str())
        {
            continue;
        }
        let determiner = match determiner.as_str() {
            "your" => "my",
            "my" => "your",
            "this" | "that" | "these" | "those" => "the",
            other => other,
        };
        return Some(format!("{determiner} {name}"));
    }
    None
}

pub(super) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
