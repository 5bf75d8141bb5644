//! The writer in use, opened when a command has something for it to write.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::failure::{Failure, chain};
use super::models::size;
use super::session::Session;
use crate::ask;
use crate::brief;
use crate::draft::Model;
use crate::engine::{self, Day, WriterOptions};
use crate::mail::when::local_date;
use crate::models::ModelFolder;
use crate::triage::Second;

/// A letter that takes longer is put together without the writer.
const LETTER_SECONDS_MAX: u64 = 180;
/// Tokens of prompt and answer together.
const WINDOW_TOKENS: usize = 4_096;

/// A writer ready to write.
pub(super) struct WriterInUse {
    pub(super) name: String,
    pub(super) model: engine::Writer,
}

impl Session<'_> {
    /// The writer in use, if there is one. One that cannot be opened is said and done without:
    /// every command works without a writer.
    pub(super) fn writer(&mut self) -> Result<Option<WriterInUse>, Failure> {
        let folder = ModelFolder::at(&self.home.models);
        let kept = match folder.in_use() {
            Ok(Some(kept)) => kept,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.note(&format!("going on without a writer: {}", chain(&error)))?;
                return Ok(None);
            }
        };
        match self.open_writer(&kept.name) {
            Ok(model) => Ok(Some(WriterInUse { name: kept.name, model })),
            Err(failure) => {
                let hint =
                    failure.hint.as_deref().unwrap_or("`postroom model verify` looks closer");
                self.note(&format!("going on without a writer: {} ({hint})", failure.message))?;
                Ok(None)
            }
        }
    }

    /// The name of the writer in use, without opening it.
    pub(super) fn writer_name(&self) -> Option<String> {
        Some(ModelFolder::at(&self.home.models).in_use().ok()??.name)
    }

    /// The name and digest of the writer in use, without opening it.
    pub(super) fn writer_stamp(&self) -> Option<String> {
        let kept = ModelFolder::at(&self.home.models).in_use().ok()??;
        Some(format!("{} {}", kept.name, kept.sha256.get(..16).unwrap_or_default()))
    }

    /// A writer that is here, by name.
    ///
    /// A GPU that was asked for, or that the build is for, and that cannot be used is said.
    pub(super) fn open_writer(&mut self, name: &str) -> Result<engine::Writer, Failure> {
        let folder = ModelFolder::at(&self.home.models);
        let kept = folder.kept()?.into_iter().find(|kept| kept.name == name);
        let Some(kept) = kept.filter(|kept| folder.is_here(kept)) else {
            return Err(Failure::could_not(format!("opening the writer {name}: it is not here"))
                .hint(format!("`postroom model fetch {name}`, or `postroom model add FILE`")));
        };
        if let Some(memory) = super::models::memory() {
            room(name, kept.bytes, memory.available_bytes)?;
        }
        let today = local_date(self.now, &self.calendar.zone);
        let today = Day { year: today.year, month: today.month, day: today.day };
        let options = WriterOptions {
            context_tokens: WINDOW_TOKENS,
            today: Some(today),
            device: self.config.models.device.unwrap_or_default(),
            ..WriterOptions::default()
        };
        let writer = engine::Writer::open(&folder.path(&kept), &options).map_err(|error| {
            Failure::could_not(format!("opening the writer {name}: {}", chain(&error)))
                .hint("`postroom model verify` compares the file; another: `postroom model list`")
        })?;
        if let Some(why) = &writer.device().instead {
            self.note(&format!("the writer runs on the processor: {why}"))?;
        }
        Ok(writer)
    }
}

impl WriterInUse {
    /// It, judging mail to `me`.
    pub(super) fn for_triage<'a>(&'a self, me: &'a str) -> Second<'a> {
        Second { writer: &self.model, name: &self.name, me, draw: &random }
    }

    /// It, telling the lines of a brief.
    pub(super) fn for_briefs(&self, deadline: Option<Instant>) -> brief::Model<'_> {
        brief::Model::new(&self.model, self.name.clone(), &random, deadline)
    }

    /// It, answering a question.
    pub(super) fn for_answers(&self, deadline: Option<Instant>) -> ask::Model<'_> {
        ask::Model::new(&self.model, self.name.clone(), random(), deadline)
    }

    /// It, writing letters for `me`.
    pub(super) fn for_letters(&self, me: &str) -> Model<'_> {
        let deadline = Instant::now() + Duration::from_secs(LETTER_SECONDS_MAX);
        Model::new(&self.model, self.name.clone(), me, random(), Some(deadline))
    }
}

/// Whether a file of so many bytes fits beside what runs already: its weights are all read, and
/// a tenth more is for what it remembers of a talk.
fn room(name: &str, file_bytes: u64, available_bytes: u64) -> Result<(), Failure> {
    let wanted = file_bytes.saturating_add(file_bytes / 10);
    if wanted <= available_bytes {
        return Ok(());
    }
    let (wanted, available) = (size(wanted), size(available_bytes));
    Err(Failure::could_not(format!(
        "opening the writer {name}: it wants {wanted} of memory, and {available} are free"
    ))
    .hint("close what is not needed, or take a smaller one: `postroom model list`"))
}

/// A number nobody can foresee: the seed of the standard library's hash maps, which the system draws.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn a_writer_that_does_not_fit_in_memory_is_not_begun() {
        assert!(room("small", 1_000_000_000, 1_100_000_000).is_ok());
        let failure = room("large", 4_000_000_000, 3_000_000_000).unwrap_err();
        let said = "opening the writer large: it wants 4.4 GB of memory, and 3.0 GB are free";
        assert_eq!(failure.message, said);
        assert!(failure.hint.is_some());
        assert!(room("endless", u64::MAX, 1).is_err());
    }
}
