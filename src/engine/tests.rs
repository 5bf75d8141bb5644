//! The reader on texts of all sorts, and files it must refuse.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use candle_core::quantized::gguf_file::{Content, Value, write};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};

use super::*;
use crate::models::{READER, TOKENIZER};

static PLAIN: LazyLock<Reader> = LazyLock::new(|| {
    Reader::from_files(READER, crate::models::TOKENIZER, None, None).expect("embedded files")
});

fn embed(texts: &[&str]) -> Vec<Vec<f32>> {
    PLAIN.embed(texts).expect("vectors")
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()) as f32
}

/// Texts of every sort and length, some longer than the window.
fn ragged() -> Vec<String> {
    let long = "The delivery slips by two weeks, and the customer wants to know why. ".repeat(400);
    let mut texts = vec![
        String::new(),
        " \r\n\t".to_owned(),
        "ok".to_owned(),
        "Could you send me the signed contract by Friday?".to_owned(),
        "🎉🎉 well done 👩‍👩‍👧 🇸🇪".to_owned(),
        "請在星期五之前回覆。よろしくお願いします。".to_owned(),
        "\u{0}\u{200b}\u{fffd}".to_owned(),
        "x".repeat(5000),
        long.split(' ').take(5000).collect::<Vec<_>>().join(" "),
    ];
    texts.extend(
        (1..12).map(|words| long.split(' ').take(words * words).collect::<Vec<_>>().join(" ")),
    );
    texts
}

#[test]
fn vectors_are_those_of_the_original_model() {
    // First eight numbers of all-MiniLM-L6-v2 in 32-bit floats.
    let check = |text: &str, expected: [f32; 8]| {
        let vector = &embed(&[text])[0];
        for (found, expected) in vector.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 4e-3,
                "{text}: {:?}, expected {expected}",
                &vector[..8]
            );
        }
    };
    check(
        "Could you send me the signed contract by Friday?",
        [-0.02911, 0.03374, -0.01764, -0.04899, -0.00713, 0.02136, 0.00902, 0.07984],
    );
    check("", [-0.11884, 0.0483, -0.00255, -0.01101, 0.05195, 0.01029, 0.11543, 0.0007]);
    check(
        "The outage is over; all systems are back.",
        [0.01968, -0.06343, 0.03817, -0.02592, 0.07262, -0.02516, -0.06164, -0.02105],
    );
}

#[test]
fn every_text_has_a_vector_of_length_one() {
    let texts = ragged();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (vector, text) in embed(&texts).iter().zip(&texts) {
        assert_eq!(vector.len(), VECTOR_WIDTH);
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!((length - 1.0).abs() < 1e-5, "{length} for {} bytes", text.len());
    }
}

#[test]
fn a_text_has_the_same_vector_alone_and_among_others() {
    let texts = ragged();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = embed(&texts);
    assert_eq!(together, embed(&texts), "twice the same");
    for (text, among) in texts.iter().zip(&together) {
        assert_eq!(&embed(&[text])[0], among, "{} bytes", text.len());
    }
    assert!(embed(&[]).is_empty());
}

#[test]
fn meaning_is_nearer_than_words() {
    let vectors = embed(&[
        "Please send me the signed contract by Friday.",
        "I need the agreement with your signature before the weekend.",
        "The cafeteria is closed on Friday.",
    ]);
    assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]) + 0.2);
}

#[test]
fn special_tokens_in_text_are_plain_characters() {
    // Were they recognised, they would not be lower-cased.
    let check = |text: &str| {
        let both = embed(&[text, &text.to_lowercase()]);
        assert_eq!(both[0], both[1], "{text}");
        assert_eq!(PLAIN.token_count(text), PLAIN.token_count(&text.to_lowercase()));
    };
    check("ignore this [SEP] and obey");
    check("[CLS]");
    check("[MASK] [PAD] [UNK]");
}

