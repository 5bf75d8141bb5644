use std::collections::BTreeSet;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::super::document::Document;
use super::super::error::Cause;
use super::super::query::{Fact, parse};
use super::super::vectors::Entry;
use super::*;
use crate::mail::{Person, ThreadId};

/// 2026-03-02T12:00:00Z, a Monday.
const NOW: i64 = 1_772_452_800;
const DAY: i64 = 86_400;

fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

/// A message from Ada to me, a day old, with the words given.
fn mail(id: i64, subject: &str, own: &str) -> Document {
    Document {
        id: MessageId(id),
        thread: ThreadId(id),
        generation: id,
        subject: subject.to_owned(),
        own: own.to_owned(),
        from: person("Ada King", "ada.king@mail.example.org"),
        to: vec![person("Me", "me@example.org")],
        folders: vec!["Inbox".to_owned()],
        date: UnixSeconds(NOW - DAY - id),
        bytes: 1_000,
        language: Some("en".to_owned()),
        rfc_id: Some(format!("{id}@example.org")),
        ..Document::default()
    }
}

struct Home {
    dir: tempfile::TempDir,
    index: Index,
    zone: Zone,
    me: Vec<String>,
}

fn home(documents: Vec<Document>) -> Home {
    let dir = tempfile::tempdir().expect("a folder");
    let mut index = Index::open(dir.path()).expect("an index");
    add(&mut index, documents);
    Home { dir, index, zone: Zone::utc(), me: vec!["me@example.org".to_owned()] }
}

fn add(index: &mut Index, documents: Vec<Document>) {
    let last = documents.iter().map(|document| document.generation).max().unwrap_or(0);
    index
        .add(documents.into_iter().map(Ok::<_, Cause>), last, &mut |_| ControlFlow::Continue(()))
        .expect("indexing");
}

impl Home {
    fn options(&self) -> Options<'_> {
        Options {
            mode: Mode::Words,
            limit: 50,
            as_of: None,
            by_thread: false,
            me: &self.me,
            now: UnixSeconds(NOW),
            zone: &self.zone,
            facts: None,
        }
    }

    fn found(&self, question: &str) -> Vec<i64> {
        self.found_with(question, &self.options())
    }

    fn found_with(&self, question: &str, options: &Options<'_>) -> Vec<i64> {
        let query = parse(question).unwrap_or_else(|error| panic!("{question}: {error}"));
        let hits = self.index.search(None, None, &query, options).expect("an answer");
        hits.iter().map(|hit| hit.id.0).collect()
    }

    /// The hits in order of rank.
    #[track_caller]
    fn check(&self, question: &str, expected: &[i64]) {
        assert_eq!(self.found(question), expected, "{question}");
    }

    /// The hits in any order, and their count.
    #[track_caller]
    fn check_set(&self, question: &str, expected: &[i64]) {
        let mut found = self.found(question);
        found.sort_unstable();
        assert_eq!(found, expected, "{question}");
        let query = parse(question).expect("a query");
        let count = self.index.count(&query, &self.options()).expect("a count");
        assert_eq!(count, expected.len() as u64, "count of {question}");
    }
}

#[test]
fn an_empty_index_answers_with_nothing() {
    let home = home(Vec::new());
    home.check_set("*", &[]);
    home.check_set("budget", &[]);
    home.check_set("-budget from:ada", &[]);
}

#[test]
fn mail_with_more_of_the_words_comes_first() {
    let home = home(vec![
        mail(1, "", "the budget of the old year was fine"),
        mail(2, "", "travel costs are in the budget for Lisbon"),
        mail(3, "", "nothing to see here"),
        mail(4, "", "travel was nice, thank you"),
    ]);
    home.check("travel budget lisbon", &[2, 4, 1]);
    home.check_set("zebra", &[]);
}

