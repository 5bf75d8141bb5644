//! How good the ranking is, measured on mail that is not in the project.
//!
//! Runs when `POSTROOM_DATA` names the folder of test mail (`scripts/eval-search` does); otherwise
//! says so and passes. Three sets: `aeslc` is measured and never tuned on; `enron-maildir`, with each
//! mail's own subject as the question, and mailing lists, with the subjects of their threads, are
//! where the constants of [`super::words::Tuning`] and [`super::fuse::Weights`] come from. Subjects
//! are left out of the index. With `POSTROOM_DUMP` (a folder) and `POSTROOM_SETS` (`enron,lists`)
//! what both legs say of each candidate is written down, to fit constants on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::*;
use crate::mail::when::Zone;
use crate::mail::{MessageId, ThreadId, UnixSeconds};

/// A question and the messages that answer it, each by itself.
pub(super) struct Case {
    pub(super) question: String,
    pub(super) targets: Vec<MessageId>,
}

/// A set of texts and questions about them.
pub(super) struct Set {
    pub(super) name: &'static str,
    texts: Vec<String>,
    /// What each of them quotes, where quotes are indexed.
    quoted: Vec<String>,
    pub(super) cases: Vec<Case>,
}

pub(super) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("POSTROOM_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: POSTROOM_DATA is not set");
    }
    folder
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Texts in order of first appearance, each once; ids count from 1.
#[derive(Default)]
struct Texts {
    ids: HashMap<String, MessageId>,
    texts: Vec<String>,
}

impl Texts {
    fn add(&mut self, text: &str) -> MessageId {
        let next = MessageId(self.texts.len() as i64 + 1);
        let id = *self.ids.entry(one_line(text)).or_insert(next);
        if id == next {
            self.texts.push(text.to_owned());
        }
        id
    }
}

/// The first human subject is the question, the body the target; all bodies are the corpus.
pub(super) fn aeslc(data: &Path) -> Set {
    let mut texts = Texts::default();
    let mut cases = Vec::new();
    for file in ["train.jsonl", "dev.jsonl"] {
        let lines = std::fs::read_to_string(data.join("aeslc").join(file)).expect(file);
        for line in lines.lines() {
            let mail: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            let target = texts.add(mail["body"].as_str().expect("a body"));
            if let Some(question) = mail["human_subjects"][0].as_str() {
                cases.push(Case { question: question.to_owned(), targets: vec![target] });
            }
        }
    }
    Set { name: "aeslc", texts: texts.texts, quoted: Vec::new(), cases }
}

