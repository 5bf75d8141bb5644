//! What became of an ask, a promise, a decision.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Folded;
use super::cue_words::APPROVALS;

/// What became of an entry, as of some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemState {
    /// Nothing says that it is done, and it is not late.
    Open,
    /// A later message shows that it was done.
    Kept,
    /// Its time passed and nothing says that it was done.
    Slipped,
    /// A later one takes its place.
    Superseded,
}

impl ItemState {
    /// As the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "kept",
            Self::Slipped => "slipped",
            Self::Superseded => "superseded",
        }
    }
}

/// Whether a message's first sentences say that something promised is there.
pub(crate) fn reports_done(text: &str) -> bool {
    Folded::new(text).any(DONE)
}

/// Whether the other side says that it came.
pub(crate) fn confirms_receipt(text: &str) -> bool {
    Folded::new(text).any(RECEIVED)
}

/// Whether a promise is only to be in touch: then any later word of the promiser keeps it.
pub(crate) fn promises_word(text: &str) -> bool {
    Folded::new(text).any(WORD)
}

/// Whether a decision takes back an earlier one.
pub(crate) fn reverses(text: &str) -> bool {
    Folded::new(text).any(REVERSAL)
}

/// Whether a text says nothing that could be told apart from others: `Yes from me.`
pub(crate) fn names_nothing(text: &str) -> bool {
    const SHORT_WORDS_MAX: usize = 3;
    let folded = Folded::new(text);
    matter(text).is_empty()
        || folded.words_count() <= SHORT_WORDS_MAX && folded.begins_any(APPROVALS)
}

/// How much two texts speak of the same: shared words that matter, over the fewer of the two; 0..1.
pub fn overlap(one: &str, other: &str) -> f32 {
    let (one, other) = (matter(one), matter(other));
    let fewer = one.len().min(other.len());
    if fewer == 0 {
        return 0.0;
    }
    one.intersection(&other).count() as f32 / fewer as f32
}

/// Words of four letters and more that are not of the glue of a sentence, without a plural's `s` and
/// cut to their first six letters so that endings matter less.
fn matter(text: &str) -> BTreeSet<String> {
    Folded::new(text)
        .words()
        .filter(|word| word.chars().count() >= 4 && !GLUE.contains(word))
        .map(|word| word.strip_suffix('s').unwrap_or(word).chars().take(6).collect())
        .collect()
}

const DONE: &[&str] = &[
    "here is",
    "here are",
    "here it is",
    "here you go",
    "here's",
    "attached",
    "done",
    "as promised",
    "has been sent",
    "i've sent",
    "i have sent",
    "i sent",
    "just sent",
    "it's back",
    "is back since",
    "are back",
    "fixed",
    "finished",
    "completed",
    "delivered",
    "is up",
    "is live",
    "paid",
    "i've put",
    "i paid",
    "is ready",
    "took care of",
    "taken care of",
    "short version",
    "uploaded",
    "published",
    "anbei",
    "im anhang",
    "angehängt",
    "erledigt",
    "hier ist",
    "hier sind",
    "wie versprochen",
    "fertig",
    "habe ich geschickt",
    "liegt vor",
    "ci joint",
    "ci jointe",
    "voici",
    "c'est fait",
    "en pièce jointe",
    "comme promis",
    "adjunto",
    "adjunta",
    "listo",
    "hecho",
    "aquí está",
    "aquí tienes",
    "bijgevoegd",
    "hierbij",
    "klaar",
    "gedaan",
];

const RECEIVED: &[&str] = &[
    "got it",
    "received",
    "have arrived",
    "has arrived",
    "arrived thank",
    "money's here",
    "thanks for sending",
    "thank you for sending",
    "thanks for the quick",
    "ist angekommen",
    "sind angekommen",
    "habe ich erhalten",
    "haben wir erhalten",
    "liegt vor",
    "bien reçu",
    "recibido",
    "ontvangen",
    "perfect thanks for the",
];

const WORD: &[&str] = &[
    "hear from me",
    "get back to",
    "let you know",
    "keep you posted",
    "next update",
    "update you",
    "follow up",
    "be in touch",
    "reply to",
    "answer you",
    "i'll call",
    "i will call",
    "melde mich",
    "gebe ihnen bescheid",
    "gebe dir bescheid",
    "je reviens vers",
    "je vous tiens",
    "te llamo",
    "te aviso",
    "laat het weten",
    "my instruction",
    "talk to",
];

const REVERSAL: &[&str] = &[
    "forget what",
    "new decision",
    "i was wrong",
    "we were wrong",
    "changed my mind",
    "changed our mind",
    "change of plan",
    "change of plans",
    "instead of",
    "no longer",
    "reversed",
    "take back",
    "taken back",
    "scrap that",
    "on second thought",
    "after all",
    "overrule",
    "is off",
    "reconsidered",
    "stays after all",
    "neue entscheidung",
    "doch nicht",
    "stattdessen",
    "nehme zurück",
    "anders entschieden",
    "finalement",
    "nouvelle décision",
    "changé d'avis",
    "j'avais tort",
    "al final",
    "nueva decisión",
    "cambio de planes",
    "me equivoqué",
    "bij nader inzien",
    "toch niet",
];

const GLUE: &[&str] = &[
    "about",
    "after",
    "again",
    "also",
    "been",
    "before",
    "could",
    "does",
    "each",
    "from",
    "have",
    "here",
    "into",
    "just",
    "like",
    "make",
    "more",
    "next",
    "only",
    "other",
    "over",
    "please",
    "same",
    "send",
    "shall",
    "should",
    "some",
    "such",
    "than",
    "thank",
    "thanks",
    "that",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "today",
    "tomorrow",
    "until",
    "very",
    "want",
    "week",
    "were",
    "what",
    "when",
    "where",
    "which",
    "will",
    "with",
    "would",
    "you'll",
    "your",
    "i'll",
    "we'll",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "noon",
    "evening",
    "morning",
    "eine",
    "einen",
    "einem",
    "einer",
    "haben",
    "ihnen",
    "nicht",
    "oder",
    "sich",
    "sind",
    "wird",
    "werden",
    "avec",
    "dans",
    "pour",
    "nous",
    "vous",
    "votre",
    "para",
    "pero",
    "como",
    "esta",
    "este",
    "decided",
    "decision",
    "promise",
];

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn overlap_counts_words_that_matter() {
        assert!(overlap("The office moves in May", "Office move is in June") > 0.6);
        assert!(overlap("The office moves in May", "Lunch comes from the harbor") < 0.1);
        assert!(overlap("", "anything") < f32::EPSILON);
    }
}
