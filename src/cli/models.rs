//! `model list`, `fetch`, `add`, `verify`, `remove`, `use`: which weights are here. `model bench`
//! stands in `keep`.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use super::failure::{COULD_NOT, Failure, HELD_BACK};
use super::progress::Progress;
use super::screen::Style;
use super::session::Session;
use crate::engine;
use crate::guard::{self, ConnectionLog};
use crate::mail::when::format_rfc3339;
use crate::models::{
    self, Error, Fetched, Hub, HubCache, Kept, Memory, ModelEntry, ModelFolder, Role, Step,
    Verified, Wanted,
};

/// The hub asked when the config names no other.
const HUB: &str = "https://huggingface.co";

/// A model as it is listed: of the registry, of the models folder, or of both.
struct Listed {
    name: String,
    role: Role,
    about: String,
    file: String,
    bytes: u64,
    sha256: String,
    licence: Option<String>,
    context_tokens: u32,
    memory_bytes: u64,
    here: bool,
    in_use: bool,
}

impl Listed {
    fn of_entry(entry: &ModelEntry) -> Self {
        let is_built_in = entry.role == Role::Reader;
        Self {
            name: entry.name.clone(),
            role: entry.role,
            about: entry.about.clone(),
            file: entry.file.clone(),
            bytes: entry.bytes,
            sha256: entry.sha256.clone(),
            licence: Some(entry.licence.clone()),
            context_tokens: entry.context_tokens,
            memory_bytes: entry.memory_bytes(),
            here: is_built_in,
            in_use: is_built_in,
        }
    }

    fn of_kept(kept: &Kept, here: bool, in_use: bool) -> Self {
        let origin = kept.repository.as_deref().unwrap_or("a file you added");
        Self {
            name: kept.name.clone(),
            role: Role::Writer,
            about: format!("{} architecture, from {origin}", kept.architecture),
            file: kept.file.clone(),
            bytes: kept.bytes,
            sha256: kept.sha256.clone(),
            licence: kept.licence.clone(),
            context_tokens: kept.context_tokens,
            memory_bytes: models::memory_bytes_at_most(kept.bytes),
            here,
            in_use,
        }
    }

    fn json(&self) -> Value {
        json!({"name": self.name, "role": self.role, "file": self.file, "bytes": self.bytes,
            "sha256": self.sha256, "licence": self.licence, "context_tokens": self.context_tokens,
            "memory_bytes": self.memory_bytes, "here": self.here, "in_use": self.in_use})
    }

    fn licence(&self) -> &str {
        self.licence.as_deref().unwrap_or("licence not stated")
    }
}

fn folder(session: &Session<'_>) -> ModelFolder {
    ModelFolder::at(&session.home.models)
}

/// The readers, the registry's writers, then the others that are here.
fn listed(folder: &ModelFolder) -> Result<Vec<Listed>, Failure> {
    let kept = folder.kept()?;
    let in_use = folder.in_use()?;
    let of_kept = |kept: &Kept| {
        let in_use = in_use.as_ref().is_some_and(|used| used.name == kept.name);
        Listed::of_kept(kept, folder.is_here(kept), in_use)
    };
    let entries = models::registry()?;
    let mut all: Vec<Listed> = entries
        .iter()
        .map(|entry| {
            let mut listed = Listed::of_entry(entry);
            if let Some(kept) = kept.iter().find(|kept| kept.name == entry.name) {
                let about = std::mem::take(&mut listed.about);
                let memory_bytes = listed.memory_bytes;
                listed = Listed { about, memory_bytes, ..of_kept(kept) };
            }
            listed
        })
        .collect();
    let is_other = |kept: &&Kept| !entries.iter().any(|entry| entry.name == kept.name);
    all.extend(kept.iter().filter(is_other).map(of_kept));
    Ok(all)
}