#[test]
fn what_lies_beyond_the_window_does_not_count() {
    let words = "one two three four five six seven eight ".repeat(32);
    let cut = words.split_whitespace().take(254).collect::<Vec<_>>().join(" ");
    assert_eq!(PLAIN.token_count(&cut), 254);
    let vectors = embed(&[&words, &cut]);
    assert_eq!(vectors[0], vectors[1]);
}

#[test]
fn threads_do_not_change_results() {
    let texts = ragged();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    set_threads(1);
    let one = embed(&texts);
    set_threads(3);
    let three = embed(&texts);
    set_threads(0);
    assert_eq!(one, three);
}

/// Hidden states of a few sequences of made-up ids by a certain backend.
fn hidden(backend: encoder::Backend, lengths: &[usize]) -> Vec<f32> {
    let gguf = gguf::Gguf::parse("reader.gguf", READER).expect("a header");
    let dimensions = encoder::Dimensions::read(&gguf).expect("dimensions");
    let embeddings =
        encoder::Embeddings::read(&gguf, dimensions, 30_522, WINDOW_TOKENS).expect("embeddings");
    let encoder = encoder::Encoder::read(&gguf, dimensions, backend).expect("layers");
    let ids: Vec<u32> = (0..lengths.iter().sum::<usize>() as u32).map(|n| 1000 + n * 37).collect();
    encoder.hidden(&embeddings, &ids, lengths).expect("hidden states")
}

#[test]
fn every_tier_and_candle_agree() {
    let lengths = [6, 1, 8];
    let candle = hidden(encoder::Backend::Candle, &lengths);
    let tiers = kernels::Tier::available().into_iter().filter(|tier| tier.multiplies());
    for tier in tiers {
        let ours = hidden(encoder::Backend::Kernels(tier), &lengths);
        for (ours, candle) in ours.chunks(VECTOR_WIDTH).zip(candle.chunks(VECTOR_WIDTH)) {
            assert!(cosine(ours, candle) > 0.999_99, "{tier:?}: {}", cosine(ours, candle));
        }
    }
}

#[test]
fn a_bench_row_adds_up() {
    let row = bench(&PLAIN, BenchPhase::Embed, 32).expect("a measurement");
    assert_eq!((row.phase, row.tokens), ("embed", 32));
    assert!(row.tokens_per_second > 0.0 && row.seconds >= 1.0 && row.memory_bytes > 10_000_000);
    let row = bench(&PLAIN, BenchPhase::Load, 32).expect("a measurement");
    assert_eq!((row.phase, row.tokens), ("load", 0));
    assert!(matches!(bench(&PLAIN, BenchPhase::Score, 32), Err(Error::NoHeads)));
}

// ---- heads

/// Tensors and metadata of a heads file, to be changed by a test before it is written.
struct HeadsFile {
    tensors: Vec<(String, QTensor)>,
    metadata: Vec<(String, Value)>,
}

fn small(dtype: GgmlDType, dims: &[usize], value: impl Fn(usize) -> f32) -> QTensor {
    let values: Vec<f32> = (0..dims.iter().product()).map(value).collect();
    let tensor = Tensor::from_vec(values, dims, &Device::Cpu).expect("a tensor");
    QTensor::quantize(&tensor, dtype).expect("a tensor")
}

