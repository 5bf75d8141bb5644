//! Attachments: what they say is found, and which one says it.

use std::time::Instant;

use postroom::attach::{Extractor, File, Outcome};

use crate::kit::documents::{Document, TYPES};
use crate::kit::program;

/// Of each type.
const DOCUMENTS: u64 = 200;

#[test]
fn the_text_of_two_hundred_made_files_of_each_type_is_found() {
    let mut extractor = Extractor::with_program(program());
    for ending in TYPES {
        let began = Instant::now();
        let mut bytes = 0;
        for seed in 0..DOCUMENTS {
            let document = Document::made(ending, seed);
            bytes += document.bytes.len();
            let file = File {
                name: &document.name,
                mime_type: document.mime_type,
                bytes: &document.bytes,
            };
            let reading = extractor.read(&file).expect("the child starts");
            let Outcome::Read { text, is_cut } = &reading.outcome else {
                panic!("{ending} {seed}: {reading:?}");
            };
            assert!(!is_cut, "{ending} {seed}");
            for said in &document.says {
                assert!(text.contains(said), "{ending} {seed}: no {said:?} in {text:?}");
            }
            assert!(!text.contains("gone"), "{ending} {seed}: what was deleted: {text:?}");
        }
        println!(
            "{ending}: {DOCUMENTS} files, {bytes} bytes in {:.0} ms",
            began.elapsed().as_secs_f64() * 1e3
        );
    }
}
