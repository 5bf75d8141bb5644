//! XML one element at a time, without the names' prefixes. Entities of the document's own are left
//! out, so there is nothing to expand; depth costs nothing, as no tree is built.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// What comes next.
pub(super) enum Node<'a> {
    /// An element begins. One that is empty ends at once.
    Start(Element<'a>),
    /// An element ends.
    End(&'a str),
    /// Text, with its references resolved.
    Text(&'a str),
}

/// The beginning of an element.
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    start: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// The value of an attribute, whatever its prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let found = self
            .start
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| local(attribute.key.as_ref()) == name)?;
        let value = found.value.as_ref();
        Some(
            quick_xml::escape::unescape(value)
                .map_or_else(|_| value.to_owned(), std::borrow::Cow::into_owned),
        )
    }
}

/// A document being read.
pub(super) struct Xml<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(from: R) -> Self {
        let mut reader = Reader::from_reader(from);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { reader, buffer: Vec::new() }
    }

    /// Calls `each` with every node until it asks to stop or the document ends. False where the
    /// document breaks off before its end.
    pub(super) fn each(mut self, mut each: impl FnMut(Node<'_>) -> Go) -> bool {
        loop {
            self.buffer.clear();
            let Ok(event) = self.reader.read_event_into(&mut self.buffer) else { return false };
            let go = match &event {
                Event::Start(start) => each(begin(start)),
                Event::Empty(start) => match each(begin(start)) {
                    Go::On => each(Node::End(local(start.name().as_ref()))),
                    Go::Stop => Go::Stop,
                },
                Event::End(end) => each(Node::End(local(end.name().as_ref()))),
                Event::Text(text) => each(Node::Text(text)),
                Event::CData(text) => each(Node::Text(text)),
                Event::GeneralRef(reference) => match character(reference) {
                    Some(c) => each(Node::Text(c.encode_utf8(&mut [0; 4]))),
                    None => Go::On,
                },
                Event::Eof => return true,
                _ => Go::On,
            };
            if matches!(go, Go::Stop) {
                return true;
            }
        }
    }
}

/// Whether to read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    On,
    Stop,
}

impl Go {
    pub(super) fn unless(stop: bool) -> Self {
        if stop { Go::Stop } else { Go::On }
    }
}

fn begin<'a>(start: &'a BytesStart<'a>) -> Node<'a> {
    let name = start.name();
    Node::Start(Element { name: local(name.into_inner()), start })
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The character that a reference stands for: one of XML's own five, or by number.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Some(c);
    }
    Some(match &**reference {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, expected: &str, is_whole: bool) {
        let mut seen = String::new();
        let whole = Xml::new(document.as_bytes()).each(|node| {
            match node {
                Node::Start(element) => {
                    seen.push_str(&format!("<{}", element.name));
                    if let Some(value) = element.attribute("a") {
                        seen.push_str(&format!(" {value}"));
                    }
                    seen.push('>');
                }
                Node::End(name) => seen.push_str(&format!("</{name}>")),
                Node::Text(text) => seen.push_str(text),
            }
            Go::On
        });
        assert_eq!((seen.as_str(), whole), (expected, is_whole), "{document}");
    }

    #[test]
    fn prefixes_go_and_references_are_resolved() {
        check("<w:p n:a='x&amp;y'>1&lt;2&#233;<b/></w:p>", "<p x&y>1<2é<b></b></p>", true);
        check("<a><![CDATA[x<y]]></a>", "<a>x<y</a>", true);
    }

    #[test]
    fn entities_of_the_document_are_left_out() {
        let bomb = "<!DOCTYPE a [<!ENTITY b 'boom'><!ENTITY c '&b;&b;'>]><a>x&c;y</a>";
        check(bomb, "<a>xy</a>", true);
    }

    #[test]
    fn what_breaks_off_is_read_to_there() {
        check("<a>x<b", "<a>x", false);
        check("</a>x</b>", "</a>x</b>", true);
    }
}
