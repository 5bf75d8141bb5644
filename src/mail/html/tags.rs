//! What a tag says of itself: its attributes, and which elements are blocks, formatting, parts of tables, elements without an end.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TokenSinkResult};

use super::color::Color;
use super::style::{Declared, Display, Ink, WhiteSpace};

/// What a tag is for the rules of closing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) block: bool,
    pub(super) scope: bool,
    pub(super) formatting: bool,
    pub(super) heading: bool,
    /// A part of a table that holds no text itself.
    pub(super) frame: bool,
    pub(super) cell: bool,
}

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        Self {
            block: is_block(name),
            scope: is_scope(name),
            formatting: is_formatting(name),
            heading: matches!(name.as_bytes(), [b'h', b'1'..=b'6']),
            frame: matches!(name, "table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup"),
            cell: matches!(name, "td" | "th" | "caption"),
        }
    }
}

pub(super) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name)?;
    let value: &StrTendril = &found.value;
    Some(value)
}

/// What old attributes and the browser itself say of an element's look.
pub(super) fn presentation(tag: &Tag) -> Declared {
    let mut declared = Declared::default();
    for attribute in &tag.attrs {
        let value = &*attribute.value;
        match &*attribute.name.local {
            "hidden" => declared.display = Some(Display::None),
            "bgcolor" => declared.background = Color::attribute(value),
            "background" if !value.trim().is_empty() => declared.picture = Some(true),
            "color" if matches!(&*tag.name, "font" | "basefont") => {
                declared.color = Color::attribute(value).map(Ink::Set);
            }
            "text" if &*tag.name == "body" => {
                declared.color = Color::attribute(value).map(Ink::Set);
            }
            _ => {}
        }
    }
    match &*tag.name {
        "a" if attribute(tag, "href").is_some() => {
            declared.color = Color::css("#0000ee").map(Ink::Set);
        }
        "pre" | "listing" | "xmp" | "plaintext" | "textarea" => {
            declared.white_space = Some(WhiteSpace::Keeps);
        }
        "mark" => declared.background = Color::css("yellow"),
        "dialog" if attribute(tag, "open").is_none() => declared.display = Some(Display::None),
        "datalist" | "rp" => declared.display = Some(Display::None),
        "table" | "td" | "th" => declared.white_space = None,
        _ => {}
    }
    declared
}

/// Is a blockquote somebody else's words? Composers also use it to indent.
pub(super) fn is_quotation(tag: &Tag, declared: &Declared) -> bool {
    let is_cite = attribute(tag, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("cite"))
        || attribute(tag, "cite").is_some()
        || attribute(tag, "class").is_some_and(|class| class.to_lowercase().contains("quote"));
    is_cite || declared.bar != Some(false)
}

/// How the tokenizer must read on after a start tag.
pub(super) fn raw_kind(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
            TokenSinkResult::RawData(RawKind::Rawtext)
        }
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

/// Elements with nothing in them to see. Mail programs run no script, so `noscript` is shown.
pub(super) fn is_mute(name: &str) -> bool {
    matches!(name, "script" | "style" | "title" | "iframe" | "noembed" | "noframes" | "template")
}

pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "img"
            | "image"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

pub(super) fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "ul"
            | "xmp"
            | "plaintext"
            | "option"
    )
}

pub(super) fn is_table_part(name: &str) -> bool {
    matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption" | "colgroup")
}

/// Elements that end tags do not reach through.
pub(super) fn is_scope(name: &str) -> bool {
    matches!(name, "applet" | "caption" | "html" | "table" | "td" | "th" | "marquee" | "object")
}
