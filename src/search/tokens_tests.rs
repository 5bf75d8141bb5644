use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    let mut shown = String::new();
    let mut last = None;
    for term in Cutter::text().terms(text) {
        let between = match last {
            None => "",
            Some(position) if position == term.position => "|",
            Some(_) => " ",
        };
        shown.push_str(between);
        shown.push_str(&term.text.replace(STEM, "~"));
        last = Some(term.position);
    }
    assert_eq!(shown, expected, "{text:?}");
}

#[test]
fn words_are_lower_case_and_keep_their_stem_beside_them() {
    check("The Meetings, at noon!", "the meetings|~meet at noon");
    check("", "");
    check(" .,;- ", "");
}

#[test]
fn addresses_and_codes_stand_whole_and_in_parts() {
    check("ada.king@example.org", "ada|ada.king@example.org king example|~exampl org");
    check("INV-2024-001", "inv|inv2024001 2024 001");
    check("10/30/01 at 10:30", "10|10/30/01 30 01 at 10|10:30 30");
    check("1,250,000.50", "1|1250000.50 250 000 50");
    check("AT&T", "at|at&t t");
    check("and/or", "and or");
}

#[test]
fn hyphens_and_apostrophes_do_not_hide_a_word() {
    check("e-mail", "e|email mail");
    check("John's", "john");
    check("John\u{2019}s", "john");
    check("O'Brien", "o|obrien brien");
}

#[test]
fn accents_fold_and_umlauts_are_spelled_both_ways() {
    check("\u{2}deMüller", "muller|mueller|~mull");
    check("\u{2}deStraße", "strasse|~strass");
    check("\u{2}daærø", "aero|aeroe");
    check("cafe\u{301}", "cafe");
}

#[test]
fn the_language_mark_chooses_the_stemmer() {
    check("\u{2}deSitzungen", "sitzungen|~sitzung");
    check("\u{2}frréunions", "reunions|~reunion");
    check("\u{2}xxMeetings", "meetings");
}

#[test]
fn scripts_without_blanks_are_cut_into_characters() {
    check("東京都 report", "東 京 都 report");
    check("会議abc", "会 議 abc");
}

#[test]
fn long_lumps_are_cut() {
    let terms = Cutter::text().terms(&"x".repeat(10_000));
    assert_eq!(terms[0].text.len(), WORD_BYTES_MAX);
    let joined = vec!["a1"; 1_000].join(".");
    let terms = Cutter::text().terms(&joined);
    assert_eq!(terms.iter().filter(|term| term.role == Role::Part).count(), 1_000);
    assert!(terms.iter().all(|term| term.text.len() <= WHOLE_BYTES_MAX));
}

#[test]
fn places_point_into_the_text() {
    let text = "Über ada.king@example.org hinaus";
    for term in Cutter::text().terms(text) {
        assert!(text.is_char_boundary(term.from) && text.is_char_boundary(term.to));
        assert!(term.from < term.to);
    }
}

#[test]
fn stop_words_depend_on_the_language() {
    assert!(is_stop_word("en", "the"));
    assert!(!is_stop_word("en", "budget"));
    assert!(is_stop_word("de", "und"));
    assert!(!is_stop_word("xx", "the"));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_cutter(text in "\\PC{0,200}") {
        for term in Cutter::text().terms(&text) {
            proptest::prop_assert!(!term.text.is_empty());
            proptest::prop_assert!(text.get(term.from..term.to).is_some());
        }
    }

    #[test]
    fn no_mark_breaks_the_cutter(text in "[\u{2}a-zé東.@'&,:/ -]{0,60}") {
        for term in Cutter::text().terms(&text) {
            proptest::prop_assert!(text.get(term.from..term.to).is_some());
        }
    }
}
