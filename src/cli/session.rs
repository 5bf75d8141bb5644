//! What one command works with: folders, settings, the clock, and the stores it opens.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::args::Global;
use super::config::Config;
use super::failure::Failure;
use super::home::Home;
use super::progress::Progress;
use super::screen::{Envelope, Screen};
use crate::attach::{self, Extractor};
use crate::engine::Reader;
use crate::ledger::Weighted;
use crate::mail::MessageId;
use crate::mail::UnixSeconds;
use crate::mail::when::{Calendar, format_rfc3339, parse_rfc3339};
use crate::models;
use crate::search::{self, Embed, Index, Vectors};
use crate::store::{Origin, Store};

/// Processes that read attachments side by side.
const EXTRACTORS_MAX: usize = 4;

/// One command's surroundings.
pub(super) struct Session<'a> {
    pub(super) home: Home,
    pub(super) config: Config,
    pub(super) calendar: Calendar,
    /// The clock, or what `--as-of` puts in its place.
    pub(super) now: UnixSeconds,
    /// Mail dated after this does not exist; only with `--as-of`.
    pub(super) as_of: Option<UnixSeconds>,
    pub(super) global: Global,
    pub(super) out: Screen<'a>,
    pub(super) err: Screen<'a>,
    /// Whether standard input is a person.
    pub(super) asks: bool,
    /// Why the config was not read, for the commands that run all the same.
    pub(super) config_failure: Option<Failure>,
}

/// What a session is made of, besides its streams.
pub(super) struct Settings {
    config: Config,
    calendar: Calendar,
    now: UnixSeconds,
    as_of: Option<UnixSeconds>,
    config_failure: Option<Failure>,
}

/// What becomes of a command when the config cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It does not run.
    Config,
    /// It runs with the defaults: it helps to mend the config, or has nothing to do with it.
    Nothing,
}