/// A mail's own subject is the question, where no other mail has it.
pub(super) fn enron(data: &Path) -> Set {
    let mut files = Vec::new();
    let mut folders = vec![data.join("enron-maildir/maildir")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut texts = Texts::default();
    let mut by_subject: BTreeMap<String, HashSet<MessageId>> = BTreeMap::new();
    let mut spelled: HashMap<String, String> = HashMap::new();
    for file in files {
        let raw = String::from_utf8_lossy(&std::fs::read(&file).expect("a file")).into_owned();
        let Some((head, body)) = raw.replace("\r\n", "\n").split_once("\n\n").map(own) else {
            continue;
        };
        if body.split_whitespace().count() < 5 {
            continue;
        }
        let id = texts.add(&body);
        let key = one_line(&head).to_lowercase();
        if key.chars().any(char::is_alphanumeric) {
            by_subject.entry(key.clone()).or_default().insert(id);
            spelled.entry(key).or_insert(head);
        }
    }
    let cases = by_subject
        .into_iter()
        .filter(|(_, ids)| ids.len() == 1)
        .flat_map(|(key, ids)| ids.into_iter().map(move |target| (key.clone(), target)))
        .map(|(key, target)| Case { question: spelled[&key].clone(), targets: vec![target] })
        .collect();
    Set { name: "enron", texts: texts.texts, quoted: Vec::new(), cases }
}

/// Mailing lists: the subject of a thread is the question, any of its messages the target. Quotes
/// are indexed, subjects are not.
pub(super) fn lists(data: &Path) -> Set {
    let folder = data.join("spamassassin/data/easy-ham-1");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let (mut texts, mut quoted) = (Vec::new(), Vec::new());
    let mut threads: BTreeMap<String, (String, Vec<MessageId>)> = BTreeMap::new();
    for file in files {
        let mail = crate::mail::parse(&std::fs::read(&file).expect("a file"));
        let words = crate::mail::words(&mail.text);
        texts.push(words.own);
        quoted.push(words.others);
        let (subject, _) = crate::mail::base_subject(&mail.subject);
        if subject.chars().any(char::is_alphanumeric) {
            let thread = threads.entry(subject.clone()).or_insert((subject, Vec::new()));
            thread.1.push(MessageId(texts.len() as i64));
        }
    }
    let cases =
        threads.into_values().map(|(question, targets)| Case { question, targets }).collect();
    Set { name: "lists", texts, quoted, cases }
}

/// Subject without `Re:` and the body's own part.
fn own((head, body): (&str, &str)) -> (String, String) {
    let subject = head
        .lines()
        .find_map(|line| line.strip_prefix("Subject:"))
        .map(str::trim)
        .unwrap_or_default();
    let mut subject = subject;
    while let Some((prefix, rest)) = subject.split_once(':') {
        if !["re", "fw", "fwd"].contains(&prefix.trim().to_lowercase().as_str()) {
            break;
        }
        subject = rest.trim();
    }
    let end = ["-----Original Message", "---------------------- Forwarded", "\nFrom:", "\n>"]
        .iter()
        .filter_map(|mark| body.find(mark))
        .min()
        .unwrap_or(body.len());
    (subject.to_owned(), body[..end].trim().to_owned())
}

/// An index and vectors of a set, and what is needed to ask.
pub(super) struct Bench {
    pub(super) set: Set,
    pub(super) index: Index,
    _home: tempfile::TempDir,
    zone: Zone,
    names: HashSet<String>,
    pub(super) vectors: Vectors,
    /// A vector for each question.
    pub(super) questions: Vec<Vec<f32>>,
}

impl Bench {
    pub(super) fn new(set: Set) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut index = Index::open(home.path()).expect("an index");
        let started = Instant::now();
        let documents = set.texts.iter().enumerate().map(|(text_index, text)| {
            Ok::<_, Cause>(Document {
                id: MessageId(text_index as i64 + 1),
                thread: ThreadId(text_index as i64 + 1),
                generation: text_index as i64 + 1,
                own: text.clone(),
                quoted: set.quoted.get(text_index).cloned().unwrap_or_default(),
                language: Some("en".to_owned()),
                ..Document::default()
            })
        });
        index
            .add(documents, set.texts.len() as i64, &mut |_| ControlFlow::Continue(()))
            .expect("indexing");
        let seconds = started.elapsed().as_secs_f64();
        let bytes: usize = set.texts.iter().map(String::len).sum();
        println!(
            "{}: {} texts, {:.1} MB, {} questions; indexed in {seconds:.2} s, {:.0} a second, {:.1} MB",
            set.name,
            set.texts.len(),
            bytes as f64 / 1e6,
            set.cases.len(),
            set.texts.len() as f64 / seconds,
            folder_bytes(home.path()) as f64 / 1e6,
        );
        let names = names(&set.texts);
        let (vectors, questions) = vectors(&set);
        Bench { vectors, questions, set, index, _home: home, zone: Zone::utc(), names }
    }

    pub(super) fn options(&self, mode: Mode) -> Options<'_> {
        Options {
            mode,
            limit: 100,
            as_of: None,
            by_thread: false,
            me: &[],
            now: UnixSeconds(0),
            zone: &self.zone,
            facts: None,
        }
    }

    /// The place of each question's target, from 1; nothing when it is not among the first 100.
    fn ranks(&self, mode: Mode, cases: &[Case]) -> Vec<Option<usize>> {
        let started = Instant::now();
        let ranks = cases
            .iter()
            .zip(&self.questions)
            .map(|(case, question)| {
                let query = Query::from_text(&case.question);
                let (vectors, question) = (Some(&self.vectors), Some(question.as_slice()));
                let hits = self
                    .index
                    .search(vectors, question, &query, &self.options(mode))
                    .expect("an answer");
                hits.iter().position(|hit| case.targets.contains(&hit.id)).map(|place| place + 1)
            })
            .collect();
        let each = started.elapsed().as_secs_f64() * 1e3 / cases.len().max(1) as f64;
        println!("  {mode:?}: {each:.2} ms a question");
        ranks
    }

    /// Mean and deviation of the cosines of all pieces, over the first 200 questions.
    fn background(&self) -> (f32, f32) {
        let scans = self.questions.iter().take(200).map(|question| {
            self.vectors.nearest(question, 1, &|_| true, &HashSet::new()).expect("a scan")
        });
        let (sums, count) = scans.fold(((0.0, 0.0), 0), |((mean, deviation), count), scan| {
            ((mean + scan.mean, deviation + scan.deviation), count + 1)
        });
        (sums.0 / count as f32, sums.1 / count as f32)
    }

    /// Whether every target lacks half of the question's words or more, endings aside.
    fn is_paraphrase(&self, case: &Case) -> bool {
        let stems = |text: &str| -> HashSet<String> {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words
                .map(str::to_lowercase)
                .filter(|word| !super::tokens::is_stop_word("en", word))
                .map(|word| word.chars().take(5).collect())
                .collect()
        };
        let asked = stems(&case.question);
        let holds = |target: &MessageId| {
            let text = &self.set.texts[target.0 as usize - 1];
            2 * stems(text).intersection(&asked).count() > asked.len()
        };
        !asked.is_empty() && !case.targets.iter().any(holds)
    }

    /// Which slices a question belongs to.
    pub(super) fn slices(&self, case: &Case) -> Vec<&'static str> {
        let question = case.question.as_str();
        let words = question.split_whitespace().count();
        let mut slices = vec!["all"];
        if words <= 2 {
            slices.push("1-2 words");
        }
        if question.chars().any(|c| c.is_ascii_digit()) {
            slices.push("a number");
        }
        let is_name = |word: &str| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            self.names.contains(&word.to_lowercase())
        };
        if question.split_whitespace().any(is_name) {
            slices.push("a name");
        }
        if slices.len() == 1 {
            slices.push("the rest");
        }
        if self.is_paraphrase(case) {
            slices.push("a paraphrase");
        }
        slices
    }
}

