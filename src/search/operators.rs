//! What stands behind each operator's colon.

use super::query::{Age, DateSpan, Fact, Filter, Place, Query};
use crate::attach::kind::GROUPS;
use crate::mail::UnixSeconds;
use crate::mail::when::{Zone, parse_query_date};

pub(super) const OPERATORS: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "body",
    "filename",
    "in",
    "label",
    "has",
    "larger",
    "smaller",
    "before",
    "after",
    "older_than",
    "newer_than",
    "date",
    "is",
    "tier",
    "kind",
    "due",
    "thread",
    "id",
    "mid",
    "lang",
];
/// The names of all operators.
pub fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().copied()
}

const TIERS: &[&str] = &["now", "today", "normal", "consider", "fyi"];
const KINDS: &[&str] = &[
    "person",
    "list",
    "newsletter",
    "promotion",
    "notification",
    "transaction",
    "calendar",
    "junk",
    "suspicious",
];
const DATE_HINT: &str =
    "write 2026-03-02, 2026-03, yesterday, 3m or a range such as 2026-01..2026-03";

fn no_date(value: &str) -> String {
    format!("`{value}`, which is no date")
}

/// What is wrong with a value: what was found, and what to write instead.
pub(super) type Refusal = (String, String);

/// An operator and its value as a question.
pub(super) fn operator(name: &str, value: &str, quoted: bool) -> Result<Query, Refusal> {
    let refuse = |found: String, hint: &str| Err((found, hint.to_owned()));
    let filter = match name {
        "from" if is_me(value, quoted) => Filter::FromMe,
        "to" if is_me(value, quoted) => Filter::ToMe,
        "from" | "to" | "cc" | "subject" | "body" | "filename" | "in" | "label" => {
            if !value.chars().any(char::is_alphanumeric) {
                return refuse(format!("`{value}`, which holds no letter or digit"), example(name));
            }
            Filter::Holds { place: place(name), text: value.to_owned(), exact: quoted }
        }
        "has" => match value.to_lowercase().as_str() {
            "attachment" | "attachments" => Filter::HasAttachment,
            group if GROUPS.contains(&group) => Filter::Has(group.to_owned()),
            _ => {
                let hint = format!("write has:attachment, or has: and {}", GROUPS.join(", "));
                return refuse(format!("an unknown `has:{value}`"), &hint);
            }
        },
        "larger" | "smaller" => match size(value) {
            Some(bytes) if name == "larger" => Filter::Larger(bytes),
            Some(bytes) => Filter::Smaller(bytes),
            None => return refuse(format!("`{value}`, which is no size"), "write 500, 10k or 2M"),
        },
        "before" | "after" => match date_text(value) {
            Some(date) if name == "before" => Filter::Before(date),
            Some(date) => Filter::After(date),
            None => return refuse(no_date(value), DATE_HINT),
        },
        "older_than" | "newer_than" => match Age::read(value) {
            Some(age) if name == "older_than" => Filter::OlderThan(age),
            Some(age) => Filter::NewerThan(age),
            None => {
                let found = format!("`{value}`, which is no length of time");
                return refuse(found, "write 3d, 2w, 6m or 1y");
            }
        },
        "date" | "due" => match span(value) {
            Some(span) if name == "date" => Filter::Date(span),
            Some(span) => Filter::Fact(Fact::Due(span)),
            None => return refuse(no_date(value), DATE_HINT),
        },
        "tier" => {
            let known = |tier: String| TIERS.contains(&tier.as_str()).then_some(Fact::Tier(tier));
            return any_of(value, known).ok_or_else(|| {
                (format!("an unknown tier `{value}`"), format!("one of {}", TIERS.join(", ")))
            });
        }
        "kind" => {
            let known = |kind: String| KINDS.contains(&kind.as_str()).then_some(Fact::Kind(kind));
            return any_of(value, known).ok_or_else(|| {
                (format!("an unknown kind `{value}`"), format!("one of {}", KINDS.join(", ")))
            });
        }
        "is" => match is(value) {
            Some(filter) => filter,
            None => {
                return refuse(
                    format!("an unknown state `{value}`"),
                    "one of unread, read, flagged, answered, owed, waiting",
                );
            }
        },
        "thread" | "id" => match value.parse::<i64>() {
            Ok(id) if name == "thread" => Filter::Thread(id),
            Ok(id) => Filter::Id(id),
            Err(_) => return refuse(format!("`{value}`, which is no number"), example(name)),
        },
        "mid" => {
            let id = value.trim_start_matches('<').trim_end_matches('>').trim();
            if id.is_empty() || id.contains(['<', '>']) {
                return refuse(format!("`{value}`, which is no Message-ID"), example(name));
            }
            Filter::MessageId(id.to_owned())
        }
        "lang" if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()) => {
            Filter::Language(value.to_ascii_lowercase())
        }
        _ => return refuse(format!("`{name}:{value}`"), &format!("write {}", example(name))),
    };
    Ok(Query::Filter(filter))
}

