//! HTML as a person would see it: text, not markup.
//!
//! Hidden text is how strangers talk to a model over its user's head, so what is not seen is not
//! read: `display:none` and its many cousins, text in the colour of its background, outside the
//! page, too small to see. Layout is kept as far as lines of text can keep it.

mod color;
mod layout;
mod sheet;
mod style;
mod tags;
mod walk;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, StartTag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use std::borrow::Cow;
use std::cell::RefCell;

use self::sheet::Sheet;
use self::walk::Walker;

/// Bytes of HTML read.
const HTML_BYTES_MAX: usize = 2 << 20;
/// Attributes of one tag read.
const ATTRIBUTES_MAX: usize = 400;

/// What a person would see of an HTML document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// The text, laid out in lines; quotations begin with `> `.
    pub text: String,
    /// Characters left out because they would not be seen, white space not counted.
    pub hidden_chars: usize,
}

/// A link as it is shown and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The visible text of the link; empty when there is none.
    pub text: String,
    /// Its target as written.
    pub href: String,
}

/// The visible text of an HTML document, of its first 2 MB. Linear in time and memory.
pub fn visible_text(html: &str) -> Visible {
    read(html).0
}

/// The links of an HTML document, in order; at most 1,000.
pub fn links(html: &str) -> Vec<Link> {
    read(html).1
}

/// Web addresses that stand in a plain text.
pub(super) fn bare_links(text: &str) -> Vec<Link> {
    const LINKS_MAX: usize = 1_000;
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '(' | ')'))
        .filter_map(|word| {
            let lower = word.get(..8).unwrap_or(word).to_ascii_lowercase();
            let is_link = ["http://", "https://", "www."].iter().any(|s| lower.starts_with(s));
            let href = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ']', '}']);
            (is_link && href.len() > 8)
                .then(|| Link { text: href.to_owned(), href: href.to_owned() })
        })
        .take(LINKS_MAX)
        .collect()
}

fn read(html: &str) -> (Visible, Vec<Link>) {
    let html = &html[..html.floor_char_boundary(HTML_BYTES_MAX)];
    let html = with_few_attributes(html);
    let sheet = if contains_tag(&html, b"<style") {
        tokenize(&html, Styles::default()).sheet.into_inner()
    } else {
        Sheet::default()
    };
    tokenize(&html, Walker::new(sheet, HTML_BYTES_MAX)).finish()
}

fn tokenize<S: TokenSink>(html: &str, sink: S) -> S {
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // A sink that asks for nothing is never suspended, but a loop that ends is cheap to promise.
    for _ in 0..8 {
        let _ = tokenizer.feed(&input);
        if input.is_empty() {
            break;
        }
    }
    tokenizer.end();
    tokenizer.sink
}

fn contains_tag(html: &str, tag: &[u8]) -> bool {
    html.as_bytes().windows(tag.len()).any(|window| window.eq_ignore_ascii_case(tag))
}

/// Collects the style blocks of a document.
#[derive(Default)]
struct Styles {
    sheet: RefCell<Sheet>,
    /// The text of the block being read.
    block: RefCell<Option<String>>,
}

impl TokenSink for Styles {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => {
                if let Some(block) = self.block.borrow_mut().as_mut() {
                    block.push_str(&text);
                }
            }
            Token::TagToken(tag) if tag.kind == StartTag => match &*tag.name {
                "style" => {
                    let media = tag.attrs.iter().find(|a| &*a.name.local == "media");
                    if media.is_none_or(|media| sheet::media_applies(&media.value)) {
                        *self.block.borrow_mut() = Some(String::new());
                    }
                    return tags::raw_kind("style");
                }
                name => return tags::raw_kind(name),
            },
            Token::TagToken(_) | Token::EOFToken => {
                if let Some(block) = self.block.take() {
                    self.sheet.borrow_mut().add(&block);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// `html` without the attributes of a tag after the first 400: the tokenizer compares each with all
/// before it.
fn with_few_attributes(html: &str) -> Cow<'_, str> {
    let bytes = html.as_bytes();
    let mut kept = String::new();
    let mut kept_to = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&b| b == b'<') {
        at += found + 1;
        if !bytes.get(at).is_some_and(|&b| b.is_ascii_alphabetic() || b == b'/') {
            continue;
        }
        let tag = Attributes::scan(bytes, at);
        if let Some(surplus) = tag.surplus {
            kept.push_str(&html[kept_to..surplus]);
            kept_to = tag.end;
        }
        at = tag.end;
    }
    if kept_to == 0 {
        return Cow::Borrowed(html);
    }
    kept.push_str(&html[kept_to..]);
    Cow::Owned(kept)
}

struct Attributes {
    /// Where the first attribute too many begins.
    surplus: Option<usize>,
    /// Where the tag ends, at its `>`.
    end: usize,
}

impl Attributes {
    fn scan(bytes: &[u8], start: usize) -> Self {
        let mut count = 0;
        let mut surplus = None;
        let mut in_name = true;
        let mut at = start;
        while at < bytes.len() {
            match bytes[at] {
                b'>' => break,
                b'=' if in_name => {
                    in_name = false;
                    at = Self::value_end(bytes, at + 1);
                    continue;
                }
                b if b.is_ascii_whitespace() || b == b'/' => in_name = false,
                _ if !in_name => {
                    in_name = true;
                    count += 1;
                    if count > ATTRIBUTES_MAX && surplus.is_none() {
                        surplus = Some(at);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Self { surplus, end: at }
    }

    fn value_end(bytes: &[u8], mut at: usize) -> usize {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if let Some(&quote @ (b'"' | b'\'')) = bytes.get(at) {
            let rest = bytes[at + 1..].iter().position(|&b| b == quote);
            rest.map_or(bytes.len(), |length| at + 1 + length + 1)
        } else {
            let rest = bytes[at..].iter().position(|&b| b.is_ascii_whitespace() || b == b'>');
            rest.map_or(bytes.len(), |length| at + length)
        }
    }
}

#[cfg(test)]
mod tests;
