//! Flags, and which of them changed.

use super::Error;
use super::session::{Data, Session};

/// Maildir's letters, sorted; keywords of others are left alone.
pub(super) fn letters(flags: &[String]) -> String {
    let mut letters: Vec<char> = flags
        .iter()
        .filter_map(|flag| match flag.to_ascii_lowercase().as_str() {
            "\\draft" => Some('D'),
            "\\flagged" => Some('F'),
            "$forwarded" | "forwarded" => Some('P'),
            "\\answered" => Some('R'),
            "\\seen" => Some('S'),
            "\\deleted" => Some('T'),
            _ => None,
        })
        .collect();
    letters.sort_unstable();
    letters.dedup();
    letters.into_iter().collect()
}

/// The server's names of Maildir's letters, blanks between them.
pub(super) fn names(letters: &str) -> String {
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

/// The flags of a set of UIDs, as far as they are there.
pub(super) fn of(
    session: &mut Session,
    name: &str,
    set: &str,
) -> Result<Vec<(u32, String)>, Error> {
    all_of(session, name, &format!("{set} (UID FLAGS)"))
}

/// Flags that changed after `modseq`; with QRESYNC the session hears what vanished, too.
pub(super) fn since(
    session: &mut Session,
    name: &str,
    modseq: u64,
) -> Result<Vec<(u32, String)>, Error> {
    let vanished = session.quirks.qresync && session.can("QRESYNC") && session.can("ENABLE");
    let vanished = if vanished { " VANISHED" } else { "" };
    all_of(session, name, &format!("1:* (UID FLAGS) (CHANGEDSINCE {modseq}{vanished})"))
}

/// All flags from UID `first` on.
pub(super) fn from(
    session: &mut Session,
    name: &str,
    first: u32,
) -> Result<Vec<(u32, String)>, Error> {
    all_of(session, name, &format!("{}:* (UID FLAGS)", first.max(1)))
}

fn all_of(session: &mut Session, name: &str, what: &str) -> Result<Vec<(u32, String)>, Error> {
    let doing = format!("comparing the flags in {name}");
    let mut found = Vec::new();
    session.run(&doing, &format!("UID FETCH {what}"), &mut |data| {
        if let Data::Fetch(fetched) = data
            && let (Some(uid), Some(flags)) = (fetched.uid, &fetched.flags)
        {
            found.push((uid, letters(flags)));
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_letters() {
        let flags =
            |list: &[&str]| letters(&list.iter().map(|&f| f.to_owned()).collect::<Vec<_>>());
        assert_eq!(flags(&["\\Seen", "\\ANSWERED", "$Forwarded", "\\Recent", "Work"]), "PRS");
        assert_eq!(flags(&[]), "");
    }
}
