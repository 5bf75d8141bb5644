//! Fits the weights of the gist, and measures it.
//!
//! Both run on mail that is not part of the project: the folder that `POSTROOM_DATA` names. Without it
//! they are skipped. `POSTROOM_FIT=FILE` also writes the fitted weights there.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::features::{Feature, SPAN_FEATURES, WORD_FEATURES};
use super::*;
use crate::mail::{own_words, sentences};

/// Parts of a cross-validation; a sender stands in one of them.
const FOLDS: usize = 4;

/// A mail with the subject lines people gave it.
struct Sample {
    sender: String,
    subjects: Vec<String>,
    sentences: Vec<String>,
}

impl Sample {
    fn new(sender: &str, subjects: Vec<String>, text: &str) -> Self {
        let own = own_words(&text.replace("\r\n", "\n"));
        let sentences = sentences(&own).into_iter().map(|range| own[range].to_owned()).collect();
        Self { sender: sender.to_owned(), subjects, sentences }
    }

    fn weighted(&self) -> Vec<(&str, f32)> {
        self.sentences.iter().map(|sentence| (sentence.as_str(), 0.5)).collect()
    }
}

fn data() -> Option<PathBuf> {
    std::env::var_os("POSTROOM_DATA").map(PathBuf::from)
}

/// Lower-case words and numbers, as ROUGE counts them.
fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
        .collect()
}

/// ROUGE-1 and ROUGE-L as F1 (Lin 2004), without stemming.
fn rouge(found: &str, reference: &str) -> (f64, f64) {
    let (found, reference) = (tokens(found), tokens(reference));
    if found.is_empty() || reference.is_empty() {
        return (0.0, 0.0);
    }
    let f1 = |same: usize| {
        let (precision, recall) =
            (same as f64 / found.len() as f64, same as f64 / reference.len() as f64);
        if same == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
    };
    let mut left: HashMap<&str, usize> = HashMap::new();
    for token in &reference {
        *left.entry(token).or_default() += 1;
    }
    let mut same = 0;
    for token in &found {
        if let Some(count) = left.get_mut(token.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            same += 1;
        }
    }
    let mut row = vec![0usize; reference.len() + 1];
    for token in &found {
        let mut diagonal = 0;
        for (at, other) in reference.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if token == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    (f1(same), f1(row[reference.len()]))
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values {
        sum += value;
        count += 1;
    }
    sum / count.max(1) as f64
}

/// Mail people wrote and named themselves: no answers, no forwards, not twice.
fn own_subjects(data: &Path) -> Vec<Sample> {
    let mut files = Vec::new();
    let mut folders = vec![data.join("enron-maildir")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut samples = Vec::new();
    for file in files {
        let raw = fs::read(file).unwrap();
        let Some(message) = mail_parser::MessageParser::default().parse(&raw) else { continue };
        let sender = message
            .from()
            .and_then(|from| from.first())
            .and_then(|from| from.address())
            .unwrap_or_default();
        let text = message.body_text(0).unwrap_or_default();
        samples.push(Sample::new(
            sender,
            vec![message.subject().unwrap_or_default().to_owned()],
            &text,
        ));
    }
    for name in ["david_anonymous_clean", "marcus_anonymous_clean"] {
        for line in fs::read_to_string(data.join(format!("voices/{name}.jsonl"))).unwrap().lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            samples.push(Sample::new(name, vec![text("subject")], &text("email")));
        }
    }
    let mut seen = BTreeSet::new();
    samples.retain(|sample| {
        let subject = &sample.subjects[0];
        let words = tokens(subject);
        let body = sample.sentences.join(" ");
        let key: String = body.chars().filter(|c| c.is_alphanumeric()).take(200).collect();
        let answer = subject.split_once(':').is_some_and(|(mark, _)| {
            ["re", "fw", "fwd"].contains(&mark.trim().to_lowercase().as_str())
        });
        words.len() >= 2 && !answer && tokens(&body).len() >= 8 && seen.insert(key)
    });
    samples.retain(|sample| {
        let wanted: BTreeSet<String> = tokens(&sample.subjects[0]).into_iter().collect();
        let (prepared, _) = prepare(&sample.weighted());
        prepared.iter().any(|sentence| {
            sentence
                .words
                .iter()
                .any(|word| !word.tag.is_function() && wanted.contains(&word.lower))
        })
    });
    samples
}

/// A sample with its word features and labels.
struct Prepared<'a> {
    sample: &'a Sample,
    sentences: Vec<Sentence<'a>>,
    features: Vec<Vec<Vec<Feature>>>,
    labels: Vec<Vec<bool>>,
    words: usize,
}

