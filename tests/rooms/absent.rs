//! What must not be in the repository: a stranger's name in the weights, a path of one machine, a
//! file at the top that nobody expects.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::{files_below, has_ending, none, top};

/// The top of the repository; tool settings are dot-files beside it.
const TOP: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "models",
    "scripts",
    "src",
    "target",
    "tests",
];

/// Beginnings of the SHA-256 of names that are frequent in the mail the heads were trained on, and
/// stand in no vocabulary; 16 hex digits a line.
const NAMES: &str = include_str!("../fixtures/names.sha256");
/// Names shorter than this are too like other words to be looked for.
const NAME_LETTERS_MIN: usize = 6;

#[test]
fn the_top_of_the_repository_holds_what_it_should() {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(top()).expect("the repository can be read") {
        let name = entry.expect("its entries too").file_name();
        let name = name.to_str().expect("a plain name");
        if !name.starts_with('.') && !TOP.contains(&name) {
            found.push(format!("{name}: does not belong at the top of the repository"));
        }
    }
    none(&found);
}

#[test]
fn nothing_names_a_folder_of_one_machine() {
    // Put together here, so that this file does not name them.
    let absolute: Vec<String> =
        ["work", "root", "home/user"].iter().map(|name| format!("/{name}/")).collect();
    let data = format!("/shared/{}", "data");
    let mut found = Vec::new();
    let mut files: Vec<String> = ["src", "tests", "scripts", "models", "benches"]
        .iter()
        .filter(|dir| top().join(dir).is_dir())
        .flat_map(|dir| files_below(dir))
        .collect();
    files.extend(["README.md", "CHANGELOG.md", "Cargo.toml", ".ci/run"].map(String::from));
    assert!(files.len() > 100, "only {} files were found", files.len());
    for file in files {
        let Ok(text) = std::fs::read_to_string(top().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            // Behind a dot, a name or a variable it is the rest of another path.
            let begins = |path: &str| {
                line.match_indices(path).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "./_-}".contains(c))
                })
            };
            if absolute.iter().any(|path| begins(path)) || begins(&data) {
                found.push(format!("{file}:{}: names a folder of one machine", number + 1));
            }
        }
    }
    none(&found);
}

/// Everything in `models/` but the vocabulary, which is English, and licences, which name authors.
fn weights() -> Vec<String> {
    let files: Vec<String> = files_below("models")
        .into_iter()
        .filter(|file| !file.contains("tokenizer") && !file.contains("LICENSE"))
        .collect();
    assert!(files.iter().any(|f| has_ending(f, "gguf")), "models/ holds no weights: {files:?}");
    files
}

#[test]
fn the_weights_hold_no_address_no_number_and_no_name() {
    let names: BTreeSet<&str> = NAMES.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names.len() >= 100, "only {} names are looked for", names.len());
    let mut found = Vec::new();
    for file in weights() {
        let bytes = std::fs::read(top().join(&file)).expect("it was just listed");
        for secret in secrets(&bytes, &names) {
            found.push(format!("{file}: holds {secret}"));
        }
    }
    none(&found);
}

#[test]
fn text_in_the_weights_is_short_and_known() {
    for file in weights().iter().filter(|file| has_ending(file, "gguf")) {
        let bytes = std::fs::read(top().join(file)).expect("it was just listed");
        let texts = gguf_texts(&bytes).unwrap_or_else(|| panic!("{file}: no GGUF header"));
        assert!(!texts.is_empty(), "{file}: no metadata");
        for text in texts {
            assert!(text.len() <= 200, "{file}: a text of {} bytes", text.len());
            assert!(text.is_ascii(), "{file}: {text}");
        }
    }
}

/// What in `bytes` looks like an e-mail address, a telephone number or one of `names`.
fn secrets(bytes: &[u8], names: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for run in bytes.split(|byte| !(0x20..0x7f).contains(byte)).filter(|run| run.len() >= 8) {
        let run = std::str::from_utf8(run).expect("printable ASCII");
        found.extend(addresses(run).map(|address| format!("the address {address}")));
        found.extend(numbers(run).map(|number| format!("the number {number}")));
    }
    for word in bytes.split(|byte| !byte.is_ascii_alphabetic()) {
        if word.len() >= NAME_LETTERS_MIN && word.len() <= 40 {
            let word = word.to_ascii_lowercase();
            if names.contains(digest(&word).as_str()) {
                found.push(format!("the name {}", String::from_utf8_lossy(&word)));
            }
        }
    }
    found
}

/// `name@host.tld`, each part long enough that chance does not make one out of weights.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    const ENDINGS: [&str; 10] =
        ["com", "org", "net", "edu", "gov", "de", "uk", "fr", "info", "example"];
    let local = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    text.match_indices('@').filter_map(move |(at, _)| {
        let start = text[..at].rfind(|c| !local(c)).map_or(0, |before| before + 1);
        let end = text[at + 1..].find(|c| !host(c)).map_or(text.len(), |after| at + 1 + after);
        let (name, host) = (&text[start..at], text[at + 1..end].trim_end_matches('.'));
        let (domain, ending) = host.rsplit_once('.')?;
        let is_address = name.len() >= 3
            && domain.len() >= 3
            && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
        is_address.then(|| &text[start..end])
    })
}

