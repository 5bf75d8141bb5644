//! `model list` and `model bench`.

use sha2::{Digest as _, Sha256};

use crate::kit::Home;
use crate::kit::json::{Bench, Model};

#[test]
fn the_models_are_the_ones_in_the_registry() {
    let home = Home::new();
    let models = home.ask::<Model>(&["model", "list"]).items;
    assert!(models.iter().any(|model| model.role == "reader" && model.here && model.in_use));
    for model in &models {
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(&model.file);
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", model.file));
        let digest: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((model.bytes, &model.sha256), (bytes.len() as u64, &digest), "{}", model.file);
        assert!(!model.licence.is_empty(), "{}", model.file);
    }
}

#[test]
fn a_bench_says_what_it_measured() {
    let home = Home::new();
    let rows = home.ask::<Bench>(&["model", "bench", "--phase", "embed", "--tokens", "32"]).items;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].phase.as_str(), rows[0].tokens), ("embed", 32));
    assert!(rows[0].tokens_per_second.is_some_and(|rate| rate > 0.0) && rows[0].seconds > 0.0);
    assert!(rows[0].threads >= 1 && rows[0].memory_bytes > 0);
    home.run(["model", "bench", "nobody"]).refused(2, &["nobody"]);
}
