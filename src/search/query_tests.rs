use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, canonical: &str) {
    let query = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(query.to_string(), canonical, "{text}: {query:?}");
    assert_eq!(parse(canonical).as_ref(), Ok(&query), "{canonical}");
}

#[track_caller]
fn check_error(text: &str, position: usize, found: &str, hint: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(error.position, position, "{text}: {error:?}");
    assert!(error.message.contains(found), "{text}: {}", error.message);
    assert!(error.hint.contains(hint), "{text}: {}", error.hint);
}

#[test]
fn bare_words_stand_in_one_row() {
    check("budget  report", "budget report");
    check("budget from:ada report", "budget report from:ada");
    check("*", "*");
    check("pre*", "pre*");
    check(
        "e-mail C++ 10:30 Re: https://example.org/a?b=c",
        "e-mail C++ 10:30 Re: https://example.org/a?b=c",
    );
    check("agenda: friday", "agenda friday");
    check("budget & plan -", "budget plan");
}

#[test]
fn required_words_and_brackets_keep_their_meaning() {
    check("+budget report", "report +budget");
    check("a1 AND b1", "+a1 +b1");
    check("a1 AND b1 c1", "c1 +a1 +b1");
    check("a1 OR b1 c1", "a1 OR b1 c1");
    check("(a1 OR b1) c1", "c1 (a1 OR b1)");
    check("a1 AND b1 OR c1 AND d1", "+a1 +b1 OR +c1 +d1");
    check("(a1 b1) c1", "c1 (a1 b1)");
    check("(a1)", "a1");
    check("((a1))", "a1");
    check("(a1 OR b1) OR c1", "(a1 OR b1) OR c1");
    check("\"a phrase\" a1", "a1 \"a phrase\"");
    check("+\"a phrase\"", "\"a phrase\"");
    check("“curly  quotes”", "\"curly quotes\"");
    check("a1 ()", "a1");
}

#[test]
fn negation_binds_tightest() {
    check("NOT a1 b1", "b1 -a1");
    check("-a1", "-a1");
    check("-(a1 b1)", "-(a1 b1)");
    check("-\"a phrase\" -from:ada", "-\"a phrase\" -from:ada");
    check("NOT NOT a1", "-(-a1)");
    check("a1 AND NOT b1", "+a1 -b1");
    check("a1 OR -b1", "a1 OR -b1");
    check("-(a1 OR +b1)", "-(a1 OR +b1)");
}

#[test]
fn operators_keep_their_values() {
    check("From:Ada", "from:Ada");
    check("from:\"Ada King\"", "from:\"Ada King\"");
    check("from:me to:me", "from:me to:me");
    check("from:\"me\"", "from:\"me\"");
    check("cc:ada@example.org", "cc:ada@example.org");
    check(
        "subject:plan body:cost filename:pdf in:inbox",
        "subject:plan body:cost filename:pdf in:inbox",
    );
    check("has:attachments", "has:attachment");
    check("has:PDF", "has:pdf");
    check(
        "larger:10240 smaller:2M larger:1500b smaller:3GB",
        "larger:10k smaller:2M larger:1500 smaller:3G",
    );
    check("is:unread is:read is:flagged", "is:unread is:read is:flagged");
    check("is:owed is:waiting is:answered", "is:owed is:waiting is:answered");
    check(
        "thread:7 id:8 mid:<a@example.org> mid:b@example.org",
        "thread:7 id:8 mid:<a@example.org> mid:<b@example.org>",
    );
    check("lang:DE", "lang:de");
    check("tier:Now kind:list", "tier:now kind:list");
    check("tier:now,today kind:list,junk", "tier:now,today kind:list,junk");
    check("-tier:now,today", "-tier:now,today");
    check("tier:now OR tier:today", "tier:now,today");
}

#[test]
fn dates_are_kept_as_typed() {
    check("before:2026-03 after:2026-03-02", "before:2026-03 after:2026-03-02");
    check("older_than:3d newer_than:2W", "older_than:3d newer_than:2w");
    check("date:2026-01..2026-03", "date:2026-01..2026-03");
    check("date:3m.. date:..2026", "date:3m.. date:..2026");
    check("date:today", "date:today");
    check("due:..today", "due:..today");
}

#[test]
fn errors_say_where_what_and_what_instead() {
    check_error("", 0, "nothing to look for", "`*`");
    check_error("  & !", 0, "nothing to look for", "`*`");
    check_error("a1 (b1", 3, "never closed", "`)`");
    check_error("a1) b1", 2, "never opened", "remove");
    check_error("é \"b1", 2, "quote", "close it");
    check_error("a1 frm:ada", 3, "`frm:`", "`from:`");
    check_error("colour:red", 0, "`colour:`", "quotes");
    check_error("from: ada", 0, "without a value", "from:ada");
    check_error("from:(a b)", 5, "bracket", "from:a OR from:b");
    check_error("a1 OR", 3, "OR", "a OR b");
    check_error("OR a1", 0, "OR", "or");
    check_error("a1 AND", 3, "AND", "and");
    check_error("a1 NOT", 3, "negation of nothing", "-word");
    check_error("larger:big", 7, "no size", "10k");
    check_error("before:soonish", 7, "no date", "yesterday");
    check_error("date:..", 5, "no date", "range");
    check_error("older_than:soon", 11, "length of time", "3d");
    check_error("is:happy", 3, "`happy`", "unread");
    check_error("kind:cat", 5, "`cat`", "newsletter");
    check_error("thread:x", 7, "no number", "thread:7");
    check_error("has:wings", 4, "has:wings", "has:attachment");
    check_error("lang:english", 5, "lang:english", "lang:de");
}