/// Where the vectors of earlier runs are kept: beside the test's own program.
fn kept(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("a program");
    program.parent().expect("a folder").join(format!("eval-{name}.vectors"))
}

/// Vectors of a set's texts and questions, made where they are missing.
fn vectors(set: &Set) -> (Vectors, Vec<Vec<f32>>) {
    let reader = crate::engine::Reader::embedded().expect("the reader");
    let texts = set.texts.iter().map(|text| pieces("", text, &sentences(text))).collect::<Vec<_>>();
    let questions =
        set.cases.iter().map(|case| pieces(&case.question, "", &[])).collect::<Vec<_>>();
    let made = make(&reader, &format!("{}-texts", set.name), &texts);
    let asked = make(&reader, &format!("{}-questions", set.name), &questions);
    let asked = (0..questions.len()).map(|index| asked.vector_of(index)).collect();
    (made, asked)
}

fn make(reader: &crate::engine::Reader, name: &str, texts: &[Vec<Piece>]) -> Vectors {
    let digest = digest(texts);
    let path = kept(name);
    let mut vectors = Vectors::open(&path, digest, 384)
        .or_else(|_| Vectors::remove_file(&path).and_then(|()| Vectors::open(&path, digest, 384)))
        .expect("a file of vectors");
    let covered = vectors.covered();
    let missing = (1..)
        .map(MessageId)
        .zip(texts)
        .filter(|(id, _)| !covered.contains(id))
        .map(|(id, pieces)| Ok::<_, Cause>((id, pieces.clone())));
    let started = Instant::now();
    let done = embed_messages(&mut vectors, reader, missing, &mut |_| ControlFlow::Continue(()))
        .expect("vectors");
    if done > 0 {
        let seconds = started.elapsed().as_secs_f64();
        println!("{name}: {} vectors, {done} made in {seconds:.0} s", vectors.pieces_count());
    }
    vectors
}

