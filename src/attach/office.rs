//! Texts and presentations of Office Open XML (ECMA-376).

use super::archive::Archive;
use super::text::Text;
use super::xml::{Go, Node};
use super::{Budget, Refusal};

/// The text, then notes, comments, heads and feet.
pub(super) fn read_document(
    archive: &mut Archive<'_>,
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    let mut members = vec!["word/document.xml".to_owned()];
    for more in ["footnotes", "endnotes", "comments", "header", "footer"] {
        members.extend(archive.numbered(&format!("word/{more}"), ".xml"));
    }
    read_members(archive, &members, text, budget)
}

/// Each slide, then its notes.
pub(super) fn read_slides(
    archive: &mut Archive<'_>,
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    let mut members = archive.numbered("ppt/slides/slide", ".xml");
    members.extend(archive.numbered("ppt/notesSlides/notesSlide", ".xml"));
    members.extend(archive.numbered("ppt/comments/", ".xml"));
    read_members(archive, &members, text, budget)
}

fn read_members(
    archive: &mut Archive<'_>,
    members: &[String],
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    let mut result = Ok(());
    for member in members {
        if text.is_full() || budget.is_over() {
            text.cut();
            break;
        }
        // One damaged part leaves the others.
        result = result.and(read_paragraphs(archive, member, text, budget));
    }
    result
}

/// Text stands in elements `t`, in paragraphs `p`. What a second way of showing the same holds
/// (`Fallback`) was read already.
fn read_paragraphs(
    archive: &mut Archive<'_>,
    member: &str,
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    let (mut in_text, mut fallbacks) = (false, 0_u32);
    let whole = archive.xml(member)?.each(|node| {
        match node {
            Node::Start(element) => match element.name {
                "Fallback" => fallbacks += 1,
                "t" | "text" if fallbacks == 0 => in_text = true,
                "tab" if fallbacks == 0 => text.blank(),
                "br" | "cr" if fallbacks == 0 => text.line(),
                _ => {}
            },
            Node::End(name) => match name {
                "Fallback" => fallbacks = fallbacks.saturating_sub(1),
                "t" | "text" => in_text = false,
                "p" => text.line(),
                // Cells of a table in a row.
                "tc" => text.blank(),
                _ => {}
            },
            Node::Text(more) if in_text => text.push(more),
            Node::Text(_) => {}
        }
        Go::unless(text.is_full() || budget.is_over())
    });
    text.line();
    if budget.is_over() {
        text.cut();
    }
    if whole { Ok(()) } else { Err("a part of it is damaged or cut off") }
}
