//! What does an attachment say?
//!
//! [`Extractor`] hands each attachment to a child process of this program that has nothing but two
//! pipes, a bound on memory and two seconds ([`serve`] is that child), and gives back its text. What
//! a file is, its contents say, not its name alone: PDF, the documents, sheets and slides of Office
//! Open XML and `OpenDocument`, HTML, iCalendar, plain text, and messages, with what is attached to
//! those. Nothing here keeps anything; a file that cannot be read is no error but a [`Reading`].
//! Start with [`Extractor::read`], or with [`kind`] for what can be read at all.

mod archive;
mod calendar;
mod child;
mod extractor;
mod fonts;
mod glyphs;
pub mod kind;
mod message;
mod odf;
mod office;
mod pdf;
mod plain;
mod protocol;
mod sheets;
mod text;
mod xml;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use child::{WORD, serve};
pub use extractor::{Error, Extractor};
pub use kind::Kind;

use text::Text;

/// Names the way files are read here; raised with every change that makes readings better, so that
/// all are read again.
pub const VERSION: &str = "1";
/// Longer files are not read.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// Text kept of one file.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Memory that reading may take, the program itself included.
pub const MEMORY_BYTES_MAX: u64 = 300 << 20;
/// What reading one file may take, by the clock and on the processor.
pub const SECONDS_MAX: u64 = 2;
/// Reading stops in time to say what it has by then.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// A message in a message in a message is read; what that one holds is not.
const DEPTH_MAX: u32 = 3;

/// A file as it came.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name, as the sender wrote it.
    pub name: &'a str,
    /// `type/subtype`, as the sender wrote it.
    pub mime_type: &'a str,
    /// Its contents.
    pub bytes: &'a [u8],
}

/// What came of reading a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub outcome: Outcome,
}

/// What a file says, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its text, at most [`TEXT_BYTES_MAX`]; empty where it has none.
    Read {
        /// The text, in lines.
        text: String,
        /// There was more.
        is_cut: bool,
    },
    /// It should have text, but cannot be read.
    Unreadable {
        /// Why, in words.
        reason: String,
    },
    /// It is of a type that has no text, or none that is read here.
    Unknown,
}

impl Reading {
    fn unreadable(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, outcome: Outcome::Unreadable { reason: reason.into() } }
    }
}

/// Why a file cannot be read, in words.
type Refusal = &'static str;

/// What is left of the limits of one file, shared by all that lies in it.
struct Budget {
    /// When to stop and give back what is there.
    until: Instant,
    /// Files within files from here on.
    depth: u32,
}

impl Budget {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// Reads a file in this process. Only for the child: nothing here bounds memory.
fn read(file: &File<'_>) -> Reading {
    let budget = Budget { until: Instant::now() + PATIENCE, depth: DEPTH_MAX };
    let mut text = Text::new(TEXT_BYTES_MAX);
    match read_into(file, &mut text, &budget) {
        (kind, _) if !kind.is_read() => Reading { kind, outcome: Outcome::Unknown },
        // Half a file is better than none.
        (kind, Err(reason)) if text.is_blank() => Reading::unreadable(kind, reason),
        (kind, result) => {
            let (text, is_cut) = text.finish();
            let is_cut = is_cut || result.is_err();
            Reading { kind, outcome: Outcome::Read { text, is_cut } }
        }
    }
}

/// Adds what a file says to `text`; what was added stays when it breaks off.
fn read_into(file: &File<'_>, text: &mut Text, budget: &Budget) -> (Kind, Result<(), Refusal>) {
    let mut kind = kind::of(file);
    let result = match kind {
        Kind::Pdf => pdf::read(file.bytes, text, budget),
        Kind::Html => plain::read_html(file.bytes, text),
        Kind::Calendar => calendar::read(file.bytes, text),
        Kind::Text | Kind::Csv => plain::read(file.bytes, text),
        Kind::Message => message::read(file.bytes, text, budget),
        Kind::Archive => match archive::Archive::open(file.bytes) {
            Ok(mut archive) => {
                kind = archive.kind();
                match kind {
                    Kind::Docx => office::read_document(&mut archive, text, budget),
                    Kind::Pptx => office::read_slides(&mut archive, text, budget),
                    Kind::Xlsx => sheets::read(&mut archive, text, budget),
                    Kind::Odt | Kind::Ods | Kind::Odp => odf::read(&mut archive, text, budget),
                    _ => archive.read_names(text),
                }
            }
            Err(reason) => {
                kind = kind::guess(file.name, file.mime_type);
                Err(reason)
            }
        },
        _ => Ok(()),
    };
    (kind, result)
}
