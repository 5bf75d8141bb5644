//! Writing all mail out again.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{self, ExportFormat};
use super::failure::Failure;
use super::session::Session;
use crate::guard::escape_json;
use crate::mail;
use crate::mail::when::format_rfc3339;
use crate::store::{Header, Scope, Store};

/// Writes every message once a folder (Maildir) or once (mbox, jsonl); gives back how many
/// messages there were.
pub(super) fn write(
    session: &Session<'_>,
    store: &Store,
    args: &args::Export,
) -> Result<u64, Failure> {
    let headers = store.headers(&Scope { until: session.as_of, ..Scope::default() })?;
    let result = match args.format {
        ExportFormat::Maildir => maildir(store, &headers, &args.dir),
        ExportFormat::Mbox => mbox(store, &headers, &args.dir),
        ExportFormat::Jsonl => jsonl(store, &headers, &args.dir),
    };
    result.map(|()| headers.len() as u64)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::writing(path, &error)
}

fn maildir(store: &Store, headers: &[Header], dir: &Path) -> Result<(), Failure> {
    for header in headers {
        let raw = store.raw(header.id)?;
        for folder in &header.folders {
            let root = dir.join(safe_name(folder));
            for part in ["cur", "new", "tmp"] {
                let path = root.join(part);
                fs::create_dir_all(&path).map_err(failed(&path))?;
            }
            let flags: String = header.flags.chars().filter(char::is_ascii_uppercase).collect();
            let name = format!("{}.{}.postroom:2,{flags}", header.date.0.max(0), header.id.0);
            let path = root.join("cur").join(name);
            fs::write(&path, &raw).map_err(failed(&path))?;
        }
    }
    Ok(())
}

fn mbox(store: &Store, headers: &[Header], dir: &Path) -> Result<(), Failure> {
    let path = dir.join("mail.mbox");
    let file = File::create(&path).map_err(failed(&path))?;
    let mut out = BufWriter::new(file);
    for header in headers {
        let raw = store.raw(header.id)?;
        write_mbox(&mut out, &raw, header).map_err(failed(&path))?;
    }
    out.into_inner()
        .map_err(|error| failed(&path)(error.into_error()))?
        .sync_all()
        .map_err(failed(&path))
}

/// One message as mboxrd: every line of `>*From ` gets one `>` more.
fn write_mbox(out: &mut impl std::io::Write, raw: &[u8], header: &Header) -> std::io::Result<()> {
    let from: String = header.from.address.chars().filter(char::is_ascii_graphic).collect();
    let from = if from.is_empty() { "MAILER-DAEMON".to_owned() } else { from };
    writeln!(out, "From {from} {}", asctime(header))?;
    let raw = strip_from_line(raw);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let quoted = line.iter().position(|byte| *byte != b'>').unwrap_or(line.len());
        if line[quoted..].starts_with(b"From ") {
            out.write_all(b">")?;
        }
        out.write_all(line)?;
    }
    if !raw.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")
}

/// A message stored with its own separator line loses it.
fn strip_from_line(raw: &[u8]) -> &[u8] {
    if !raw.starts_with(b"From ") {
        return raw;
    }
    raw.iter().position(|byte| *byte == b'\n').map_or(raw, |end| &raw[end + 1..])
}

/// `Thu Jan  1 00:00:00 1970`, UTC, as mbox separators have it.
fn asctime(header: &Header) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = header.date.0.max(0);
    let text = format_rfc3339(crate::mail::UnixSeconds(at));
    let number = |span: std::ops::Range<usize>| {
        text.get(span).and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(1)
    };
    let day = DAYS[(at / 86_400 % 7) as usize];
    let month = MONTHS[(number(5..7) - 1).min(11)];
    format!(
        "{day} {month} {:>2} {} {}",
        number(8..10),
        text.get(11..19).unwrap_or("00:00:00"),
        text.get(0..4).unwrap_or("1970")
    )
}

fn jsonl(store: &Store, headers: &[Header], dir: &Path) -> Result<(), Failure> {
    let path = dir.join("mail.jsonl");
    let mut out = BufWriter::new(File::create(&path).map_err(failed(&path))?);
    for header in headers {
        let message = mail::parse(&store.raw(header.id)?);
        let item = json!({
            "id": header.id, "message_id": header.rfc_id, "thread": header.thread,
            "date": format_rfc3339(header.date), "from": header.from, "to": header.people.to,
            "cc": header.people.cc, "subject": header.subject, "folders": header.folders,
            "labels": header.labels,
            "text": message.text, "attachments": message.attachments,
        });
        writeln!(out, "{}", escape_json(&item.to_string())).map_err(failed(&path))?;
    }
    out.flush().map_err(failed(&path))
}

/// A folder's name as a file name that stays where it belongs.
fn safe_name(folder: &str) -> PathBuf {
    let parts: Vec<String> = folder
        .split('/')
        .map(|part| {
            part.chars()
                .map(|c| if c.is_control() || matches!(c, '\\' | ':' | '\0') { '_' } else { c })
                .take(100)
                .collect::<String>()
        })
        .map(|part| part.trim_start_matches('.').trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() { PathBuf::from("mail") } else { parts.iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(folder: &str, expected: &str) {
        assert_eq!(safe_name(folder), Path::new(expected));
    }

    #[test]
    fn folder_names_stay_inside() {
        check_name("Inbox", "Inbox");
        check_name("Work/Projects", "Work/Projects");
        check_name("../../etc", "etc");
        check_name("/abs", "abs");
        check_name("a/../b", "a/b");
        check_name("", "mail");
        check_name("a\0b:c", "a_b_c");
    }
}
