//! The walk over a document: open elements, what each looks like, and its text.
//!
//! A tree is never built. html5ever's own tree builder walks all open elements for each block that
//! opens, which is quadratic in the depth of a document; here depth is capped and the few repairs
//! browsers make that change what is seen are made on the stack.

use html5ever::tokenizer::{EndTag, StartTag, Tag, Token, TokenSink, TokenSinkResult};
use html5ever::{LocalName, local_name};
use std::cell::RefCell;
use std::mem;

use super::layout::Layout;
use super::sheet::{self, Named, Sheet};
use super::style::{Declared, Display, Look, Style, WhiteSpace};
use super::tags::{
    Kind, attribute, is_block, is_formatting, is_mute, is_quotation, is_table_part, is_void,
    presentation, raw_kind,
};
use super::{Link, Visible};
use crate::mail::invisible;

/// Open elements tracked one by one; browsers stop at 512, too.
const DEPTH_MAX: usize = 512;
/// Formatting elements opened again after a block closed over them.
const REOPENED_MAX: usize = 16;
/// Links listed.
const LINKS_MAX: usize = 1_000;
/// Bytes of a link's target kept.
const HREF_BYTES_MAX: usize = 4_096;
/// Characters of a picture's description shown.
const ALT_CHARS_MAX: usize = 200;

/// Takes the tokens of a document.
pub(super) struct Walker {
    walk: RefCell<Walk>,
}

impl Walker {
    pub(super) fn new(sheet: Sheet, bytes_max: usize) -> Self {
        Self { walk: RefCell::new(Walk::new(sheet, bytes_max)) }
    }

    pub(super) fn finish(self) -> (Visible, Vec<Link>) {
        self.walk.into_inner().finish()
    }
}

impl TokenSink for Walker {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut walk = self.walk.borrow_mut();
        match token {
            Token::CharacterTokens(text) => walk.pending.push_str(&text),
            Token::TagToken(tag) => {
                walk.flush_text();
                return match tag.kind {
                    StartTag => walk.open(&tag),
                    EndTag => {
                        walk.close(&tag.name);
                        TokenSinkResult::Continue
                    }
                };
            }
            Token::EOFToken => walk.flush_text(),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// An open element.
struct Open {
    name: LocalName,
    kind: Kind,
    /// Left empty when no rule asks for it.
    named: Named,
    declared: Declared,
    look: Look,
    end: End,
    /// Index of the link this element is or stands in.
    link: Option<usize>,
    /// A table cell keeps formatting from outside out; it comes back after it.
    set_aside: Option<Vec<Reopen>>,
}

/// What the end of an element does to the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Nothing,
    Block,
    Paragraph,
    Row,
    Quote,
    List,
    Item,
}

/// A formatting element to open again.
struct Reopen {
    name: LocalName,
    named: Named,
    declared: Declared,
}

struct Walk {
    sheet: Sheet,
    /// The look of the page itself.
    page: Look,
    open: Vec<Open>,
    paragraphs_open: usize,
    /// Elements open beyond `DEPTH_MAX`, and the depth among them that hid the rest.
    deeper: usize,
    deeper_gone: Option<usize>,
    reopen: Vec<Reopen>,
    /// The element whose text is nothing to see (`script`, `template`), and how deep it nests.
    mute: Option<(String, usize)>,
    foreign_depth: usize,
    pending: String,
    layout: Layout,
    hidden_chars: usize,
    links: Vec<Link>,
}

impl Walk {
    fn new(sheet: Sheet, bytes_max: usize) -> Self {
        Self {
            page: if sheet.unknown_grounds { Look::on_unknown_ground() } else { Look::default() },
            sheet,
            open: Vec::new(),
            paragraphs_open: 0,
            deeper: 0,
            deeper_gone: None,
            reopen: Vec::new(),
            mute: None,
            foreign_depth: 0,
            pending: String::new(),
            layout: Layout::new(bytes_max),
            hidden_chars: 0,
            links: Vec::new(),
        }
    }

    fn finish(mut self) -> (Visible, Vec<Link>) {
        self.flush_text();
        for link in &mut self.links {
            let text = link.text.split_whitespace().collect::<Vec<_>>().join(" ");
            link.text = text;
        }
        let visible = Visible { text: self.layout.finish(), hidden_chars: self.hidden_chars };
        (visible, self.links)
    }

    fn look(&self) -> Look {
        self.open.last().map_or(self.page, |open| open.look)
    }

    // ---- text

    fn flush_text(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let text = mem::take(&mut self.pending);
        if self.mute.is_none() {
            self.text(&text);
        }
        // Keeps the buffer.
        self.pending = text;
        self.pending.clear();
    }

