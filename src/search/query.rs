//! The query language: what a question means, and its canonical form.
//!
//! A question is a row of items. Bare words are not all required: mail with more of them, rarer and
//! closer together, comes first, and at least one must be there. Everything else is required:
//! `"phrases"`, `+words`, words joined by `AND`, operators such as `from:ada`, and `( )`. `OR` binds
//! weakest, then the row (`AND` may be written out), then `NOT`, `-` and `+`.
//!
//! [`parse`] turns text into a [`Query`]; [`Query`]'s `Display` prints it so that it parses to
//! itself. Questions that the index alone cannot answer (`tier:now`) are [`Fact`]s.

use std::fmt;

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
                let is_word =
                    matches!(query, Query::Words(_) | Query::Must(_) | Query::Phrase(_));
                has_words |= is_word && !negated;
            });
        }
        has_words
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
        let side = |text: &Option<String>| text.as_ref().and_then(|text| parse_query_date(text, now, zone));
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
        parse_query_date(&self.to_string(), now, zone).map_or(UnixSeconds(i64::MIN), |range| range.0)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::All => f.write_str("*"),
            Query::Words(words) => write_joined(f, words, " "),
            Query::Must(word) => write!(f, "+{word}"),
            Query::Phrase(text) => write_quoted(f, text),
            Query::Filter(filter) => filter.fmt(f),
            Query::And(items) => {
                for (item_index, item) in items.iter().enumerate() {
                    let blank = if item_index > 0 { " " } else { "" };
                    match item {
                        Query::Or(inner) if fact_list(inner).is_some() => {
                            write!(f, "{blank}{item}")?;
                        }
                        Query::And(_) | Query::Or(_) => write!(f, "{blank}({item})")?,
                        // A second row of words would melt into the first.
                        Query::Words(_) if item_index > 0 => write!(f, "{blank}({item})")?,
                        _ => write!(f, "{blank}{item}")?,
                    }
                }
                Ok(())
            }
            Query::Or(items) => {
                if let Some(list) = fact_list(items) {
                    return f.write_str(&list);
                }
                for (item_index, item) in items.iter().enumerate() {
                    let or = if item_index > 0 { " OR " } else { "" };
                    match item {
                        Query::Or(inner) if fact_list(inner).is_none() => {
                            write!(f, "{or}({item})")?;
                        }
                        _ => write!(f, "{or}{item}")?,
                    }
                }
                Ok(())
            }
            Query::Not(inner) => match &**inner {
                Query::Or(items) if fact_list(items).is_some() => write!(f, "-{inner}"),
                Query::And(_) | Query::Or(_) | Query::Not(_) | Query::Must(_) => {
                    write!(f, "-({inner})")
                }
                Query::Words(words) if words.len() > 1 => write!(f, "-({inner})"),
                _ => write!(f, "-{inner}"),
            },
        }
    }
}

/// `tier:now OR tier:today` as `tier:now,today`, so that no bracket is needed around it.
fn fact_list(items: &[Query]) -> Option<String> {
    let mut list = String::new();
    let mut operator = None;
    for item in items {
        let (name, value) = match item {
            Query::Filter(Filter::Fact(Fact::Tier(tier))) => ("tier", tier),
            Query::Filter(Filter::Fact(Fact::Kind(kind))) => ("kind", kind),
            _ => return None,
        };
        if *operator.get_or_insert(name) != name || value.contains([',', ' ', '(', ')']) {
            return None;
        }
        list.push(if list.is_empty() { ':' } else { ',' });
        list.push_str(value);
    }
    (items.len() > 1).then(|| format!("{}{list}", operator.unwrap_or("")))
}

fn write_joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    between: &str,
) -> fmt::Result {
    for (item_index, item) in items.iter().enumerate() {
        if item_index > 0 {
            f.write_str(between)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

/// Quotes cannot be escaped: the parser never lets one into a text.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{text}\"")
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.prefix { f.write_str("*") } else { Ok(()) }
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
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Holds { place, text, exact: true } => {
                write!(f, "{}:", place.name())?;
                write_quoted(f, text)
            }
            Filter::Holds { place, text, exact: false } => write!(f, "{}:{text}", place.name()),
            Filter::FromMe => f.write_str("from:me"),
            Filter::ToMe => f.write_str("to:me"),
            Filter::HasAttachment => f.write_str("has:attachment"),
            Filter::Larger(bytes) => write!(f, "larger:{}", Size(*bytes)),
            Filter::Smaller(bytes) => write!(f, "smaller:{}", Size(*bytes)),
            Filter::Before(date) => write!(f, "before:{}", Value(date)),
            Filter::After(date) => write!(f, "after:{}", Value(date)),
            Filter::OlderThan(age) => write!(f, "older_than:{age}"),
            Filter::NewerThan(age) => write!(f, "newer_than:{age}"),
            Filter::Date(span) => write!(f, "date:{span}"),
            Filter::IsRead(read) => f.write_str(if *read { "is:read" } else { "is:unread" }),
            Filter::IsFlagged => f.write_str("is:flagged"),
            Filter::Thread(id) => write!(f, "thread:{id}"),
            Filter::Id(id) => write!(f, "id:{id}"),
            Filter::MessageId(id) => write!(f, "mid:<{id}>"),
            Filter::Language(code) => write!(f, "lang:{code}"),
            Filter::Fact(fact) => fact.fmt(f),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Tier(name) => write!(f, "tier:{}", Value(name)),
            Fact::Kind(name) => write!(f, "kind:{name}"),
            Fact::Due(span) => write!(f, "due:{span}"),
            Fact::Answered => f.write_str("is:answered"),
            Fact::Owed => f.write_str("is:owed"),
            Fact::Waiting => f.write_str("is:waiting"),
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            AgeUnit::Hours => 'h',
            AgeUnit::Days => 'd',
            AgeUnit::Weeks => 'w',
            AgeUnit::Months => 'm',
            AgeUnit::Years => 'y',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl fmt::Display for DateSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from.as_deref(), self.until.as_deref());
        let text = match (from, until) {
            (Some(from), Some(until)) if from == until => from.to_owned(),
            _ => format!("{}..{}", from.unwrap_or(""), until.unwrap_or("")),
        };
        Value(&text).fmt(f)
    }
}

/// A value, quoted where blanks or brackets would end it.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')')) {
            write_quoted(f, self.0)
        } else {
            f.write_str(self.0)
        }
    }
}

/// Bytes with the largest unit that loses nothing.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(30, "G"), (20, "M"), (10, "k")] {
            if self.0 > 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