fn prepared(sample: &Sample) -> Prepared<'_> {
    let weighted: Vec<(&str, f32)> =
        sample.sentences.iter().map(|sentence| (sentence.as_str(), 0.5)).collect();
    let (sentences, greeted) = prepare(&weighted);
    let wanted: BTreeSet<String> =
        sample.subjects.iter().flat_map(|subject| tokens(subject)).collect();
    let (features, labels): (Vec<_>, Vec<_>) = {
        let mail = around(&sentences, greeted);
        sentences
            .iter()
            .map(|sentence| {
                let labels = sentence
                    .words
                    .iter()
                    .map(|word| {
                        let tokens = tokens(word.text);
                        !tokens.is_empty() && tokens.iter().all(|token| wanted.contains(token))
                    })
                    .collect::<Vec<bool>>();
                (word_features(sentence, &mail), labels)
            })
            .unzip()
    };
    let words = sentences.iter().map(|sentence| sentence.words.len()).sum();
    Prepared { sample, sentences, features, labels, words }
}

/// Gradient steps with a rate of their own for each weight (Adam, Kingma & Ba 2015).
struct Adam {
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    step: i32,
    rate: f32,
}

impl Adam {
    fn new(count: usize, rate: f32) -> Self {
        Self {
            weights: vec![0.0; count],
            first: vec![0.0; count],
            second: vec![0.0; count],
            step: 0,
            rate,
        }
    }

    fn descend(&mut self, gradient: &[f32]) {
        self.step += 1;
        let (b1, b2) = (0.9f32, 0.99f32);
        let (c1, c2) = (1.0 - b1.powi(self.step), 1.0 - b2.powi(self.step));
        for (at, slope) in gradient.iter().enumerate() {
            self.first[at] = b1 * self.first[at] + (1.0 - b1) * slope;
            self.second[at] = b2 * self.second[at] + (1.0 - b2) * slope * slope;
            self.weights[at] -=
                self.rate * (self.first[at] / c1) / ((self.second[at] / c2).sqrt() + 1e-8);
        }
    }
}

