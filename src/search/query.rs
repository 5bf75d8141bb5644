//! The query language: what a question means, and its canonical form.
//!
//! A question is a row of items. Bare words are not all required: mail with more of them, rarer and
//! closer together, comes first, and at least one must be there. Everything else is required:
//! `"phrases"`, `+words`, words joined by `AND`, operators such as `from:ada`, and `( )`. `OR` binds
//! weakest, then the row (`AND` may be written out), then `NOT`, `-` and `+`.
//!
//! [`parse`] turns text into a [`Query`]; [`Query`]'s `Display` prints it so that it parses to
//! itself. Questions that the index alone cannot answer (`tier:now`) are [`Fact`]s.

use serde::{Deserialize, Serialize};

use crate::mail::UnixSeconds;
use crate::mail::when::{Zone, parse_query_date};

pub use super::parse::parse;

/// Longer questions are refused.
pub const QUERY_BYTES_MAX: usize = 1_024;
/// Brackets and negations may stand this deep.
pub const QUERY_DEPTH_MAX: usize = 32;

/// A question about the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// `*`: all mail.
    All,
    /// Bare words: at least one, and the more the better.
    Words(Vec<Word>),
    /// `+word`: required.
    Must(Word),
    /// `"exact words in this order"`.
    Phrase(String),
    /// An operator and its value.
    Filter(Filter),
    /// All of these. Bare words among them stand in one [`Query::Words`].
    And(Vec<Query>),
    /// One of these.
    Or(Vec<Query>),
    /// None of this.
    Not(Box<Query>),
}

/// A word to look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// As typed.
    pub text: String,
    /// `pre*`: anything that begins so.
    #[serde(default)]
    pub prefix: bool,
}

/// Where the value of an operator is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// `from:`
    From,
    /// `to:`
    To,
    /// `cc:`
    Cc,
    /// `subject:`
    Subject,
    /// `body:`
    Body,
    /// `filename:`
    Filename,
    /// `in:`, a folder.
    In,
    /// `label:`
    Label,
}

/// A length of time as `older_than:` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Age {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: AgeUnit,
}

/// The unit of an [`Age`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeUnit {
    /// `h`
    Hours,
    /// `d`
    Days,
    /// `w`
    Weeks,
    /// `m`, calendar months.
    Months,
    /// `y`, calendar years.
    Years,
}

/// A stretch of time with open ends, kept as typed: what it means depends on the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DateSpan {
    /// From the beginning of this.
    pub from: Option<String>,
    /// To the end of this.
    pub until: Option<String>,
}

/// An operator and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// `from:ada`: a word that begins so there; `from:"Ada King"`: exactly these words.
    Holds {
        /// Where.
        place: Place,
        /// What.
        text: String,
        /// It was quoted.
        exact: bool,
    },
    /// `from:me`
    FromMe,
    /// `to:me`: me among `To` and `Cc`.
    ToMe,
    /// `has:attachment`
    HasAttachment,
    /// `has:pdf`: one of [`crate::attach::kind::GROUPS`].
    Has(String),
    /// `larger:10k`, in bytes.
    Larger(u64),
    /// `smaller:2M`, in bytes.
    Smaller(u64),
    /// `before:2026-03`: before that begins.
    Before(String),
    /// `after:2026-03`: since that began.
    After(String),
    /// `older_than:3d`
    OlderThan(Age),
    /// `newer_than:3d`
    NewerThan(Age),
    /// `date:2026-01..2026-03`
    Date(DateSpan),
    /// `is:unread` (`false`) and `is:read` (`true`).
    IsRead(bool),
    /// `is:flagged`
    IsFlagged,
    /// `thread:7`
    Thread(i64),
    /// `id:7`
    Id(i64),
    /// `mid:<a@example.org>`
    MessageId(String),
    /// `lang:de`
    Language(String),
    /// What only other rooms know.
    Fact(Fact),
}

/// A fact about messages that other rooms know; see [`Facts`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// `tier:now`
    Tier(String),
    /// `kind:list`
    Kind(String),
    /// `due:..today`; [`DateSpan::bounds`] says what it means now.
    Due(DateSpan),
    /// `is:answered`
    Answered,
    /// `is:owed`
    Owed,
    /// `is:waiting`
    Waiting,
}

/// Looks up [`Fact`]s.
pub trait Facts {
    /// The messages of which the fact is true.
    ///
    /// # Errors
    /// Whatever the look-up met; it ends the search.
    fn ids(
        &self,
        fact: &Fact,
    ) -> Result<std::collections::BTreeSet<crate::mail::MessageId>, super::error::Cause>;
}

/// Why a question cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot understand the query at character {}: {message}", position + 1)]
pub struct ParseError {
    /// Characters before the trouble.
    pub position: usize,
    /// What was found.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Query {
    /// The facts the question asks for, each once, in order.
    pub fn facts(&self) -> Vec<&Fact> {
        let mut facts = Vec::new();
        self.walk(&mut |query, _| {
            if let Query::Filter(Filter::Fact(fact)) = query {
                facts.push(fact);
            }
        });
        facts.sort();
        facts.dedup();
        facts
    }