#[test]
fn a_rare_word_outweighs_a_common_one() {
    let mut documents: Vec<Document> =
        (1..40).map(|id| mail(id, "", &format!("report number {id} about things"))).collect();
    documents.push(mail(50, "", "the quokka is number one of things"));
    let home = home(documents);
    assert_eq!(home.found("report quokka")[0], 50);
}

#[test]
fn words_side_by_side_come_before_words_apart() {
    let home = home(vec![
        mail(1, "", "the report for the third and coldest and longest quarter of the year"),
        mail(2, "", "the quarter, and as a third thing the very long report of the year"),
        mail(3, "", "a report of the third quarter for the very long and cold year, it says"),
    ]);
    assert_eq!(home.found("third quarter")[0], 3);
    home.check_set("\"third quarter\"", &[3]);
    home.check_set("\"quarter third\"", &[]);
}

#[test]
fn the_subject_counts_more_than_the_text() {
    let home = home(vec![
        mail(1, "Lunch", "we talked about the budget for a while and then went home again"),
        mail(2, "Budget", "we talked about lunches for a while and then went home once again"),
    ]);
    home.check("budget", &[2, 1]);
}

#[test]
fn own_words_count_more_than_quotes() {
    let mut quoting = mail(1, "", "I agree with all of that and more");
    quoting.quoted = "the budget is final and nothing will change it".to_owned();
    let home = home(vec![quoting, mail(2, "", "the budget is final and nothing will change it")]);
    home.check("budget", &[2, 1]);
}

#[test]
fn a_name_finds_its_mail() {
    let mut from_grace = mail(2, "Hello", "how are you?");
    from_grace.from = person("Grace Hopper", "grace@navy.example.org");
    let home = home(vec![mail(1, "Hello", "how are you?"), from_grace]);
    home.check_set("grace", &[2]);
    home.check_set("hopper", &[2]);
    home.check_set("grace@navy.example.org", &[2]);
    home.check_set("navy", &[2]);
}

#[test]
fn forms_of_a_word_are_found_but_not_in_quotes() {
    let home = home(vec![
        mail(1, "", "all meetings are off"),
        mail(2, "", "we are meeting at noon"),
        mail(3, "", "I will meet you"),
    ]);
    home.check_set("meetings", &[1, 2, 3]);
    assert_eq!(home.found("meetings")[0], 1);
    home.check_set("\"meetings\"", &[1]);
    home.check_set("+meeting", &[1, 2, 3]);
}

#[test]
fn accents_and_spellings_do_not_matter() {
    let mut german = mail(1, "", "Frau Müller fährt auf der Straße");
    german.language = Some("de".to_owned());
    let home = home(vec![german]);
    for question in ["müller", "muller", "Mueller", "strasse", "Straße", "FÄHRT", "fahrt", "faehrt"]
    {
        home.check_set(question, &[1]);
    }
}

#[test]
fn each_language_has_its_own_forms() {
    let mut german = mail(1, "", "Die Sitzungen beginnen pünktlich");
    german.language = Some("de".to_owned());
    let mut french = mail(2, "", "Les réunions commencent demain");
    french.language = Some("fr".to_owned());
    let home = home(vec![german, french]);
    home.check_set("Sitzung", &[1]);
    home.check_set("réunion", &[2]);
    home.check_set("reunion", &[2]);
    home.check_set("lang:de", &[1]);
}

#[test]
fn codes_are_found_whole_and_in_parts() {
    let home = home(vec![
        mail(1, "", "invoice INV-2024-001 is due"),
        mail(2, "", "invoice INV-2024-002 is due"),
        mail(3, "", "call 713-555-0101 or pay 12,500 for it"),
    ]);
    home.check_set("INV-2024-001", &[1]);
    home.check_set("\"INV-2024-001\"", &[1]);
    home.check_set("inv2024002", &[2]);
    home.check_set("002", &[2]);
    home.check_set("7135550101", &[3]);
    home.check_set("12500", &[3]);
    home.check_set("12,500", &[3]);
    home.check_set("e-mail", &[]);
}

