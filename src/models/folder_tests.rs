use super::super::kit::Maker;
use super::*;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    fn folder(&self) -> ModelFolder {
        ModelFolder::at(&self.dir.path().join("models"))
    }

    fn file(&self, name: &str, architecture: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        let bytes = Maker::new(architecture).with_text("general.license", "mit").bytes();
        fs::write(&path, bytes).expect("written");
        path
    }

    /// What lies in the models folder.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        for dir in ["models", "models/unfinished"] {
            let Ok(entries) = fs::read_dir(self.dir.path().join(dir)) else { continue };
            found.extend(entries.map(|entry| {
                let name = entry.expect("an entry").file_name();
                name.into_string().expect("a plain name")
            }));
        }
        found.retain(|name| name != UNFINISHED && name != BUSY);
        found.sort();
        found
    }
}

fn add(folder: &ModelFolder, file: &Path, name: Option<&str>) -> Result<Kept, Error> {
    folder.add(file, name, &super::super::registry().expect("a registry"), &mut |_, _| {})
}

#[test]
fn a_file_that_is_added_is_here_and_in_use() {
    let place = Place::new();
    let folder = place.folder();
    assert!(folder.kept().expect("no folder is no model").is_empty());
    assert!(folder.in_use().expect("none").is_none());
    let kept = add(&folder, &place.file("My Model.Q8_0.GGUF", "llama"), None).expect("added");
    assert_eq!((kept.name.as_str(), kept.file.as_str()), ("my-model.q8_0", "my-model.q8_0.gguf"));
    assert_eq!((kept.architecture.as_str(), kept.licence.as_deref()), ("llama", Some("mit")));
    assert_eq!(folder.in_use().expect("readable"), Some(kept.clone()));
    assert!(folder.is_here(&kept) && folder.path(&kept).is_file());
    assert_eq!(place.files(), ["models.lock.toml", "my-model.q8_0.gguf"]);
    let second = add(&folder, &place.file("b.gguf", "qwen3"), Some("second")).expect("added");
    assert_eq!(folder.in_use().expect("readable"), Some(kept), "the first stays in use");
    folder.put_in_use("second").expect("it is here");
    assert_eq!(folder.in_use().expect("readable"), Some(second));
}

#[test]
fn a_refused_file_leaves_nothing() {
    let place = Place::new();
    let folder = place.folder();
    let good = place.file("a.gguf", "llama");
    add(&folder, &good, None).expect("added");
    let before = place.files();
    let bytes = fs::read(&good).expect("written");
    let cut = place.dir.path().join("cut.gguf");
    fs::write(&cut, &bytes[..bytes.len() - 40]).expect("written");
    let same = place.dir.path().join("same.gguf");
    fs::write(&same, &bytes).expect("written");
    let check = |file: &Path, name: Option<&str>, words: &str| {
        let error = add(&folder, file, name).expect_err("refused");
        let text = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        assert!(text.contains(words), "{text:?} does not say {words:?}");
        assert_eq!(place.files(), before, "{text}");
    };
    check(&cut, None, "cut short");
    check(&same, None, "it is here as a");
    check(&good, None, "it is here as a");
    check(&good, Some("a"), "another model has that name");
    check(&same, Some("../a"), "a name has letters");
    check(&same, Some(""), "a name has letters");
    let foreign = place.file("qwen3-0.6b.gguf", "qwen3");
    check(&foreign, None, "another model has that name");
    check(&foreign, Some("qwen3-8b"), "another model has that name");
    check(place.dir.path(), None, "not a file");
    check(&place.dir.path().join("nowhere.gguf"), None, "nowhere.gguf");
    check(&place.file("e.gguf", "bert"), None, "an encoder");
}

#[test]
fn a_file_of_the_registry_is_known_by_its_digest() {
    let place = Place::new();
    let file = place.file("download (1).gguf", "qwen3");
    let mut entries = super::super::registry().expect("a registry");
    let entry = entries.iter_mut().find(|entry| entry.name == "qwen3-0.6b").expect("it is there");
    entry.sha256 = hex(&Sha256::digest(fs::read(&file).expect("written")));
    let entry = entry.clone();
    let kept = place.folder().add(&file, None, &entries, &mut |_, _| {}).expect("added");
    assert_eq!((kept.name.as_str(), kept.commit), ("qwen3-0.6b", Some(entry.commit)));
    assert_eq!(kept.licence.as_deref(), Some("Apache-2.0"), "not what the file says");
    assert_eq!(kept.context_tokens, entry.context_tokens);
}

