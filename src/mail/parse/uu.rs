//! Uuencoded files inside a text: `begin 644 name` … `end`.

use std::ops::Range;

/// A file found in a text.
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    /// From `begin` to the end of the line `end`.
    pub(crate) whole: Range<usize>,
    /// The encoded lines.
    pub(crate) data: Range<usize>,
}

/// The files in `text`, in order. Only what is well formed line by line is taken for a file.
pub(crate) fn files(text: &str) -> Vec<File<'_>> {
    const FILES_MAX: usize = 100;
    let mut found = Vec::new();
    if !text.contains("begin ") {
        return found;
    }
    let mut at = 0;
    let mut open: Option<(usize, &str, usize)> = None;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let bare = line.trim_end_matches(['\r', '\n']);
        if let Some(name) = begin(bare) {
            open = Some((at, name, end));
        } else if let Some((start, name, data)) = open {
            if bare == "end" && at > data {
                found.push(File { name, whole: start..end, data: data..at });
                open = None;
            } else if !is_data(bare) {
                open = None;
            }
        }
        at = end;
        if found.len() == FILES_MAX {
            break;
        }
    }
    found
}

/// `text` without its uuencoded files.
pub(crate) fn without_files(text: &str) -> Option<String> {
    let files = files(text);
    if files.is_empty() {
        return None;
    }
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for file in files {
        kept.push_str(&text[at..file.whole.start]);
        at = file.whole.end;
    }
    kept.push_str(&text[at..]);
    Some(kept)
}

fn begin(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (octal && !name.trim().is_empty()).then(|| name.trim())
}

fn is_data(line: &str) -> bool {
    let bytes = line.as_bytes();
    let Some(&first) = bytes.first() else { return true };
    if !bytes.iter().all(|b| (b' '..=b'`').contains(b)) {
        return false;
    }
    let count = usize::from((first - b' ') & 63);
    // Trailing blanks are often lost on the way, and some programs add one.
    bytes.len() <= 2 + count.div_ceil(3) * 4
}

/// The bytes of encoded lines.
pub(crate) fn decode(lines: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(lines.len() / 4 * 3);
    for line in lines.lines() {
        let Some((&first, data)) = line.trim_end_matches('\r').as_bytes().split_first() else {
            continue;
        };
        let count = usize::from(first.wrapping_sub(b' ') & 63);
        let start = bytes.len();
        for chunk in data.chunks(4) {
            let six =
                |i: usize| u32::from(chunk.get(i).copied().unwrap_or(b' ').wrapping_sub(b' ') & 63);
            let window = six(0) << 18 | six(1) << 12 | six(2) << 6 | six(3);
            bytes.extend_from_slice(&[(window >> 16) as u8, (window >> 8) as u8, window as u8]);
        }
        bytes.resize(start + count, 0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAT: &str = "Hello\nbegin 644 cat.txt\n#0V%T\n`\nend\nBye\n";

    #[test]
    fn a_file_is_found_and_decoded() {
        for text in [CAT.to_owned(), CAT.replace('\n', "\r\n")] {
            let files = files(&text);
            assert_eq!(files.len(), 1);
            assert_eq!(files[0].name, "cat.txt");
            assert_eq!(decode(&text[files[0].data.clone()]), b"Cat");
            let rest = without_files(&text).unwrap_or_default();
            assert_eq!(rest.replace('\r', ""), "Hello\nBye\n");
        }
    }

    #[test]
    fn words_that_begin_are_no_file() {
        for text in
            ["begin 644 nothing", "begin 12 x\nend", "begin 644 x\nnot lower case data\nend\n"]
        {
            assert!(files(text).is_empty(), "{text:?}");
        }
    }
}
