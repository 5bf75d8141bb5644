//! From bytes to a [`Message`], whatever the bytes are.

mod body;
mod date;
mod defuse;
mod people;
mod text;
mod uu;
mod words;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

pub(crate) use self::date::moment;
pub(super) use self::defuse::MESSAGE_BYTES_MAX;
pub(super) use self::words::base64;

use self::body::{Field, PartText, Parts, TextKind};
use super::headers;
use super::html::{self, Link};
use super::types::{Attachment, Message, Moment, Person};

/// Links listed of one message.
const LINKS_MAX: usize = 1_000;

/// Reads a message. Never fails: what cannot be read is named in [`Message::problems`].
///
/// Of a message longer than 100 MB the beginning is read, of its text the first 2 MB.
pub fn parse(raw: &[u8]) -> Message {
    quietly(|| read(raw)).unwrap_or_else(|| {
        let mut message = quietly(|| read_roughly(raw)).unwrap_or_default();
        message.problems.push("the message could not be taken apart".to_owned());
        message
    })
}

/// Contents of an attachment, by its [`crate::mail::Attachment::part`].
pub fn attachment_bytes(raw: &[u8], part: u32) -> Option<Vec<u8>> {
    quietly(|| {
        let whole = defuse::whole(raw);
        let safe = defuse::defuse(&whole);
        let parts = Parts::of(&whole, &safe)?;
        let shown = Shown::of(&parts);
        let found = parts.attachments(&shown.ids);
        let (_, source) = found.get((part as usize).checked_sub(1)?)?;
        parts.attachment_bytes(source)
    })
    .flatten()
}

/// All attachments with their contents, in order; empty where the message cannot be taken apart.
pub fn attachments(raw: &[u8]) -> Vec<(Attachment, Vec<u8>)> {
    quietly(|| {
        let whole = defuse::whole(raw);
        let safe = defuse::defuse(&whole);
        let Some(parts) = Parts::of(&whole, &safe) else { return Vec::new() };
        let shown = Shown::of(&parts);
        let found = parts.attachments(&shown.ids).into_iter();
        found
            .map(|(at, source)| {
                let bytes = parts.attachment_bytes(&source).unwrap_or_default();
                (at, bytes)
            })
            .collect()
    })
    .unwrap_or_default()
}

/// A text whose charset nobody said: UTF-8 where it is that, else as the HTML says itself, else as
/// such bytes are mostly meant.
pub fn decode_text(bytes: &[u8], is_html: bool) -> String {
    let kind = if is_html { TextKind::Html } else { TextKind::Plain };
    body::decode(bytes, None, kind)
}

/// The links of a message as a person sees them: of its HTML, else the addresses in its text.
pub fn links(raw: &[u8]) -> Vec<Link> {
    quietly(|| {
        let whole = defuse::whole(raw);
        let safe = defuse::defuse(&whole);
        let Some(parts) = Parts::of(&whole, &safe) else { return Vec::new() };
        let mut ids: Vec<usize> = parts.rich_ids().chain(parts.plain_ids()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found: Vec<Link> = Vec::new();
        for id in ids {
            let Some(part) = parts.text_of(id) else { continue };
            match part.kind {
                TextKind::Html => found.extend(html::links(&part.text)),
                _ => found.extend(html::bare_links(&part.text)),
            }
        }
        found.truncate(LINKS_MAX);
        found
    })
    .unwrap_or_default()
}

/// Runs `work`; nothing when it panics. The panic writes nothing to stderr: its text could hold mail.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.ok()
}

