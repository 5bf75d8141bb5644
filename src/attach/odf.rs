//! `OpenDocument` (ISO/IEC 26300): texts, spreadsheets and presentations are one format.

use super::archive::Archive;
use super::text::Text;
use super::xml::{Go, Node};
use super::{Budget, Refusal};

/// Blanks that one element may stand for.
const BLANKS_MAX: usize = 100;

pub(super) fn read(
    archive: &mut Archive<'_>,
    text: &mut Text,
    budget: &Budget,
) -> Result<(), Refusal> {
    // Paragraphs and headings; depth, because notes hold paragraphs inside paragraphs.
    let (mut paragraphs, mut removed) = (0_u32, 0_u32);
    let whole = archive.xml("content.xml")?.each(|node| {
        match node {
            Node::Start(element) => match element.name {
                "p" | "h" => paragraphs += 1,
                // What was struck out.
                "tracked-changes" => removed += 1,
                "table" => {
                    if let Some(name) = element.attribute("name") {
                        text.push(&name);
                        text.line();
                    }
                }
                "tab" => text.blank(),
                "line-break" => text.line(),
                "s" => {
                    let count = element.attribute("c").and_then(|count| count.parse().ok());
                    text.push(&" ".repeat(count.unwrap_or(1).min(BLANKS_MAX)));
                }
                _ => {}
            },
            Node::End(name) => match name {
                "p" | "h" => {
                    paragraphs = paragraphs.saturating_sub(1);
                    text.line();
                }
                "tracked-changes" => removed = removed.saturating_sub(1),
                _ => {}
            },
            Node::Text(more) if paragraphs > 0 && removed == 0 => text.push(more),
            Node::Text(_) => {}
        }
        Go::unless(text.is_full() || budget.is_over())
    });
    if budget.is_over() {
        text.cut();
    }
    if whole { Ok(()) } else { Err("a part of it is damaged or cut off") }
}
