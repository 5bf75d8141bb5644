//! What other programs fetched from the hub already: the Hugging Face cache of this user.
//!
//! The layout (`models--OWNER--REPO/snapshots/COMMIT/FILE`) is that of `huggingface_hub` and of
//! hf-hub, whose [`Cache`] finds it; neither checks what it holds, so whoever takes a file from here
//! reads it through first.

use std::path::PathBuf;

use hf_hub::{Cache, Repo, RepoType};

/// The cache of files fetched from the hub by whatever program.
#[derive(Debug, Clone)]
pub struct HubCache(Cache);

impl HubCache {
    /// The one in `folder`, which need not be there.
    pub fn at(folder: PathBuf) -> Self {
        Self(Cache::new(folder))
    }

    /// This user's: in `HF_HOME`, else below the home folder; nothing where there is neither.
    pub fn of_user() -> Option<Self> {
        let known = ["HF_HOME", "HOME"].iter().any(|name| std::env::var_os(name).is_some());
        known.then(|| Self(Cache::from_env()))
    }

    /// A file of this repository at this commit, if it is there with this size.
    pub(super) fn find(
        &self,
        repository: &str,
        commit: &str,
        file: &str,
        bytes: u64,
    ) -> Option<PathBuf> {
        let repo = Repo::with_revision(repository.to_owned(), RepoType::Model, commit.to_owned());
        let path = self.0.repo(repo).pointer_path(commit).join(file);
        let there = std::fs::metadata(&path).is_ok_and(|at| at.is_file() && at.len() == bytes);
        there.then_some(path)
    }
}