/// Logistic regression: is the word in the subject line? A long mail counts as the root of its length.
fn fit_words(samples: &[&Prepared<'_>], rounds: usize, decay: f32) -> Vec<f32> {
    let mut adam = Adam::new(WORD_FEATURES, 0.05);
    for round in 0..rounds {
        adam.rate = 0.05 * (1.0 - 0.9 * round as f32 / rounds as f32);
        let mut gradient: Vec<f32> = adam.weights.iter().map(|weight| decay * weight).collect();
        for sample in samples {
            let share = 10.0 / (sample.words as f32).sqrt();
            for (features, labels) in sample.features.iter().zip(&sample.labels) {
                for (features, label) in features.iter().zip(labels) {
                    let likely = 1.0 / (1.0 + (-dot(&adam.weights, features)).exp());
                    let slope = share * (likely - f32::from(u8::from(*label)));
                    for (slot, value) in features {
                        gradient[usize::from(*slot)] += slope * value;
                    }
                }
            }
        }
        adam.descend(&gradient);
    }
    adam.weights
}

/// Candidate spans of a mail with how well each would do.
struct Choice {
    candidates: Vec<(Vec<Feature>, f32)>,
}

fn choice(sample: &Prepared<'_>, word_weights: &[f32]) -> Choice {
    let likely = likely_of(sample, word_weights);
    let candidates = spans(&sample.sentences, &likely)
        .into_iter()
        .filter_map(|span| {
            let sentence = &sample.sentences[span.sentence];
            let text = written(sentence, shown_span(sentence, span)?);
            let good = mean(sample.sample.subjects.iter().map(|subject| {
                let (one, longest) = rouge(&text, subject);
                f64::midpoint(one, longest)
            }));
            Some((span_features(span, sentence, &likely[span.sentence]), good as f32))
        })
        .collect();
    Choice { candidates }
}

fn likely_of(sample: &Prepared<'_>, word_weights: &[f32]) -> Vec<Vec<f32>> {
    sample
        .features
        .iter()
        .map(|features| {
            features.iter().map(|row| 1.0 / (1.0 + (-dot(word_weights, row)).exp())).collect()
        })
        .collect()
}

/// The ranking that does best on average when a span is drawn by the softmax of its score.
fn fit_spans(choices: &[Choice], rounds: usize, decay: f32, sharp: f32) -> Vec<f32> {
    let mut adam = Adam::new(SPAN_FEATURES, 0.02);
    // Begin with the expectation alone.
    adam.weights[0] = 1.0;
    for round in 0..rounds {
        adam.rate = 0.02 * (1.0 - 0.9 * round as f32 / rounds as f32);
        let mut gradient: Vec<f32> = adam.weights.iter().map(|weight| decay * weight).collect();
        for Choice { candidates } in choices {
            let scores: Vec<f32> = candidates
                .iter()
                .map(|(features, _)| sharp * dot(&adam.weights, features))
                .collect();
            let most = scores.iter().copied().fold(f32::MIN, f32::max);
            let odds: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
            let sum: f32 = odds.iter().sum();
            let expected: f32 =
                odds.iter().zip(candidates).map(|(odds, (_, good))| odds / sum * good).sum();
            for (odds, (features, good)) in odds.iter().zip(candidates) {
                let slope = -sharp * odds / sum * (good - expected);
                if slope.abs() > 1e-6 {
                    for (slot, value) in features {
                        gradient[usize::from(*slot)] += slope * value;
                    }
                }
            }
        }
        adam.descend(&gradient);
    }
    adam.weights
}

/// Knobs of the fitting.
#[derive(Clone, Copy)]
struct Knobs {
    word_rounds: usize,
    word_decay: f32,
    span_rounds: usize,
    span_decay: f32,
    sharp: f32,
}

fn fit(samples: &[&Prepared<'_>], knobs: Knobs) -> Weights {
    const FOLDS: usize = 3;
    let mut choices = Vec::new();
    for fold in 0..FOLDS {
        let (held, rest): (Vec<&Prepared<'_>>, Vec<&Prepared<'_>>) =
            samples.iter().partition(|sample| fold_of(&sample.sample.sender, FOLDS, 7) == fold);
        let words = fit_words(&rest, knobs.word_rounds, knobs.word_decay);
        choices.extend(held.iter().map(|sample| choice(sample, &words)));
    }
    let word = fit_words(samples, knobs.word_rounds, knobs.word_decay);
    let span = fit_spans(&choices, knobs.span_rounds, knobs.span_decay, knobs.sharp);
    Weights { word, span }
}

fn fold_of(sender: &str, folds: usize, seed: u64) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in sender.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (hash >> 20) as usize % folds
}

/// Mean ROUGE-1 and ROUGE-L, the best of the references, and mean words.
fn score(samples: &[&Sample], write: impl Fn(&Sample) -> String) -> [f64; 5] {
    let mut rows = Vec::new();
    for sample in samples {
        let gist = write(sample);
        let each: Vec<(f64, f64)> =
            sample.subjects.iter().map(|subject| rouge(&gist, subject)).collect();
        rows.push([
            mean(each.iter().map(|pair| pair.0)),
            mean(each.iter().map(|pair| pair.1)),
            each.iter().map(|pair| pair.0).fold(0.0, f64::max),
            each.iter().map(|pair| pair.1).fold(0.0, f64::max),
            gist.split_whitespace().count() as f64,
        ]);
    }
    std::array::from_fn(|at| {
        mean(rows.iter().map(|row| row[at])) * if at < 4 { 100.0 } else { 1.0 }
    })
}

/// The human-made subject lines of AESLC's development part.
fn human_subjects(data: &Path) -> Vec<Sample> {
    let text = fs::read_to_string(data.join("aeslc/dev.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let subjects = value["human_subjects"].as_array().unwrap();
            let subjects =
                subjects.iter().map(|subject| subject.as_str().unwrap().to_owned()).collect();
            Sample::new("", subjects, value["body"].as_str().unwrap())
        })
        .collect()
}

/// Fits on people's own subject lines and writes the weights, when `POSTROOM_FIT` names a file.
#[test]
fn fits_weights() {
    let (Some(data), Some(out)) = (data(), std::env::var_os("POSTROOM_FIT")) else { return };
    let knobs =
        Knobs { word_rounds: 150, word_decay: 3.0, span_rounds: 200, span_decay: 0.3, sharp: 10.0 };
    let samples = own_subjects(&data);
    let all: Vec<Prepared<'_>> = samples.iter().map(prepared).collect();
    let senders: BTreeSet<&String> = all.iter().map(|sample| &sample.sample.sender).collect();
    println!("{} mails of {} senders", all.len(), senders.len());
    for fold in 0..FOLDS {
        let (held, rest): (Vec<&Prepared<'_>>, Vec<&Prepared<'_>>) =
            all.iter().partition(|sample| fold_of(&sample.sample.sender, FOLDS, 1) == fold);
        let weights = fit(&rest, knobs);
        let held: Vec<&Sample> = held.iter().map(|sample| sample.sample).collect();
        let scores = score(&held, |sample| gist_by(&weights, "", &sample.weighted()));
        println!(
            "senders held out, part {fold}: ROUGE-1 {:.1}, ROUGE-L {:.1}",
            scores[0], scores[1]
        );
    }
    let weights = fit(&all.iter().collect::<Vec<_>>(), knobs);
    let mut text = String::new();
    for (name, weights) in [("WORD", &weights.word), ("SPAN", &weights.span)] {
        text += &format!("const {name}: [i16; {}] = [\n", weights.len());
        for row in weights.chunks(16) {
            let row: Vec<String> =
                row.iter().map(|weight| format!("{}", (weight * 1000.0).round() as i16)).collect();
            text += &format!("    {},\n", row.join(", "));
        }
        text += "];\n\n";
    }
    fs::write(PathBuf::from(out), text).unwrap();
}

/// Measures the shipped weights on subject lines that people wrote for mail they had not sent.
#[test]
fn measures_on_human_subjects() {
    let Some(data) = data().filter(|data| data.join("aeslc").is_dir()) else {
        println!("skipped: POSTROOM_DATA names no folder with aeslc/");
        return;
    };
    let samples = human_subjects(&data);
    let samples: Vec<&Sample> = samples.iter().collect();
    let weights = weights::weights();
    let gist = score(&samples, |sample| gist_by(weights, "", &sample.weighted()));
    let first = score(&samples, |sample| sample.sentences.first().cloned().unwrap_or_default());
    println!("{} mails, three human subject lines each; words are the mean length", samples.len());
    for (name, row) in [("gist", gist), ("first sentence", first)] {
        println!(
            "{name:<15} mean over the three: ROUGE-1 {:.1} ROUGE-L {:.1}   best of the three: {:.1} {:.1}   words {:.1}",
            row[0], row[1], row[2], row[3], row[4]
        );
    }
    let (mut facts, mut found) = (0, 0);
    for sample in &samples {
        let gist = gist_by(weights, "", &sample.weighted());
        let source: BTreeSet<String> =
            sample.sentences.iter().flat_map(|text| tokens(text)).collect();
        for word in gist.split_whitespace().skip(1) {
            if word.chars().any(|c| c.is_ascii_digit())
                || word.chars().next().is_some_and(char::is_uppercase)
            {
                facts += 1;
                found += usize::from(tokens(word).iter().all(|token| source.contains(token)));
            }
        }
    }
    println!("numbers and names in the gists: {facts}, found in the mail: {found}");
    assert!(gist[0] > first[0], "the gist says no more than the first sentence");
    assert_eq!(facts, found, "a gist holds something the mail does not");
}
