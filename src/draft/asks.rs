//! What a mail asks for, and how an answer repeats it.

use serde::Serialize;

use super::phrases::phrases;
use crate::mail::when::{self, Zone};
use crate::mail::{self, UnixSeconds};

/// Asks answered one by one.
const ASKS_MAX: usize = 12;
/// Characters of an ask repeated in an answer.
const QUOTE_CHARS_MAX: usize = 160;
/// Letters an ask has at least: `?` alone asks nothing.
const LETTERS_MIN: usize = 2;

/// Something a mail asks of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// The sentence that asks.
    pub quote: String,
    /// By when.
    pub due: Option<UnixSeconds>,
}

/// What a mail asks, in its order: what the ledger `found`, the plain questions it passed over, and
/// the items of a list that asks. Without anything found, also what plain words request. `own` are
/// the mail's own words, sent at `sent` by somebody in `zone`.
pub fn all_asks(own: &str, found: &[Ask], sent: UnixSeconds, zone: &Zone) -> Vec<Ask> {
    let found: Vec<Ask> = found
        .iter()
        .map(|ask| Ask { quote: without_mark(&folded(&ask.quote)).1.to_owned(), due: ask.due })
        .collect();
    let mut pieces = pieces(own, &found);
    mark_lists(&mut pieces);
    let mut asks: Vec<Ask> = Vec::new();
    for piece in pieces.into_iter().filter(|piece| piece.asks) {
        let known = found.iter().find(|ask| piece.text.contains(&ask.quote));
        let due = known
            .and_then(|ask| ask.due)
            .or_else(|| when::deadline(&piece.text, sent, zone).map(|deadline| deadline.at));
        asks.push(Ask { quote: piece.text, due });
    }
    // What stands in no piece of these words, a subject's question for one.
    let elsewhere = found.into_iter().filter(|ask| {
        !folded(own).contains(&ask.quote) && !asks.iter().any(|asked| asked.quote == ask.quote)
    });
    let elsewhere: Vec<Ask> = elsewhere.collect();
    asks.extend(elsewhere);
    let mut kept: Vec<Ask> = Vec::new();
    for ask in asks {
        let letters = ask.quote.chars().filter(|c| c.is_alphabetic()).count();
        if letters >= LETTERS_MIN && !kept.iter().any(|other| other.quote == ask.quote) {
            kept.push(ask);
        }
    }
    kept.truncate(ASKS_MAX);
    kept
}

/// What a line of a list begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Bullet,
    Number,
}

/// A sentence, or an item of a list with all its sentences.
struct Piece {
    text: String,
    mark: Mark,
    asks: bool,
}

fn pieces(own: &str, found: &[Ask]) -> Vec<Piece> {
    let shape = mail::letter_shape(own);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut last_end = 0;
    for range in mail::sentences(own) {
        let framed = [&shape.greeting, &shape.sign_off]
            .into_iter()
            .flatten()
            .any(|frame| frame.start < range.end && range.start < frame.end);
        let goes_on = !own[last_end..range.start].contains('\n');
        last_end = range.end;
        if framed {
            continue;
        }
        let sentence = folded(&own[range]);
        let (mark, text) = without_mark(&sentence);
        let asks = found.iter().any(|ask| text.contains(&ask.quote))
            || is_ask(text) && (found.is_empty() || text.ends_with('?'));
        match pieces.last_mut() {
            Some(item) if goes_on && item.mark != Mark::None => {
                item.text = format!("{} {sentence}", item.text);
                item.asks |= asks;
            }
            _ => pieces.push(Piece { text: text.to_owned(), mark, asks }),
        }
    }
    pieces
}

/// Where a request opens a list (`Could you confirm:`), its items are what is asked; of a numbered
/// list in which one item asks, all do.
fn mark_lists(pieces: &mut [Piece]) {
    let mut at = 0;
    while at < pieces.len() {
        let run = pieces[at..].iter().take_while(|piece| piece.mark != Mark::None).count();
        if run == 0 {
            at += 1;
            continue;
        }
        let opened = at > 0 && pieces[at - 1].text.ends_with(':') && {
            let opening = &mut pieces[at - 1];
            let asks = opening.asks || is_ask(&opening.text);
            // Its items stand for it.
            opening.asks &= !asks;
            asks
        };
        let items = &mut pieces[at..at + run];
        let one_asks = items.iter().any(|item| item.asks && item.mark == Mark::Number);
        for item in items.iter_mut() {
            item.asks |= opened || one_asks && item.mark == Mark::Number;
        }
        at += run;
    }
}

/// `1. milk` and `- milk` without what makes them items.
fn without_mark(line: &str) -> (Mark, &str) {
    let bullet = line.strip_prefix(['-', '*', '•', '·', '–', '—', '+', '▪', '►']);
    if let Some(rest) = bullet.filter(|rest| rest.starts_with(' ')) {
        return (Mark::Bullet, rest.trim_start());
    }
    let inner = line.strip_prefix('(').unwrap_or(line);
    let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (length, ends): (usize, &[char]) = match digits {
        0 if inner.starts_with(|c: char| c.is_ascii_alphabetic()) => (1, &[')']),
        1..=3 => (digits, &['.', ')']),
        _ => return (Mark::None, line),
    };
    match inner[length..].strip_prefix(ends).and_then(|rest| rest.strip_prefix(' ')) {
        Some(rest) if !rest.trim().is_empty() => (Mark::Number, rest.trim_start()),
        _ => (Mark::None, line),
    }
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

/// An ask as an answer repeats it, in quotation marks.
pub(super) fn quoted_ask(ask: &str, language: &str) -> String {
    let marks = phrases(language).marks;
    format!("{}{}{}", marks.0, shortened(ask), marks.1)
}

/// The whole ask, or where it is long its beginning, cut between words.
pub(super) fn shortened(ask: &str) -> String {
    let ask = folded(ask);
    let mut quote: String = ask.chars().take(QUOTE_CHARS_MAX).collect();
    if quote.len() < ask.len() {
        let cut = quote.rfind(' ').unwrap_or(quote.len());
        quote.truncate(cut);
        quote.push('…');
    }
    quote
}

pub(super) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
