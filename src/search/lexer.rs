//! A question cut into its signs, words, phrases and operators.

use super::operators::{OPERATORS, example};
use super::query::ParseError;

/// What stands before a colon in ordinary text, so that a pasted subject or address is no error.
const PLAIN_BEFORE_COLON: &[&str] = &[
    "http", "https", "mailto", "ftp", "re", "fw", "fwd", "aw", "wg", "sv", "vs", "antw", "rv", "tr",
];

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
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
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte it starts at.
    pub(super) at: usize,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

/// An error at a byte of the text.
pub(super) fn error_at(
    text: &str,
    at: usize,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> ParseError {
    let position = text.get(..at).map_or(0, |before| before.chars().count());
    ParseError { position, message: message.into(), hint: hint.into() }
}

fn is_opening_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201C}' | '\u{201E}')
}

fn is_closing_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201C}' | '\u{201D}')
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0, tokens: Vec::new() }
    }

    /// Cuts the text to its end.
    pub(super) fn run(mut self) -> Result<Vec<Token>, ParseError> {
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
