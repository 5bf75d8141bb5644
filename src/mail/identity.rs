//! When are two messages the same one, and when do two subjects belong together?

use unicode_normalization::UnicodeNormalization;

use super::parse::visible_line;
use super::types::{Message, Person};

/// What a message says, in a form that does not depend on its `Message-ID`, its folder or how it was
/// encoded: copies of one message give the same string.
///
/// Nothing when it has no date and no body: then too little is left to tell messages apart.
pub fn identity(message: &Message) -> Option<String> {
    key(message, |at| at)
}

/// [`identity`], but for whole hours: old archives hold the same message twice with its time read in
/// two zones. Two messages alike in this are copies only when they lie in different folders and less
/// than a day apart: an hourly notice is alike every hour.
pub fn identity_any_hour(message: &Message) -> Option<String> {
    key(message, |at| at.rem_euclid(3_600))
}

fn key(message: &Message, time: impl Fn(i64) -> i64) -> Option<String> {
    if message.date.is_none() && message.text.trim().is_empty() {
        return None;
    }
    let mut key = String::with_capacity(message.text.len() + 200);
    push_people(&mut key, &message.from);
    key.push('|');
    if let Some(date) = message.date {
        key.push_str(&time(date.at.0).to_string());
    }
    key.push('|');
    key.push_str(&fold(&message.subject));
    key.push('|');
    push_people(&mut key, &message.to);
    key.push('|');
    for (at, word) in message.text.split_whitespace().enumerate() {
        if at > 0 {
            key.push(' ');
        }
        key.push_str(word);
    }
    Some(key)
}

fn push_people(key: &mut String, people: &[Person]) {
    let mut found: Vec<String> = people
        .iter()
        .map(|who| if who.address.is_empty() { fold(&who.name) } else { who.address.clone() })
        .collect();
    found.sort_unstable();
    found.dedup();
    key.push_str(&found.join(","));
}

/// The subject under its reply and forward marks, folded for comparison, and whether it had any.
///
/// `Re: [talk] AW: Fwd: Plan` gives `("plan", true)`. Mailing-list tags in square brackets go where
/// they stand at the start; a subject that is nothing but a tag keeps it.
pub fn base_subject(subject: &str) -> (String, bool) {
    let folded = fold(subject);
    let mut rest = folded.as_str();
    let mut had_mark = false;
    loop {
        if let Some(after) = without_mark(rest) {
            had_mark = true;
            rest = after;
        } else if let Some(after) = without_tag(rest) {
            rest = after;
        } else if let Some(before) = rest.strip_suffix("(fwd)") {
            had_mark = true;
            rest = before.trim_end();
        } else {
            return (rest.to_owned(), had_mark);
        }
    }
}

/// NFKC, lower case, single blanks.
fn fold(text: &str) -> String {
    let line = visible_line(text);
    if line.is_ascii() {
        return line.to_ascii_lowercase();
    }
    visible_line(&line.nfkc().collect::<String>().to_lowercase())
}

/// Reply and forward marks of mail programs in many languages, folded, without their colon.
const MARKS: &[&str] = &[
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "svar",
    "vs",
    "vl",
    "fw",
    "fwd",
    "wg",
    "weitergeleitet",
    "tr",
    "rép",
    "rep",
    "rv",
    "res",
    "enc",
    "odp",
    "pd",
    "rif",
    "i",
    "r",
    "vb",
    "doorst",
    "bls",
    "trs",
    "vá",
    "továbbítás",
    "ynt",
    "ilt",
    "atb",
    "отв",
    "ответ",
    "пересл",
    "απ",
    "πρθ",
    "σχετ",
    "回复",
    "回覆",
    "答复",
    "答覆",
    "转发",
    "轉寄",
    "轉發",
    "返信",
    "転送",
    "회신",
    "답장",
    "전달",
    "תגובה",
];

fn without_mark(text: &str) -> Option<&str> {
    // NFKC has made the full-width colon of Chinese programs an ordinary one.
    let (mark, after) = text.split_once(':')?;
    let mark = mark.trim_end();
    // `re[2]`, `re(3)`, `re^2`, `re*2`.
    let bare = mark
        .trim_end_matches([']', ')'])
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches(['[', '(', '^', '*', ' ']);
    let is_counted = bare.len() == mark.len()
        || mark.ends_with([']', ')'])
        || mark[bare.len()..].starts_with(['^', '*']);
    (is_counted && MARKS.contains(&bare)).then(|| after.trim_start())
}