    fn text(&mut self, text: &str) {
        let (text, invisible) = invisible::strip(text);
        let is_blank = text.trim().is_empty();
        if !is_blank {
            self.reopen_formatting();
        }
        let look = self.text_look(is_blank);
        if self.deeper_gone.is_some() || !(look.shows_text() || is_blank) {
            self.hidden_chars += text.chars().filter(|c| !c.is_whitespace()).count() + invisible;
            return;
        }
        self.hidden_chars += invisible;
        self.append_to_link(&text);
        match look.white_space {
            WhiteSpace::Folds => self.layout.text(&text),
            WhiteSpace::KeepsLines => self.layout.preformatted(&text, false),
            // Blanks between the tags of a hidden page are no layout.
            WhiteSpace::Keeps if is_blank && !look.shows_text() => {}
            WhiteSpace::Keeps => self.layout.preformatted(&text, true),
        }
    }

    /// Text that stands in a table but in no cell is shown before the table.
    fn text_look(&self, is_blank: bool) -> Look {
        if is_blank || !self.open.last().is_some_and(|open| open.kind.frame) {
            return self.look();
        }
        let table = self.open.iter().rposition(|open| open.name == local_name!("table"));
        match table.and_then(|at| at.checked_sub(1)) {
            Some(parent) => self.open[parent].look,
            None => self.page,
        }
    }

    fn append_to_link(&mut self, text: &str) {
        let link = self.open.last().and_then(|open| open.link);
        if let Some(link) = link.and_then(|at| self.links.get_mut(at)) {
            link.text.push_str(text);
        }
    }

    // ---- start tags

    fn open(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        if let Some((muted, depth)) = &mut self.mute {
            if muted == name {
                *depth += 1;
            }
            return raw_kind(name);
        }
        if is_mute(name) {
            self.mute = Some((name.to_owned(), 1));
            return raw_kind(name);
        }
        match name {
            "html" | "body" => self.root(tag),
            "head" => {}
            "br" => self.layout.line_break(),
            "hr" => {
                self.close_paragraph();
                self.layout.paragraph();
            }
            "img" | "image" => self.picture(tag),
            _ if is_void(name) => {}
            _ => self.element(tag),
        }
        raw_kind(name)
    }

    /// `html` and `body` are open from the start; their styles count once.
    fn root(&mut self, tag: &Tag) {
        let roots = [local_name!("html"), local_name!("body")];
        let is_late = self.open.iter().any(|o| o.name == tag.name || !roots.contains(&o.name));
        if !is_late {
            self.push(tag, End::Nothing);
        }
    }