/// The one model of this name, as JSON or as a line.
fn say(session: &mut Session<'_>, name: &str, line: &str) -> Result<u8, Failure> {
    if session.global.json {
        let all = listed(&folder(session))?;
        let items = all.iter().filter(|model| model.name == name).map(Listed::json).collect();
        let envelope = session.envelope("model", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        session.out.line(Style::Plain, line)?;
    }
    Ok(0)
}

pub(super) fn list(session: &mut Session<'_>) -> Result<u8, Failure> {
    let all = listed(&folder(session))?;
    if session.global.json {
        let envelope =
            session.envelope("model", None).items(all.iter().map(Listed::json).collect());
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    let widest = all.iter().map(|model| model.name.len()).max().unwrap_or(0).min(32);
    for model in &all {
        session.out.put(Style::Bold, &format!("{:<widest$} ", model.name))?;
        let (style, state) = match (model.role, model.here, model.in_use) {
            (Role::Reader, ..) => (Style::Plain, "built in"),
            (_, true, true) => (Style::Green, "in use"),
            (_, true, false) => (Style::Green, "here"),
            (_, false, _) => (Style::Dim, "not here"),
        };
        session.out.put(style, &format!("{state:<9}"))?;
        let size = size(model.bytes);
        let line = format!("{size:>7}  {}, {}", model.licence(), tokens(model.context_tokens));
        session.out.line(Style::Plain, &line)?;
        if !model.about.is_empty() {
            let memory = self::size(model.memory_bytes);
            let line = format!("    {}; {memory} of memory at most", model.about);
            session.out.line(Style::Dim, &line)?;
        }
    }
    if folder(session).in_use()?.is_none() {
        session.note(
            "no writer is in use: drafts are put together from your past replies; `postroom model fetch` suggests one",
        )?;
    }
    Ok(0)
}

pub(super) fn fetch(
    session: &mut Session<'_>,
    name: Option<&str>,
    input: &mut dyn Read,
) -> Result<u8, Failure> {
    let entries = models::registry()?;
    let wanted = match name {
        None => {
            let entry = suggested(session, &entries, input)?;
            Wanted::of_entry(entry)
        }
        Some(name) => match entries.iter().find(|entry| entry.name == name) {
            Some(entry) if entry.role == Role::Reader => {
                return Err(Failure::asked_wrongly(format!("model {name}: it is built in"))
                    .hint("writers can be fetched: `postroom model list`"));
            }
            Some(entry) => Wanted::of_entry(entry),
            None => Wanted::of_path(name),
        },
    };
    // A stranger's file does not pass for one of the registry.
    let is_entry = |wanted: &&Wanted| entries.iter().any(|entry| entry.name == wanted.name);
    if let (Some(path), Some(wanted)) =
        (name.filter(|name| name.contains('/')), wanted.as_ref().filter(is_entry))
    {
        let name = &wanted.name;
        return Err(Failure::asked_wrongly(format!("fetching {path}: {name} is another model's name"))
            .hint(format!("`postroom model fetch {name}` fetches that one; a file of your own: `postroom model add FILE --name NAME`")));
    }
    let asked = name.unwrap_or_default().to_owned();
    let wanted = wanted.ok_or(Error::Unknown { name: asked })?;
    let endpoint = session.config.models.endpoint.as_deref().unwrap_or(HUB);
    let log = ConnectionLog::in_dir(&session.home.data);
    let hub = Hub::at(endpoint, log, &format_rfc3339(session.now))?;
    let size_known =
        entries.iter().find(|entry| entry.name == wanted.name).map(|entry| entry.bytes);
    let line = format!(
        "{}: {}{}{}, from {}",
        wanted.name,
        wanted.file,
        size_known.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default(),
        wanted.licence.as_ref().map(|licence| format!(", {licence}")).unwrap_or_default(),
        hub.host(),
    );
    session.note(&line)?;
    let mut progress = Progress::of_bytes(session.shows_progress(), "fetching");
    let folder = folder(session);
    let cache = HubCache::of_user();
    let fetched = models::fetch(&folder, &wanted, cache.as_ref(), &hub, &mut |step| {
        let note = match step {
            Step::Declared { bytes, commit } => {
                progress.at(0, bytes);
                format!("{}, commit {commit}", size(bytes))
            }
            Step::Cached { path } => {
                format!("found in the Hugging Face cache, not fetched again: {}", path.display())
            }
            Step::Received { done, total } => {
                progress.at(done, total);
                return;
            }
            Step::Resumed { done, total } => {
                progress.at(done, total);
                format!("going on after {} of {}", size(done), size(total))
            }
            Step::Broke { why } => format!("{why}; trying again"),
        };
        // Whoever closed standard error does not stop a download.
        let _ = progress.aside(|| session.note(&note));
    });
    drop(progress);
    let Fetched { kept, was_here } = fetched?;
    if !was_here {
        // The network is done with: a stranger's file is looked into only without it.
        drop(hub);
        guard::lock().map_err(|error| Failure::could_not(error.to_string()))?;
        if let Err(error) = engine::check_writer(&folder.path(&kept)) {
            folder.remove(&kept.name, None)?;
            return Err(cannot_be_run(&kept.name, &error));
        }
    }
    let state = state(&folder, &kept)?;
    let line = if was_here {
        format!("{} is here already, {state}", kept.name)
    } else {
        format!("{} is here, {state}: {}, sha256 {}", kept.name, size(kept.bytes), kept.sha256)
    };
    say(session, &kept.name, &line)?;
    Ok(0)
}

fn cannot_be_run(name: &str, error: &engine::Error) -> Failure {
    let why = super::failure::chain(error);
    Failure::could_not(format!("taking in {name}: {why}")).hint(
        "writers of the families Llama, Qwen2, Qwen3 and SmolLM can be run: `postroom model list`",
    )
}

/// The writer that fits this machine, once a person on a terminal said yes to it.
fn suggested<'a>(
    session: &mut Session<'_>,
    entries: &'a [ModelEntry],
    input: &mut dyn Read,
) -> Result<&'a ModelEntry, Failure> {
    let memory = memory();
    let has = memory.map_or("its memory is not known".to_owned(), |memory| {
        format!("{} of {} memory free", size(memory.available_bytes), size(memory.total_bytes))
    });
    let Some(entry) = models::suggest(entries, memory) else {
        return Err(Failure::could_not(format!("no writer fits this machine ({has})"))
            .hint("free some memory, or name one all the same: `postroom model list`"));
    };
    let line = format!(
        "for this machine ({has}): {}, {}; a download of {}, {}, {} of memory at most",
        entry.name,
        entry.about,
        size(entry.bytes),
        entry.licence,
        size(entry.memory_bytes()),
    );
    let asks = session.asks && session.out.terminal && !session.global.json;
    if asks {
        session.out.line(Style::Plain, &line)?;
        session.out.put(Style::Bold, "fetch it? [y/N] ")?;
        session.out.flush()?;
        if super::letters::says_yes(input) {
            return Ok(entry);
        }
        return Err(Failure::new(HELD_BACK, "nothing was fetched")
            .hint(format!("`postroom model fetch {}`, or another of `model list`", entry.name)));
    }
    session.note(&line)?;
    Err(Failure::new(HELD_BACK, format!("fetching {}: nobody said yes", entry.name))
        .hint(format!("`postroom model fetch {}` says it", entry.name)))
}