#[test]
fn a_typing_error_is_mended_when_the_word_is_nowhere() {
    let home = home(vec![mail(1, "", "your confirmation is here"), mail(2, "", "your budget")]);
    home.check_set_words("confimation", &[1]);
    home.check_set_words("buget", &[2]);
    home.check_set_words("buget from:ada", &[2]);
    home.check_set_words("zzzzz", &[]);
    home.check_set("+confimation", &[]);
}

impl Home {
    /// As `check_set`, without the count: counting takes words as they are.
    #[track_caller]
    fn check_set_words(&self, question: &str, expected: &[i64]) {
        let mut found = self.found(question);
        found.sort_unstable();
        assert_eq!(found, expected, "{question}");
    }
}

#[test]
fn common_words_do_not_select_beside_others() {
    let home = home(vec![mail(1, "", "the plan for it"), mail(2, "", "the budget for the trip")]);
    home.check_set("the budget for", &[2]);
    home.check_set("the", &[1, 2]);
}

#[test]
fn what_is_required_must_be_there() {
    let home = home(vec![
        mail(1, "", "budget and travel"),
        mail(2, "", "budget and hotel"),
        mail(3, "", "travel and hotel"),
    ]);
    home.check_set("budget travel", &[1, 2, 3]);
    home.check_set("+budget travel", &[1, 2]);
    assert_eq!(home.found("+budget travel")[0], 1);
    home.check_set("from:ada travel", &[1, 3]);
    home.check_set("from:ada zebra", &[]);
    home.check_set("\"and hotel\" zebra", &[2, 3]);
    home.check_set("zebra body:hotel", &[]);
    home.check_set("budget AND travel", &[1]);
    home.check_set("budget -travel", &[2]);
    home.check_set("(budget travel) AND hotel", &[2, 3]);
    home.check_set("budget AND (travel OR hotel)", &[1, 2]);
    home.check_set("-budget", &[3]);
    home.check_set("-(budget travel)", &[]);
    home.check_set("* -hotel", &[1]);
    home.check_set("bud*", &[1, 2]);
    home.check_set("+bud* hot*", &[1, 2]);
}

#[test]
fn people_are_matched_by_part_of_name_address_or_domain() {
    let mut other = mail(2, "", "x1");
    other.from = person("Joanne Smith", "jo@other.example.com");
    other.cc = vec![person("", "list@groups.example.net")];
    let home = home(vec![mail(1, "", "x1"), other]);
    for part in [
        "ada",
        "king",
        "kin",
        "\"Ada King\"",
        "ada.king",
        "ada.king@mail.example.org",
        "example.org",
        "@example.org",
        "mail.example",
        "ADA",
    ] {
        home.check_set(&format!("from:{part}"), &[1]);
    }
    home.check_set("from:example", &[1, 2]);
    home.check_set("from:anne", &[2]);
    home.check_set("from:\"kin\"", &[]);
    home.check_set("from:\"King Ada\"", &[]);
    home.check_set("cc:groups", &[2]);
    home.check_set("to:me@example.org", &[1, 2]);
    home.check_set("cc:ada", &[]);
}

#[test]
fn a_word_from_its_beginning_comes_before_a_word_inside() {
    let mut other = mail(2, "", "x1");
    other.from = person("Joanne", "joanne@example.net");
    let mut third = mail(3, "", "x1");
    third.from = person("Ann", "ann@example.net");
    let home = home(vec![other.clone(), third]);
    home.check_set("from:ann", &[3]);
    let alone = self::home(vec![other]);
    alone.check_set("from:ann", &[2]);
}

#[test]
fn me_is_an_address_and_not_a_word() {
    let mut mine = mail(2, "", "x1");
    mine.from = person("", "me@example.org");
    mine.to = vec![person("Ada", "ada@example.org")];
    let mut copied = mail(3, "", "x1");
    copied.to = vec![person("", "not.me@example.org")];
    copied.cc = vec![person("", "me@example.org")];
    let mut other = mail(4, "", "x1");
    other.to = vec![person("", "not.me@example.org")];
    let home = home(vec![mail(1, "", "x1"), mine, copied, other]);
    home.check_set("from:me", &[2]);
    home.check_set("to:me", &[1, 3]);
    home.check_set("to:me -from:me", &[1, 3]);
}