    fn element(&mut self, tag: &Tag) {
        let name = &*tag.name;
        let is_foreign = self.foreign_depth > 0;
        if matches!(name, "svg" | "math") && !tag.self_closing {
            self.foreign_depth += 1;
        }
        if (is_foreign || matches!(name, "svg" | "math")) && tag.self_closing {
            return;
        }
        // A part of a table outside any table is passed over, as browsers do.
        if is_table_part(name) && !self.open.iter().any(|o| o.name == local_name!("table")) {
            return;
        }
        self.close_implied(name);
        if !is_block(name) && !is_table_part(name) {
            self.reopen_formatting();
        }
        let end = match name {
            "blockquote" => End::Quote,
            "ul" | "ol" | "menu" | "dir" => End::List,
            "li" => End::Item,
            "tr" => End::Row,
            "p" if attribute(tag, "class").is_some_and(|class| class.starts_with("Mso")) => {
                // Outlook writes its lines as paragraphs without space between them.
                End::Block
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "dl" | "listing" | "xmp" => {
                End::Paragraph
            }
            _ if is_block(name) => End::Block,
            _ => End::Nothing,
        };
        self.push(tag, end);
    }

    fn push(&mut self, tag: &Tag, end: End) {
        let (named, declared) = self.read(tag);
        if self.open.len() >= DEPTH_MAX {
            self.deeper += 1;
            let is_gone = !self.look().child(&declared).shows_pictures();
            if self.deeper_gone.is_none() && is_gone {
                self.deeper_gone = Some(self.deeper);
            }
            if end != End::Nothing {
                self.layout.block();
            }
            return;
        }
        let look = self.look().child(&declared);
        let end = self.start_layout(tag, end, &declared, look);
        let (name, kind) = (tag.name.clone(), Kind::of(&tag.name));
        let mut link = self.open.last().and_then(|open| open.link);
        let mut set_aside = None;
        match &*name {
            "td" | "th" | "caption" => set_aside = Some(mem::take(&mut self.reopen)),
            "a" => link = self.start_link(tag),
            "p" => self.paragraphs_open += 1,
            _ => {}
        }
        self.open.push(Open { name, kind, named, declared, look, end, link, set_aside });
    }

    fn start_layout(&mut self, tag: &Tag, end: End, declared: &Declared, look: Look) -> End {
        let end = match (end, declared.display) {
            (End::Nothing, Some(Display::Block)) if !is_table_part(&tag.name) => End::Block,
            (End::Quote, _) if !is_quotation(tag, declared) => End::Block,
            _ => end,
        };
        // What is not seen takes no room.
        if !look.shows_pictures() {
            return End::Nothing;
        }
        let number = |name| attribute(tag, name).and_then(|value| value.trim().parse().ok());
        match end {
            End::Nothing if matches!(&*tag.name, "td" | "th") => self.layout.cell(),
            End::Nothing => {}
            End::Block => self.layout.block(),
            End::Paragraph => self.layout.paragraph(),
            End::Row => self.layout.row(),
            End::Quote => self.layout.quote_start(),
            End::List => {
                let first = (&*tag.name == "ol").then(|| number("start").unwrap_or(1));
                self.layout.list_start(first);
            }
            End::Item => self.layout.item(look.list_marks, number("value")),
        }
        end
    }

    fn start_link(&mut self, tag: &Tag) -> Option<usize> {
        let href = attribute(tag, "href")?;
        if self.links.len() >= LINKS_MAX || href.trim().is_empty() {
            return None;
        }
        let (href, _) = invisible::strip(href.trim());
        let href = href[..href.floor_char_boundary(HREF_BYTES_MAX)].to_owned();
        self.links.push(Link { text: String::new(), href });
        Some(self.links.len() - 1)
    }

    fn picture(&mut self, tag: &Tag) {
        let Some(alt) = attribute(tag, "alt") else { return };
        let (_, declared) = self.read(tag);
        let look = self.look().child(&declared);
        let is_tiny = |name| {
            attribute(tag, name).and_then(super::style::length).is_some_and(|pixels| pixels <= 1.0)
        };
        let is_seen = look.shows_pictures() && self.deeper_gone.is_none();
        if !is_seen || is_tiny("width") || is_tiny("height") {
            return;
        }
        let (alt, _) = invisible::strip(alt);
        let alt: String = alt.chars().take(ALT_CHARS_MAX).collect();
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        if alt.chars().any(char::is_alphabetic) {
            self.append_to_link(&alt);
            self.layout.word(&format!("[image: {alt}]"));
        } else if !alt.is_ascii() {
            // An emoji sent as a picture.
            self.layout.word(&alt);
        }
    }

    /// Name and style of an element.
    fn read(&mut self, tag: &Tag) -> (Named, Declared) {
        let text = |name| attribute(tag, name).unwrap_or_default();
        let own = attribute(tag, "style").map_or_else(Style::default, Style::read);
        let (mut named, mut rules) = (Named::default(), Style::default());
        if !self.sheet.is_empty() {
            named = Named::new(&tag.name, text("id"), text("class"));
            let open = &self.open;
            rules = self.sheet.style_of(&named, || open.iter().rev().map(|open| &open.named));
        }
        let declared = sheet::cascade(presentation(tag), &rules, &own);
        (named, declared)
    }

    // ---- end tags

    fn close(&mut self, name: &str) {
        if let Some((muted, depth)) = &mut self.mute {
            if muted == name {
                *depth -= 1;
                if *depth == 0 {
                    self.mute = None;
                }
            }
            return;
        }
        if is_void(name) && name != "br" {
            return;
        }
        if self.deeper > 0 {
            if self.deeper_gone == Some(self.deeper) {
                self.deeper_gone = None;
            }
            self.deeper -= 1;
            return;
        }
        let local = LocalName::from(name);
        let is_it = |open: &Open| open.name == local;
        match name {
            "html" | "body" | "head" => {}
            "br" => self.layout.line_break(),
            "p" if !self.has_paragraph() => self.layout.paragraph(),
            "table" => self.pop_to(is_it, |_| false),
            _ if is_formatting(name) => self.close_formatting(&local),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.pop_to(|open| open.kind.heading, |open| open.kind.scope);
            }
            _ if is_table_part(name) => self.pop_to(is_it, Open::is_table),
            _ if is_block(name) => self.pop_to(is_it, |open| open.kind.scope),
            // An unknown end tag stops at the first block (HTML standard, 13.2.6.4.7).
            _ => self.pop_to(is_it, |open| open.kind.block || open.kind.scope),
        }
    }

    /// Closes up to the nearest element that is `wanted`, unless a `barrier` stands before it.
    fn pop_to(&mut self, wanted: impl Fn(&Open) -> bool, barrier: impl Fn(&Open) -> bool) {
        for at in (0..self.open.len()).rev() {
            if wanted(&self.open[at]) {
                self.truncate(at);
                return;
            }
            if barrier(&self.open[at]) {
                return;
            }
        }
    }

