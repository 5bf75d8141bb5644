//! How well answers are told from what is not in the mail, measured on mail that is not in the project.
//!
//! Runs when `POSTROOM_ASK` names a folder with `home` (an imported archive with vectors, as `--home`
//! takes it), `questions.tsv` (a question and a part of the sentence that answers it, a line) and
//! `never.txt` (questions the archive does not answer); otherwise says so and passes. Every question of
//! the first file is asked twice: as it is, and as if no message with the answer had ever come.

use std::path::PathBuf;

use super::weigh::{Candidate, SUPPORT_MIN};
use super::*;
use crate::engine::{Reader, VECTOR_WIDTH};
use crate::ledger::Weighted;
use crate::mail::when::Zone;

/// Rounds of leaving messages out: the answer may stand in several.
const ROUNDS_MAX: usize = 12;

struct Bench {
    store: Store,
    index: Index,
    vectors: Vectors,
    reader: Reader,
}

impl Bench {
    fn weigh(&mut self, question: &str, without: &[MessageId]) -> Vec<Candidate> {
        let weighted = Weighted::new(&self.reader, "measured");
        let zone = Zone::utc();
        let calendar = Calendar::office(zone.clone());
        let version = ledger::version(&weighted);
        let around = Around {
            index: &self.index,
            vectors: Some(&self.vectors),
            embed: Some(&self.reader),
            reader: None,
            version: &version,
            calendar: &calendar,
            options: Options {
                mode: Mode::Hybrid,
                limit: 0,
                as_of: None,
                by_thread: false,
                me: &[],
                now: UnixSeconds(1_010_000_000),
                zone: &zone,
                facts: None,
            },
        };
        weigh(&mut self.store, &around, question, without).expect("weighed")
    }
}

fn line(kind: &str, one: Option<&Candidate>, is_right: bool) {
    let Some(one) = one else { return println!("{kind}\t0\t0\t0\t0\t0\t0\t0\t") };
    let m = &one.measures;
    println!(
        "{kind}\t{}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.1}\t{:.0}\t{}",
        u8::from(is_right),
        one.passage.support,
        m.inside,
        m.around,
        m.cosine,
        m.kind,
        m.asks,
        one.passage.quote
    );
}

#[test]
fn answers_against_what_is_not_there() {
    let Some(folder) = std::env::var_os("POSTROOM_ASK").map(PathBuf::from) else {
        eprintln!("skipped: POSTROOM_ASK is not set");
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    let data = folder.join("home/data");
    let path = data.join("vectors.i8");
    // Whoever made the vectors is named in their file's header.
    let header = std::fs::read(&path).expect("vectors");
    let model = header[16..48].try_into().expect("32 bytes");
    let vectors = Vectors::open(&path, model, VECTOR_WIDTH);
    let mut bench = Bench {
        store: Store::open_existing(&data).expect("a store"),
        index: Index::open(&data.join("index")).expect("an index"),
        vectors: vectors.expect("vectors"),
        reader: Reader::embedded().expect("the reader"),
    };
    assert!(bench.vectors.messages_count() > 1_000, "vectors are missing");
    let (mut first, mut found, mut kept, mut asked) = (0, 0, 0, 0);
    let (mut refused, mut absent) = (0, 0);
    for row in read("questions.tsv").lines() {
        let (question, answer) = row.split_once('\t').expect("a question and its answer");
        asked += 1;
        let weighed = bench.weigh(question, &[]);
        let is_right = |one: &Candidate| one.passage.quote.contains(answer);
        first += u32::from(weighed.first().is_some_and(is_right));
        found += u32::from(weighed.iter().take(PASSAGES_MAX).any(is_right));
        let best = weighed.first();
        kept += u32::from(best.is_some_and(|one| one.passage.support >= SUPPORT_MIN));
        for one in weighed.iter().take(12) {
            line("asked", Some(one), is_right(one));
        }
        let mut without: Vec<MessageId> = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let weighed = bench.weigh(question, &without);
            let holders: Vec<MessageId> =
                weighed.iter().filter(|one| is_right(one)).map(|one| one.passage.id).collect();
            if holders.is_empty() {
                absent += 1;
                let best = weighed.first();
                refused += u32::from(best.is_none_or(|one| one.passage.support < SUPPORT_MIN));
                line("without", best, false);
                break;
            }
            without.extend(holders);
        }
    }
    let (mut never, mut silent) = (0, 0);
    for question in read("never.txt").lines() {
        let weighed = bench.weigh(question, &[]);
        never += 1;
        silent += u32::from(weighed.first().is_none_or(|one| one.passage.support < SUPPORT_MIN));
        line("never", weighed.first(), false);
    }
    println!(
        "{asked} questions: the first passage answers {first}, one of {PASSAGES_MAX} answers {found}, said to be in the mail {kept}"
    );
    println!("the same without their answer: {refused} of {absent} said not to be in the mail");
    println!("questions about nothing: {silent} of {never} said not to be in the mail");
}
