//! The table of rooms, as a test.
//!
//! A room is a folder of `src/`. It answers one question, is the only one to name its outside
//! crates, and uses only rooms above it. Nothing in Rust keeps the modules of one crate from
//! knotting together, so this reads `src/` and fails with a sentence. A better table is welcome:
//! change it here together with what needs it, in one commit that says why.

mod absent;
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use scan::Facts;

/// One row: a room, the outside crates it may name, and the rooms it may use.
struct Room {
    name: &'static str,
    crates: &'static [&'static str],
    uses: &'static [&'static str],
}

/// From the lowest room to the highest: a row names only rows above it.
const TABLE: &[Room] = &[
    // What can this process reach, and what did it reach?
    Room {
        name: "guard",
        crates: &["seccompiler", "landlock", "libc", "io_uring", "socket2", "rustix"],
        uses: &[],
    },
    // What is a message? No disk but what it is handed, no clock, no network.
    Room {
        name: "mail",
        crates: &[
            "mail_parser",
            "html5ever",
            "markup5ever",
            "jiff",
            "whatlang",
            "unicode_normalization",
            "encoding_rs",
            "rayon",
        ],
        uses: &[],
    },
    // What does an attachment say?
    Room {
        name: "attach",
        crates: &[
            "zip",
            "flate2",
            "quick_xml",
            "hayro_syntax",
            "hayro_cmap",
            "unicode_normalization",
        ],
        uses: &["mail", "guard"],
    },
    // Where is mail kept? The only SQL.
    Room { name: "store", crates: &["rusqlite", "zstd", "sha2"], uses: &["mail"] },
    // Which weights do we trust, and where do they lie?
    Room { name: "models", crates: &["hf_hub", "ureq", "sha2", "toml"], uses: &["guard"] },
    // Whose mail, which server, which secret?
    Room {
        name: "accounts",
        crates: &["rustls", "webpki_roots", "rpassword", "toml_edit", "sha2", "base64"],
        uses: &["guard", "store"],
    },
    // Numbers in, numbers out.
    Room {
        name: "engine",
        crates: &[
            "candle_core",
            "candle_nn",
            "candle_transformers",
            "tokenizers",
            "llguidance",
            "minijinja",
            "half",
            "memmap2",
            "toktrie",
            "minijinja_contrib",
            "gemm",
        ],
        uses: &["models"],
    },
    // How does mail come in?
    Room {
        name: "intake",
        crates: &["imap_proto", "base64", "rayon"],
        uses: &["mail", "store", "guard", "accounts"],
    },
    // What may leave, and did it? Cannot speak to a model: no engine, nothing that uses it.
    Room {
        name: "outbox",
        crates: &["lettre", "sha2"],
        uses: &["mail", "store", "guard", "accounts"],
    },
    // What words do we give a model, and how is a stranger's text fenced off?
    Room { name: "prompts", crates: &[], uses: &["mail", "engine"] },
    // Where is it?
    Room {
        name: "search",
        crates: &["tantivy", "memmap2", "rayon"],
        uses: &["mail", "attach", "store", "engine"],
    },
    // Who asked, promised, decided what, by when?
    Room { name: "ledger", crates: &[], uses: &["mail", "store", "engine", "prompts"] },
    // What deserves attention, how soon, and why?
    Room {
        name: "triage",
        crates: &[],
        uses: &["mail", "store", "engine", "prompts", "search", "ledger"],
    },
    // What is the answer, and where does it stand?
    Room {
        name: "ask",
        crates: &[],
        uses: &["mail", "store", "engine", "prompts", "search", "ledger"],
    },
    // How does this person write?
    Room { name: "voice", crates: &[], uses: &["mail", "store", "engine", "prompts", "search"] },
    // What would they answer? Cannot send: no outbox.
    Room {
        name: "draft",
        crates: &[],
        uses: &["mail", "store", "engine", "prompts", "search", "ledger", "voice"],
    },
    // What happened, and what needs a decision? Of `draft` it uses the tracing of facts.
    Room {
        name: "brief",
        crates: &[],
        uses: &["mail", "store", "engine", "prompts", "search", "ledger", "triage"],
    },
    // What did the person ask, and how do we show it? May use everyone.
    Room {
        name: "cli",
        crates: &["clap", "clap_complete", "clap_mangen", "toml", "indicatif", "terminal_size"],
        uses: &[
            "guard", "mail", "attach", "store", "models", "accounts", "engine", "intake", "outbox",
            "prompts", "search", "ledger", "triage", "ask", "voice", "draft", "brief",
        ],
    },
];

