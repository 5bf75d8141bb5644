use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::mail::types::Person;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "eml"))
        .collect();
    found.sort();
    assert!(found.len() > 30);
    found
}

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = raw.split(|&b| b == b'\n').collect();
    lines.join(&b"\r\n"[..])
}

/// What was read of a message, one field a line, empty ones left out.
fn seen(raw: &[u8]) -> String {
    let message = parse(raw);
    let people = |list: &[Person]| {
        list.iter().map(|p| format!("{} <{}>", p.name, p.address)).collect::<Vec<_>>().join(", ")
    };
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            writeln!(out, "{name}: {value}").unwrap();
        }
    };
    line("id", message.rfc_id.unwrap_or_default());
    line("in reply to", message.in_reply_to.join(" "));
    line("references", message.references.join(" "));
    let date = message.date.map(|date| format!("{} {:+}", date.at.0, date.offset_minutes));
    line("date", date.unwrap_or_default());
    line("from", people(&message.from));
    line("sender", people(message.sender.as_slice()));
    line("reply to", people(&message.reply_to));
    line("to", people(&message.to));
    line("cc", people(&message.cc));
    line("subject", message.subject);
    for at in &message.attachments {
        let size = attachment_bytes(raw, at.part).unwrap().len() as u64;
        assert_eq!(size, at.bytes);
        line("attachment", format!("{} {} {:?}", at.part, at.mime_type, at.name));
    }
    line("calendar", message.headers.calendar.map_or_else(String::new, |c| format!("{c:?}")));
    line(
        "hidden",
        Some(message.hidden_chars).filter(|&n| n > 0).map_or_else(String::new, |n| n.to_string()),
    );
    line("problems", message.problems.join("; "));
    writeln!(out, "\n{}", message.text).unwrap();
    out
}

/// Every fixture beside what is to be seen of it. `POSTROOM_BLESS=1` writes that down anew.
#[test]
fn oddities_are_read() {
    for path in fixtures() {
        let raw = fs::read(&path).unwrap();
        let golden = path.with_extension("txt");
        let found = seen(&raw);
        if std::env::var_os("POSTROOM_BLESS").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
        assert_eq!(seen(&with_crlf(&raw)), expected, "{} with CRLF", path.display());
    }
}

#[test]
fn attachments_come_out_as_they_went_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail");
    let raw = fs::read(folder.join("mixed-with-attachments.eml")).unwrap();
    assert_eq!(attachment_bytes(&raw, 1).unwrap(), b"%PDF-1.4 not really");
    assert_eq!(attachment_bytes(&raw, 2).unwrap(), b"a;b\n1;2");
    assert_eq!(attachment_bytes(&raw, 3), None);
    assert_eq!(attachment_bytes(&raw, 0), None);
    let raw = fs::read(folder.join("uuencoded-file-in-text.eml")).unwrap();
    assert_eq!(attachment_bytes(&raw, 1).unwrap(), b"Cat");
}

#[test]
fn links_come_from_the_html_and_else_from_the_text() {
    let html = b"Content-Type: text/html\n\n<a href='https://example.org/x'>bank</a>";
    assert_eq!(links(html), [Link { text: "bank".into(), href: "https://example.org/x".into() }]);
    let plain = b"Subject: x\n\nsee https://example.org/y.";
    assert_eq!(links(plain)[0].href, "https://example.org/y");
    assert_eq!(links(b""), []);
}

#[test]
fn nothing_at_all_is_a_message_with_a_problem() {
    assert_eq!(parse(b"").problems, ["empty"]);
    assert!(parse(b"\n").text.is_empty());
    assert!(parse(&[0xff; 100]).from.is_empty());
}

#[test]
fn a_panic_is_caught_without_a_word() {
    assert_eq!(quietly(|| -> u8 { panic!("with mail text in it") }), None);
    assert_eq!(quietly(|| 1), Some(1));
}

