//! What waits in memory while mail goes into the index.

use super::*;
use crate::mail::UnixSeconds;
use crate::store::Incoming;

/// A store of made messages, each of about so many bytes.
fn store(bytes: &[usize]) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(dir.path()).expect("a store");
    let batch: Vec<Incoming> = (0_usize..)
        .zip(bytes)
        .map(|(at, bytes)| {
            let mail = format!(
                "From: ada@example.org\nSubject: No {at}\nMessage-ID: <{at}@example.org>\n\nWords of {at}.\n{}\n",
                "padding ".repeat(bytes / 8)
            );
            Incoming::new("Inbox".into(), format!("k{at}"), "S".into(), mail.as_bytes())
        })
        .collect();
    let mut acceptor = store.accept_from("here", UnixSeconds(1_772_442_000)).expect("begun");
    acceptor.accept(&batch).expect("accepted");
    acceptor.finish("here").expect("finished");
    (dir, store)
}

fn ids(headers: &[Loaded]) -> Vec<i64> {
    headers.iter().map(|(header, ..)| header.id.0).collect()
}

#[test]
fn long_messages_wait_in_memory_one_chunk_at_a_time() {
    let six = CHUNK_BYTES as usize * 6 / 10;
    let (_dir, store) = store(&[six, six, 10, 10, CHUNK_BYTES as usize * 2, 10]);
    let ids_all = store.ids().expect("ids");
    let mut chunks = Chunks::new(&store, ids_all, |_, _, _| ());
    let mut seen = Vec::new();
    loop {
        let loaded = chunks.next_loaded().expect("loaded");
        if loaded.is_empty() {
            break;
        }
        let bytes: u64 = loaded.iter().map(|(header, ..)| header.bytes).sum();
        assert!(bytes <= CHUNK_BYTES || loaded.len() == 1, "{bytes} bytes at once");
        seen.push(ids(&loaded));
    }
    assert_eq!(seen, [vec![1], vec![2, 3, 4], vec![5], vec![6]]);
}

#[test]
fn many_messages_come_in_chunks_and_in_the_order_they_changed() {
    let (_dir, store) = store(&vec![10; CHUNK_MESSAGES + 20]);
    let mut changed = store.changed_since(0).expect("changes");
    assert_eq!(changed.len(), CHUNK_MESSAGES + 20);
    changed.reverse();
    let expected: Vec<i64> = changed.iter().map(|(id, _)| id.0).collect();
    let mut chunks = Chunks::of_changes(&store, changed, |header, _, _| header.id.0);
    let first = chunks.next_loaded().expect("loaded");
    assert_eq!(first.len(), CHUNK_MESSAGES);
    let rest: Vec<i64> = chunks.map(|id| id.expect("made")).collect();
    assert_eq!([ids(&first), rest].concat(), expected);
}

#[test]
fn what_was_listed_says_its_generation_though_it_changed_again() {
    let (_dir, mut store) = store(&[10, 10]);
    let changed = store.changed_since(0).expect("changes");
    let generations: Vec<i64> = changed.iter().map(|(_, generation)| *generation).collect();
    {
        let mut acceptor = store.accept_from("here", UnixSeconds(1_772_442_000)).expect("begun");
        acceptor.update_flags(&[("k0".to_owned(), "FS".to_owned())]).expect("flagged");
    }
    let chunks = Chunks::of_changes(&store, changed, |header, _, _| header.generation);
    let seen: Vec<i64> = chunks.map(|generation| generation.expect("made")).collect();
    assert_eq!(seen, generations);
}

/// A reader that hears what it is given.
struct Heard(std::sync::Mutex<Vec<String>>);

impl Embed for Heard {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, crate::search::Cause> {
        let mut heard = self.0.lock().map_err(|error| error.to_string())?;
        heard.extend(texts.iter().map(|&text| text.to_owned()));
        Ok(texts.iter().map(|_| vec![1.0, 0.0, 0.0, 0.0]).collect())
    }
}

#[test]
fn what_attachments_say_gets_vectors_behind_the_messages_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(dir.path()).expect("a store");
    let mail = "From: ada@example.org\nSubject: Plan\nContent-Type: multipart/mixed; boundary=b\n\n\
                --b\n\nSee the file.\n--b\nContent-Type: application/pdf; name=crane.pdf\n\nx\n--b--\n";
    let incoming = Incoming::new("Inbox".into(), "k".into(), "S".into(), mail.as_bytes());
    let mut acceptor = store.accept_from("here", UnixSeconds(1_772_442_000)).expect("begun");
    acceptor.accept(&[incoming]).expect("accepted");
    acceptor.finish("here").expect("finished");
    let id = MessageId(1);
    let part = store.header(id).expect("there").attachments[0].part;
    let text = format!("{}The boom is twelve metres long.", "It lifts stones. ".repeat(120));
    let row = AttachedRow {
        message: id,
        part,
        state: crate::store::AttachedState::Read,
        kind: "pdf".to_owned(),
        reason: String::new(),
        is_cut: false,
        text,
    };
    store.put_attached("1", &[row]).expect("kept");
    let mut vectors = Vectors::open(&dir.path().join("v"), [1; 32], 4).expect("vectors");
    let reader = Heard(std::sync::Mutex::default());
    let mut go_on = |_, _| ControlFlow::Continue(());
    assert_eq!(embed_missing(&mut vectors, &store, &reader, &mut go_on).expect("made"), 1);
    let heard = reader.0.into_inner().expect("heard");
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert_eq!(heard[0], "Plan\nSee the file.");
    assert!(heard[1].starts_with("crane.pdf\nIt lifts"), "{heard:?}");
    let header = store.header(id).expect("there");
    let near = |piece| crate::search::attached_near(&store, &header, "See the file.", piece);
    assert_eq!(near(0).expect("read"), None);
    let hit = near(1).expect("read").expect("an attachment");
    assert_eq!(hit.name, "crane.pdf");
    assert!(hit.snippet.expect("a line").text.starts_with("It lifts stones."));
    assert_eq!(near(9).expect("read"), None);
}