#[test]
fn brackets_without_end_are_refused_at_once() {
    for text in ["(".repeat(20_000), "NOT ".repeat(20_000), "-".repeat(20_000)] {
        check_error(&text, 0, "bytes long", "1024");
    }
    let nested = |depth: usize| format!("{}a1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(QUERY_DEPTH_MAX)).is_ok());
    check_error(&nested(QUERY_DEPTH_MAX + 1), QUERY_DEPTH_MAX, "deep", "flatter");
    check_error(&"(".repeat(1_000), QUERY_DEPTH_MAX, "deep", "flatter");
    check_error(&format!("{}a1", "-".repeat(500)), QUERY_DEPTH_MAX + 1, "deep", "flatter");
    check_error(&format!("{}a1", "NOT ".repeat(200)), 4 * (QUERY_DEPTH_MAX + 1), "deep", "flatter");
}

#[test]
fn facts_are_listed_once() {
    let query = parse("tier:now (is:owed OR -tier:now) due:..today from:ada").expect("query");
    let facts: Vec<String> = query.facts().iter().map(ToString::to_string).collect();
    assert_eq!(facts, ["tier:now", "due:..today", "is:owed"]);
}

#[test]
fn meaning_is_what_is_asked_for_and_not_what_is_excluded() {
    let meaning = |text: &str| parse(text).expect(text).meaning_text();
    assert_eq!(
        meaning("costs -travel \"third quarter\" from:ada").as_deref(),
        Some("costs third quarter")
    );
    assert_eq!(meaning("from:ada is:unread"), None);
    assert_eq!(meaning("-costs"), None);
    assert_eq!(meaning("subject:costs").as_deref(), Some("costs"));
}

#[test]
fn any_text_can_be_a_question() {
    assert_eq!(
        Query::from_text("re: (costs) AND \"travel -x").meaning_text().as_deref(),
        Some("re: (costs) AND \"travel -x")
    );
    assert!(
        !Query::from_text(" -- ").has_words() || Query::from_text("--") == Query::Words(vec![])
    );
    assert!(Query::from_text(&"word ".repeat(9_000)).to_string().len() <= QUERY_BYTES_MAX);
}

#[test]
fn ages_go_by_the_calendar() {
    // 2026-03-31T12:00:00Z, a day that February does not have.
    let now = UnixSeconds(1_774_958_400);
    let check = |age: &str, expected: i64| {
        let age = Age::read(age).expect(age);
        assert_eq!(age.before(now, &Zone::utc()).0, expected, "{age}");
    };
    check("1m", 1_772_236_800);
    check("1y", 1_743_379_200);
    check("2d", 1_774_742_400);
    check("1w", 1_774_310_400);
    check("5h", 1_774_940_400);
    for bad in ["", "m", "3", "3x", "-3d", "3.5d", "999999d"] {
        assert_eq!(Age::read(bad), None, "{bad}");
    }
}

#[test]
fn a_query_survives_json() {
    let query = parse("a1 +b1 \"c d\" -from:ada (x1 OR tier:now) date:3m..").expect("query");
    let json = serde_json::to_string(&query).expect("json");
    assert_eq!(serde_json::from_str::<Query>(&json).expect("back"), query);
}

/// Things that questions are made of, whole and broken.
fn any_question() -> impl Strategy<Value = String> {
    let bit = prop_oneof![
        4 => "[a-zé東]{1,3}[*]?",
        1 => "[-+!&:*\"“”„()<>,.@ ]{1,3}",
        1 => Just("(".to_owned()),
        1 => Just(")".to_owned()),
        1 => Just(" OR ".to_owned()),
        1 => Just(" AND ".to_owned()),
        1 => Just(" NOT ".to_owned()),
        1 => Just("\"a b\"".to_owned()),
        1 => prop::sample::select(vec![
            "from:", "to:me", "subject:\"x y\"", "tier:now,today", "tier:\"a b\"", "kind:list",
            "is:owed", "due:..today", "date:3m..", "mid:<a b>", "mid:x", "larger:2048", "id:7",
            "older_than:3m", "lang:de", "in:\"a(b\"", "before:2026",
        ]).prop_map(str::to_owned),
        3 => Just(" ".to_owned()),
    ];
    prop::collection::vec(bit, 0..24).prop_map(|bits| bits.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_printed_parses_to_the_same(text in any_question()) {
        if let Ok(query) = parse(&text) {
            let printed = query.to_string();
            prop_assert_eq!(parse(&printed), Ok(query), "{} printed as {}", text, printed);
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,200}") {
        match parse(&text) {
            Ok(query) => prop_assert!(!query.to_string().is_empty()),
            Err(error) => prop_assert!(error.position <= text.chars().count()),
        }
    }
}