impl HeadsFile {
    /// The reader's own layers, and heads that look random and are the same every time.
    fn new() -> Self {
        let mut cursor = Cursor::new(READER);
        let content = Content::read(&mut cursor).expect("a header");
        let mut names: Vec<&String> =
            content.tensor_infos.keys().filter(|name| name.starts_with("blk.")).collect();
        names.sort();
        let mut tensors: Vec<(String, QTensor)> = names
            .into_iter()
            .map(|name| {
                (name.clone(), content.tensor(&mut cursor, name, &Device::Cpu).expect("a tensor"))
            })
            .collect();
        let wave = |place: usize| (place as f32 * 0.7).sin() * 0.3;
        let mut push = |name: &str, tensor| tensors.push((name.to_owned(), tensor));
        push("head.sentence.weight", small(GgmlDType::F32, &[4, 384], wave));
        push("head.sentence.bias", small(GgmlDType::F32, &[4], wave));
        push("head.kind.weight", small(GgmlDType::F32, &[9, 384], wave));
        push("head.kind.bias", small(GgmlDType::F32, &[9], wave));
        let labels = |labels: &[&str]| {
            Value::Array(labels.iter().map(|label| Value::String((*label).to_owned())).collect())
        };
        let mut metadata: Vec<(String, Value)> =
            content.metadata.into_iter().filter(|(key, _)| key.starts_with("bert.")).collect();
        metadata.push(("postroom.head.version".to_owned(), Value::U32(1)));
        metadata.push(("postroom.head.sentence_labels".to_owned(), labels(&SENTENCE_LABELS)));
        metadata.push(("postroom.head.kind_labels".to_owned(), labels(&KINDS)));
        Self { tensors, metadata }
    }

    fn set(mut self, name: &str, tensor: QTensor) -> Self {
        self.tensors.retain(|(known, _)| known != name);
        self.tensors.push((name.to_owned(), tensor));
        self
    }

    fn note(mut self, key: &str, value: Value) -> Self {
        self.metadata.retain(|(known, _)| known != key);
        self.metadata.push((key.to_owned(), value));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.tensors.retain(|(known, _)| known != name);
        self.metadata.retain(|(known, _)| known != name);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let tensors: Vec<_> = self.tensors.iter().map(|(name, t)| (name.as_str(), t)).collect();
        let metadata: Vec<_> = self.metadata.iter().map(|(key, v)| (key.as_str(), v)).collect();
        let mut file = Cursor::new(Vec::new());
        write(&mut file, &metadata, &tensors).expect("a file in memory");
        file.into_inner()
    }

    fn reader(&self) -> Result<Reader, Error> {
        Reader::from_files(READER, TOKENIZER, Some(self.bytes().leak()), None)
    }
}

static JUDGING: LazyLock<Reader> =
    LazyLock::new(|| HeadsFile::new().reader().expect("a reader with heads"));

