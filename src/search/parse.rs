//! The query parser: text in, [`Query`] out, or an error that says where and what instead.
//!
//! Our own, because the index engine's grammar overflows the stack on 20,000 brackets and turns
//! quadratic on as many negations. Length is checked before anything else, depth on the way down.

use super::lexer::{Kind, Lexer, Token, error_at};
use super::operators;
use super::query::{ParseError, QUERY_BYTES_MAX, QUERY_DEPTH_MAX, Query, Word};

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
    let tokens = Lexer::new(text).run()?;
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
            Kind::Operator { name, value, quoted } => operators::operator(&name, &value, quoted)
                .map(Some)
                .map_err(|(found, hint)| self.error(token.at + name.len() + 1, &found, &hint)),
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