/// Crates every room may name.
const EVERYWHERE: &[&str] = &["std", "serde", "serde_json", "thiserror", "tracing"];
/// Crates every test may name.
const IN_TESTS: &[&str] = &["divan", "insta", "proptest", "rcgen", "rustls", "tempfile"];
/// Part of the language.
const LANGUAGE: &[&str] = &["std", "core", "alloc"];
/// Rooms that may open a connection, and the one that shuts them.
const CONNECTS: &[&str] = &["guard", "accounts", "intake", "outbox", "models"];
/// Speaks to the process that started it, by a pipe on standard output.
const COMPANION: &str = "src/guard/companion.rs";
/// Files that may hold `unsafe`: kernels, and the maps of the vectors and of a writer's weights.
const UNSAFE: &[&str] =
    &["src/engine/kernels", "src/engine/writer/weights.rs", "src/search/map.rs"];

fn room(name: &str) -> Option<&'static Room> {
    TABLE.iter().find(|room| room.name == name)
}

/// A source file: where it lies from the top of the repository, which module it is, what it names.
struct File {
    path: String,
    modules: Vec<String>,
    facts: Facts,
}

impl File {
    fn new(path: &str, source: &str) -> Self {
        Self { path: path.into(), modules: modules_of(path), facts: scan::read(source, false) }
    }
}

/// Everything in one file that the house forbids, each as a sentence; `outside` are the crates that
/// `Cargo.toml` brings in.
fn breaks(file: &File, outside: &BTreeSet<String>) -> Vec<String> {
    let File { path: file, modules, facts } = file;
    let mut found = Vec::new();
    let mut say = |line: usize, what: String| found.push(format!("{file}:{line}: {what}"));
    let here = modules.first().map_or("", String::as_str);
    for mention in &facts.mentions {
        let around: Vec<&str> = modules.iter().chain(&mention.inside).map(String::as_str).collect();
        let path: Vec<&str> = mention.path.iter().map(String::as_str).collect();
        if let Some(what) = forbidden(&around, &path, mention.in_test, mention.handed_on, outside) {
            say(mention.line, what);
        }
    }
    for &line in &facts.unwraps {
        say(
            line,
            "`unwrap` stands in tests alone; say with `expect` why it cannot go wrong".into(),
        );
    }
    for &line in &facts.unsafe_lines {
        if !UNSAFE.iter().any(|allowed| file.starts_with(allowed)) {
            say(line, format!("`unsafe` stands in {} alone", UNSAFE.join(", ")));
        }
    }
    for &line in &facts.printed {
        if here != "cli" && file != COMPANION {
            say(line, "only room `cli` prints: give back what is to be said".into());
        }
    }
    for &line in &facts.moved {
        say(line, "`#[path]` is for a test that lies beside what it tests".into());
    }
    for (line, target) in &facts.included {
        if let Some(what) = wrongly_included(file, here, target) {
            say(*line, what);
        }
    }
    found
}

/// `src/mail/when/mod.rs` is the module `mail::when`, `src/mail/html.rs` is `mail::html`.
fn modules_of(file: &str) -> Vec<String> {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let mut modules: Vec<String> =
        inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if modules.last().is_some_and(|name| name == "mod") || inside == "lib.rs" || inside == "main.rs"
    {
        modules.pop();
    }
    modules
}

