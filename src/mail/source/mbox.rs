//! Mbox: many messages in one file, apart by their `From ` lines. A file is never read whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use super::{Flag, RawMail, sniff};
use crate::mail::parse::{MESSAGE_BYTES_MAX, moment};
use crate::mail::types::Moment;

/// Bytes of a line looked at as one.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Reads the messages of one mbox in order.
#[derive(Debug)]
pub(super) struct Mbox {
    pub(super) path: PathBuf,
    reader: BufReader<File>,
    folder: String,
    /// The file's own key.
    key: String,
    /// Position of the next byte.
    position: u64,
    /// Where the message being read starts, at its separator.
    start: u64,
    line: Vec<u8>,
    is_done: bool,
}

impl Mbox {
    pub(super) fn open(path: PathBuf, folder: String, key: String) -> io::Result<Self> {
        const BUFFER_BYTES: usize = 256 << 10;
        let reader = BufReader::with_capacity(BUFFER_BYTES, File::open(&path)?);
        let (line, is_done) = (Vec::new(), false);
        let mut mbox = Self { path, reader, folder, key, position: 0, start: 0, line, is_done };
        mbox.skip_to_first()?;
        Ok(mbox)
    }

    /// No message is left.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Passes over blank lines to the first separator.
    fn skip_to_first(&mut self) -> io::Result<()> {
        loop {
            let start = self.position;
            if !self.read_line()? {
                self.is_done = true;
                return Ok(());
            }
            if !self.line.trim_ascii().is_empty() {
                self.start = start;
                return Ok(());
            }
        }
    }

    /// Reads one line, or as much of it as is looked at together. False at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            let room = LINE_BYTES_MAX - self.line.len();
            let window = &buffer[..buffer.len().min(room)];
            let newline = window.iter().position(|&b| b == b'\n');
            let count = newline.map_or(window.len(), |at| at + 1);
            self.line.extend_from_slice(&window[..count]);
            self.reader.consume(count);
            self.position += count as u64;
            if newline.is_some() || self.line.len() >= LINE_BYTES_MAX {
                break;
            }
        }
        Ok(!self.line.is_empty())
    }

    /// The next message. A last one that breaks off is given as far as it goes; bytes beyond the
    /// size of any message are passed over, one more than that is kept as a sign.
    pub(super) fn next(&mut self) -> io::Result<Option<RawMail>> {
        if self.is_done {
            return Ok(None);
        }
        let start = self.start;
        let mut arrived = None;
        let mut bytes = Vec::new();
        let (mut after_empty, mut at_line_start) = (false, true);
        if sniff::is_separator(self.line.trim_ascii_end()) {
            arrived = date_of_separator(&self.line);
        } else {
            // A file that begins with a message of its own.
            self.take_line(&mut bytes, true);
            at_line_start = self.line.ends_with(b"\n");
        }
        loop {
            let line_start = self.position;
            if let Err(error) = self.read_line() {
                self.is_done = true;
                return Err(error);
            }
            if self.line.is_empty() {
                self.is_done = true;
                break;
            }
            if at_line_start && after_empty && sniff::is_separator(self.line.trim_ascii_end()) {
                self.start = line_start;
                break;
            }
            after_empty = at_line_start && self.line.trim_ascii().is_empty();
            self.take_line(&mut bytes, at_line_start);
            at_line_start = self.line.ends_with(b"\n");
        }
        drop_separating_line(&mut bytes);
        let flags = flags(&bytes);
        let (folder, key) = (self.folder.clone(), format!("{}#{start}", self.key));
        Ok(Some(RawMail { folder, key, flags, arrived, bytes }))
    }

    /// Adds the line read, unquoted (mboxrd: one `>` of `>From `, `>>From `, … goes).
    fn take_line(&self, bytes: &mut Vec<u8>, at_line_start: bool) {
        let mut line = &self.line[..];
        if at_line_start && line.starts_with(b">") {
            let quotes = line.iter().take_while(|&&b| b == b'>').count();
            if line[quotes..].starts_with(b"From ") {
                line = &line[1..];
            }
        }
        let room = (MESSAGE_BYTES_MAX + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&line[..line.len().min(room)]);
    }
}

