//! No control, direction or tag character of a stranger's mail reaches the screen, on any command,
//! in any field, in JSON or not.

use std::fmt::Write as _;

use crate::kit::{Answer, Home, text};

/// U+0000 to U+00FF, and all of Unicode's category Cf (version 17), with the line and paragraph
/// separators.
fn strange() -> Vec<char> {
    let format: [std::ops::RangeInclusive<u32>; 21] = [
        0x00..=0xff,
        0xad..=0xad,
        0x600..=0x605,
        0x61c..=0x61c,
        0x6dd..=0x6dd,
        0x70f..=0x70f,
        0x890..=0x891,
        0x8e2..=0x8e2,
        0x180e..=0x180e,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0x110bd..=0x110bd,
        0x110cd..=0x110cd,
        0x13430..=0x1343f,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0001..=0xe0001,
        0xe0020..=0xe007f,
    ];
    format.into_iter().flatten().filter_map(char::from_u32).collect()
}

/// What may never reach a terminal from a mail: controls but the line end (and the tab in a body),
/// direction marks, line separators, tags.
fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{e0000}'..='\u{e007f}')
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (number >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { BASE64[digit as usize] as char } else { '=' });
        }
    }
    text
}

/// As an encoded word: the way every character can stand in a header.
fn encoded(words: &str) -> String {
    format!("=?utf-8?B?{}?=", base64(words.as_bytes()))
}

/// One message with `chars` in every field that is shown. `seen` finds it again.
fn message(seen: &str, chars: &[char]) -> Vec<u8> {
    let mut text = String::new();
    let run: String = chars.iter().collect();
    let _ = write!(
        text,
        "Message-ID: <{seen}{}@example.org>\n\
         From: {} <bert@example.org>\n\
         To: {} <ada@example.org>\n\
         Cc: {} <carla@example.org>\n\
         Subject: {}\n\
         Date: Fri, 27 Feb 2026 10:00:00 +0000\n\
         List-Id: {}\n\
         MIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=cut\n\n\
         --cut\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{}\n\
         --cut\n\
         Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{}\n\
         --cut\n\
         Content-Type: application/octet-stream\n\
         Content-Disposition: attachment; filename=\"{}\"\n\n\
         x\n\
         --cut--\n",
        run.chars().filter(|c| !c.is_whitespace() && !"<>\0".contains(*c)).collect::<String>(),
        encoded(&format!("Bert {run}")),
        encoded(&format!("Ada {run}")),
        encoded(&format!("Carla {run}")),
        encoded(&format!("{seen} {run} could you answer by Friday?")),
        encoded(&format!("list {run}")),
        base64(format!("{seen} Could you send {run} the numbers by Friday?\n\n{run}\n> {run}\n\n-- \n{run}\n").as_bytes()),
        base64(format!("<p>{seen} {run}</p>").as_bytes()),
        encoded(&format!("a{run}.txt")),
    );
    text.into_bytes()
}

/// The characters as bytes of their own in the header and body: what old and broken programs send.
fn raw_message(seen: &str, bytes: &[u8]) -> Vec<u8> {
    let mut message = format!("Message-ID: <{seen}@example.org>\nFrom: ").into_bytes();
    message.extend(bytes);
    message.extend(b" <bert@example.org>\nTo: ada@example.org\nSubject: ");
    message.extend(seen.as_bytes());
    message.push(b' ');
    message.extend(bytes);
    message.extend(b"\nDate: Fri, 27 Feb 2026 10:00:00 +0000\n\n");
    message.extend(seen.as_bytes());
    message.extend(b" Please answer ");
    message.extend(bytes);
    message.extend(b"\n");
    message
}

#[track_caller]
fn check(answer: &Answer, asked: &str) {
    for (name, text) in [("output", &answer.out), ("errors", &answer.err)] {
        let harmful: Vec<String> = text
            .chars()
            .filter(|c| is_harmful(*c))
            .map(|c| format!("U+{:04X}", c as u32))
            .collect();
        assert!(harmful.is_empty(), "{asked}: {harmful:?} in the {name}:\n{}", text.escape_debug());
    }
    // Lossless: what is not UTF-8 would have become U+FFFD above.
    assert!(std::str::from_utf8(&answer.bytes).is_ok(), "{asked}: the output is not UTF-8");
}