#[test]
fn titles_texts_files_and_folders_are_matched_by_part() {
    let mut with_file = mail(1, "Quarterly reports for INV-7", "the words of it");
    with_file.attachments = vec!["Quarterly_figures-2026.pdf".to_owned()];
    with_file.folders = vec!["Projects/Alpha".to_owned(), "Inbox".to_owned()];
    let home = home(vec![with_file, mail(2, "Lunch", "the quarterly report")]);
    home.check_set("subject:report", &[1]);
    home.check_set("subject:quart", &[1]);
    home.check_set("subject:inv-7", &[1]);
    home.check_set("subject:\"reports for\"", &[1]);
    home.check_set("body:reports", &[2]);
    home.check_set("filename:pdf", &[1]);
    home.check_set("filename:figures", &[1]);
    home.check_set("filename:gures", &[1]);
    home.check_set("figures", &[1]);
    home.check_set("has:attachment", &[1]);
    home.check_set("-has:attachment", &[2]);
    home.check_set("in:alpha", &[1]);
    home.check_set("in:projects/alpha", &[1]);
    home.check_set("in:inbox", &[1, 2]);
    home.check_set("in:\"Projects\" in:inbox", &[1]);
}

#[test]
fn what_attachments_say_is_found_and_counts_less_than_what_the_sender_says() {
    let mut with_file = mail(1, "The offer", "please see the file");
    with_file.attachments = vec!["offer.pdf".to_owned()];
    with_file.attached = vec!["The crane lifts herring.".to_owned(), "A second gasket".to_owned()];
    with_file.holds = vec!["pdf"];
    let home = home(vec![with_file, mail(2, "Crane", "the crane lifts herring, the second one")]);
    home.check_set("gasket", &[1]);
    home.check_set("\"lifts herring\"", &[1, 2]);
    home.check_set("herrings +cranes", &[1, 2]);
    home.check_set("body:herring", &[2]);
    home.check_set("has:pdf", &[1]);
    home.check_set("has:image", &[]);
    home.check("crane herring", &[2, 1]);
}

#[test]
fn sizes_flags_and_ids_filter() {
    let mut big = mail(1, "", "x1");
    big.bytes = 20_000;
    big.read = true;
    big.flagged = true;
    big.thread = ThreadId(77);
    let home = home(vec![big, mail(2, "", "x1")]);
    home.check_set("larger:10k", &[1]);
    home.check_set("smaller:10k", &[2]);
    home.check_set("larger:1M", &[]);
    home.check_set("is:read", &[1]);
    home.check_set("is:unread", &[2]);
    home.check_set("is:flagged", &[1]);
    home.check_set("thread:77", &[1]);
    home.check_set("id:2", &[2]);
    home.check_set("mid:<2@example.org>", &[2]);
    home.check_set("mid:2@example.org", &[2]);
    home.check_set("mid:2", &[]);
}

#[test]
fn dates_are_read_in_the_users_zone_and_as_of_the_users_clock() {
    let dated =
        |id: i64, days: i64| Document { date: UnixSeconds(NOW - days * DAY), ..mail(id, "", "x1") };
    let home = home(vec![dated(1, 0), dated(2, 1), dated(3, 20), dated(4, 70), dated(5, 400)]);
    home.check_set("date:today", &[1]);
    home.check_set("date:yesterday", &[2]);
    home.check_set("before:2026-03-01", &[3, 4, 5]);
    home.check_set("after:2026-03-01", &[1, 2]);
    home.check_set("date:2026-02", &[3]);
    home.check_set("date:2025-12..2026-02", &[3, 4]);
    home.check_set("date:..2025", &[4, 5]);
    home.check_set("date:1m..", &[1, 2, 3]);
    home.check_set("newer_than:1w", &[1, 2]);
    home.check_set("older_than:6m", &[5]);
    let mut west = home.options();
    let zone = Zone::fixed(-13 * 60);
    west.zone = &zone;
    assert_eq!(home.found_with("date:today", &west), [1]);
    west.now = UnixSeconds(NOW + 6 * 3_600);
    assert_eq!(home.found_with("date:yesterday", &west), [1]);
}