/// `+49 …` or `713-555-0100`: at least nine digits, in groups, with separators between them.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_digit() || "+()-. ".contains(c);
    text.split(move |c| !part(c)).map(str::trim).filter(|run| {
        let groups: Vec<usize> = run
            .split(|c: char| !c.is_ascii_digit())
            .filter(|group| !group.is_empty())
            .map(str::len)
            .collect();
        let digits: usize = groups.iter().sum();
        (groups.len() >= 3
            && (9..=15).contains(&digits)
            && groups.iter().all(|n| *n <= 5 && *n >= 2))
            || (run.starts_with('+') && digits >= 9)
    })
}

fn digest(word: &[u8]) -> String {
    Sha256::digest(word).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// All text in a GGUF file's metadata: keys, values and tensors' names.
///
/// Source of the format: ggml's docs/gguf.md. `None` when the file is none.
fn gguf_texts(bytes: &[u8]) -> Option<Vec<String>> {
    let mut gguf = Gguf { bytes: bytes.strip_prefix(b"GGUF")?, texts: Vec::new() };
    gguf.u32()?;
    let (tensors, pairs) = (gguf.u64()?, gguf.u64()?);
    for _ in 0..pairs {
        gguf.text()?;
        let kind = gguf.u32()?;
        gguf.value(kind)?;
    }
    for _ in 0..tensors {
        gguf.text()?;
        let dimensions = u64::from(gguf.u32()?);
        gguf.skip(dimensions * 8 + 4 + 8)?;
    }
    Some(gguf.texts)
}

struct Gguf<'a> {
    bytes: &'a [u8],
    texts: Vec<String>,
}

impl Gguf<'_> {
    fn skip(&mut self, count: u64) -> Option<&[u8]> {
        let (taken, rest) = self.bytes.split_at_checked(usize::try_from(count).ok()?)?;
        self.bytes = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.skip(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.skip(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<()> {
        let length = self.u64()?;
        let text = String::from_utf8_lossy(self.skip(length)?).into_owned();
        self.texts.push(text);
        Some(())
    }

    fn value(&mut self, kind: u32) -> Option<()> {
        match kind {
            0 | 1 | 7 => self.skip(1).map(drop),
            2 | 3 => self.skip(2).map(drop),
            4..=6 => self.skip(4).map(drop),
            8 => self.text(),
            9 => {
                let (kind, count) = (self.u32()?, self.u64()?);
                (0..count).try_for_each(|_| self.value(kind))
            }
            10..=12 => self.skip(8).map(drop),
            _ => None,
        }
    }
}

#[test]
fn what_is_looked_for_is_found() {
    let name = digest(b"lighthouse");
    let names = BTreeSet::from([name.as_str()]);
    let check = |text: &str, expected: usize| {
        let mut bytes = vec![0xff, 0x00, 0x81];
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(&[0xfe, 0x07]);
        let found = secrets(&bytes, &names);
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    };
    check("x ada.merz@example.org y", 1);
    check("mailto:ada@mail.example.com.", 1);
    check("call 713-555-0100 now", 1);
    check("call +49 30 5550100", 1);
    check("(713) 555-0100", 1);
    check("The Lighthouse said", 1);
    check("blk.0.attn_q.weight a@b.cd 2026-03-02 1.2.3 0.95 384 1536", 0);
    check("ccbe52d15f3ce8e1444a8ed79d318913e29626ae918f8cb8b3f0ae8c86702735", 0);
    check("24,652,064 bytes of 11,689,664", 0);
}

#[test]
fn gguf_metadata_is_read_to_its_end() {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(1u64.to_le_bytes()); // one tensor
    bytes.extend(2u64.to_le_bytes()); // two pairs
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    text(&mut bytes, "labels");
    bytes.extend(9u32.to_le_bytes());
    bytes.extend(8u32.to_le_bytes());
    bytes.extend(2u64.to_le_bytes());
    text(&mut bytes, "ask");
    text(&mut bytes, "promise");
    text(&mut bytes, "size");
    bytes.extend(4u32.to_le_bytes());
    bytes.extend(7u32.to_le_bytes());
    text(&mut bytes, "head.weight");
    bytes.extend(2u32.to_le_bytes());
    bytes.extend([0; 16 + 4 + 8]);
    let expected = ["labels", "ask", "promise", "size", "head.weight"];
    assert_eq!(gguf_texts(&bytes).expect("a GGUF header"), expected);
    assert!(gguf_texts(b"GGUF\x03\0\0\0\x01").is_none());
}