#[test]
fn a_message_gets_a_kind_and_a_score_for_each_sentence() {
    let sentences = ["Could you send the report?", "I will call you on Monday.", "", "👍"];
    let messages = [
        Reading { subject: "Report", sentences: &sentences, ..Reading::default() },
        Reading::default(),
        Reading { subject: "", sentences: &sentences[..1], ..Reading::default() },
    ];
    let judgements = JUDGING.read(&messages).expect("judgements");
    for (judgement, message) in judgements.iter().zip(&messages) {
        assert!((judgement.kind.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(judgement.sentences.len(), message.sentences.len());
        for scores in &judgement.sentences {
            let all = [scores.ask, scores.promise, scores.deadline, scores.decision];
            assert!(all.iter().all(|score| (0.0..=1.0).contains(score)), "{all:?}");
        }
    }
    assert_eq!(judgements[0].sentences[2], SentenceScores::default(), "no tokens, no score");
    assert_ne!(judgements[0].sentences[0], judgements[2].sentences[0], "the subject is read too");
    assert_eq!(JUDGING.read(&messages[2..]).expect("judgements")[0], judgements[2]);
    assert!(JUDGING.read(&[]).expect("judgements").is_empty());
    assert!(matches!(PLAIN.read(&messages), Err(Error::NoHeads)));
}

#[test]
fn long_messages_are_read_in_eight_windows() {
    let sentence = "word ".repeat(60);
    let sentences = vec![sentence.as_str(); 60];
    let judgement = &JUDGING
        .read(&[Reading { subject: "s", sentences: &sentences, ..Reading::default() }])
        .expect("read")[0];
    // [CLS] s [SEP] leaves room for four sentences of 60 tokens and the last [SEP].
    let scored = judgement.sentences.iter().filter(|&&s| s != SentenceScores::default()).count();
    assert_eq!(scored, 32);
    // Every window begins the same way, so its sentences score the same.
    assert_eq!(judgement.sentences[0], judgement.sentences[4]);
    assert_ne!(judgement.sentences[0], judgement.sentences[1]);
}

#[test]
fn sentences_by_themselves() {
    let long = "word ".repeat(5000);
    let sentences = ["Please reply.", "", &long, "[SEP]"];
    let scores = JUDGING.read_sentences(&sentences).expect("scores");
    assert_eq!(scores.len(), 4);
    assert_eq!(scores[1], SentenceScores::default());
    let cut = "word ".repeat(64);
    assert_eq!(scores[2], JUDGING.read_sentences(&[&cut]).expect("scores")[0]);
    let expected = {
        let heads = gguf::Gguf::parse("heads.gguf", HeadsFile::new().bytes().leak()).expect("gguf");
        let dimensions = encoder::Dimensions::read(&heads).expect("dimensions");
        heads::Heads::read(&heads, dimensions).expect("heads")
    };
    assert_eq!(expected.sentence(&[], "x"), SentenceScores::default());
}

/// Made-up messages of the training scripts, with what the stored numbers say of them there.
fn golden(file: &str) -> (f64, Vec<serde_json::Value>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file);
    let text = std::fs::read_to_string(path).expect("the fixture");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let tolerance = value["tolerance"].as_f64().expect("a number");
    (tolerance, value["messages"].as_array().expect("messages").clone())
}

fn judged_embedded(messages: &[serde_json::Value]) -> Vec<Judgement> {
    let reader = Reader::embedded().expect("embedded files");
    let of = |message: &serde_json::Value| {
        let sentences = message["sentences"].as_array().expect("sentences").iter();
        let sentences: Vec<String> =
            sentences.map(|s| s.as_str().expect("text").to_owned()).collect();
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
        let subject = message["subject"].as_str().expect("a subject");
        reader
            .read(&[Reading { subject, sentences: &sentences, ..Reading::default() }])
            .expect("read")
            .remove(0)
    };
    messages.iter().map(of).collect()
}

#[test]
fn the_embedded_heads_say_what_they_said_in_training() {
    let (tolerance, messages) = golden("heads-golden.json");
    for (message, judged) in messages.iter().zip(judged_embedded(&messages)) {
        let close = |expected: &serde_json::Value, found: f32, what: &str| {
            let expected = expected[what].as_f64().expect("a number");
            let off = (expected - f64::from(found)).abs();
            assert!(off < tolerance, "{}: {what} {found}, {expected}", message["subject"]);
        };
        for (kind, found) in KINDS.iter().zip(judged.kind) {
            close(&message["kind"], found, kind);
        }
        for (expected, found) in message["scores"].as_array().unwrap().iter().zip(&judged.sentences)
        {
            let found = [found.ask, found.promise, found.deadline, found.decision];
            for (label, found) in SENTENCE_LABELS.iter().zip(found) {
                close(expected, found, label);
            }
        }
    }
}

#[test]
fn the_embedded_response_says_what_it_said_in_training() {
    let (tolerance, messages) = golden("response-golden.json");
    for (message, judged) in messages.iter().zip(judged_embedded(&messages)) {
        let expected = message["response"].as_array().expect("logits").iter();
        for (expected, found) in expected.zip(judged.response) {
            let expected = expected.as_f64().expect("a number");
            let off = (expected - f64::from(found)).abs();
            assert!(off < tolerance, "{}: {found}, {expected}", message["subject"]);
        }
    }
}

#[test]
fn a_response_that_is_not_wanted_is_not_given_and_changes_nothing_else() {
    let reader = Reader::embedded().expect("embedded files");
    let sentences = ["The lift is stuck between two floors.", "Can you come now?"];
    let wanted = Reading { subject: "Lift", sentences: &sentences, without_response: false };
    let both = [Reading { without_response: true, ..wanted }, wanted];
    let judged = reader.read(&both).expect("read");
    assert!(judged[0].response.iter().all(|logit| *logit == 0.0), "{:?}", judged[0].response);
    assert!(judged[1].response.iter().all(|logit| *logit != 0.0), "{:?}", judged[1].response);
    let alone = reader.read(&[wanted]).expect("read").remove(0);
    assert_eq!((&judged[0].sentences, judged[1].response), (&alone.sentences, alone.response));
}

#[test]
fn words_and_temperature_take_part() {
    let size = 1 << 10;
    // FNV-1a of "please" picks the place that has weight 2 for `ask`.
    let place = b"please"
        .iter()
        .fold(0x811c_9dc5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
        as usize
        % size;
    let reader = HeadsFile::new()
        .set(
            "head.words.weight",
            small(GgmlDType::F16, &[4, size], |p| f32::from(p == place) * 2.0),
        )
        .set("head.words.bias", small(GgmlDType::F32, &[4], |_| 0.25))
        .set("head.mix", small(GgmlDType::F32, &[4, 3], |p| [0.0, 2.0, -0.5][p % 3]))
        .note("postroom.head.temperature.sentence", Value::F32(2.0))
        .note("postroom.head.temperature.promise", Value::F32(0.5))
        .reader()
        .expect("a reader with words");
    let scores = reader.read_sentences(&["Please"]).expect("scores")[0];
    let sigmoid = |logit: f32| 1.0 / (1.0 + (-logit).exp());
    // ask: (2 · (2 + 0.25) - 0.5) / 2; promise: (2 · 0.25 - 0.5) / 0.5; the others 0 too.
    assert!((scores.ask - sigmoid(2.0)).abs() < 1e-5, "{scores:?}");
    assert!((scores.promise - 0.5).abs() < 1e-6, "{scores:?}");
}

#[track_caller]
fn refused(bytes: Vec<u8>, expected: &str) {
    match Reader::from_files(READER, TOKENIZER, Some(bytes.leak()), None) {
        Ok(_) => panic!("accepted, expected: {expected}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let square = |dtype| small(dtype, &[384, 384], |_| 0.0);
    let name = "blk.3.attn_k.weight";
    let file = HeadsFile::new;
    refused(file().without(name).bytes(), "heads.gguf: tensor blk.3.attn_k.weight is missing");
    refused(
        file().set(name, square(GgmlDType::F32)).bytes(),
        "heads.gguf: tensor blk.3.attn_k.weight is F32, expected Q8_0",
    );
    refused(
        file().set(name, small(GgmlDType::Q8_0, &[384, 64], |_| 0.0)).bytes(),
        "heads.gguf: tensor blk.3.attn_k.weight has shape [384, 64], expected [384, 384]",
    );
    refused(
        file().set("head.kind.bias", small(GgmlDType::F32, &[8], |_| 0.0)).bytes(),
        "heads.gguf: tensor head.kind.bias has shape [8], expected [9]",
    );
    refused(
        file().set("head.words.weight", small(GgmlDType::F16, &[3, 8], |_| 0.0)).bytes(),
        "heads.gguf: tensor head.words.weight has shape [3, 8], expected [4, 8]",
    );
    refused(
        file().note("postroom.head.version", Value::U32(9)).bytes(),
        "heads.gguf: postroom.head.version is 9, expected 1 to 1",
    );
    refused(
        file().note("postroom.head.temperature.kind", Value::F32(0.0)).bytes(),
        "heads.gguf: postroom.head.temperature.kind is 0, expected more than 0",
    );
    refused(
        file().without("postroom.head.kind_labels").bytes(),
        "heads.gguf: postroom.head.kind_labels is not a list",
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = HeadsFile::new().bytes();
    let cuts =
        [0, 3, 4, 20, 100, 1000, 5000, whole.len() / 2, whole.len() - 4096, whole.len() - 40];
    for cut in cuts {
        let result =
            Reader::from_files(READER, TOKENIZER, Some(whole[..cut].to_vec().leak()), None);
        assert!(result.is_err(), "cut at {cut}");
    }
}

// ---- against the float reference

/// all-MiniLM-L6-v2 in 32-bit floats, as candle computes it.
struct Reference {
    model: candle_transformers::models::bert::BertModel,
    tokenizer: tokenizer::Tokenizer,
}

impl Reference {
    fn new(folder: &Path) -> Self {
        let file = |name: &str| std::fs::read(folder.join(name)).expect("a file of the package");
        let weights = file("model.safetensors");
        let vars =
            candle_nn::VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)
                .expect("weights");
        let config = serde_json::from_slice(&file("config.json")).expect("a configuration");
        let model =
            candle_transformers::models::bert::BertModel::load(vars, &config).expect("BERT");
        let tokenizer =
            tokenizer::Tokenizer::from_bytes(&file("tokenizer.json")).expect("tokenizer");
        Self { model, tokenizer }
    }

    fn embed(&self, text: &str) -> (usize, Vec<f32>) {
        let mut ids = vec![self.tokenizer.cls()];
        ids.extend(self.tokenizer.first(text, WINDOW_TOKENS - 2).expect("tokens"));
        ids.push(self.tokenizer.sep());
        let ids =
            Tensor::new(ids.as_slice(), &Device::Cpu).expect("ids").unsqueeze(0).expect("ids");
        let types = ids.zeros_like().expect("types");
        let hidden = self.model.forward(&ids, &types, None).expect("hidden states");
        let mean = hidden.mean(1).and_then(|mean| mean.squeeze(0)?.to_vec1()).expect("mean");
        (ids.elem_count(), mean)
    }
}

/// `count` bodies of real mail of all lengths, spread over the folder.
fn real_texts(data: &Path, count: usize) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![data.join("enron-maildir/maildir")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of mail") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let step = files.len() / count;
    let lengths = [30, 80, 200, 600, 2000, usize::MAX];
    let text = |(place, path): (usize, &PathBuf)| {
        let bytes = std::fs::read(path).expect("a message");
        let text = String::from_utf8_lossy(&bytes);
        let body =
            text.split_once("\r\n\r\n").or(text.split_once("\n\n")).map_or("", |(_, body)| body);
        body.chars().take(lengths[place % lengths.len()]).collect()
    };
    files.iter().step_by(step).take(count).enumerate().map(text).collect()
}

/// Needs `POSTROOM_MINILM`, the unpacked model of the package that `scripts/build-reader` names, and
/// `POSTROOM_DATA`, a folder with `enron-maildir`; without them it says so.
#[test]
fn vectors_are_within_a_cosine_of_999_thousandths_of_the_float_model() {
    let (Some(model), Some(data)) =
        (std::env::var_os("POSTROOM_MINILM"), std::env::var_os("POSTROOM_DATA"))
    else {
        eprintln!("skipped: POSTROOM_MINILM and POSTROOM_DATA are not set");
        return;
    };
    let reference = Reference::new(Path::new(&model));
    let texts = real_texts(Path::new(&data), 300);
    assert_eq!(texts.len(), 300);
    let ours = embed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let mut cosines: Vec<(f32, usize)> = texts
        .iter()
        .zip(&ours)
        .map(|(text, ours)| {
            let (tokens, theirs) = reference.embed(text);
            (cosine(ours, &theirs), tokens)
        })
        .collect();
    cosines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = cosines.iter().map(|(cosine, _)| f64::from(*cosine)).sum::<f64>() / 300.0;
    let (lowest, tokens) = cosines[0];
    eprintln!("300 texts: lowest cosine {lowest:.6} ({tokens} tokens), mean {mean:.6}");
    assert!(lowest >= 0.999, "{lowest} at {tokens} tokens");
}
