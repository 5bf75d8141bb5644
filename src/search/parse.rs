//! The query parser: text in, [`Query`] out, or an error that says where and what instead.
//!
//! Our own, because the index engine's grammar overflows the stack on 20,000 brackets and turns
//! quadratic on as many negations. Length is checked before anything else, depth on the way down.

use crate::mail::UnixSeconds;
use crate::mail::when::{Zone, parse_query_date};

use super::query::{
    Age, DateSpan, Fact, Filter, ParseError, Place, QUERY_BYTES_MAX, QUERY_DEPTH_MAX, Query, Word,
};

const OPERATORS: &[&str] = &[
    "from", "to", "cc", "subject", "body", "filename", "in", "has", "larger", "smaller", "before",
    "after", "older_than", "newer_than", "date", "is", "tier", "kind", "due", "thread", "id", "mid",
    "lang",
];
const KINDS: &[&str] = &[
    "person", "list", "newsletter", "promotion", "notification", "transaction", "calendar", "junk",
    "suspicious",
];
/// What stands before a colon in ordinary text, so that a pasted subject or address is no error.
const PLAIN_BEFORE_COLON: &[&str] =
    &["http", "https", "mailto", "ftp", "re", "fw", "fwd", "aw", "wg", "sv", "vs", "antw", "rv", "tr"];

/// Reads a question.
///
/// # Errors
/// [`ParseError`] with the place, what was found and what to write instead: unbalanced quotes or
/// brackets, an unknown operator or value, a question longer than [`QUERY_BYTES_MAX`] or deeper
/// than [`QUERY_DEPTH_MAX`], or one with nothing in it.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(ParseError {
            position: 0,
            message: format!("it is {} bytes long", text.len()),
            hint: format!("at most {QUERY_BYTES_MAX} bytes: leave some words out"),
        });
    }
    let tokens = Lexer { text, at: 0, tokens: Vec::new() }.run()?;
    let mut parser = Parser { text, tokens, next: 0 };
    let query = parser.either(0)?;
    if let Some(token) = parser.peek() {
        return Err(parser.error(
            token.at,
            "a closing bracket that was never opened",
            "remove it, or put the words into quotes",
        ));
    }
    query.ok_or_else(|| ParseError {
        position: 0,
        message: "there is nothing to look for".to_owned(),
        hint: "`*` is all mail".to_owned(),
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    Plus,
    /// A word as typed, `*` at its end included.
    Word(String),
    Phrase(String),
    /// `name:value`, and whether the value was quoted.
    Operator {
        name: String,
        value: String,
        quoted: bool,
    },
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    /// Byte it starts at.
    at: usize,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

fn error_at(text: &str, at: usize, message: impl Into<String>, hint: impl Into<String>) -> ParseError {
    let position = text.get(..at).map_or(0, |before| before.chars().count());
    ParseError { position, message: message.into(), hint: hint.into() }
}

fn is_opening_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201C}' | '\u{201E}')
}

fn is_closing_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201C}' | '\u{201D}')
}

