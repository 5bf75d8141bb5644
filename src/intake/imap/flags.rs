//! Flags and labels, and which of them changed.
//!
//! A label is a keyword of IMAP; Gmail has labels of its own beside them (X-GM-LABELS), which it shows as
//! folders too.

use super::reply::Fetched;
use super::session::{Data, Session};
use super::{Error, names};
use crate::mail::Marks;

/// Keywords that programs keep books with; they label nothing for a person. Those with a `$` are
/// registered as such, all but the five tags of Thunderbird.
const BOOKKEEPING: [&str; 7] =
    ["junk", "nonjunk", "notjunk", "junkrecorded", "old", "mdnsent", "forwarded"];

/// What the server says of a message, when it speaks of flags at all: Maildir's letters, and labels.
pub(super) fn marks(fetched: &Fetched) -> Option<Marks> {
    let mut marks = Marks::default();
    for flag in fetched.flags.as_ref()? {
        let lower = flag.to_ascii_lowercase();
        let letter = match lower.as_str() {
            "\\draft" => 'D',
            "\\flagged" => 'F',
            "$forwarded" | "forwarded" => 'P',
            "\\answered" => 'R',
            "\\seen" => 'S',
            "\\deleted" => 'T',
            name => {
                if is_label_keyword(name) {
                    marks.add_label(flag);
                }
                continue;
            }
        };
        marks.set_letter(letter, true);
    }
    for label in fetched.labels.iter().flatten() {
        marks.add_label(&names::readable(label, None));
    }
    Some(marks)
}

/// Whether a keyword, in lower case, is a person's.
fn is_label_keyword(name: &str) -> bool {
    let registered = name.starts_with('$') && !name.starts_with("$label");
    !registered && !name.starts_with('\\') && !BOOKKEEPING.contains(&name)
}

/// Whether a label can be told to a server without Gmail's labels: an atom (RFC 9051, 9) that is not a
/// program's.
pub(super) fn is_keyword(label: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte);
    label.bytes().all(atom) && is_label_keyword(&label.to_ascii_lowercase())
}

/// The server's names of Maildir's letters, blanks between them.
pub(super) fn names_of(letters: &str) -> String {
    let names = letters.chars().filter_map(|letter| match letter {
        'D' => Some("\\Draft"),
        'F' => Some("\\Flagged"),
        'P' => Some("$Forwarded"),
        'R' => Some("\\Answered"),
        'S' => Some("\\Seen"),
        // Never \Deleted: nothing is deleted here.
        _ => None,
    });
    names.collect::<Vec<_>>().join(" ")
}

/// The items that ask for flags and labels.
pub(super) fn items(session: &Session) -> &'static str {
    if session.can("X-GM-EXT-1") { "FLAGS X-GM-LABELS" } else { "FLAGS" }
}

/// The marks of a set of UIDs, as far as they are there.
pub(super) fn of(
    session: &mut Session,
    name: &str,
    set: &str,
) -> Result<Vec<(u32, String)>, Error> {
    all_of(session, name, set, "")
}

/// Marks that changed after `modseq`; with QRESYNC the session hears what vanished, too.
pub(super) fn since(
    session: &mut Session,
    name: &str,
    modseq: u64,
) -> Result<Vec<(u32, String)>, Error> {
    let vanished = session.quirks.qresync && session.can("QRESYNC") && session.can("ENABLE");
    let vanished = if vanished { " VANISHED" } else { "" };
    all_of(session, name, "1:*", &format!(" (CHANGEDSINCE {modseq}{vanished})"))
}

/// All marks from UID `first` on.
pub(super) fn from(
    session: &mut Session,
    name: &str,
    first: u32,
) -> Result<Vec<(u32, String)>, Error> {
    all_of(session, name, &format!("{}:*", first.max(1)), "")
}

fn all_of(
    session: &mut Session,
    name: &str,
    set: &str,
    modifiers: &str,
) -> Result<Vec<(u32, String)>, Error> {
    let doing = format!("comparing the flags in {name}");
    let command = format!("UID FETCH {set} (UID {}){modifiers}", items(session));
    let labelled = session.can("X-GM-EXT-1");
    let mut found = Vec::new();
    session.run(&doing, &command, &mut |data| {
        if let Data::Fetch(fetched) = data
            // News of flags alone says nothing of labels.
            && (!labelled || fetched.labels.is_some())
            && let (Some(uid), Some(marks)) = (fetched.uid, marks(&fetched))
        {
            found.push((uid, marks.to_string()));
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(flags: &[&str], labels: &[&str], expected: &str) {
        let of = |list: &[&str]| Some(list.iter().map(|&text| text.to_owned()).collect());
        let fetched = Fetched { flags: of(flags), labels: of(labels), ..Fetched::default() };
        assert_eq!(marks(&fetched).map(|marks| marks.to_string()).as_deref(), Some(expected));
    }

    #[test]
    fn flags_become_letters_and_keywords_labels() {
        check(&["\\Seen", "\\ANSWERED", "$Forwarded", "\\Recent"], &[], "PRS");
        check(&["\\Seen", "work", "$Label1", "NonJunk", "$MDNSent"], &[], "S\t$Label1\twork");
        check(
            &[],
            &["\\Inbox", "\\Important", "Gel&APY-scht", "big plans"],
            "\tbig plans\tGelöscht",
        );
        check(&[], &[], "");
    }

    #[test]
    fn keywords_are_atoms_of_persons() {
        let ok = ["work", "to-do/2026", "$label3"];
        let no = ["big plans", "größe", "a(b", "$Forwarded", "NonJunk", "\\Seen", "a]"];
        assert!(ok.iter().all(|label| is_keyword(label)));
        assert!(!no.iter().any(|label| is_keyword(label)));
    }
}