/// What the kernel says; where it says nothing, nothing.
pub(super) fn memory() -> Option<Memory> {
    let memory = Memory::from_meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    match limit.and_then(|limit| limit.trim().parse().ok()) {
        Some(bytes) => Some(memory.limited_to(bytes)),
        None => Some(memory),
    }
}

pub(super) fn add(
    session: &mut Session<'_>,
    file: &Path,
    name: Option<&str>,
) -> Result<u8, Failure> {
    // Nothing is taken in that could not be opened afterwards.
    models::check_file(file)?;
    engine::check_writer(file)
        .map_err(|error| cannot_be_run(&file.display().to_string(), &error))?;
    let mut progress = Progress::of_bytes(session.shows_progress(), "reading");
    let folder = folder(session);
    let entries = models::registry()?;
    let kept = folder.add(file, name, &entries, &mut |done, total| progress.at(done, total));
    drop(progress);
    let kept = kept?;
    let state = state(&folder, &kept)?;
    let line = format!(
        "{} is here, {state}: {}, {}, sha256 {}",
        kept.name,
        kept.architecture,
        size(kept.bytes),
        kept.sha256
    );
    say(session, &kept.name, &line)?;
    Ok(0)
}

pub(super) fn put_in_use(session: &mut Session<'_>, name: &str) -> Result<u8, Failure> {
    known(session, name)?;
    folder(session).put_in_use(name)?;
    say(session, name, &format!("{name} is in use"))?;
    Ok(0)
}