fn read(raw: &[u8]) -> Message {
    let mut message = Message::default();
    if raw.len() > MESSAGE_BYTES_MAX {
        message.problems.push("longer than 100 MB: the rest was not read".to_owned());
    }
    let whole = defuse::whole(raw);
    let safe = defuse::defuse(&whole);
    let Some(parts) = Parts::of(&whole, &safe) else {
        message.problems.push("empty".to_owned());
        return message;
    };
    let fields = Fields::of(&parts);
    fields.fill(&mut message);
    if parts.fields_count() > fields.all.len() {
        message.problems.push("a header too long: the rest was not read".to_owned());
    }
    let shown = Shown::of(&parts);
    message.attachments = parts.attachments(&shown.ids).into_iter().map(|(at, _)| at).collect();
    shown.fill(&mut message);
    let calendar = parts.calendar();
    if let (true, Some((_, event))) = (message.text.is_empty(), &calendar) {
        message.text = text::calendar_text(event);
    }
    let report = parts.mime_type() == "multipart/report";
    message.headers = headers::facts(&fields, calendar.map(|(method, _)| method), report);
    if message.date.is_none() {
        // An mbox keeps the time of arrival in its separator.
        message.date = raw.starts_with(b"From ").then(|| arrival(raw)).flatten();
    }
    if message.date.is_none() {
        message.problems.push("no date that can be read".to_owned());
    }
    if parts.is_broken() {
        message.problems.push("parts that are not encoded as they say".to_owned());
    }
    message
}

/// The header, and whatever follows it as it stands.
fn read_roughly(raw: &[u8]) -> Message {
    let whole = defuse::whole(raw);
    let gap = |mark: &[u8]| {
        let at = whole.windows(mark.len()).position(|window| window == mark);
        at.map(|at| at + mark.len())
    };
    let body = gap(b"\n\r\n").into_iter().chain(gap(b"\n\n")).min().unwrap_or(whole.len());
    let mut message = read(&whole[..body]);
    let kind = TextKind::Plain;
    let text = words::utf8(&whole[body..], None);
    let part = PartText { kind, text, flowed: false, delete_space: false };
    (message.text, message.hidden_chars) = text::readable(&part);
    message
}

fn arrival(raw: &[u8]) -> Option<Moment> {
    let (line, _) = defuse::split_line(raw);
    date::moment(&String::from_utf8_lossy(line.get(5..)?))
}

/// What of a message is shown as its text.
struct Shown {
    /// The parts, in order.
    ids: Vec<usize>,
    text: String,
    hidden_chars: usize,
    is_cut: bool,
}

impl Shown {
    fn of(parts: &Parts<'_>) -> Self {
        let plain = Self::from(parts, parts.plain_ids().collect());
        if !text::is_stub(&plain.text) {
            return plain;
        }
        let rich = Self::from(parts, parts.rich_ids().collect());
        if text::words(&rich.text).count() > text::words(&plain.text).count() {
            return rich;
        }
        if !plain.text.is_empty() {
            return plain;
        }
        match parts.spare_ids().next().map(|id| Self::from(parts, vec![id])) {
            Some(spare) if !spare.text.is_empty() => spare,
            _ => plain,
        }
    }

    fn from(parts: &Parts<'_>, ids: Vec<usize>) -> Self {
        let mut shown = Self { ids, text: String::new(), hidden_chars: 0, is_cut: false };
        for &id in &shown.ids {
            let Some(part) = parts.text_of(id) else { continue };
            shown.is_cut |= part.text.len() > text::TEXT_BYTES_MAX;
            let (readable, hidden) = text::readable(&part);
            shown.hidden_chars += hidden;
            if !readable.is_empty() && !shown.text.is_empty() {
                shown.text.push_str("\n\n");
            }
            shown.text.push_str(&readable);
            if shown.text.len() > text::TEXT_BYTES_MAX {
                shown.is_cut = true;
                let end = text::cut(&shown.text, text::TEXT_BYTES_MAX).len();
                shown.text.truncate(end);
                break;
            }
        }
        shown
    }

    fn fill(self, message: &mut Message) {
        message.text = self.text;
        message.hidden_chars = self.hidden_chars;
        if self.is_cut {
            message.problems.push("a text longer than 2 MB: the rest was left out".to_owned());
        }
    }
}

/// The fields of a message's own header.
pub(super) struct Fields<'a> {
    all: Vec<Field<'a>>,
    charset: Option<String>,
}