    /// The words that say what the mail is about, as one text to embed; nothing when the question
    /// is made of operators alone. Whatever is negated stays out.
    pub fn meaning_text(&self) -> Option<String> {
        let mut texts: Vec<&str> = Vec::new();
        self.walk(&mut |query, negated| match query {
            _ if negated => {}
            Query::Words(words) => texts.extend(words.iter().map(|word| word.text.as_str())),
            Query::Must(word) => texts.push(&word.text),
            Query::Phrase(text)
            | Query::Filter(Filter::Holds { place: Place::Subject | Place::Body, text, .. }) => {
                texts.push(text);
            }
            _ => {}
        });
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// A text as a question: every word of it bare, whatever signs stand in it. Words past the
    /// length a typed question may have are left out.
    pub fn from_text(text: &str) -> Query {
        let mut bytes = 0;
        let words = text
            .split_whitespace()
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .take_while(|word| {
                bytes += word.len() + 1;
                bytes <= QUERY_BYTES_MAX
            })
            .map(|word| Word { text: word.to_owned(), prefix: false });
        Query::Words(words.collect())
    }

    /// Whether the question holds words to rank by, negated ones aside.
    pub fn has_words(&self) -> bool {
        self.meaning_text().is_some()
    }

    /// The bare words at the top of the question of which an answer must hold at least one; nothing
    /// when there are none, or when required words beside them make them a matter of rank alone.
    pub(super) fn needed_words(&self) -> Option<&Query> {
        match self {
            Query::Words(_) => Some(self),
            Query::And(items) if !self.bare_words_are_optional() => {
                items.first().filter(|item| matches!(item, Query::Words(_)))
            }
            _ => None,
        }
    }

    /// Whether this is a row that begins with bare words and requires other words or phrases:
    /// `+budget travel` is about the budget, and `travel` only ranks. Beside operators alone
    /// (`from:ada travel`) bare words select.
    pub(super) fn bare_words_are_optional(&self) -> bool {
        let Query::And(items) = self else { return false };
        let [Query::Words(_), rest @ ..] = &items[..] else { return false };
        let mut has_words = false;
        for item in rest {
            item.walk(&mut |query, negated| {
                let is_word = matches!(query, Query::Words(_) | Query::Must(_) | Query::Phrase(_));
                has_words |= is_word && !negated;
            });
        }
        has_words
    }

    /// Whether mail can answer it that holds none of some word that was typed.
    pub fn leaves_words_out(&self) -> bool {
        let mut some = self.bare_words_are_optional();
        self.walk(&mut |query, _| {
            some |= matches!(query, Query::Words(words) if words.len() > 1);
        });
        some
    }

    /// Calls `visit` with every node and whether it is negated.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Query, bool)) {
        fn go<'a>(query: &'a Query, negated: bool, visit: &mut dyn FnMut(&'a Query, bool)) {
            visit(query, negated);
            match query {
                Query::And(items) | Query::Or(items) => {
                    items.iter().for_each(|item| go(item, negated, visit));
                }
                Query::Not(inner) => go(inner, !negated, visit),
                _ => {}
            }
        }
        go(self, false, visit);
    }
}

impl DateSpan {
    /// First second in it and first second after it, as of `now`; open ends are the ends of time.
    pub fn bounds(&self, now: UnixSeconds, zone: &Zone) -> (UnixSeconds, UnixSeconds) {
        let side = |text: &Option<String>| {
            text.as_ref().and_then(|text| parse_query_date(text, now, zone))
        };
        let from = side(&self.from).map_or(UnixSeconds(i64::MIN), |(from, _)| from);
        let until = side(&self.until).map_or(UnixSeconds(i64::MAX), |(_, until)| until);
        (from, until)
    }
}

impl Age {
    /// Reads `3d`.
    pub(super) fn read(text: &str) -> Option<Age> {
        let unit = match text.chars().next_back()?.to_ascii_lowercase() {
            'h' => AgeUnit::Hours,
            'd' => AgeUnit::Days,
            'w' => AgeUnit::Weeks,
            'm' => AgeUnit::Months,
            'y' => AgeUnit::Years,
            _ => return None,
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Age { count: digits.parse().ok()?, unit })
    }

    /// The moment this long before `now`: the hour, or the beginning of the day in `zone`.
    pub fn before(self, now: UnixSeconds, zone: &Zone) -> UnixSeconds {
        parse_query_date(&self.to_string(), now, zone)
            .map_or(UnixSeconds(i64::MIN), |range| range.0)
    }
}

impl Place {
    pub(super) fn name(self) -> &'static str {
        match self {
            Place::From => "from",
            Place::To => "to",
            Place::Cc => "cc",
            Place::Subject => "subject",
            Place::Body => "body",
            Place::Filename => "filename",
            Place::In => "in",
            Place::Label => "label",
        }
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