/// The date of a `From ` line, behind the address: `From ada@example.org Mon May 14 16:39:00 2001`,
/// with or without a zone before the year or behind it. Without one it is UTC (RFC 4155).
fn date_of_separator(line: &[u8]) -> Option<Moment> {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split_whitespace().collect();
    // The address may hold blanks, even a month: the last month is the date's.
    let at = words.iter().rposition(|word| sniff::is_month(word.as_bytes()))?;
    let month = words[at];
    let (mut day, mut time, mut year, mut zone) = (None, None, None, "+0000");
    for &word in words.iter().skip(at + 1).chain(at.checked_sub(1).map(|before| &words[before])) {
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        if sniff::is_time(word.as_bytes()) {
            time = Some(word);
        } else if digits && word.len() == 4 {
            year = Some(word);
        } else if digits && word.len() <= 2 {
            day = day.or(Some(word));
        } else if word.starts_with(['+', '-']) {
            zone = word;
        }
    }
    moment(&format!("{} {month} {} {} {zone}", day?, year?, time?))
}

/// The empty line before a separator belongs to the mbox.
fn drop_separating_line(bytes: &mut Vec<u8>) {
    for ending in [&b"\r\n\r\n"[..], b"\n\n"] {
        if bytes.ends_with(ending) {
            bytes.truncate(bytes.len() - ending.len() / 2);
            return;
        }
    }
}

/// Flags in `Status`, `X-Status`, `X-Mozilla-Status`, and in Gmail's labels.
pub(super) fn flags(bytes: &[u8]) -> Vec<Flag> {
    const LINES_MAX: usize = 500;
    let mut flags = Vec::new();
    for line in bytes.split(|&b| b == b'\n').take(LINES_MAX) {
        if line.trim_ascii().is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else { continue };
        let value = line[colon + 1..].trim_ascii();
        match line[..colon].to_ascii_lowercase().as_slice() {
            b"status" if value.contains(&b'R') => flags.push(Flag::Seen),
            b"x-status" => flags.extend(value.iter().filter_map(|letter| match letter {
                b'A' => Some(Flag::Answered),
                b'F' => Some(Flag::Flagged),
                b'T' => Some(Flag::Draft),
                b'D' => Some(Flag::Deleted),
                _ => None,
            })),
            b"x-mozilla-status" => flags.extend(mozilla_flags(value)),
            b"x-gmail-labels" => {
                let labels = String::from_utf8_lossy(value).to_lowercase();
                if !labels.contains("unread") {
                    flags.push(Flag::Seen);
                }
                if labels.contains("starred") {
                    flags.push(Flag::Flagged);
                }
            }
            _ => {}
        }
    }
    flags.sort_unstable();
    flags.dedup();
    flags
}

fn mozilla_flags(value: &[u8]) -> impl Iterator<Item = Flag> {
    let bits = std::str::from_utf8(value).ok().and_then(|v| u32::from_str_radix(v, 16).ok());
    let bits = bits.unwrap_or(0);
    [
        (0x1, Flag::Seen),
        (0x2, Flag::Answered),
        (0x4, Flag::Flagged),
        (0x8, Flag::Deleted),
        (0x1000, Flag::Forwarded),
    ]
    .into_iter()
    .filter(move |(bit, _)| bits & bit != 0)
    .map(|(_, flag)| flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::when::format_rfc3339;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let found = date_of_separator(line.as_bytes()).map(|moment| format_rfc3339(moment.at));
        assert_eq!(found.as_deref(), expected, "{line}");
    }

    #[test]
    fn a_separator_has_the_date_of_arrival() {
        let utc = Some("2001-05-14T16:39:00Z");
        check("From ada@example.org Mon May 14 16:39:00 2001", utc);
        check("From ada@example.org Mon May 14 16:39 2001\r\n", utc);
        check("From ada lovelace Mon May 14 18:39:00 +0200 2001", utc);
        check("From 1234@xxx Mon May 14 16:39:00 +0000 2001", utc);
        check("From may@example.org  Mon, 14 May 2001 16:39:00 +0000", utc);
        check("From ada@example.org Sat Mar  3 09:05:07 2001", Some("2001-03-03T09:05:07Z"));
        check("From here on we go", None);
        check("From may", None);
    }
}