/// Why a path may not stand where it stands, if it may not.
fn forbidden(
    around: &[&str],
    path: &[&str],
    in_test: bool,
    handed_on: bool,
    outside: &BTreeSet<String>,
) -> Option<String> {
    let written = path.join("::");
    let here = around.first().copied().unwrap_or("");
    let ups = path.iter().take_while(|word| **word == "super").count();
    let target = match path[0] {
        "crate" | "postroom" => path.get(1).copied(),
        "super" if ups > around.len() => {
            return Some(format!("`{written}` goes above the top of the crate"));
        }
        "super" if ups == around.len() => path.get(ups).copied(),
        "super" | "self" | "Self" => return None,
        name => return outside_forbidden(here, name, &path[1..], in_test, handed_on, outside),
    };
    let target = match target {
        None | Some("*" | "self") => {
            return Some(format!("`{written}` takes in the whole house: name the room"));
        }
        Some(target) => target,
    };
    if target == here {
        return None;
    }
    if here.is_empty() {
        // src/main.rs; src/lib.rs names nothing.
        return (target != "cli")
            .then(|| format!("`{written}`: the program calls room `cli` alone"));
    }
    if room(target).is_none() {
        return Some(format!("`{written}`: there is no room `{target}` in the table of rooms"));
    }
    let own = room(here)?;
    // The demo's mailbox is data: any room may be tested on it.
    let is_demo_mail = in_test && path.starts_with(&["crate", "cli", "demo"]);
    if own.uses.contains(&target) || is_demo_mail {
        return None;
    }
    let rule = if target == "cli" {
        "no room may use `cli`".to_owned()
    } else if own.uses.is_empty() {
        format!("`{here}` uses no other room")
    } else {
        format!("`{here}` may use {}", own.uses.join(", "))
    };
    Some(format!("room `{here}` uses room `{target}` (`{written}`): {rule}"))
}

/// Why an outside crate may not be named there, if it may not.
fn outside_forbidden(
    here: &str,
    name: &str,
    rest: &[&str],
    in_test: bool,
    handed_on: bool,
    outside: &BTreeSet<String>,
) -> Option<String> {
    if LANGUAGE.contains(&name) {
        return language_forbidden(here, name, rest, in_test);
    }
    if !outside.contains(name) {
        return None; // A name of something here.
    }
    if EVERYWHERE.contains(&name) || (in_test && IN_TESTS.contains(&name)) {
        return None;
    }
    let owners: Vec<&str> =
        TABLE.iter().filter(|room| room.crates.contains(&name)).map(|room| room.name).collect();
    if owners.is_empty() && IN_TESTS.contains(&name) {
        return Some(format!("crate `{name}` is for tests"));
    }
    if !owners.contains(&here) {
        return Some(format!(
            "room `{here}` names crate `{name}`: only {} may",
            if owners.is_empty() {
                "a room that the table gives it to".into()
            } else {
                owners.join(", ")
            }
        ));
    }
    handed_on.then(|| {
        format!("room `{here}` hands on `{name}::{}`: wrap it, so that it stays the only one to name `{name}`", rest.join("::"))
    })
}

fn language_forbidden(here: &str, name: &str, rest: &[&str], in_test: bool) -> Option<String> {
    let written = format!("{name}::{}", rest.join("::"));
    let opens = rest.first() == Some(&"net")
        && !matches!(rest.get(1), Some(&("IpAddr" | "Ipv4Addr" | "Ipv6Addr")));
    let opens = opens || rest.starts_with(&["os", "unix", "net"]);
    if opens && !in_test && !CONNECTS.contains(&here) {
        return Some(format!(
            "room `{here}` names `{written}`: only {} may open a connection",
            CONNECTS.join(", ")
        ));
    }
    let is_outer = matches!(rest, ["time", "SystemTime" | "Instant", ..] | ["env" | "process", ..]);
    (here == "mail" && is_outer && !in_test)
        .then(|| format!("room `mail` names `{written}`: it has no clock and no surroundings, both come in as arguments"))
}