impl Lexer<'_> {
    fn run(mut self) -> Result<Vec<Token>, ParseError> {
        while let Some(c) = self.text[self.at..].chars().next() {
            let at = self.at;
            match c {
                _ if c.is_whitespace() => self.at += c.len_utf8(),
                '(' => self.push(Kind::Open, at, 1),
                ')' => self.push(Kind::Close, at, 1),
                _ if is_opening_quote(c) => {
                    let text = self.quoted()?;
                    self.tokens.push(Token { kind: Kind::Phrase(text), at });
                }
                '-' | '+' if self.binds_to_next() => {
                    self.push(if c == '+' { Kind::Plus } else { Kind::Not }, at, 1);
                }
                _ => self.word()?,
            }
        }
        Ok(self.tokens)
    }

    fn push(&mut self, kind: Kind, at: usize, bytes: usize) {
        self.at += bytes;
        self.tokens.push(Token { kind, at });
    }

    /// Whether a sign stands right before what it is about.
    fn binds_to_next(&self) -> bool {
        let after = self.text[self.at + 1..].chars().next();
        after.is_some_and(|c| !c.is_whitespace() && c != ')')
    }

    /// Reads from an opening quote to the closing one.
    fn quoted(&mut self) -> Result<String, ParseError> {
        let opened = self.at;
        let opening = self.text[opened..].chars().next().map_or(1, char::len_utf8);
        let inside = &self.text[opened + opening..];
        let Some(length) = inside.find(is_closing_quote) else {
            let hint = "close it with \", or leave it out";
            return Err(error_at(self.text, opened, "a quote that is never closed", hint));
        };
        let closing = inside[length..].chars().next().map_or(1, char::len_utf8);
        self.at = opened + opening + length + closing;
        Ok(inside[..length].split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn word(&mut self) -> Result<(), ParseError> {
        let at = self.at;
        let rest = &self.text[at..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')') || is_opening_quote(c))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        if let Some((name, value)) = operator_of(word)
            && !PLAIN_BEFORE_COLON.contains(&name.to_ascii_lowercase().as_str())
        {
            return self.operator(at, name.to_ascii_lowercase(), value.to_owned());
        }
        self.at += end;
        let kind = match word {
            "AND" => Kind::And,
            "OR" => Kind::Or,
            "NOT" => Kind::Not,
            _ => Kind::Word(word.to_owned()),
        };
        self.tokens.push(Token { kind, at });
        Ok(())
    }

    fn operator(&mut self, at: usize, name: String, value: String) -> Result<(), ParseError> {
        let ends_here = self.text[at + name.len() + 1..].chars().next();
        if !OPERATORS.contains(&name.as_str()) {
            let after = ends_here.is_none_or(char::is_whitespace);
            if after {
                // "agenda: friday" is text that happens to hold a colon.
                self.at = at + name.len() + 1;
                self.tokens.push(Token { kind: Kind::Word(name), at });
                return Ok(());
            }
            let hint = match nearest_operator(&name) {
                Some(near) => format!("did you mean `{near}:`? text with a colon goes into quotes"),
                None => "text with a colon goes into quotes".to_owned(),
            };
            return Err(error_at(self.text, at, format!("an unknown operator `{name}:`"), hint));
        }
        self.at = at + name.len() + 1;
        let (value, quoted) = match ends_here {
            Some(c) if is_opening_quote(c) => (self.quoted()?, true),
            Some('<') if name == "mid" => (self.bracketed_id(), false),
            Some('(') => {
                let hint = format!("write it for each word: {name}:a OR {name}:b");
                return Err(error_at(self.text, self.at, "a bracket behind an operator", hint));
            }
            _ => {
                self.at += value.len();
                (value, false)
            }
        };
        if value.is_empty() {
            let hint = format!("write {} without a blank", example(&name));
            return Err(error_at(self.text, at, format!("`{name}:` without a value"), hint));
        }
        self.tokens.push(Token { kind: Kind::Operator { name, value, quoted }, at });
        Ok(())
    }

    /// `<a@example.org>`, whatever stands between the brackets.
    fn bracketed_id(&mut self) -> String {
        let rest = &self.text[self.at..];
        let end = rest.find('>').map_or_else(
            || rest.find(char::is_whitespace).unwrap_or(rest.len()),
            |closing| closing + 1,
        );
        self.at += end;
        rest[..end].to_owned()
    }
}

/// `name` and `value` of `name:value`, where the name can be an operator's.
fn operator_of(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once(':')?;
    let is_name = name.len() >= 2
        && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        && !value.starts_with("//");
    is_name.then_some((name, value))
}

fn nearest_operator(name: &str) -> Option<&'static str> {
    OPERATORS
        .iter()
        .map(|operator| (edits(name, operator), *operator))
        .min()
        .filter(|(edits, operator)| *edits <= 2 && *edits < operator.len())
        .map(|(_, operator)| operator)
}