/// Vectors made of other texts are of no use: their digest stands in for a model's.
fn digest(texts: &[Vec<Piece>]) -> [u8; 32] {
    let mut state = [0xcbf2_9ce4_8422_2325_u64, 1, 2, 3];
    for (byte_index, byte) in
        texts.iter().flatten().flat_map(|piece| piece.text.bytes()).enumerate()
    {
        let state = &mut state[byte_index % 4];
        *state = (*state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut digest = [0; 32];
    state
        .iter()
        .zip(digest.chunks_mut(8))
        .for_each(|(word, bytes)| bytes.copy_from_slice(&word.to_le_bytes()));
    digest
}

/// Ends of lines and full stops end sentences here.
fn sentences(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let after = at + c.len_utf8();
        let is_end = c == '\n'
            || (matches!(c, '.' | '!' | '?') && text[after..].starts_with(char::is_whitespace));
        if is_end {
            found.push(from..after);
            from = after;
        }
    }
    found.push(from..text.len());
    found
}

/// Words that stand with a capital letter inside sentences nine times of ten.
fn names(texts: &[String]) -> HashSet<String> {
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    for text in texts {
        let mut inside = false;
        for word in text.split_whitespace() {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            if inside && bare.len() > 2 && bare.chars().all(char::is_alphabetic) {
                let counts = counts.entry(bare.to_lowercase()).or_default();
                let mut letters = bare.chars();
                let capital = letters.next().is_some_and(char::is_uppercase);
                if capital && letters.all(char::is_lowercase) {
                    counts.0 += 1;
                } else if !capital {
                    counts.1 += 1;
                }
            }
            inside = !word.ends_with(['.', '!', '?', ':', ';', ',', '-']);
        }
    }
    counts
        .into_iter()
        .filter(|(_, (capital, small))| *capital >= 3 && *capital >= 9 * small)
        .map(|(word, _)| word)
        .collect()
}

fn folder_bytes(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                folder_bytes(&path)
            } else {
                entry.metadata().map_or(0, |meta| meta.len())
            }
        })
        .sum()
}

/// Recall at 1 and 10, mean reciprocal rank.
fn scores(rank: Option<usize>) -> [f64; 3] {
    match rank {
        None => [0.0; 3],
        Some(rank) => {
            [f64::from(u8::from(rank == 1)), f64::from(u8::from(rank <= 10)), 1.0 / rank as f64]
        }
    }
}

pub(super) fn means(ranks: &[Option<usize>]) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for rank in ranks {
        scores(*rank).iter().zip(&mut sums).for_each(|(score, sum)| *sum += score);
    }
    sums.map(|sum| sum / ranks.len().max(1) as f64)
}

/// A line a slice: the first order, the second, their difference with a 95 % interval.
fn report(
    bench: &Bench,
    cases: &[Case],
    first: &[Option<usize>],
    second: Option<&[Option<usize>]>,
) {
    let mut slices: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (case_index, case) in cases.iter().enumerate() {
        for slice in bench.slices(case) {
            slices.entry(slice).or_default().push(case_index);
        }
    }
    for (slice, members) in slices {
        let of = |ranks: &[Option<usize>]| members.iter().map(|m| ranks[*m]).collect::<Vec<_>>();
        let ones = of(first);
        let base = means(&ones);
        print!(
            "  {slice:12} n={:5}  R@1 {:.3} R@10 {:.3} MRR {:.3}",
            ones.len(),
            base[0],
            base[1],
            base[2]
        );
        if let Some(second) = second {
            let others = of(second);
            let both = means(&others);
            print!("  ->  {:.3} {:.3} {:.3} ", both[0], both[1], both[2]);
            for (metric, (low, high)) in bootstrap(&ones, &others).into_iter().enumerate() {
                print!(" {:+.3} [{low:+.3}, {high:+.3}]", both[metric] - base[metric]);
            }
        }
        println!();
    }
}

/// 95 % intervals of the paired difference, 1,000 resamples, always the same ones.
fn bootstrap(first: &[Option<usize>], second: &[Option<usize>]) -> [(f64, f64); 3] {
    let differences: Vec<[f64; 3]> = first
        .iter()
        .zip(second)
        .map(|(one, other)| {
            let (one, other) = (scores(*one), scores(*other));
            [other[0] - one[0], other[1] - one[1], other[2] - one[2]]
        })
        .collect();
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    let mut draws: [Vec<f64>; 3] = Default::default();
    for _ in 0..1_000 {
        let mut sums = [0.0; 3];
        for _ in 0..differences.len() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let drawn = &differences[(state >> 16) as usize % differences.len()];
            drawn.iter().zip(&mut sums).for_each(|(value, sum)| *sum += value);
        }
        for (draws, sum) in draws.iter_mut().zip(sums) {
            draws.push(sum / differences.len().max(1) as f64);
        }
    }
    draws.map(|mut draws| {
        draws.sort_by(f64::total_cmp);
        (draws[25], draws[974])
    })
}

/// Reads a set from the folder of test mail.
type Load = fn(&Path) -> Set;
const SETS: [(&str, Load); 3] = [("enron", enron), ("lists", lists), ("aeslc", aeslc)];

