//! `save`: attachments, written as files.
//!
//! A sender names their files, and may mean harm: of a name only its last part is kept, of that only letters,
//! digits, `.`, `-` and `_`; nothing that is there is ever written over or followed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args;
use super::failure::Failure;
use super::screen::Style;
use super::session::Session;
use crate::mail::{self, Attachment};

/// Longest name of a file, in bytes.
const NAME_BYTES_MAX: usize = 120;
/// Longest ending that is kept when a name is cut, in bytes.
const ENDING_BYTES_MAX: usize = 16;
/// Names tried until one is free.
const NAMES_MAX: usize = 1_000;

pub(super) fn run(session: &mut Session<'_>, args: &args::Save) -> Result<u8, Failure> {
    let store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    let mut all = mail::attachments(&store.raw(id)?);
    if let Some(part) = args.part {
        all.retain(|(attachment, _)| attachment.part == part);
        if all.is_empty() {
            return Err(Failure::could_not(format!(
                "saving part {part} of message {}: there is none",
                id.0
            ))
            .hint(format!("`postroom show {}` lists what is attached", id.0)));
        }
    }
    if all.is_empty() {
        session.note("nothing is attached to it")?;
    } else {
        make_folder(&args.to).map_err(|error| Failure::writing(&args.to, &error))?;
    }
    let mut items = Vec::new();
    for (attachment, bytes) in &all {
        let name = safe_name(attachment);
        let path = write_new(&args.to, &name, bytes)
            .map_err(|error| Failure::writing(&args.to.join(&name), &error))?;
        if !session.global.json {
            session.out.put(Style::Dim, &format!("{:>3}. ", attachment.part))?;
            let line = format!("{} ({} bytes)", path.display(), bytes.len());
            session.out.line(Style::Plain, &line)?;
        }
        items.push(json!({"part": attachment.part, "name": attachment.name,
            "path": path.display().to_string(), "bytes": bytes.len()}));
    }
    if session.global.json {
        let envelope = session.envelope("save", Some(&store)).items(items);
        session.out.json(&envelope.value())?;
    }
    Ok(0)
}

fn make_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir)
}

/// Writes a file that was not there; under another name when it was. A link of that name counts as there.
fn write_new(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let (stem, ending) = split_ending(name);
    for at in 0..NAMES_MAX {
        let name = if at == 0 { name.to_owned() } else { format!("{stem}-{at}{ending}") };
        let path = dir.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            drop(file);
            // Half a file is none.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        return Ok(path);
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of that name"))
}

/// The name a sender gave, as it may be given to a file; never empty, never a path.
pub(super) fn safe_name(attachment: &Attachment) -> String {
    let last = attachment.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    // Hidden, or an option to a careless program, or a name Windows cuts off.
    let mut name = kept.trim_matches(['.', '-', '_']).to_owned();
    if name.is_empty() {
        name = format!("attachment-{}", attachment.part);
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    let (stem, ending) = split_ending(&name);
    let room = NAME_BYTES_MAX - ending.len();
    if stem.len() > room {
        return format!("{}{ending}", &stem[..stem.floor_char_boundary(room)]);
    }
    name
}

/// What comes before the last dot, and the rest, where that is short enough to be an ending.
fn split_ending(name: &str) -> (&str, &str) {
    let dot = name.rfind('.').filter(|dot| *dot > 0 && name.len() - dot <= ENDING_BYTES_MAX);
    name.split_at(dot.unwrap_or(name.len()))
}

/// Names that Windows gives to devices, with any ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered.is_some_and(|rest| {
            let mut chars = rest.chars();
            chars.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c))
                && chars.next().is_none()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let attachment = Attachment { part: 2, name: name.to_owned(), ..Attachment::default() };
        assert_eq!(safe_name(&attachment), expected, "{name:?}");
    }

    #[test]
    fn a_name_is_one_plain_file() {
        check("report.pdf", "report.pdf");
        check("Überblick Q1.pdf", "Überblick_Q1.pdf");
        check("../../etc/passwd", "passwd");
        check("/etc/cron.d/job", "job");
        check("C:\\Windows\\system32\\evil.dll", "evil.dll");
        check("..\\..\\boot.ini", "boot.ini");
        check("..", "attachment-2");
        check("", "attachment-2");
        check("a/", "attachment-2");
        check(".bashrc", "bashrc");
        check("-rf", "rf");
        check("a\0b.txt", "a_b.txt");
        check("a\u{202e}fdp.exe", "a_fdp.exe");
        check("x\r\ny;$(rm).sh", "x__y___rm_.sh");
        check("name.", "name");
    }

    #[test]
    fn a_name_is_no_device() {
        check("con", "_con");
        check("NUL.txt", "_NUL.txt");
        check("com1.tar.gz", "_com1.tar.gz");
        check("LPT9", "_LPT9");
        check("COM10", "COM10");
        check("console.txt", "console.txt");
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_ending() {
        for name in ["a".repeat(255) + ".pdf", "ü".repeat(200) + ".docx", "x".repeat(300)] {
            let attachment = Attachment { part: 1, name: name.clone(), ..Attachment::default() };
            let safe = safe_name(&attachment);
            assert!(safe.len() <= NAME_BYTES_MAX, "{safe}");
            assert_eq!(split_ending(&safe).1, split_ending(&name).1);
        }
    }

    #[test]
    fn nothing_is_written_over_and_no_link_is_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        let target = outside.path().join("target");
        std::os::unix::fs::symlink(&target, dir.path().join("a.txt")).expect("a link");
        let first = write_new(dir.path(), "a.txt", b"one").expect("written");
        let second = write_new(dir.path(), "a.txt", b"two").expect("written");
        assert_eq!(first, dir.path().join("a-1.txt"));
        assert_eq!(second, dir.path().join("a-2.txt"));
        assert!(!target.exists());
        assert_eq!(fs::read(&first).expect("read"), b"one");
    }
}