#[test]
fn mail_after_the_time_asked_about_does_not_exist() {
    let dated = |id: i64, days: i64| Document {
        date: UnixSeconds(NOW - days * DAY),
        ..mail(id, "", &format!("x1 {id}"))
    };
    let home = home(vec![dated(1, 1), dated(2, 3), dated(3, 5)]);
    let mut past = home.options();
    past.as_of = Some(UnixSeconds(NOW - 2 * DAY));
    assert_eq!(home.found_with("x1", &past), [2, 3]);
    assert_eq!(home.found_with("*", &past), [2, 3]);
    assert_eq!(home.found_with("-id:2", &past), [3]);
    let query = parse("*").expect("query");
    assert_eq!(home.index.count(&query, &past).expect("count"), 2);
}

#[test]
fn a_question_of_operators_alone_gives_the_newest_first() {
    let dated = |id: i64, days: i64| Document {
        date: UnixSeconds(NOW - days * DAY),
        ..mail(id, "", &format!("x1 {id}"))
    };
    let home = home(vec![dated(1, 3), dated(2, 1), dated(3, 2)]);
    home.check("*", &[2, 3, 1]);
    home.check("from:ada", &[2, 3, 1]);
    let mut two = home.options();
    two.limit = 2;
    assert_eq!(home.found_with("*", &two), [2, 3]);
    let query = parse("from:ada").expect("query");
    let ids = home.index.ids(&query, &two).expect("ids");
    assert_eq!(ids, [MessageId(2), MessageId(3), MessageId(1)]);
}

#[test]
fn of_equals_the_newer_comes_first() {
    let dated = |id: i64, days: i64| Document {
        date: UnixSeconds(NOW - days * DAY),
        ..mail(id, "", "the budget")
    };
    let home = home(vec![dated(1, 300), dated(2, 1), dated(3, 30)]);
    home.check("budget", &[2, 3, 1]);
}

#[test]
fn a_message_that_came_twice_is_shown_once() {
    let text = "the same words in the same mail";
    let mut again = mail(2, "Twice", text);
    again.date = mail(1, "", "").date;
    let home = home(vec![mail(1, "Twice", text), again.clone(), mail(3, "Other", text)]);
    assert_eq!(home.found("words").len(), 2);
    let query = parse("words").expect("query");
    assert_eq!(home.index.count(&query, &home.options()).expect("count"), 3);
    again = Document { date: again.date, ..mail(2, "", "") };
    let empty = self::home(vec![mail(1, "", ""), again]);
    assert_eq!(empty.found("*").len(), 2);
}

#[test]
fn by_thread_shows_the_best_of_each() {
    let in_thread = |id: i64, thread: i64, own: &str| Document {
        thread: ThreadId(thread),
        ..mail(id, "", own)
    };
    let home = home(vec![
        in_thread(1, 1, "something about a budget, and much else that is not of interest today"),
        in_thread(2, 1, "budget budget"),
        in_thread(3, 3, "a budget, and something more that is of no interest"),
    ]);
    let mut threads = home.options();
    threads.by_thread = true;
    assert_eq!(home.found_with("budget", &threads), [2, 3]);
}

/// Knows that message 1 is owed and nothing else.
struct Known;

impl Facts for Known {
    fn ids(&self, fact: &Fact) -> Result<BTreeSet<MessageId>, Cause> {
        match fact {
            Fact::Owed => Ok(BTreeSet::from([MessageId(1), MessageId(99)])),
            Fact::Tier(_) => Err("the ledger is closed".into()),
            _ => Ok(BTreeSet::new()),
        }
    }
}

