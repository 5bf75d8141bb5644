//! The folder of shared test data, where there is one.

use std::path::PathBuf;

/// A file or folder of it: below `POSTROOM_DATA`, or beside the repository. `None`, said aloud,
/// where neither is there.
pub(in super::super) fn data(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let root = std::env::var_os("POSTROOM_DATA").map_or_else(beside, PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}
