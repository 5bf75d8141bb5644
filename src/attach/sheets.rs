//! Workbooks of Office Open XML: names of sheets, then the cells row by row.

use super::archive::Archive;
use super::text::Text;
use super::xml::{Go, Node};
use super::{Budget, Refusal};

/// Bytes of texts that cells share.
const SHARED_BYTES_MAX: usize = 16 << 20;
/// Such texts.
const SHARED_MAX: usize = 500_000;

const DAMAGED: Refusal = "a part of it is damaged or cut off";

pub(super) fn read(
    archive: &mut Archive<'_>,
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    let mut result = read_names(archive, text);
    let shared = Shared::read(archive, budget);
    let mut members = archive.numbered("xl/worksheets/", ".xml");
    members.extend(archive.numbered("xl/comments", ".xml"));
    for member in members {
        if text.is_full() || budget.is_over() {
            text.cut();
            break;
        }
        result = result.and(read_rows(archive, &member, &shared, text, budget));
    }
    result
}

fn read_names(archive: &mut Archive<'_>, text: &mut Text) -> Result<(), Refusal> {
    let whole = archive.xml("xl/workbook.xml")?.each(|node| {
        if let Node::Start(element) = node
            && element.name == "sheet"
            && let Some(name) = element.attribute("name")
        {
            text.push(&name);
            text.line();
        }
        Go::unless(text.is_full())
    });
    if whole { Ok(()) } else { Err(DAMAGED) }
}

/// The texts that cells share, in one string.
#[derive(Default)]
struct Shared {
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Shared {
    fn read(archive: &mut Archive<'_>, budget: &Budget) -> Self {
        let mut shared = Shared::default();
        let Ok(xml) = archive.xml("xl/sharedStrings.xml") else { return shared };
        let (mut in_text, mut phonetic) = (false, false);
        xml.each(|node| {
            match node {
                Node::Start(element) => match element.name {
                    "t" => in_text = !phonetic,
                    // How to pronounce it, not what it says.
                    "rPh" => phonetic = true,
                    _ => {}
                },
                Node::End("t") => in_text = false,
                Node::End("rPh") => phonetic = false,
                Node::End("si") => shared.ends.push(shared.all.len()),
                Node::Text(more) if in_text => shared.all.push_str(more),
                _ => {}
            }
            let is_full = shared.all.len() > SHARED_BYTES_MAX || shared.ends.len() > SHARED_MAX;
            Go::unless(is_full || budget.is_over())
        });
        shared
    }

    fn get(&self, index: &str) -> Option<&str> {
        let index: usize = index.trim().parse().ok()?;
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.all.get(start..end)
    }
}

fn read_rows(
    archive: &mut Archive<'_>,
    member: &str,
    shared: &Shared,
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    /// A number, or the place of a shared text, is never longer.
    const VALUE_BYTES_MAX: usize = 64;
    let (mut is_shared, mut in_value, mut in_text) = (false, false, false);
    let mut place = String::new();
    let whole = archive.xml(member)?.each(|node| {
        match node {
            Node::Start(element) => match element.name {
                "c" => is_shared = element.attribute("t").as_deref() == Some("s"),
                "v" => {
                    in_value = true;
                    place.clear();
                }
                "t" => in_text = true,
                _ => {}
            },
            Node::End(name) => match name {
                "v" => {
                    in_value = false;
                    if is_shared {
                        text.push(shared.get(&place).unwrap_or(""));
                    }
                }
                "t" => in_text = false,
                "c" => text.push("\t"),
                "row" | "comment" => text.line(),
                _ => {}
            },
            Node::Text(more) if in_value && is_shared => {
                if place.len() + more.len() <= VALUE_BYTES_MAX {
                    place.push_str(more);
                }
            }
            Node::Text(more) if in_value || in_text => text.push(more),
            Node::Text(_) => {}
        }
        Go::unless(text.is_full() || budget.is_over())
    });
    text.line();
    if budget.is_over() {
        text.cut();
    }
    if whole { Ok(()) } else { Err(DAMAGED) }
}
