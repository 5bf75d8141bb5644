//! How a command says that it could not.

use std::error::Error as StdError;
use std::io;
use std::path::Path;

/// Exit status: could not.
pub(super) const COULD_NOT: u8 = 1;
/// Exit status: asked wrongly.
pub(super) const ASKED_WRONGLY: u8 = 2;
/// Exit status: held back until a person approves, or a check blocks.
pub(super) const HELD_BACK: u8 = 3;

/// Why a command ends without having done its work: one line, and what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: u8,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The reader of our output is gone: that is success.
    pub(super) closed_pipe: bool,
}

impl Failure {
    pub(super) fn new(status: u8, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None, closed_pipe: false }
    }

    pub(super) fn could_not(message: impl Into<String>) -> Self {
        Self::new(COULD_NOT, message)
    }

    pub(super) fn asked_wrongly(message: impl Into<String>) -> Self {
        Self::new(ASKED_WRONGLY, message)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A file or folder that cannot be made or written.
    pub(super) fn writing(path: &Path, error: &io::Error) -> Self {
        let failure = Self::could_not(format!("writing {}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                failure.hint("you may not write there: name another place")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.hint("free some space, or name a place on another disk")
            }
            io::ErrorKind::NotFound => failure.hint("is there such a folder?"),
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                failure.hint("a file is no folder: check the path")
            }
            _ => failure.hint("check the path, or name another place"),
        }
    }

    /// From any room's error: the chain of causes on one line.
    pub(super) fn from_error(error: &dyn StdError) -> Self {
        Self::could_not(chain(error))
    }
}

/// An error and its causes, each said once.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let mut failure = Self::could_not(format!("writing the answer: {error}"));
        failure.closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        failure.hint(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "the disk the answer goes to is full: free some space"
            }
            _ => "standard output cannot be written: send it elsewhere",
        })
    }
}

impl From<crate::store::Error> for Failure {
    fn from(error: crate::store::Error) -> Self {
        use crate::store::Error;
        let failure = Self::from_error(&error);
        match &error {
            _ if error.is_disk_full() => {
                failure.hint("free some space and run it again: nothing was lost")
            }
            Error::Missing { .. } => Self::could_not("there is no mail here yet").hint(
                "`postroom import PATH` reads existing mail, `postroom demo` shows it with made-up mail",
            ),
            Error::Newer { .. } => failure.hint("use the newer postroom that wrote it"),
            Error::Foreign { path } => failure.hint(format!(
                "move {} away, or name another folder with --home",
                path.display()
            )),
            Error::NoMessage { .. } => {
                failure.hint("ids come from `postroom search` and `postroom triage`; mid:<…> works too")
            }
            Error::NoLetter { .. } => failure.hint("`postroom outbox` lists the letters"),
            Error::Undo { .. } => {
                failure.hint("`postroom log` lists the changes, `postroom undo N` takes back one")
            }
            Error::LetterState { .. } => {
                let mut failure = failure.hint("`postroom outbox` says where each letter stands");
                failure.status = HELD_BACK;
                failure
            }
            Error::Damaged { .. } => {
                failure.hint("`postroom doctor` checks the whole store; import that mail again")
            }
            _ if error.is_busy() => failure.hint("another postroom is writing: wait for it"),
            _ => failure,
        }
    }
}

impl From<crate::search::Error> for Failure {
    fn from(error: crate::search::Error) -> Self {
        use crate::search::Error;
        match error {
            Error::Query(error) => error.into(),
            Error::Busy { .. } => Self::from_error(&error).hint("wait until it is done"),
            _ if error.is_disk_full() => Self::from_error(&error)
                .hint("free some space and run it again: it goes on where it stopped"),
            Error::Rebuild { .. } | Error::OtherModel { .. } => Self::from_error(&error)
                .hint("`postroom index rebuild` makes it anew from the mail"),
            error => Self::from_error(&error),
        }
    }
}

impl From<crate::search::ParseError> for Failure {
    fn from(error: crate::search::ParseError) -> Self {
        let hint = error.hint.clone();
        let failure = Self::asked_wrongly(error.to_string());
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}

impl From<crate::guard::Error> for Failure {
    fn from(error: crate::guard::Error) -> Self {
        Self::from_error(&error)
    }
}

impl From<crate::models::Error> for Failure {
    fn from(error: crate::models::Error) -> Self {
        use crate::models::{Error, HeaderError};
        let failure = Self::from_error(&error);
        match &error {
            _ if error.is_disk_full() => {
                failure.hint("free some space and run it again: it goes on where it stopped")
            }
            Error::BadName { .. } => Self { status: ASKED_WRONGLY, ..failure }
                .hint("`postroom model add FILE --name NAME` gives it another"),
            Error::Log(_) => {
                failure.hint("no connection is opened that cannot be written down; is there room?")
            }
            Error::Unknown { .. } => {
                Self { status: ASKED_WRONGLY, ..failure }
                    .hint("`postroom model list` names them; OWNER/REPO/FILE.gguf fetches any other")
            }
            Error::NotHere { name } => {
                failure.hint(format!("`postroom model fetch {name}` fetches it, `model list` says what is here"))
            }
            Error::NameTaken { .. } => failure
                .hint("`postroom model remove` the other, or `model add FILE --name NAME`"),
            Error::HereAlready { name, .. } => failure.hint(format!("`postroom model use {name}`")),
            Error::NotAFile { .. } => failure.hint("name one .gguf file"),
            Error::Busy { .. } => failure.hint("wait until it is done"),
            Error::Read { .. } => failure.hint("is the path right, and may you read it?"),
            Error::Write { path, .. } => {
                failure.hint(format!("may you write {}?", path.display()))
            }
            Error::LockFile { path, .. } => failure.hint(format!(
                "move {} away and `postroom model add` the files beside it again",
                path.display()
            )),
            Error::Header { source, .. } => failure.hint(match source {
                HeaderError::Truncated { .. } => "download or copy it again",
                HeaderError::Part(_) => "merge the parts first (llama.cpp's `llama-gguf-split --merge`)",
                _ => "a writer is one GGUF file of a language model: Qwen3, Qwen2, Llama, SmolLM",
            }),
            Error::Endpoint { .. } => {
                Self { status: ASKED_WRONGLY, ..failure }
                    .hint("[models] endpoint in the config, for example \"https://huggingface.co\"")
            }
            Error::Answered { status: 401 | 403, .. } => failure
                .hint("it wants a login: download it with your browser, then `postroom model add FILE`"),
            Error::Answered { status: 404 | 410, .. } => {
                failure.hint("it is not there any more: download another, then `postroom model add FILE`")
            }
            Error::Answered { .. } => failure.hint("try again later: it goes on where it stopped"),
            Error::Connect { .. } | Error::BrokenOff { .. } => {
                failure.hint("look at the network and run it again: it goes on where it stopped")
            }
            Error::WrongDigest { .. } => failure.hint(
                "nothing was kept; run it again, and if it stays so, something between you and the hub changes files",
            ),
            Error::NotPinned { .. } | Error::WrongSize { .. } | Error::Undeclared { .. } | Error::Redirect { .. } => failure.hint(
                "nothing was fetched; is [models] endpoint right? A file you trust: `postroom model add FILE`",
            ),
            _ => failure,
        }
    }
}
