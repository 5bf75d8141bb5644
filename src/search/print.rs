//! A query's canonical form: what it prints parses to itself.

use std::fmt;

use super::query::{Age, AgeUnit, DateSpan, Fact, Filter, Query, Word};

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
            Filter::Has(group) => write!(f, "has:{group}"),
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