fn without_tag(text: &str) -> Option<&str> {
    const TAG_CHARS_MAX: usize = 40;
    let (tag, after) = text.strip_prefix('[')?.split_once(']')?;
    let after = after.trim_start();
    let is_tag = !tag.is_empty() && tag.chars().count() <= TAG_CHARS_MAX && !tag.contains('[');
    (is_tag && !after.is_empty()).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parse;

    #[track_caller]
    fn check(subject: &str, base: &str, had_mark: bool) {
        assert_eq!(base_subject(subject), (base.to_owned(), had_mark), "{subject:?}");
    }

    #[test]
    fn marks_in_many_languages_go() {
        for mark in ["Re", "RE", "AW", "Antw", "SV", "VS", "Fw", "FWD", "WG", "TR", "RV", "RES"] {
            check(&format!("{mark}: The plan"), "the plan", true);
        }
        for mark in ["Odp", "RIF", "I", "ENC", "回复", "答复", "转发", "Re[2]", "RE (3)", "Re^2"]
        {
            check(&format!("{mark}: The plan"), "the plan", true);
        }
        check("回复：计划", "计划", true);
        check("Re : The plan", "the plan", true);
    }

    #[test]
    fn chains_and_tags_go_together() {
        check("Re: [talk] AW: Fwd: [x-y] The  Plan", "the plan", true);
        check("[talk] The plan", "the plan", false);
        check("Fwd: Fwd: Re:Re: x", "x", true);
        check("The plan (fwd)", "the plan", true);
    }

    #[test]
    fn words_with_a_colon_stay() {
        check("Reminder: pay", "reminder: pay", false);
        check("Plan: part 2", "plan: part 2", false);
        check("re", "re", false);
        check("Re:", "", true);
        check("", "", false);
        check("[urgent]", "[urgent]", false);
        check("r2: x", "r2: x", false);
    }

    #[test]
    fn case_and_width_are_folded() {
        check("ＰＬＡＮ Ünit", "plan ünit", false);
    }

    const MAIL: &str = "Message-ID: <1@example.org>\nDate: Mon, 14 May 2001 16:39:00 -0700\n\
                        From: Ada <ada@example.org>\nTo: b@example.org, c@example.org\n\
                        Subject: The plan\n\nHello\nthere.\n";

    #[test]
    fn another_id_folder_or_encoding_changes_nothing() {
        let one = identity(&parse(MAIL.as_bytes()));
        assert!(one.is_some());
        let other = MAIL
            .replace("<1@", "<2@")
            .replace("b@example.org, c@example.org", "C <c@example.org>, B@example.org")
            .replace("Subject: The plan", "X-Folder: sent\nSubject: =?utf-8?Q?The_plan?=")
            .replace("16:39:00 -0700", "23:39:00 +0000")
            .replace('\n', "\r\n");
        assert_eq!(identity(&parse(other.as_bytes())), one);
    }

    #[test]
    fn whole_hours_can_be_passed_over() {
        let one = parse(MAIL.as_bytes());
        let shifted = parse(MAIL.replace("16:39", "06:39").as_bytes());
        let other = parse(MAIL.replace("16:39", "16:40").as_bytes());
        assert_eq!(identity_any_hour(&one), identity_any_hour(&shifted));
        assert_ne!(identity_any_hour(&one), identity_any_hour(&other));
    }

    #[test]
    fn another_text_time_or_sender_is_another_message() {
        let one = identity(&parse(MAIL.as_bytes()));
        for (from, to) in [("there", "here"), ("16:39", "16:40"), ("ada@", "bea@"), ("plan", "x")] {
            assert_ne!(identity(&parse(MAIL.replace(from, to).as_bytes())), one, "{from}");
        }
    }

    #[test]
    fn without_date_and_body_nothing_is_known() {
        assert_eq!(identity(&parse(b"From: ada@example.org\nSubject: x\n\n")), None);
        assert!(identity(&parse(b"From: ada@example.org\n\nHello")).is_some());
    }
}