#[test]
fn words_against_both() {
    let Some(data) = data() else { return };
    let only = std::env::var("POSTROOM_SETS").unwrap_or_else(|_| "enron,lists,aeslc".to_owned());
    for (name, load) in SETS {
        if !only.split(',').any(|one| one == name) {
            continue;
        }
        let set = load(&data);
        let bench = Bench::new(set);
        assert!(bench.set.cases.len() > 500, "{} has too few questions", bench.set.name);
        let (mean, deviation) = bench.background();
        println!("  cosines of all pieces to a question: mean {mean:.3}, deviation {deviation:.3}");
        let words = bench.ranks(Mode::Words, &bench.set.cases);
        let meaning = bench.ranks(Mode::Meaning, &bench.set.cases);
        let both = bench.ranks(Mode::Hybrid, &bench.set.cases);
        let [recall_1, recall_10, rank] = means(&meaning);
        println!("  meaning alone: R@1 {recall_1:.3} R@10 {recall_10:.3} MRR {rank:.3}");
        println!("  words -> both, differences with 95 % intervals (R@1, R@10, MRR)");
        report(&bench, &bench.set.cases, &words, Some(&both));
    }
}

/// Writes what both legs say of each candidate into a file a set, for whoever fits constants.
#[test]
fn dump() {
    let Some(data) = data() else { return };
    let Some(out) = std::env::var_os("POSTROOM_DUMP").map(PathBuf::from) else { return };
    let only = std::env::var("POSTROOM_SETS").unwrap_or_default();
    // The last is measured and never fitted on.
    for (name, load) in SETS.into_iter().filter(|(name, _)| *name != "aeslc") {
        if !only.split(',').any(|one| one == name) {
            continue;
        }
        let bench = Bench::new(load(&data));
        let mut text = String::new();
        for (case, question) in bench.set.cases.iter().zip(&bench.questions) {
            bench.dump_case(case, question, &mut text);
        }
        std::fs::write(out.join(format!("{name}.tsv")), text).expect("written");
    }
}

impl Bench {
    fn dump_case(&self, case: &Case, question: &[f32], text: &mut String) {
        use std::fmt::Write as _;
        let query = Query::from_text(&case.question);
        let options = self.options(Mode::Hybrid);
        let searcher = self.index.searcher();
        let view =
            super::view::View::new(&self.index, &searcher, &options, super::view::Knobs::DEFAULT)
                .expect("a view");
        let concepts = super::concept::concepts(&query, &view.languages);
        let sieve = view.sieve();
        let allowed = sieve.required(&query).expect("a set");
        let mut by_words = allowed.clone();
        let holding = sieve.any_word(&query).expect("a set");
        by_words.iter_mut().zip(&holding).for_each(|(set, other)| set.and(other));
        let commons: Vec<u32> =
            concepts.iter().map(|concept| u32::from(concept.is_common)).collect();
        let legs = view
            .legs(Some((&self.vectors, question)), concepts, &by_words, &allowed, super::view::POOL)
            .expect("both legs");
        let targets: Vec<String> = case.targets.iter().map(|id| id.0.to_string()).collect();
        let weights: Vec<String> =
            legs.weights.iter().map(|weight| format!("{weight:.4}")).collect();
        let profile = legs.profile;
        writeln!(
            text,
            "Q\t{}\t{}\t{}\t{:?}\t{}\t{}\t{}\t{}\t{}\t{}",
            case.question.replace('\t', " "),
            targets.join(","),
            weights.join(","),
            commons,
            commons.iter().filter(|common| **common == 0).count(),
            profile.exact_count,
            profile.background.0,
            profile.background.1,
            profile.ceiling,
            self.slices(case).join(","),
        )
        .expect("a string");
        for (place, candidate) in &legs.candidates {
            let id = view.columns[place.segment].id(place.doc);
            let words = candidate.words.unwrap_or_default();
            let near = candidate.near;
            writeln!(
                text,
                "C\t{}\t{}\t{:.4}\t{:.4}\t{:.4}\t{:.4}\t{}\t{}\t{:.4}\t{}",
                id.0,
                u8::from(candidate.words.is_some()),
                words.score,
                words.near,
                words.early,
                words.coverage,
                u8::from(words.has_exact),
                words.held,
                near.map_or(0.0, |near| near.cosine),
                near.map_or(0, |near| near.piece),
            )
            .expect("a string");
        }
    }
}