fn is_me(value: &str, quoted: bool) -> bool {
    !quoted && value.eq_ignore_ascii_case("me")
}

fn place(name: &str) -> Place {
    match name {
        "from" => Place::From,
        "to" => Place::To,
        "cc" => Place::Cc,
        "subject" => Place::Subject,
        "body" => Place::Body,
        "filename" => Place::Filename,
        "label" => Place::Label,
        _ => Place::In,
    }
}

fn size(value: &str) -> Option<u64> {
    let lower = value.to_ascii_lowercase();
    let lower = lower.strip_suffix('b').unwrap_or(&lower);
    let (digits, shift) = match lower.as_bytes().last()? {
        b'k' => (&lower[..lower.len() - 1], 10),
        b'm' => (&lower[..lower.len() - 1], 20),
        b'g' => (&lower[..lower.len() - 1], 30),
        _ => (lower, 0),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The date in its one spelling, when it is one. What it means is settled when the clock is known.
fn date_text(value: &str) -> Option<String> {
    let value = value.to_lowercase();
    // Any moment will do: whether a text is a date does not depend on it.
    let some_day = UnixSeconds(1_700_000_000);
    parse_query_date(&value, some_day, &Zone::utc()).map(|_| value)
}

fn span(value: &str) -> Option<DateSpan> {
    let side = |text: &str| {
        if text.is_empty() { Some(None) } else { date_text(text).map(Some) }
    };
    match value.split_once("..") {
        Some(("", "")) => None,
        Some((from, until)) => {
            Some(DateSpan { from: side(from.trim())?, until: side(until.trim())? })
        }
        None => {
            let date = date_text(value)?;
            Some(DateSpan { from: Some(date.clone()), until: Some(date) })
        }
    }
}

/// `a,b` as `a OR b`.
fn any_of(value: &str, fact: impl Fn(String) -> Option<Fact>) -> Option<Query> {
    let mut queries = Vec::new();
    for one in value.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        queries.push(Query::Filter(Filter::Fact(fact(one.to_lowercase())?)));
    }
    match queries.len() {
        0 => None,
        1 => queries.pop(),
        _ => Some(Query::Or(queries)),
    }
}

fn is(value: &str) -> Option<Filter> {
    Some(match value.to_lowercase().as_str() {
        "unread" => Filter::IsRead(false),
        "read" => Filter::IsRead(true),
        "flagged" => Filter::IsFlagged,
        "answered" => Filter::Fact(Fact::Answered),
        "owed" => Filter::Fact(Fact::Owed),
        "waiting" => Filter::Fact(Fact::Waiting),
        _ => return None,
    })
}

/// How an operator is written.
pub(super) fn example(name: &str) -> &'static str {
    match name {
        "from" => "from:ada",
        "to" => "to:ada",
        "cc" => "cc:ada",
        "subject" => "subject:budget",
        "body" => "body:budget",
        "filename" => "filename:pdf",
        "in" => "in:inbox",
        "label" => "label:work",
        "has" => "has:attachment",
        "larger" => "larger:2M",
        "smaller" => "smaller:10k",
        "before" => "before:2026-03-01",
        "after" => "after:2026-03-01",
        "older_than" => "older_than:3m",
        "newer_than" => "newer_than:2w",
        "date" => "date:2026-01..2026-03",
        "is" => "is:unread",
        "tier" => "tier:now",
        "kind" => "kind:list",
        "due" => "due:..today",
        "thread" => "thread:7",
        "id" => "id:7",
        "mid" => "mid:<a@example.org>",
        _ => "lang:de",
    }
}