impl<'a> Fields<'a> {
    fn of(parts: &Parts<'a>) -> Self {
        Self { all: parts.fields(), charset: parts.charset().map(str::to_owned) }
    }

    /// Name and value of every field, as they stand.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a [u8])> {
        self.all.iter().map(|field| (field.name.as_ref(), field.value))
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// The first field `name` that is not empty, decoded.
    pub(super) fn line(&self, name: &str) -> Option<String> {
        self.values(name).map(|value| self.decode(value)).find(|line| !line.is_empty())
    }

    pub(super) fn decode(&self, value: &[u8]) -> String {
        words::line(value, self.charset.as_deref())
    }

    /// The address of the first field `name`, without brackets; empty for `<>`.
    pub(super) fn address(&self, name: &str) -> Option<String> {
        self.values(name).next().map(body::address)
    }

    fn people(&self, name: &str) -> Vec<Person> {
        let mut found: Vec<Person> = Vec::new();
        for value in self.values(name) {
            found.extend(people::people(value, self.charset.as_deref()));
        }
        found.truncate(people::PEOPLE_MAX);
        found
    }

    fn ids(&self, name: &str) -> Vec<String> {
        self.values(name).flat_map(people::ids).collect()
    }

    fn fill(&self, message: &mut Message) {
        message.rfc_id = self.values("Message-ID").find_map(people::id);
        message.in_reply_to = self.ids("In-Reply-To");
        message.references = self.ids("References");
        message.subject = self.line("Subject").unwrap_or_default();
        message.from = self.people("From");
        message.to = self.people("To");
        message.cc = self.people("Cc");
        message.bcc = self.people("Bcc");
        message.reply_to = self.people("Reply-To");
        let is_new = |who: &Person| !message.from.iter().any(|from| from.address == who.address);
        message.sender = self.people("Sender").into_iter().next().filter(is_new);
        self.name(&mut message.from, "X-From");
        self.name(&mut message.to, "X-To");
        self.name(&mut message.cc, "X-cc");
        message.date = self.date();
        let from_fields = self.values("From").count();
        if from_fields > 1 {
            message.problems.push(format!("{from_fields} From fields"));
        }
        if message.from.is_empty() {
            message.problems.push("no sender".to_owned());
        }
    }

    /// `Date`, else the newest `Received`.
    fn date(&self) -> Option<Moment> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        self.values("Date").find_map(|value| date::moment(&text(value))).or_else(|| {
            self.values("Received").filter_map(|value| date::received(&text(value))).max()
        })
    }

    /// Archives of old systems keep names apart from addresses, one name for each address.
    fn name(&self, people: &mut [Person], field: &str) {
        const NAMED_MAX: usize = 200;
        if people.is_empty()
            || people.len() > NAMED_MAX
            || people.iter().any(|p| !p.name.is_empty())
        {
            return;
        }
        let Some(line) = self.line(field) else { return };
        let names = split_names(&line, people.len());
        if names.len() == people.len() {
            for (person, name) in people.iter_mut().zip(names) {
                if !name.contains('@') {
                    name.clone_into(&mut person.name);
                }
            }
        }
    }
}

/// Names in a list of `count`: `Allen, Ada <…>, Bo`. A comma between surname and given name looks like
/// one between two people, so anything that does not come out at `count` is given up.
fn split_names(line: &str, count: usize) -> Vec<&str> {
    let name_of = |piece: &'_ str| -> usize { piece.find('<').unwrap_or(piece.len()) };
    let clean = |piece| -> &str {
        let piece: &str = piece;
        piece[..name_of(piece)].trim_matches([' ', '"', '\'', ','])
    };
    if count == 1 {
        return vec![clean(line)];
    }
    let by_bracket: Vec<_> = line.split_inclusive('>').map(clean).collect();
    if by_bracket.len() == count && line.contains('>') {
        return by_bracket;
    }
    line.split(',').map(clean).collect()
}

/// White space folded to single blanks, nothing invisible.
pub(super) fn visible_line(text: &str) -> String {
    words::tidy(text)
}

#[cfg(test)]
mod tests;