/// A room takes in files of its own; only `models` those of `models/`, only tests the fixtures.
fn wrongly_included(file: &str, here: &str, target: &str) -> Option<String> {
    let mut place: Vec<&str> = file.split('/').collect();
    place.pop();
    for part in target.split('/') {
        match part {
            ".." => {
                place.pop();
            }
            "." => {}
            part => place.push(part),
        }
    }
    let fits = place.starts_with(&["src", here])
        || place.starts_with(&["tests", "fixtures"])
        || (here == "models" && place.starts_with(&["models"]));
    (!fits)
        .then(|| format!("room `{here}` takes in {}: a room reads its own files", place.join("/")))
}

/// The top of the repository.
fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `dir`, sorted, as paths from the top of the repository.
fn files_below(dir: &str) -> Vec<String> {
    let mut waiting = vec![top().join(dir)];
    let mut files = Vec::new();
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(&dir).expect("a folder of the repository can be read") {
            let path = entry.expect("its entries too").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                files.push(relative(&path));
            }
        }
    }
    files.sort();
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(top()).expect("below the top").to_str().expect("a plain name").to_owned()
}

fn text_of(file: &str) -> String {
    std::fs::read_to_string(top().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The crates of `Cargo.toml` as source names them.
fn outside_crates() -> BTreeMap<String, bool> {
    let manifest: toml::Table = text_of("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let mut crates = BTreeMap::new();
    let mut take = |table: Option<&toml::Value>, is_for_tests: bool| {
        for name in table.and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys) {
            crates.entry(name.replace('-', "_")).or_insert(is_for_tests);
        }
    };
    take(manifest.get("dependencies"), false);
    take(manifest.get("build-dependencies"), false);
    for (_, target) in manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten()
    {
        take(target.get("dependencies"), false);
    }
    take(manifest.get("dev-dependencies"), true);
    crates
}

/// Every file of `src/` with what it names.
fn house() -> Vec<File> {
    let mut files: Vec<File> = files_below("src")
        .into_iter()
        .filter(|file| has_ending(file, "rs"))
        .map(|file| File::new(&file, &text_of(&file)))
        .collect();
    // What a `#[cfg(test)] mod NAME;` declares is a test through and through, and all below it.
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &files {
        for (name, moved) in &file.facts.test_modules {
            let modules = file.modules.iter().cloned().chain([name.clone()]).collect();
            tests.insert(beside(&file.path, name, moved.as_deref()), modules);
        }
    }
    for file in &mut files {
        let stem = file.path.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
        for (test, modules) in &tests {
            let below = stem.strip_prefix(test.as_str());
            if below == Some("") {
                file.modules.clone_from(modules);
            }
            if below.is_some_and(|below| below.is_empty() || below.starts_with('/')) {
                file.facts = scan::read(&text_of(&file.path), true);
            }
        }
    }
    files
}

/// Where the module `name` of `file` lies, without `.rs` or `/mod.rs`.
fn beside(file: &str, name: &str, moved: Option<&str>) -> String {
    let (folder, stem) = file.rsplit_once('/').unwrap_or(("", file));
    match (stem, moved) {
        (_, Some(moved)) => format!("{folder}/{}", moved.trim_end_matches(".rs")),
        ("mod.rs" | "lib.rs" | "main.rs", None) => format!("{folder}/{name}"),
        (stem, None) => format!("{folder}/{}/{name}", stem.trim_end_matches(".rs")),
    }
}

fn has_ending(file: &str, ending: &str) -> bool {
    Path::new(file).extension().is_some_and(|e| e == ending)
}

#[track_caller]
fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_row_of_the_table_names_only_rows_above_it() {
    for (at, room) in TABLE.iter().enumerate() {
        for used in room.uses {
            assert!(
                TABLE[..at].iter().any(|above| above.name == *used),
                "`{}` names `{used}`, which is not above it",
                room.name
            );
        }
    }
    let reaches = |from: &str, to: &str| {
        let mut waiting = vec![from];
        while let Some(name) = waiting.pop() {
            if name == to {
                return true;
            }
            waiting.extend(room(name).map_or(&[][..], |room| room.uses));
        }
        false
    };
    // The room that sends cannot reach a model, and no room below `cli` that reads one can send.
    for model in ["engine", "search", "voice", "draft", "prompts"] {
        assert!(!reaches("outbox", model), "`outbox` reaches `{model}`");
        assert!(!reaches(model, "outbox"), "`{model}` reaches `outbox`");
    }
}

#[test]
fn every_folder_of_src_is_a_room_of_the_table() {
    let mut rooms = 0;
    for entry in std::fs::read_dir(top().join("src")).expect("src can be read") {
        let path = entry.expect("its entries too").path();
        let name = path.file_name().and_then(|n| n.to_str()).expect("a plain name").to_owned();
        if path.is_dir() {
            rooms += 1;
            assert!(room(&name).is_some(), "src/{name}: there is no such room in the table");
        } else {
            assert!(
                ["lib.rs", "main.rs"].contains(&name.as_str()),
                "src/{name}: a file of src/ stands in a room"
            );
        }
    }
    assert!(rooms >= 5, "only {rooms} rooms were found");
}

#[test]
fn rooms_use_only_what_the_table_gives_them() {
    let outside: BTreeSet<String> = outside_crates().into_keys().collect();
    let house = house();
    assert!(house.len() > 50, "only {} files were found", house.len());
    let found: Vec<String> = house.iter().flat_map(|file| breaks(file, &outside)).collect();
    none(&found);
}

#[test]
fn every_crate_of_the_manifest_has_a_room_and_is_used() {
    let house = house();
    let tests: Vec<Facts> = files_below("tests")
        .iter()
        .chain(&files_below("benches"))
        .filter(|file| has_ending(file, "rs"))
        .map(|file| scan::read(&text_of(file), true))
        .collect();
    let mut found = Vec::new();
    for (name, is_for_tests) in outside_crates() {
        let has_place = TABLE.iter().any(|room| room.crates.contains(&name.as_str()))
            || EVERYWHERE.contains(&name.as_str())
            || (is_for_tests && IN_TESTS.contains(&name.as_str()));
        if !has_place {
            found
                .push(format!("Cargo.toml: crate `{name}` stands in no row of the table of rooms"));
        }
        let names = |facts: &Facts| facts.mentions.iter().any(|mention| mention.path[0] == name);
        let is_used = house.iter().any(|file| names(&file.facts))
            || (is_for_tests && tests.iter().any(names));
        if !is_used {
            found.push(format!("Cargo.toml: nothing names crate `{name}`"));
        }
    }
    none(&found);
}

#[test]
fn every_room_says_what_it_answers() {
    let mut found = Vec::new();
    for file in files_below("src") {
        let is_room = file.matches('/').count() == 2 && file.ends_with("/mod.rs");
        let paragraph: usize = text_of(&file)
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| line.len() - 3)
            .sum();
        if is_room && paragraph < 150 {
            found.push(format!(
                "{file}: begins with a paragraph: what the room gives, what it never does, where to start"
            ));
        }
        let stem = Path::new(&file).file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let parts: Vec<&str> = file.split('/').collect();
        if ["util", "utils", "helper", "helpers", "common", "misc"]
            .iter()
            .any(|name| stem == *name || parts.contains(name))
        {
            found.push(format!("{file}: a helper with no home means a noun is missing"));
        }
    }
    none(&found);
}

#[test]
fn the_map_is_one_screen_and_the_program_ten_lines() {
    let code = |file: &str| {
        text_of(file).lines().filter(|l| !l.trim().is_empty() && !l.starts_with("//")).count()
    };
    assert!(text_of("src/lib.rs").lines().count() <= 70, "src/lib.rs is more than one screen");
    assert!(code("src/main.rs") <= 10, "src/main.rs has more than ten lines");
    for line in text_of("src/lib.rs").lines() {
        let is_map = line.is_empty()
            || ["//", "pub mod ", "#!["].iter().any(|beginning| line.starts_with(beginning));
        assert!(is_map, "src/lib.rs holds more than the map: {line}");
    }
}

mod deliberate {
    //! The checker finds what it is there to find.

    use super::*;

    #[track_caller]
    fn check(file: &str, source: &str, expected: &[&str]) {
        let outside: BTreeSet<String> =
            ["tantivy", "rusqlite", "clap", "serde", "tempfile", "jiff", "rayon", "nowhere"]
                .map(String::from)
                .into();
        let found = breaks(&File::new(file, source), &outside);
        assert_eq!(found.len(), expected.len(), "{source}: {found:#?}");
        for (sentence, words) in found.iter().zip(expected) {
            assert!(sentence.contains(words), "{sentence:?} does not say {words:?}");
        }
    }

    #[test]
    fn a_room_below_does_not_use_one_above() {
        check(
            "src/mail/x.rs",
            "use crate::store::Store;",
            &["src/mail/x.rs:1: room `mail` uses room `store`"],
        );
        check(
            "src/mail/x.rs",
            "\n\nfn f() { crate::search::parse() }",
            &["x.rs:3: room `mail` uses room `search`"],
        );
        check(
            "src/search/x.rs",
            "use crate::{mail, triage::Tier};",
            &["room `search` uses room `triage`"],
        );
        check("src/search/x.rs", "use crate::{mail, store, engine};", &[]);
        check("src/triage/mod.rs", "fn f(x: &crate::cli::Screen) {}", &["no room may use `cli`"]);
        check("src/store/x.rs", "use crate::mail::{self, Message}; use crate::store::Error;", &[]);
        check("src/triage/x.rs", "#[cfg(test)] mod tests { use crate::cli::demo; }", &[]);
        check("src/triage/x.rs", "use crate::cli::demo;", &["no room may use `cli`"]);
    }

    #[test]
    fn who_sends_cannot_reach_a_model_and_the_other_way_round() {
        for room in ["engine", "search", "voice", "draft"] {
            check(
                "src/outbox/x.rs",
                &format!("use crate::{room}::X;"),
                &["room `outbox` uses room"],
            );
        }
        check(
            "src/draft/mod.rs",
            "use crate::outbox::approve;",
            &["room `draft` uses room `outbox`"],
        );
        check("src/engine/mod.rs", "use crate::mail::Message;", &["`engine` may use models"]);
    }

    #[test]
    fn the_way_out_through_super_is_watched() {
        check(
            "src/mail/when/mod.rs",
            "use super::super::store::Store;",
            &["room `mail` uses room `store`"],
        );
        check(
            "src/mail/html.rs",
            "use super::super::store::Store;",
            &["room `mail` uses room `store`"],
        );
        check("src/mail/html.rs", "use super::types::Message;", &[]);
        check(
            "src/mail/html.rs",
            "mod tests { use super::super::super::store::X; }",
            &["room `store`"],
        );
        check("src/mail/html.rs", "mod tests { use super::super::types::X; }", &[]);
        check("src/mail/mod.rs", "use super::super::x;", &["above the top"]);
        check("src/mail/mod.rs", "use super::store::x;", &["room `mail` uses room `store`"]);
    }

    #[test]
    fn the_whole_house_is_not_taken_in_at_once() {
        check("src/mail/x.rs", "use crate::*;", &["the whole house"]);
        check("src/mail/x.rs", "use crate::{self as house};", &["the whole house"]);
        check("src/mail/mod.rs", "use super::*;", &["the whole house"]);
        check("src/mail/x.rs", "use crate::nowhere::X;", &["there is no room `nowhere`"]);
    }

    #[test]
    fn an_outside_crate_has_one_room() {
        check(
            "src/mail/x.rs",
            "use rusqlite::Connection;",
            &["names crate `rusqlite`: only store may"],
        );
        check("src/triage/x.rs", "fn f(x: ::tantivy::Index) {}", &["only search may"]);
        check("src/store/x.rs", "use rusqlite::Connection; use serde::Serialize;", &[]);
        check("src/mail/x.rs", "use nowhere::X;", &["a room that the table gives it to"]);
        check("src/mail/x.rs", "#[serde(with = \"rusqlite::x\")] struct S;", &["only store may"]);
        check("src/mail/x.rs", "pub use jiff::Zoned;", &["hands on `jiff::Zoned`"]);
        check("src/mail/x.rs", "pub(crate) use jiff::Zoned;", &[]);
        check("src/mail/x.rs", "use tempfile::tempdir;", &["is for tests"]);
        check("src/mail/x.rs", "#[cfg(test)] mod tests { use tempfile::tempdir; }", &[]);
        check("src/mail/x.rs", "let rusqlite = 1; x.clap();", &[]);
    }

    #[test]
    fn connections_clocks_and_surroundings_stay_outside() {
        check("src/triage/x.rs", "use std::net::TcpStream;", &["may open a connection"]);
        check("src/cli/x.rs", "use std::os::unix::net::UnixStream;", &["may open a connection"]);
        check("src/outbox/x.rs", "use std::net::TcpStream;", &[]);
        check("src/mail/x.rs", "let now = std::time::SystemTime::now();", &["no clock"]);
        check("src/mail/x.rs", "use std::{env, fmt};", &["no clock and no surroundings"]);
        check("src/mail/x.rs", "use std::time::Duration;", &[]);
    }

    #[test]
    fn unwrap_unsafe_and_print_have_their_places() {
        check("src/mail/x.rs", "fn f() { x.unwrap() }", &["`unwrap` stands in tests alone"]);
        check("src/mail/x.rs", "fn f() { x.unwrap_or(1).expect(\"why\") }", &[]);
        check(
            "src/mail/x.rs",
            "#[test] fn f() {} #[cfg(test)] mod t { fn f() { x.unwrap() } }",
            &[],
        );
        check("src/mail/x.rs", "fn f() { unsafe { g() } }", &["`unsafe` stands in"]);
        check("src/search/map.rs", "fn f() { unsafe { g() } }", &[]);
        check("src/engine/writer/weights.rs", "fn f() { unsafe { g() } }", &[]);
        check("src/engine/kernels/x86.rs", "unsafe fn f() {}", &[]);
        check("src/store/x.rs", "fn f() { println!(\"x\") }", &["only room `cli` prints"]);
    }

    #[test]
    fn files_are_taken_in_from_the_own_room() {
        check("src/store/mod.rs", "const X: &str = include_str!(\"schema/1.sql\");", &[]);
        check(
            "src/store/mod.rs",
            "const X: &str = include_str!(\"../mail/x.txt\");",
            &["takes in src/mail/x.txt"],
        );
        check(
            "src/models/mod.rs",
            "const X: &[u8] = include_bytes!(\"../../models/reader.gguf\");",
            &[],
        );
        check(
            "src/engine/mod.rs",
            "const X: &[u8] = include_bytes!(\"../../models/reader.gguf\");",
            &["takes in models/reader.gguf"],
        );
        check(
            "src/store/mod.rs",
            "#[path = \"../mail/x.rs\"] mod x;",
            &["is for a test that lies beside"],
        );
        check(
            "src/store/x.rs",
            "#[path = \"x_tests.rs\"] mod tests;",
            &["is for a test that lies beside"],
        );
        check("src/store/x.rs", "#[cfg(test)] #[path = \"x_tests.rs\"] mod tests;", &[]);
        check(
            "src/store/x.rs",
            "#[cfg(test)] #[path = \"../mail/x.rs\"] mod tests;",
            &["is for a test that lies beside"],
        );
    }

    #[test]
    fn comments_and_strings_break_nothing() {
        check(
            "src/mail/x.rs",
            "// use crate::store::X;\n/// [`crate::cli::run`]\nconst A: &str = \"rusqlite::x\";",
            &[],
        );
    }
}
