//! Maildir: file names, flags, and the folder names of Maildir++.

use std::path::Path;

use super::Flag;
use crate::mail::parse::base64;

/// Is `folder` a Maildir? `cur` and one of its brothers stand in it.
pub(super) fn is_maildir(folder: &Path) -> bool {
    folder.join("cur").is_dir() && (folder.join("new").is_dir() || folder.join("tmp").is_dir())
}

/// The unique part of a file name, without its flags: the same before and after a program moves the
/// file from `new` to `cur` or changes a flag.
pub(super) fn unique(file: &str) -> &str {
    // `;2,` and `!2,` stand for the colon where file systems do not allow it.
    [":2,", ";2,", "!2,", "-2,"]
        .iter()
        .find_map(|mark| file.rfind(mark))
        .map_or(file, |at| &file[..at])
}

/// The flags at the end of a file name.
pub(super) fn flags(file: &str) -> Vec<Flag> {
    let Some(letters) = file.get(unique(file).len()..).and_then(|info| info.get(3..)) else {
        return Vec::new();
    };
    let mut flags: Vec<Flag> = letters
        .chars()
        .filter_map(|letter| match letter {
            'S' => Some(Flag::Seen),
            'R' => Some(Flag::Answered),
            'F' => Some(Flag::Flagged),
            'T' => Some(Flag::Deleted),
            'D' => Some(Flag::Draft),
            'P' => Some(Flag::Forwarded),
            _ => None,
        })
        .collect();
    flags.sort_unstable();
    flags.dedup();
    flags
}

/// The folder names of one directory name: `.Lists.rust` is `Lists/rust`, decoded.
pub(super) fn folder_name(directory: &str) -> String {
    match directory.strip_prefix('.') {
        Some(dotted) => {
            let names: Vec<_> = dotted.split('.').map(imap_utf7).collect();
            names.join("/")
        }
        None => imap_utf7(directory),
    }
}

/// IMAP's UTF-7 (RFC 3501 section 5.1.3), where the name is valid in it; else the name as it is.
fn imap_utf7(name: &str) -> String {
    decode_utf7(name).unwrap_or_else(|| name.to_owned())
}

fn decode_utf7(name: &str) -> Option<String> {
    if !name.contains('&') || !name.is_ascii() {
        return None;
    }
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let (coded, after) = after.split_once('-')?;
        rest = after;
        if coded.is_empty() {
            text.push('&');
            continue;
        }
        if !coded.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b',')) {
            return None;
        }
        let bytes = base64(coded.as_bytes());
        let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        for unit in char::decode_utf16(units) {
            text.push(unit.ok().filter(|c| !c.is_control())?);
        }
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_change_with_flags() {
        for file in ["1.M2P3.host", "1.M2P3.host:2,", "1.M2P3.host:2,RS", "1.M2P3.host;2,S"] {
            assert_eq!(unique(file), "1.M2P3.host");
        }
    }

    #[test]
    fn flags_are_letters() {
        assert_eq!(flags("1.x:2,FRS"), [Flag::Seen, Flag::Answered, Flag::Flagged]);
        assert_eq!(flags("1.x:2,PTDab"), [Flag::Draft, Flag::Deleted, Flag::Forwarded]);
        assert_eq!(flags("1.x"), []);
        assert_eq!(flags("1.x:2,"), []);
    }

    #[track_caller]
    fn check(directory: &str, expected: &str) {
        assert_eq!(folder_name(directory), expected, "{directory}");
    }

    #[test]
    fn folders_are_decoded() {
        check(".Sent", "Sent");
        check(".Lists.rust.dev", "Lists/rust/dev");
        check(".Entw&APw-rfe", "Entwürfe");
        check(".&U,BTFw-", "台北");
        check(".a &- b", "a & b");
        check("Sub.folder", "Sub.folder");
        check(".R&D", "R&D");
        check(".a&!!-b", "a&!!-b");
    }
}