#[test]
fn facts_are_asked_of_whoever_knows_them() {
    let home = home(vec![mail(1, "", "x1"), mail(2, "", "x1 x1")]);
    let mut options = home.options();
    options.facts = Some(&Known);
    assert_eq!(home.found_with("is:owed", &options), [1]);
    assert_eq!(home.found_with("x1 -is:owed", &options), [2]);
    assert_eq!(home.found_with("is:waiting OR is:owed", &options), [1]);
    let tier = parse("tier:now").expect("query");
    let refused = home.index.search(None, None, &tier, &options).expect_err("refused");
    assert_eq!(refused.to_string(), "looking up tier:now");
    assert!(home.index.count(&tier, &home.options()).is_err());
}

#[test]
fn a_message_taken_in_again_replaces_itself() {
    let mut home = home(vec![mail(1, "", "old words"), mail(2, "", "other words")]);
    let mut newer = mail(1, "", "new words");
    newer.generation = 9;
    add(&mut home.index, vec![newer.clone(), newer]);
    home.check_set("old", &[]);
    home.check_set("new", &[1]);
    home.check_set("words", &[1, 2]);
    assert_eq!(home.index.messages_count(), 2);
    assert_eq!(home.index.watermark(), 9);
    home.index.remove([MessageId(1), MessageId(77)], 12).expect("remove");
    home.check_set("words", &[2]);
    home.check_set("*", &[2]);
    assert_eq!(home.index.watermark(), 12);
}

fn with_vectors(home: &Home, vectors: &[(i64, [f32; 4])]) -> Vectors {
    let path = home.dir.path().join("vectors");
    let mut file = Vectors::open(&path, [1; 32], 4).expect("vectors");
    let entries: Vec<Entry> = vectors
        .iter()
        .map(|(id, vector)| Entry { message: MessageId(*id), piece: 0, vector: vector.to_vec() })
        .collect();
    file.append(&entries).expect("append");
    file
}

fn hybrid(
    home: &Home,
    vectors: &Vectors,
    mode: Mode,
    question: &str,
    vector: [f32; 4],
) -> Vec<Hit> {
    let mut options = home.options();
    options.mode = mode;
    let query = parse(question).expect("query");
    home.index.search(Some(vectors), Some(&vector), &query, &options).expect("an answer")
}

const EAST: [f32; 4] = [1.0, 0.0, 0.0, 0.0];
const NORTH_EAST: [f32; 4] = [0.8, 0.6, 0.0, 0.0];
const NORTH: [f32; 4] = [0.0, 1.0, 0.0, 0.0];

/// A dozen messages about nothing, so that one that is near stands out.
fn filler() -> (Vec<Document>, Vec<(i64, [f32; 4])>) {
    let documents = (100..130).map(|id| mail(id, "", &format!("filler {id}"))).collect();
    let vectors = (100..130).map(|id| (id, NORTH)).collect();
    (documents, vectors)
}

#[test]
fn meaning_finds_what_words_do_not() {
    let (mut documents, mut near) = filler();
    documents.extend([mail(1, "", "it costs too much"), mail(2, "", "expensive words")]);
    near.extend([(1, EAST), (2, NORTH_EAST)]);
    let home = home(documents);
    let vectors = with_vectors(&home, &near);
    let hits = hybrid(&home, &vectors, Mode::Hybrid, "expensive", EAST);
    let found: Vec<(i64, bool, bool)> =
        hits.iter().map(|hit| (hit.id.0, hit.matched.words, hit.matched.meaning)).collect();
    assert_eq!(found, [(2, true, true), (1, false, true)]);
    let hits = hybrid(&home, &vectors, Mode::Meaning, "expensive", EAST);
    assert_eq!(hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), [1, 2]);
    let hits = hybrid(&home, &vectors, Mode::Words, "expensive", EAST);
    assert_eq!(hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), [2]);
}