#[test]
fn no_strange_character_reaches_the_screen() {
    let home = Home::new();
    let root = home.folder("mail");
    let chars = strange();
    let mut files = 0;
    for (at, some) in chars.chunks(12).enumerate() {
        // Folder names hold what a file name can.
        let name: String = some.iter().filter(|c| !matches!(c, '/' | '\0')).collect();
        let folder = root.join(format!("f{at}{name}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("{name}.eml"));
        std::fs::write(file, message(&format!("strangemail{at}"), some)).expect("a file");
        files += 1;
    }
    for (at, some) in
        (1u8..=255).filter(|b| !b"\r\n".contains(b)).collect::<Vec<_>>().chunks(16).enumerate()
    {
        std::fs::write(
            root.join(format!("raw{at}.eml")),
            raw_message(&format!("strangeraw{at}"), some),
        )
        .expect("a file");
        files += 1;
    }
    std::fs::write(root.join("no-mail-\u{1b}[31m\u{202e}.png"), b"\x89PNG\r\n\x1a\n\0\0\0\r")
        .expect("a file");
    let import =
        home.run(["import", "--words-only", "--me", "ada@example.org", &text(&root)]).done();
    check(&import, "import");
    assert_eq!(home.count(), files, "{}", import.out);
    check(&home.run(["--json", "import", "--words-only", &text(&root)]).done(), "import again");

    let ids =
        home.run(["search", "--mode", "words", "--limit", "1000", "--format", "ids", "*"]).done();
    let ids: Vec<&str> = ids.out.lines().collect();
    assert_eq!(ids.len() as u64, files);
    for color in ["never", "always"] {
        // Colours are ours; they are taken out before looking.
        let run = |args: &[&str]| {
            let mut all = vec!["--color", color];
            all.extend(args);
            let mut answer = home.run(&all).done();
            if color == "always" {
                answer.out = without_colors(&answer.out);
                answer.err = without_colors(&answer.err);
            }
            check(&answer, &format!("{args:?} --color {color}"));
            answer
        };
        let found = run(&[
            "search",
            "--mode",
            "words",
            "--limit",
            "1000",
            "please OR strangemail1 OR numbers",
        ]);
        assert!(found.out.lines().count() > 20, "{}", found.out);
        run(&["search", "--mode", "words", "--limit", "1000", "--explain", "*"]);
    }
    for args in [
        &["--json", "search", "--mode", "words", "--limit", "1000", "--explain", "*"][..],
        &["search", "--mode", "words", "--limit", "1000", "--format", "jsonl", "*"],
        &["log"],
        &["--json", "log"],
        &["doctor"],
    ] {
        let answer = home.run(args);
        assert!(matches!(answer.status, Some(0 | 1)), "{answer:?}");
        check(&answer, &format!("{args:?}"));
    }
    for id in ids {
        for args in [
            &["show", id][..],
            &["show", "--quoted", "--headers", id],
            &["--json", "show", id],
            &["thread", id],
            &["--json", "thread", id],
        ] {
            check(&home.run(args).done(), &format!("{args:?}"));
        }
    }
    let out = home.folder("out");
    check(&home.run(["export", &text(&out)]).done(), "export");
}

/// Every page that a reader fills, on some of those messages.
#[test]
fn no_strange_character_reaches_the_pages_of_the_day() {
    let home = Home::new();
    let root = home.folder("mail");
    std::fs::create_dir_all(&root).expect("a folder");
    let harmful: Vec<char> = strange().into_iter().filter(|c| is_harmful(*c)).collect();
    for (at, some) in harmful.chunks(60).enumerate() {
        std::fs::write(root.join(format!("{at}.eml")), message(&format!("strangemail{at}"), some))
            .expect("a file");
    }
    check(&home.run(["import", "--me", "ada@example.org", &text(&root)]).done(), "import");
    for args in [
        &["triage", "--all"][..],
        &["--json", "triage", "--all"],
        &["why", "1"],
        &["--json", "why", "1"],
        &["brief"],
        &["--json", "brief"],
        &["owed"],
        &["--json", "owed"],
        &["waiting"],
        &["promises"],
        &["decisions"],
        &["draft", "1"],
        &["--json", "draft", "2"],
        &["outbox"],
        &["--json", "outbox"],
        &["outbox", "show", "1"],
        &["check", "letter:1"],
        &["search", "numbers"],
        &["log"],
    ] {
        let answer = home.run(args);
        assert!(matches!(answer.status, Some(0 | 3)), "{args:?}: {answer:?}");
        check(&answer, &format!("{args:?}"));
    }
    let page = home.folder("brief.html");
    home.run(["brief", "--html", &text(&page)]).done();
    let page = std::fs::read_to_string(page).expect("the page is there");
    assert!(!page.chars().any(is_harmful), "the page holds harmful characters");
}

fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        let end = rest
            .find('m')
            .filter(|end| rest[..*end].chars().all(|c| c.is_ascii_digit() || c == ';'));
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => plain.push('\u{1b}'), // Not one of ours: leave it to be found.
        }
    }
    plain.push_str(rest);
    plain
}

#[test]
fn what_is_typed_back_is_harmless_too() {
    let home = Home::with(&crate::kit::mail::some(3));
    for args in [
        &["show", "\u{1b}[31mseven"][..],
        &["show", "mid:<\u{202e}x>"],
        &["search", "\u{9b}31m(("],
        &["brief", "--since", "\u{7}"],
    ] {
        let answer = home.run(args);
        assert_eq!(answer.out, "");
        check(&answer, &format!("{args:?}"));
    }
}