#[test]
fn deleting_the_original_takes_nothing_away() {
    let place = Place::new();
    let file = place.file("a.gguf", "llama");
    let kept = add(&place.folder(), &file, None).expect("added");
    fs::remove_file(&file).expect("it is ours");
    assert!(place.folder().is_here(&kept));
    assert_eq!(place.folder().verify(&mut |_, _| {}).expect("readable")[0].problem, None);
}

#[test]
fn verifying_names_what_changed() {
    let place = Place::new();
    let folder = place.folder();
    for name in ["a", "b", "c"] {
        add(&folder, &place.file(&format!("{name}.gguf"), name), None).expect("added");
    }
    let file = |name: &str| place.dir.path().join("models").join(name);
    let mut bytes = fs::read(file("a.gguf")).expect("it is here");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(file("a.gguf"), bytes).expect("written");
    fs::remove_file(file("b.gguf")).expect("it is here");
    let mut seen = 0;
    let found = folder.verify(&mut |done, total| seen = done.max(seen).min(total));
    let found = found.expect("the lock file is fine");
    assert!(seen > 0);
    let problem = |at: usize| found[at].problem.as_deref().unwrap_or("none");
    assert!(problem(0).starts_with("it has sha256 "), "{found:?}");
    assert!(problem(1).contains("No such file"), "{found:?}");
    assert_eq!(problem(2), "none");
}

#[test]
fn what_is_removed_is_gone() {
    let place = Place::new();
    let folder = place.folder();
    add(&folder, &place.file("a.gguf", "llama"), None).expect("added");
    add(&folder, &place.file("b.gguf", "qwen3"), None).expect("added");
    let removed = folder.remove("a", None).expect("it was here");
    assert!(removed.was_in_use && removed.kept.is_some_and(|kept| kept.name == "a"));
    assert!(folder.in_use().expect("readable").is_none(), "no other is taken without being asked");
    assert_eq!(place.files(), ["b.gguf", "models.lock.toml"]);
    assert!(!folder.remove("b", None).expect("it was here").was_in_use);
    assert!(matches!(folder.remove("b", None), Err(Error::NotHere { .. })));
    assert!(matches!(folder.put_in_use("b"), Err(Error::NotHere { .. })));
}

#[test]
fn unfinished_downloads_go_with_their_model() {
    let place = Place::new();
    let folder = place.folder();
    drop(folder.busy().expect("nobody else"));
    let digest = "ab".repeat(32);
    let unfinished = folder.unfinished();
    for name in [format!("a.gguf.{digest}"), format!("aa.gguf.{digest}"), "a.gguf.x".to_owned()] {
        fs::write(unfinished.join(name), b"begun").expect("written");
    }
    let removed = folder.remove("a", Some("a.gguf")).expect("there was something");
    assert_eq!((removed.kept, removed.unfinished), (None, 1));
    assert_eq!(fs::read_dir(&unfinished).expect("a folder").count(), 2);
    assert!(folder.remove("a", Some("a.gguf")).is_err(), "nothing is left");
}

#[test]
fn two_do_not_change_it_at_once() {
    let place = Place::new();
    let folder = place.folder();
    let busy = folder.busy().expect("nobody else");
    let file = place.file("a.gguf", "llama");
    assert!(matches!(add(&folder, &file, None), Err(Error::Busy { .. })));
    assert!(matches!(folder.remove("a", None), Err(Error::Busy { .. })));
    assert!(folder.kept().expect("reading waits for nobody").is_empty());
    drop(busy);
    add(&folder, &file, None).expect("added");
}

#[test]
fn a_lock_file_that_cannot_be_written_takes_the_model_back() {
    let place = Place::new();
    let folder = place.folder();
    let busy = folder.busy().expect("nobody else");
    let finished = folder.unfinished().join("whole");
    fs::write(&finished, b"weights").expect("written");
    // Its draft cannot be made where a folder of that name stands.
    fs::create_dir(place.dir.path().join("models/models.lock.toml.new")).expect("made");
    let kept = Kept {
        name: "a".into(),
        file: "a.gguf".into(),
        path: None,
        repository: None,
        commit: None,
        bytes: 7,
        sha256: "0".repeat(64),
        licence: None,
        architecture: "llama".into(),
        context_tokens: 0,
    };
    assert!(matches!(folder.install(&busy, &finished, kept), Err(Error::Write { .. })));
    assert!(finished.is_file(), "it is unfinished again");
    assert!(!place.dir.path().join("models/a.gguf").exists());
}