#[test]
fn bombs_are_read_in_time() {
    let is_timed = std::env::var_os("POSTROOM_TIMES").is_some();
    let size = if cfg!(debug_assertions) && !is_timed { 50_000 } else { 1_000_000 };
    let many = |text: &str, count: usize| text.repeat(count);
    let each = |count: usize, text: fn(usize) -> String| {
        let mut all = String::new();
        for i in 0..count {
            all.push_str(&text(i));
        }
        all
    };
    let nested =
        each(size / 10, |i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"));
    let absent =
        each(size / 20, |i| format!("--x\nContent-Type: multipart/mixed; boundary=n{i}\n\n"));
    let continued = each(size / 10, |i| format!(" a{i}*1=x;"));
    let multipart = "Content-Type: multipart/mixed; boundary=x\n\n";
    let bombs = [
        ("parts", format!("{multipart}{}", many("--x\n\n", size))),
        ("nested multiparts", nested),
        ("absent boundaries", format!("{multipart}{absent}")),
        ("nested messages", many("Content-Type: message/rfc822\n\n", size / 10)),
        ("nested messages, spaced", many("Content -Type :message/ (x) RFC822\n\n", size / 10)),
        (
            "nested digests",
            many("Content-Type: multipart/digest; boundary=x\n\n--x\n\n", size / 20),
        ),
        ("fields", format!("{}\n\nx", many("a:b\n", size))),
        ("fields of a part", format!("{multipart}--x\n{}\n\nx", many("a:b\n", size))),
        ("addresses", format!("To: {}\n\nx", many("a@b, ", size))),
        ("names", format!("To: {}\n\nx", many("a ", size))),
        ("comments", format!("To: {}\n\nx", many("(", size))),
        ("groups", format!("To: {}\n\nx", many("a:;", size))),
        ("words", format!("Subject: {}\n\nx", many("=?utf-8?q?a?= ", size / 10))),
        ("openings", format!("Subject: {}\n\nx", many("=?", size))),
        ("ids", format!("References: {}\n\nx", many("<a@b> ", size))),
        ("open ids", format!("References: {}\n\nx", many("<", size))),
        ("parameters", format!("Content-Type: text/plain;{}\n\nx", many("a=b;", size))),
        ("folded parameters", format!("Content-Type: text/plain;{}\n\nx", many("\n a=b;", size))),
        ("continued parameters", format!("Content-Type: text/plain;{continued}\n\nx")),
        ("received", many("Received: from a by b; Mon, 14 May 2001 16:39:00 -0700\n", size / 20)),
        (
            "flowed",
            format!("Content-Type: text/plain; format=flowed\n\n{}", many("> a \n", size / 2)),
        ),
        ("begins", format!("Subject: x\n\n{}", many("begin 644 x\n", size / 5))),
        ("dates", format!("Date: {}\n\nx", many("1 ", size))),
    ];
    for (name, bomb) in bombs {
        let start = std::time::Instant::now();
        let message = parse(bomb.as_bytes());
        let took = start.elapsed();
        if is_timed {
            println!("{:>6} ms  {name}", took.as_millis());
        }
        assert!(!message.problems.iter().any(|p| p.contains("taken apart")), "{name}");
        // Quadratic time would be minutes; a busy machine is not.
        assert!(took.as_secs() < 40, "{name} took {took:?}");
        assert!(attachment_bytes(bomb.as_bytes(), 1).is_none_or(|bytes| bytes.len() <= bomb.len()));
        links(bomb.as_bytes());
    }
}

/// The library miscounts a quoted-printable part that is nothing but a soft line break; a debug
/// build panics there.
#[test]
fn a_part_the_library_stumbles_over_costs_at_most_that_part() {
    let raw = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
               Content-Transfer-Encoding: quoted-printable\n\n=\n--b\n\nkept\n--b--\n";
    let message = parse(raw.as_bytes());
    assert_eq!(message.subject, "x");
    assert!(message.text.contains("kept"));
}

#[test]
fn a_soft_break_before_a_boundary_costs_no_letter() {
    let raw = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
               Content-Transfer-Encoding: quoted-printable\n\nabcdef=\n--b--\n";
    assert_eq!(parse(raw.as_bytes()).text, "abcdef");
    assert_eq!(parse(&with_crlf(raw.as_bytes())).text, "abcdef");
}

/// Fixtures with bytes changed, lost, doubled and swapped, the same on every run.
/// `POSTROOM_ROUNDS` asks for more of them.
#[test]
fn mutilated_messages_are_read_too() {
    let rounds = std::env::var("POSTROOM_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let originals: Vec<_> = fixtures().iter().map(|path| fs::read(path).unwrap()).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit.max(1) as u64) as usize
    };
    let (mut count, mut given_up) = (0, 0);
    for _ in 0..rounds {
        for original in &originals {
            let mut raw = original.clone();
            for _ in 0..=below(6) {
                let (at, length) = (below(raw.len()), below(40));
                let end = (at + length).min(raw.len());
                match below(5) {
                    _ if raw.is_empty() => break,
                    0 => raw[at] = below(256) as u8,
                    1 => drop(raw.drain(at..end)),
                    2 => drop(raw.splice(at..at, raw[at..end].to_vec())),
                    3 => raw.insert(at, b"\n\r=?<>-;:\"& \0"[below(13)]),
                    _ => {
                        let other = &originals[below(originals.len())];
                        let from = below(other.len());
                        raw.extend_from_slice(&other[from..]);
                    }
                }
            }
            let message = parse(&raw);
            count += 1;
            given_up += usize::from(message.problems.iter().any(|p| p.contains("taken apart")));
            let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            assert!(!message.text.contains(odd) && !message.subject.contains(odd));
            for at in &message.attachments {
                attachment_bytes(&raw, at.part);
            }
            links(&raw);
        }
    }
    println!("{count} messages, {given_up} given up");
    // Only where the library's own arithmetic checks, in a debug build, stop it.
    assert!(given_up * 100 <= count, "{given_up} of {count}");
}
