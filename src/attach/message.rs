//! A mail as an attachment: who wrote what to whom, and what is attached to it in turn.

use super::text::Text;
use super::{Budget, File, Refusal, plain, read_into};
use crate::mail::{self, Person};

/// Attachments of attached mail that are read.
const PARTS_MAX: usize = 32;

pub(super) fn read(bytes: &[u8], text: &mut Text, budget: &Budget) -> Result<(), Refusal> {
    let message = mail::parse(bytes);
    plain::add_lines(&message.subject, text);
    for person in message.from.iter().chain(&message.to).chain(&message.cc) {
        add_person(person, text);
    }
    plain::add_lines(&message.text, text);
    if budget.depth == 0 {
        text.cut();
        return Ok(());
    }
    let inner = Budget { depth: budget.depth - 1, ..*budget };
    for (attachment, bytes) in mail::attachments(bytes).into_iter().take(PARTS_MAX) {
        if text.is_full() || budget.is_over() {
            text.cut();
            break;
        }
        plain::add_lines(&attachment.name, text);
        let file = File { name: &attachment.name, mime_type: &attachment.mime_type, bytes: &bytes };
        // What cannot be read of it leaves the rest as it is.
        let _ = read_into(&file, text, &inner);
    }
    Ok(())
}

fn add_person(person: &Person, text: &mut Text) {
    text.push(&person.name);
    text.blank();
    text.push(&person.address);
    text.line();
}