pub(super) fn remove(session: &mut Session<'_>, name: &str) -> Result<u8, Failure> {
    let entry = known(session, name)?;
    let removed = folder(session).remove(name, entry.as_ref().map(|entry| entry.file.as_str()))?;
    let line = match &removed.kept {
        Some(kept) => format!("{name} is gone: {} freed", size(kept.bytes)),
        None => format!("what was fetched of {name} is gone"),
    };
    if session.global.json {
        let items = removed.kept.iter().map(|kept| Listed::of_kept(kept, false, false).json());
        let envelope = session.envelope("model", None).items(items.collect());
        session.out.json(&envelope.value())?;
    } else {
        session.out.line(Style::Plain, &line)?;
    }
    if removed.was_in_use {
        session.note("it was in use; now none is: `postroom model use NAME`")?;
    }
    Ok(0)
}

/// A name that a writer has, in the registry (then its entry) or here.
fn known(session: &Session<'_>, name: &str) -> Result<Option<ModelEntry>, Failure> {
    let entry = models::registry()?.into_iter().find(|entry| entry.name == name);
    match entry {
        Some(entry) if entry.role == Role::Reader => {
            Err(Failure::asked_wrongly(format!("model {name}: it is built in, and in use"))
                .hint("writers come and go: `postroom model list`"))
        }
        Some(entry) => Ok(Some(entry)),
        None if folder(session).kept()?.iter().any(|kept| kept.name == name) => Ok(None),
        None => Err(Error::Unknown { name: name.to_owned() }.into()),
    }
}

/// Whether a writer has this name, here or in the registry.
pub(super) fn is_writer(session: &Session<'_>, name: &str) -> Result<bool, Failure> {
    let all = listed(&folder(session))?;
    Ok(all.iter().any(|model| model.name == name && model.role == Role::Writer))
}

pub(super) fn verify(session: &mut Session<'_>) -> Result<u8, Failure> {
    let built_in = models::verify()?.into_iter().map(|entry| Verified {
        name: entry.name,
        file: entry.file,
        bytes: entry.bytes,
        sha256: entry.sha256,
        problem: None,
    });
    let mut progress = Progress::of_bytes(session.shows_progress(), "reading");
    let kept = folder(session).verify(&mut |done, total| progress.at(done, total));
    drop(progress);
    let found: Vec<Verified> = built_in.chain(kept?).collect();
    if session.global.json {
        let items = found
            .iter()
            .map(|file| {
                json!({"name": file.name, "file": file.file, "bytes": file.bytes,
                    "sha256": file.sha256, "ok": file.problem.is_none(), "problem": file.problem})
            })
            .collect();
        let envelope = session.envelope("model verify", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        for file in &found {
            let (style, mark) =
                if file.problem.is_none() { (Style::Green, "ok ") } else { (Style::Red, "no ") };
            session.out.put(style, mark)?;
            session.out.put(Style::Plain, &format!("{:<24} ", file.name))?;
            session.out.line(Style::Dim, &format!("sha256 {}", file.sha256))?;
        }
    }
    let wrong: Vec<&Verified> = found.iter().filter(|file| file.problem.is_some()).collect();
    let Some(first) = wrong.first() else { return Ok(0) };
    let others = match wrong.len() - 1 {
        0 => String::new(),
        count => format!(" (and {count} more)"),
    };
    let problem = first.problem.as_deref().unwrap_or_default();
    Err(Failure::new(COULD_NOT, format!("verifying {}: {problem}{others}", first.file)).hint(
        format!(
            "`postroom model remove {0}`, then `model fetch` or `model add` it again",
            first.name
        ),
    ))
}

fn state(folder: &ModelFolder, kept: &Kept) -> Result<&'static str, Failure> {
    let is_in_use = folder.in_use()?.is_some_and(|used| used.name == kept.name);
    Ok(if is_in_use { "in use" } else { "not in use" })
}

/// 639 MB, 1.3 GB: as hubs and disks count.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn tokens(tokens: u32) -> String {
    if tokens == 0 { "window not stated".to_owned() } else { format!("{tokens} tokens") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_disks_count() {
        for (bytes, expected) in [
            (0, "0 kB"),
            (1, "1 kB"),
            (639_446_688, "639 MB"),
            (999_999_999, "999 MB"),
            (1_282_439_264, "1.3 GB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