impl Settings {
    /// Reads the config and `--as-of`.
    pub(super) fn read(
        global: &Global,
        home: &Home,
        clock: UnixSeconds,
        need: Need,
    ) -> Result<Self, Failure> {
        let (config, config_failure) = match (Config::read(&home.config), need) {
            (Ok(config), _) => (config, None),
            (Err(failure), Need::Config) => return Err(failure),
            (Err(failure), Need::Nothing) => (Config::default(), Some(failure)),
        };
        let calendar = config.calendar()?;
        let as_of = match &global.as_of {
            None => None,
            Some(text) => Some(parse_rfc3339(text).ok_or_else(|| {
                Failure::asked_wrongly(format!("--as-of {text}: not a time"))
                    .hint("write it as in RFC 3339: 2026-03-02T09:00:00Z")
            })?),
        };
        Ok(Self { config, calendar, now: as_of.unwrap_or(clock), as_of, config_failure })
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(
        global: Global,
        home: Home,
        settings: Settings,
        out: Screen<'a>,
        err: Screen<'a>,
        asks: bool,
    ) -> Self {
        let Settings { config, calendar, now, as_of, config_failure } = settings;
        Self { home, config, calendar, now, as_of, global, out, err, asks, config_failure }
    }

    /// The newest instant mail may be dated: everything, unless `--as-of` says otherwise. Clocks
    /// of senders run fast, so without it nothing is hidden.
    pub(super) fn until(&self) -> UnixSeconds {
        self.as_of.unwrap_or(UnixSeconds(i64::MAX))
    }

    /// The store; there must be one.
    pub(super) fn store(&self) -> Result<Store, Failure> {
        Ok(self.with_me(Store::open_existing(&self.home.data)?)?)
    }

    /// Whether the config says whose mail this is: then a letter can be written before any mail is here.
    pub(super) fn knows_who(&self) -> bool {
        let config = &self.config;
        !config.me.addresses.is_empty() || config.send.is_some() || !config.accounts.is_empty()
    }

    /// The store, made when there is none.
    pub(super) fn new_store(&self) -> Result<Store, Failure> {
        Ok(self.with_me(Store::open(&self.home.data)?)?)
    }

    /// Addresses from the config count as the user's own.
    fn with_me(&self, mut store: Store) -> Result<Store, crate::store::Error> {
        let known = store.own_addresses()?;
        let new: Vec<String> = self
            .config
            .me
            .addresses
            .iter()
            .map(|address| address.trim().to_lowercase())
            .chain(self.config.send.as_ref().map(|send| send.sender().address))
            .filter(|address| !known.iter().any(|(known, _)| known == address))
            .collect();
        if !new.is_empty() {
            store.add_own_addresses(&new, Origin::Told)?;
        }
        Ok(store)
    }

    /// The user's own addresses.
    pub(super) fn me(&self, store: &Store) -> Result<Vec<String>, Failure> {
        Ok(store.own_addresses()?.into_iter().map(|(address, _)| address).collect())
    }

    /// The index of words to search in, level with the store. One that is missing, damaged or of
    /// another version is made anew. Where it cannot be brought level now (another process writes to
    /// it, the disk is full), that is said, and what it holds is searched.
    pub(super) fn index(&mut self, store: &Store) -> Result<Index, Failure> {
        let Some(mut index) = self.whole_index()? else { return self.rebuilt_index(store) };
        match self.catch_up(&mut index, store) {
            Ok(()) => Ok(index),
            Err(error) if error.needs_rebuild() => {
                self.note(&format!("{error}: making it anew"))?;
                self.rebuilt_index(store)
            }
            Err(error) if error.is_for_now() && index.messages_count() > 0 => {
                self.note(&format!("{error}: what came last is not searched yet"))?;
                Ok(index)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The index of words, level with the store, or an error.
    pub(super) fn level_index(&mut self, store: &Store) -> Result<Index, Failure> {
        let Some(mut index) = self.whole_index()? else { return self.rebuilt_index(store) };
        match self.catch_up(&mut index, store) {
            Ok(()) => Ok(index),
            Err(error) if error.needs_rebuild() => {
                self.note(&format!("{error}: making it anew"))?;
                self.rebuilt_index(store)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The index as it lies there; nothing, and a word about it, when it has to be made anew.
    fn whole_index(&mut self) -> Result<Option<Index>, Failure> {
        match Index::open(&self.home.index()) {
            Ok(index) => Ok(Some(index)),
            Err(error) if error.needs_rebuild() => {
                self.note(&format!("{error}: making it anew"))?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the index; should it turn out to be damaged, it is made anew and asked again, once.
    pub(super) fn asked<T>(
        &mut self,
        store: &Store,
        index: &mut Index,
        ask: impl Fn(&Self, &Index) -> Result<T, search::Error>,
    ) -> Result<T, Failure> {
        match ask(self, index) {
            Err(error) if error.needs_rebuild() => {
                self.note(&format!("{error}: making it anew"))?;
                *index = self.rebuilt_index(store)?;
                Ok(ask(self, index)?)
            }
            answer => Ok(answer?),
        }
    }

    /// A new index in the old one's place.
    pub(super) fn rebuilt_index(&mut self, store: &Store) -> Result<Index, Failure> {
        let mut index = Index::rebuild(&self.home.index())?;
        self.catch_up(&mut index, store)?;
        index.publish()?;
        Ok(index)
    }

    fn catch_up(&mut self, index: &mut Index, store: &Store) -> Result<(), search::Error> {
        let mut progress = Progress::new(self.shows_progress(), "indexing words");
        search::catch_up(index, store, &mut |done, total| {
            progress.at(done, total);
            ControlFlow::Continue(())
        })
        .map(drop)
    }

    /// The vectors. A file of another model is started anew.
    pub(super) fn vectors(&mut self) -> Result<Vectors, Failure> {
        let path = self.home.vectors();
        let open = || Vectors::open(&path, models::reader_digest(), crate::engine::VECTOR_WIDTH);
        match open() {
            Ok(vectors) => Ok(vectors),
            Err(error @ (search::Error::OtherModel { .. } | search::Error::Rebuild { .. })) => {
                self.note(&format!("{error}: starting them anew"))?;
                Vectors::remove_file(&path)?;
                Ok(open()?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the vectors that are missing.
    pub(super) fn embed(&mut self, store: &Store, vectors: &mut Vectors) -> Result<u64, Failure> {
        let reader = self.reader()?;
        let mut progress = Progress::new(self.shows_progress(), "making vectors");
        Ok(search::embed_missing(vectors, store, &Embedding(&reader), &mut |done, total| {
            progress.at(done, total);
            ControlFlow::Continue(())
        })?)
    }

    /// Reads the attachments that nobody read yet; the index takes in what they say. Where they
    /// cannot be read on this machine, that is said, and all else goes on.
    pub(super) fn attachments(&mut self, store: &mut Store) -> Result<(), Failure> {
        let read = {
            let mut progress = Progress::new(self.shows_progress(), "reading attachments");
            let count = std::thread::available_parallelism().map_or(1, usize::from);
            let extractors: Result<Vec<Extractor>, attach::Error> =
                (0..count.min(EXTRACTORS_MAX)).map(|_| Extractor::new()).collect();
            match extractors {
                Ok(mut extractors) => {
                    search::read_attachments(store, &mut extractors, &mut |done, total| {
                        progress.at(done, total);
                        ControlFlow::Continue(())
                    })
                }
                Err(source) => Err(search::Error::Attachments { source }),
            }
        };
        match read {
            Ok(0) => Ok(()),
            Ok(_) => self.index(store).map(drop),
            Err(error @ search::Error::Attachments { .. }) => {
                self.note(&format!("{}: they stay unread", super::failure::chain(&error)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The reader, ready to read.
    pub(super) fn reader(&self) -> Result<Reader, Failure> {
        Reader::embedded().map_err(|error| Failure::from_error(&error))
    }

    /// A line on standard error, unless told to be quiet.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        if !self.global.quiet {
            self.err.line(super::screen::Style::Dim, text)?;
        }
        Ok(())
    }

    pub(super) fn shows_progress(&self) -> bool {
        self.err.terminal && !self.global.quiet
    }

    /// An envelope for this command's JSON.
    pub(super) fn envelope(&self, kind: &str, store: Option<&Store>) -> Envelope {
        let fresh = store.and_then(|store| store.mark("fresh").ok().flatten());
        Envelope::new(kind, &format_rfc3339(self.now))
            .with("fresh_as_of", fresh.map_or(serde_json::Value::Null, Into::into))
    }

    /// Which message is meant: a number, or `mid:<…>`.
    pub(super) fn message_id(&self, store: &Store, text: &str) -> Result<MessageId, Failure> {
        let unknown = |what: &str| {
            Failure::could_not(format!("looking up message {what}: there is none"))
                .hint("ids come from `postroom search` and `postroom triage`; mid:<…> works too")
        };
        let id = if let Some(rfc_id) = text.strip_prefix("mid:") {
            let rfc_id = rfc_id.trim().trim_start_matches('<').trim_end_matches('>');
            store.by_rfc_id(rfc_id)?.ok_or_else(|| unknown(text))?
        } else {
            let digits = text.strip_prefix("id:").unwrap_or(text);
            MessageId(digits.parse().map_err(|_| {
                Failure::asked_wrongly(format!("{text}: not a message id"))
                    .hint("an id is a number as `postroom search` prints it, or mid:<…>")
            })?)
        };
        let header = store.header(id)?;
        if header.date > self.until() {
            return Err(unknown(text));
        }
        Ok(id)
    }
}

/// The reader as the vectors want it.
pub(super) struct Embedding<'a>(pub(super) &'a Reader);

impl Embed for Embedding<'_> {
    fn embed(
        &self,
        texts: &[&str],
    ) -> Result<Vec<Vec<f32>>, Box<dyn std::error::Error + Send + Sync>> {
        self.0.embed(texts).map_err(Into::into)
    }
}

/// Names the reader's weights: readings made by others are made anew.
fn weights() -> String {
    let heads: String =
        models::judging_digest().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{} {heads}", super::READER_NAME)
}

/// The reader as the ledger and triage want it.
pub(super) fn weighted(reader: &Reader) -> Weighted<'_> {
    Weighted::new(reader, weights())
}

/// What stamps the readings this program makes.
pub(super) fn ledger_version() -> String {
    crate::ledger::version_of(&weights())
}

/// Opens a folder to write into, or says why not.
pub(super) fn empty_folder(dir: &PathBuf) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::writing(dir, &error);
    std::fs::create_dir_all(dir).map_err(failed)?;
    if std::fs::read_dir(dir).map_err(failed)?.next().is_some() {
        return Err(
            Failure::could_not(format!("{} is not empty", dir.display())).hint("name a new folder")
        );
    }
    Ok(())
}