/// Levenshtein distance of two short ASCII words.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn example(name: &str) -> &'static str {
    match name {
        "from" => "from:ada",
        "to" => "to:ada",
        "cc" => "cc:ada",
        "subject" => "subject:budget",
        "body" => "body:budget",
        "filename" => "filename:pdf",
        "in" => "in:inbox",
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

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

/// One item of a row.
struct Item {
    query: Query,
    /// Joined by `AND` to a neighbour: required even if it is a bare word.
    required: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.next).cloned()
    }

    fn error(&self, at: usize, message: &str, hint: &str) -> ParseError {
        error_at(self.text, at, message, hint)
    }

    fn end(&self) -> usize {
        self.text.len()
    }

    fn check_depth(&self, depth: usize, at: usize) -> Result<(), ParseError> {
        if depth > QUERY_DEPTH_MAX {
            let message = format!("brackets or negations more than {QUERY_DEPTH_MAX} deep");
            return Err(self.error(at, &message, "write it flatter"));
        }
        Ok(())
    }

    /// Rows joined by `OR`. Nothing, when there are no items at all.
    fn either(&mut self, depth: usize) -> Result<Option<Query>, ParseError> {
        let mut branches: Vec<Query> = Vec::new();
        let mut last_or = None;
        loop {
            let row_at = self.peek().map_or(self.end(), |token| token.at);
            match self.row(depth)? {
                Some(row) => branches.push(row),
                None if last_or.is_some() || self.at_or() => {
                    let at = last_or.unwrap_or(row_at);
                    return Err(self.error(
                        at,
                        "an OR without something on both sides",
                        "write a OR b, or \"or\" in small letters for the word",
                    ));
                }
                None => return Ok(None),
            }
            if !self.at_or() {
                break;
            }
            last_or = self.peek().map(|token| token.at);
            self.next += 1;
        }
        Ok(if branches.len() == 1 { branches.pop() } else { Some(Query::Or(branches)) })
    }

    fn at_or(&self) -> bool {
        matches!(self.tokens.get(self.next), Some(Token { kind: Kind::Or, .. }))
    }

    /// Items side by side, up to `OR`, `)` or the end.
    fn row(&mut self, depth: usize) -> Result<Option<Query>, ParseError> {
        let mut items: Vec<Item> = Vec::new();
        let mut items_seen = 0;
        let mut and_at = None;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Or | Kind::Close => break,
                Kind::And => {
                    if items_seen == 0 || and_at.is_some() {
                        return Err(self.and_alone(token.at));
                    }
                    if let Some(item) = items.last_mut() {
                        item.required = true;
                    }
                    and_at = Some(token.at);
                    self.next += 1;
                }
                _ => {
                    items_seen += 1;
                    let required = and_at.take().is_some();
                    if let Some(query) = self.item(depth)? {
                        items.push(Item { query, required });
                    }
                }
            }
        }
        if let Some(at) = and_at {
            return Err(self.and_alone(at));
        }
        Ok(row_of(items))
    }

    fn and_alone(&self, at: usize) -> ParseError {
        self.error(
            at,
            "an AND without something on both sides",
            "write a AND b, or \"and\" in small letters for the word",
        )
    }

    /// One item; nothing for a word without a letter or digit in it.
    fn item(&mut self, depth: usize) -> Result<Option<Query>, ParseError> {
        let Some(token) = self.peek() else { return Ok(None) };
        self.check_depth(depth, token.at)?;
        self.next += 1;
        match token.kind {
            Kind::Not => {
                self.needs_item(token.at, "a negation of nothing", "write -word or NOT word")?;
                Ok(self.item(depth + 1)?.map(|query| Query::Not(Box::new(query))))
            }
            Kind::Plus => {
                self.needs_item(token.at, "a plus before nothing", "write +word")?;
                Ok(self.item(depth + 1)?.map(required))
            }
            Kind::Open => self.group(token.at, depth),
            Kind::Phrase(text) => Ok(has_word(&text).then_some(Query::Phrase(text))),
            Kind::Word(text) => Ok(word(&text)),
            Kind::Operator { name, value, quoted } => {
                self.operator(token.at, &name, &value, quoted).map(Some)
            }
            Kind::And | Kind::Or | Kind::Close => Ok(None),
        }
    }

    fn needs_item(&self, at: usize, message: &str, hint: &str) -> Result<(), ParseError> {
        match self.peek().map(|token| token.kind) {
            None | Some(Kind::And | Kind::Or | Kind::Close) => Err(self.error(at, message, hint)),
            Some(_) => Ok(()),
        }
    }

    fn group(&mut self, opened: usize, depth: usize) -> Result<Option<Query>, ParseError> {
        self.check_depth(depth + 1, opened)?;
        let inside = self.either(depth + 1)?;
        match self.peek() {
            Some(Token { kind: Kind::Close, .. }) => self.next += 1,
            _ => {
                return Err(self.error(
                    opened,
                    "a bracket that is never closed",
                    "close it with `)`, or put the words into quotes",
                ));
            }
        }
        Ok(inside)
    }

    fn operator(
        &self,
        at: usize,
        name: &str,
        value: &str,
        quoted: bool,
    ) -> Result<Query, ParseError> {
        let value_at = at + name.len() + 1;
        let bad = |message: String, hint: &str| Err(error_at(self.text, value_at, message, hint));
        let filter = match name {
            "from" if is_me(value, quoted) => Filter::FromMe,
            "to" if is_me(value, quoted) => Filter::ToMe,
            "from" | "to" | "cc" | "subject" | "body" | "filename" | "in" => {
                if !has_word(value) {
                    return bad(format!("`{value}`, which holds no letter or digit"), example(name));
                }
                Filter::Holds { place: place(name), text: value.to_owned(), exact: quoted }
            }
            "has" if matches!(value.to_lowercase().as_str(), "attachment" | "attachments") => {
                Filter::HasAttachment
            }
            "larger" | "smaller" => match size(value) {
                Some(bytes) if name == "larger" => Filter::Larger(bytes),
                Some(bytes) => Filter::Smaller(bytes),
                None => return bad(format!("`{value}`, which is no size"), "write 500, 10k or 2M"),
            },
            "before" | "after" => match date_text(value) {
                Some(date) if name == "before" => Filter::Before(date),
                Some(date) => Filter::After(date),
                None => return bad(no_date(value), DATE_HINT),
            },
            "older_than" | "newer_than" => match Age::read(value) {
                Some(age) if name == "older_than" => Filter::OlderThan(age),
                Some(age) => Filter::NewerThan(age),
                None => {
                    return bad(format!("`{value}`, which is no length of time"), "write 3d, 2w, 6m or 1y");
                }
            },
            "date" => match span(value) {
                Some(span) => Filter::Date(span),
                None => return bad(no_date(value), DATE_HINT),
            },
            "due" => match span(value) {
                Some(span) => Filter::Fact(Fact::Due(span)),
                None => return bad(no_date(value), DATE_HINT),
            },
            "tier" => return Ok(any_of(value, |tier| Some(Fact::Tier(tier)))
                .unwrap_or(Query::Filter(Filter::Fact(Fact::Tier(value.to_lowercase()))))),
            "kind" => {
                let known = |kind: String| KINDS.contains(&kind.as_str()).then_some(Fact::Kind(kind));
                return match any_of(value, known) {
                    Some(query) => Ok(query),
                    None => bad(format!("an unknown kind `{value}`"), &format!("one of {}", KINDS.join(", "))),
                };
            }
            "is" => match is(value) {
                Some(filter) => filter,
                None => {
                    return bad(
                        format!("an unknown state `{value}`"),
                        "one of unread, read, flagged, answered, owed, waiting",
                    );
                }
            },
            "thread" | "id" => match value.parse::<i64>() {
                Ok(id) if name == "thread" => Filter::Thread(id),
                Ok(id) => Filter::Id(id),
                Err(_) => return bad(format!("`{value}`, which is no number"), example(name)),
            },
            "mid" => {
                let id = value.trim_start_matches('<').trim_end_matches('>').trim();
                if id.is_empty() || id.contains(['<', '>']) {
                    return bad(format!("`{value}`, which is no Message-ID"), example(name));
                }
                Filter::MessageId(id.to_owned())
            }
            "lang" if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()) => {
                Filter::Language(value.to_ascii_lowercase())
            }
            _ => return bad(format!("`{name}:{value}`"), &format!("write {}", example(name))),
        };
        Ok(Query::Filter(filter))
    }
}