    /// Closes all elements from index `at` on. Formatting closed over is opened again later.
    fn truncate(&mut self, at: usize) {
        let mut reopen = Vec::new();
        while self.open.len() > at {
            let Some(open) = self.open.pop() else { break };
            match &*open.name {
                "svg" | "math" => self.foreign_depth = self.foreign_depth.saturating_sub(1),
                "p" => self.paragraphs_open = self.paragraphs_open.saturating_sub(1),
                _ => {}
            }
            self.end_layout(open.end);
            if let Some(set_aside) = open.set_aside {
                // Formatting opened in a cell ends with it.
                reopen.clear();
                self.reopen = set_aside;
            } else if open.kind.formatting && self.open.len() > at {
                let Open { name, named, declared, .. } = open;
                reopen.push(Reopen { name, named, declared });
            }
        }
        self.reopen.extend(reopen.into_iter().rev());
        let surplus = self.reopen.len().saturating_sub(REOPENED_MAX);
        self.reopen.drain(..surplus);
    }

    fn end_layout(&mut self, end: End) {
        match end {
            End::Nothing => {}
            End::Block => self.layout.block(),
            End::Paragraph => self.layout.paragraph(),
            End::Row => self.layout.row(),
            End::Quote => self.layout.quote_end(),
            End::List => self.layout.list_end(),
            End::Item => self.layout.item_end(),
        }
    }

    /// `</font>`: only that element ends, what is open inside it goes on without its look.
    fn close_formatting(&mut self, name: &LocalName) {
        if let Some(at) = self.reopen.iter().rposition(|reopen| reopen.name == *name) {
            self.reopen.remove(at);
            return;
        }
        for at in (0..self.open.len()).rev() {
            let open = &self.open[at];
            if open.set_aside.is_some() {
                return;
            }
            if open.name == *name {
                let closed = self.open.remove(at);
                self.end_layout(closed.end);
                let outer = at.checked_sub(1).and_then(|parent| self.open[parent].link);
                for inner in &mut self.open[at..] {
                    inner.link = if inner.link == closed.link { outer } else { inner.link };
                }
                if !closed.declared.is_empty() {
                    self.renew_looks(at);
                }
                return;
            }
        }
    }

    fn renew_looks(&mut self, from: usize) {
        for at in from..self.open.len() {
            let parent = at.checked_sub(1).map_or(self.page, |parent| self.open[parent].look);
            self.open[at].look = parent.child(&self.open[at].declared);
        }
    }

    fn reopen_formatting(&mut self) {
        for Reopen { name, named, declared } in mem::take(&mut self.reopen) {
            if self.open.len() < DEPTH_MAX {
                let look = self.look().child(&declared);
                let kind = Kind::of(&name);
                let link = self.open.last().and_then(|open| open.link);
                let (end, set_aside) = (End::Nothing, None);
                self.open.push(Open { name, kind, named, declared, look, end, link, set_aside });
            }
        }
    }

    // ---- end tags nobody wrote

    fn close_implied(&mut self, name: &str) {
        // Blocks that an item's start does not reach through; `div` and `p` it does.
        let walls = |open: &Open| {
            open.kind.block && open.name != local_name!("div") && open.name != local_name!("p")
        };
        match name {
            "li" => self.pop_to(|open| open.name == local_name!("li"), walls),
            "dt" | "dd" => self.pop_to(|open| matches!(&*open.name, "dt" | "dd"), walls),
            "option" => self.pop_to(|open| &*open.name == "option", |o| &*o.name == "select"),
            // Links do not nest.
            "a" if self.open.last().is_some_and(|open| open.link.is_some()) => {
                self.close_formatting(&local_name!("a"));
            }
            "td" | "th" => self.pop_to(|open| open.kind.cell, Open::is_table),
            "tr" => self.pop_to(|open| open.name == local_name!("tr"), Open::is_table),
            "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => {
                let is_group = |open: &Open| {
                    matches!(&*open.name, "tbody" | "thead" | "tfoot" | "caption" | "colgroup")
                };
                self.pop_to(is_group, Open::is_table);
            }
            _ => {}
        }
        if is_table_part(name) {
            // Whatever stands between the table's own parts is closed by the next of them.
            let frame = self.open.iter().rposition(|open| open.kind.frame || open.kind.cell);
            if let Some(frame) = frame {
                self.truncate(frame + 1);
            }
        }
        if is_block(name) {
            self.close_paragraph();
        }
    }

    fn close_paragraph(&mut self) {
        if self.has_paragraph() {
            self.pop_to(|open| open.name == local_name!("p"), |_| false);
        }
    }

    /// Is a `p` open that a block would close?
    fn has_paragraph(&self) -> bool {
        self.paragraphs_open > 0
            && self
                .open
                .iter()
                .rev()
                .take_while(|open| !open.kind.scope && open.name != local_name!("button"))
                .any(|open| open.name == local_name!("p"))
    }
}

impl Open {
    fn is_table(&self) -> bool {
        self.name == local_name!("table")
    }
}
