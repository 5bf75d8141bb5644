//! The cases two published quote parsers test themselves with (talon and `email_reply_parser`).
//!
//! They are read from the folder that `POSTROOM_DATA` names and skipped without it. What is
//! expected is written as marks: voice and count of the lines that are not blank.

use std::fs;
use std::path::PathBuf;

use mail_parser::MessageParser;

use super::*;

fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("POSTROOM_DATA")?;
    Some(PathBuf::from(data).join("quotes-signatures"))
}

fn marks(text: &str) -> String {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for passage in passages(text) {
        let mark = match passage.voice {
            Voice::Own => 'o',
            Voice::Quoted => 'q',
            Voice::Forwarded => 'f',
            Voice::Signature => 's',
        };
        let filled =
            text[passage.start..passage.end].lines().filter(|line| !line.trim().is_empty()).count();
        match runs.last_mut() {
            _ if filled == 0 => {}
            Some(last) if last.0 == mark => last.1 += filled,
            _ => runs.push((mark, filled)),
        }
    }
    runs.iter().map(|(mark, count)| format!("{mark}{count}")).collect::<Vec<_>>().join(" ")
}

/// `email_reply_parser`: every fixture, line by line.
#[test]
fn email_reply_parser_cases() {
    const CASES: &[(&str, &str)] = &[
        ("correct_sig.txt", "o1 s2"),
        ("email_1_1.txt", "o5 s4"),
        ("email_1_2.txt", "o1 q6 o17 q8 s4"),
        ("email_1_3.txt", "o3 q43 s4"),
        ("email_1_4.txt", "o1 q2"),
        ("email_1_5.txt", "o12"),
        ("email_1_6.txt", "o1 s1 q10"),
        ("email_1_7.txt", "o1 q9"),
        ("email_1_8.txt", "q10 o1 q3 o1 q13 s2"),
        ("email_2_1.txt", "o1 q13"),
        ("email_2_2.txt", "o1 q7"),
        ("email_2_3.txt", "o1 q7"),
        ("email_BlackBerry.txt", "o1 s1"),
        ("email_bullets.txt", "o5 q3 s2"),
        ("email_iPhone.txt", "o1 s1"),
        ("email_multi_word_sent_from_my_mobile_device.txt", "o1 s1"),
        ("email_one_is_not_on.txt", "o3 q3"),
        ("email_sent_from_my_not_signature.txt", "o2"),
        ("email_sig_delimiter_in_middle_of_line.txt", "o4"),
        ("greedy_on.txt", "o4 q8"),
        ("pathological.txt", "o2 q17"),
    ];
    let Some(folder) = folder() else { return };
    let folder = folder.join("email_reply_parser/test/emails");
    let mut right = 0;
    for (name, expected) in CASES {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let found = marks(&text);
        if found == *expected {
            right += 1;
        } else {
            println!("{name}: expected {expected}, found {found}");
        }
    }
    // 766,900 bytes of one quote: the answer above it, and quickly.
    let long = fs::read_to_string(folder.join("email_long_quote.txt")).unwrap();
    let start = std::time::Instant::now();
    right += usize::from(marks(&long).starts_with("o3 q"));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    println!("email_reply_parser: {right} of {}", CASES.len() + 1);
    assert!(right > CASES.len() - 1, "{right}");
}

/// talon: the answers of a dozen mail programs all say the same word.
#[test]
fn talon_standard_replies() {
    let Some(folder) = folder() else { return };
    let (mut right, mut all) = (0, 0);
    let mut paths: Vec<_> = fs::read_dir(folder.join("talon/tests/fixtures/standard_replies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .collect();
    paths.sort();
    for path in paths {
        let raw = fs::read(&path).unwrap();
        let message = MessageParser::default().parse(&raw).unwrap();
        let text = message.body_text(0).unwrap().replace("\r\n", "\n");
        let own = own_words(&text);
        all += 1;
        if own.trim() == "Hello" {
            right += 1;
        } else {
            println!("{}: {own:?}", path.display());
        }
    }
    println!("talon standard replies: {right} of {all}");
    assert!(all == 12 && right == 12, "{right} of {all}");
}

/// talon: where sign-off or signature begins.
#[test]
fn talon_signatures() {
    let Some(folder) = folder() else { return };
    let folder = folder.join("talon/tests/fixtures/signature/emails");
    let mut right = 0;
    let names = ["camel_case", "jeff", "johndoeexamplecom", "long", "short_url", "sparse"];
    for name in names {
        let read =
            |end: &str| fs::read_to_string(folder.join(format!("stripped/{name}_{end}"))).unwrap();
        let (body, signature) =
            (read("body").replace("#sig#", ""), read("signature").replace("#sig#", ""));
        let shape = letter_shape(&body);
        let found =
            [shape.sign_off, shape.signature].into_iter().flatten().map(|range| range.start).min();
        let found = found.map_or("", |start| body[start..].trim());
        if found == signature.trim() {
            right += 1;
        } else {
            println!("{name}: expected {:?}, found {found:?}", signature.trim());
        }
    }
    let labelled = fs::read_to_string(folder.join("P/102682_R_S")).unwrap();
    let (_, labelled) = labelled.split_once("\n\n").unwrap();
    let text = labelled.replace("#sig# ", "").replace("#sig#", "").replace("#reply#", "");
    let shape = letter_shape(&text);
    let start = shape.sign_off.or(shape.signature).unwrap().start;
    let sig_lines = labelled.lines().filter(|line| line.starts_with("#sig#")).count();
    right += usize::from(text[start..].trim_end().lines().count() == sig_lines);
    println!("talon signatures: {right} of {}", names.len() + 1);
    assert!(right > 5, "{right}");
}