const DATE_HINT: &str = "write 2026-03-02, 2026-03, yesterday, 3m or a range such as 2026-01..2026-03";

fn no_date(value: &str) -> String {
    format!("`{value}`, which is no date")
}

/// A row of items as a query: bare words together first, then what is required.
fn row_of(items: Vec<Item>) -> Option<Query> {
    let mut words: Vec<Word> = Vec::new();
    let mut rest: Vec<Query> = Vec::new();
    for Item { query, required: is_required } in items {
        match query {
            // A single word; a bracketed row of words holds more than one and stays together.
            Query::Words(mut word) if word.len() == 1 => {
                let word = word.remove(0);
                if is_required { rest.push(Query::Must(word)) } else { words.push(word) }
            }
            Query::And(inner) if !inner.iter().any(|item| matches!(item, Query::Words(_))) => {
                rest.extend(inner);
            }
            other => rest.push(other),
        }
    }
    match (words.is_empty(), rest.len()) {
        (true, 0) => None,
        (true, 1) => rest.pop(),
        (false, 0) => Some(Query::Words(words)),
        (true, _) => Some(Query::And(rest)),
        (false, _) => {
            rest.insert(0, Query::Words(words));
            Some(Query::And(rest))
        }
    }
}

fn required(query: Query) -> Query {
    match query {
        Query::Words(mut words) if words.len() == 1 => Query::Must(words.remove(0)),
        other => other,
    }
}

fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn word(text: &str) -> Option<Query> {
    if text == "*" {
        return Some(Query::All);
    }
    let stripped = text.trim_end_matches('*');
    let prefix = stripped.len() < text.len();
    has_word(stripped).then(|| Query::Words(vec![Word { text: stripped.to_owned(), prefix }]))
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
        Some((from, until)) => Some(DateSpan { from: side(from.trim())?, until: side(until.trim())? }),
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