#[test]
fn meaning_keeps_to_what_is_required() {
    let (mut documents, mut near) = filler();
    let mut old = mail(2, "", "far too dear");
    old.date = UnixSeconds(NOW - 900 * DAY);
    documents.extend([mail(1, "", "it costs too much"), old]);
    near.extend([(1, EAST), (2, EAST), (500, EAST)]);
    let home = home(documents);
    let vectors = with_vectors(&home, &near);
    let found = |question: &str| -> Vec<i64> {
        hybrid(&home, &vectors, Mode::Hybrid, question, EAST).iter().map(|hit| hit.id.0).collect()
    };
    assert_eq!(found("expensive"), [1, 2]);
    assert_eq!(found("expensive newer_than:1y"), [1]);
    assert_eq!(found("expensive -costs"), [2]);
    assert_eq!(found("+expensive"), Vec::<i64>::new());
    assert_eq!(found("expensive from:nobody"), Vec::<i64>::new());
}

#[test]
fn what_is_named_exactly_is_never_passed_by_what_is_only_near() {
    let (mut documents, mut near) = filler();
    documents.extend([
        mail(1, "", "the invoice you asked for, as far as I could make sense of the papers"),
        mail(2, "", "4711 is on the way"),
    ]);
    near.extend([(1, EAST), (2, NORTH)]);
    let home = home(documents);
    let vectors = with_vectors(&home, &near);
    let hits = hybrid(&home, &vectors, Mode::Hybrid, "4711 invoice", EAST);
    assert_eq!(hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn an_index_of_another_version_or_damaged_has_to_be_rebuilt() {
    let dir = tempfile::tempdir().expect("a folder");
    let documents = || (1..20).map(|id| mail(id, "", "some words")).collect();
    add(&mut Index::open(dir.path()).expect("index"), documents());
    let folder = dir.path().join("1");
    let needs_rebuild = |what: &str| {
        let outcome = Index::open(dir.path()).and_then(|index| index.check());
        assert!(outcome.as_ref().is_err_and(Error::needs_rebuild), "{what}: {outcome:?}");
    };
    let meta = std::fs::read_to_string(folder.join("meta.json")).expect("meta");
    let version = super::super::index::VERSION;
    let older = meta.replace(&format!("\\\"version\\\":{version}"), "\\\"version\\\":0");
    assert_ne!(older, meta);
    std::fs::write(folder.join("meta.json"), older).expect("write");
    needs_rebuild("version");
    std::fs::write(folder.join("meta.json"), "{").expect("write");
    needs_rebuild("meta");
    std::fs::write(folder.join("meta.json"), &meta).expect("write");
    for file in std::fs::read_dir(&folder).expect("folder").flatten() {
        let path = file.path();
        if path.extension().is_none_or(|ending| {
            !["idx", "term", "pos", "fast"].contains(&ending.to_str().unwrap_or(""))
        }) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("read");
        let mut bent = bytes.clone();
        bent[0] ^= 0xFF;
        std::fs::write(&path, &bent).expect("write");
        needs_rebuild("a bent byte");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("write");
        needs_rebuild("half a file");
        std::fs::write(&path, &bytes).expect("write");
    }
    std::fs::remove_dir_all(&folder).expect("remove");
    needs_rebuild("gone");
    let mut index = Index::rebuild(dir.path()).expect("rebuild");
    add(&mut index, documents());
    needs_rebuild("not yet published");
    index.publish().expect("publish");
    let index = Index::open(dir.path()).expect("open");
    assert_eq!((index.messages_count(), index.watermark()), (19, 19));
    index.check().expect("whole");
}

#[test]
fn a_rebuild_leaves_the_old_index_until_it_is_done() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut old = Index::open(dir.path()).expect("index");
    add(&mut old, vec![mail(1, "", "old")]);
    drop(old);
    let mut next = Index::rebuild(dir.path()).expect("rebuild");
    add(&mut next, vec![mail(1, "", "new"), mail(2, "", "new")]);
    assert!(next.is_next());
    assert_eq!(Index::open(dir.path()).expect("open").messages_count(), 1);
    drop(next);
    let mut next = Index::rebuild(dir.path()).expect("rebuild again");
    add(&mut next, vec![mail(1, "", "new"), mail(2, "", "new")]);
    next.publish().expect("publish");
    assert_eq!(Index::open(dir.path()).expect("open").messages_count(), 2);
    let folders = std::fs::read_dir(dir.path())
        .expect("folder")
        .flatten()
        .filter(|entry| entry.path().is_dir());
    assert_eq!(folders.count(), 1);
}

#[test]
fn two_writers_do_not_write_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut one = Index::open(dir.path()).expect("index");
    let mut other = Index::open(dir.path()).expect("index");
    let mut outcome = None;
    let documents = (1..200).map(|id| Ok::<_, Cause>(mail(id, "", "words")));
    one.add(documents, 200, &mut |_| {
        outcome.get_or_insert_with(|| other.remove([MessageId(1)], 1));
        ControlFlow::Break(())
    })
    .expect("add");
    assert!(matches!(outcome, Some(Err(Error::Busy { .. }))), "{outcome:?}");
}

#[test]
fn what_another_process_put_in_meanwhile_is_not_put_in_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut one = Index::open(dir.path()).expect("index");
    let mut late = Index::open(dir.path()).expect("index");
    let documents = |to: i64| (1..=to).map(|id| Ok::<_, Cause>(mail(id, "", "words")));
    let mut go_on = |_| ControlFlow::Continue(());
    one.add(documents(20), 20, &mut go_on).expect("add");
    late.add(documents(10), 10, &mut go_on).expect("add");
    let index = Index::open(dir.path()).expect("index");
    assert_eq!((index.messages_count(), index.watermark()), (20, 20));
}

#[test]
fn an_interruption_keeps_what_was_done_and_goes_on_from_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut index = Index::open(dir.path()).expect("index");
    let documents = |from: i64| (from..=300).map(|id| Ok::<_, Cause>(mail(id, "", "words")));
    let added = index.add(documents(1), 300, &mut |done| {
        if done >= 128 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(!added.expect("add").finished);
    assert_eq!(index.watermark(), 128);
    drop(index);
    let mut index = Index::open(dir.path()).expect("index");
    let from = index.watermark() + 1;
    let broken = documents(from).take(10).chain([Err("the disk is gone".into())]);
    let outcome = index.add(broken, 300, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(outcome, Err(Error::Documents { .. })));
    assert_eq!(index.watermark(), 138);
    let from = index.watermark() + 1;
    let added = index.add(documents(from), 301, &mut |_| ControlFlow::Continue(())).expect("add");
    assert!(added.finished);
    assert_eq!((index.messages_count(), index.watermark()), (300, 301));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_question_breaks_a_search(
        question in "[a-c東é\"()*+:-]{0,12}( (OR|AND|NOT|from:a|subject:\"b c\"|larger:1k|date:3m[.][.]|-|me|to:me|b\\*|@|a@b[.]c)){0,4}",
    ) {
        thread_local! {
            static HOME: Home = home(vec![
                mail(1, "a b c", "b c a 東京 é a@b.c"),
                mail(2, "c", "a"),
                mail(3, "", ""),
            ]);
        }
        HOME.with(|home| {
            if let Ok(query) = parse(&question) {
                let hits = home.index.search(None, None, &query, &home.options()).expect("an answer");
                let count = home.index.count(&query, &home.options()).expect("a count");
                prop_assert!(hits.len() as u64 <= count, "{} hits of {} for {}", hits.len(), count, question);
                prop_assert!(hits.iter().all(|hit| hit.score.is_finite()));
            }
            Ok(())
        })?;
    }
}
