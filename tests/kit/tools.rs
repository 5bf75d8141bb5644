//! Outside programs: missing ones skip a test on a laptop and fail it in CI.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether `program` can be started. In CI it must: `scripts/test` installs it.
#[track_caller]
pub(crate) fn have(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()));
    if !found {
        missing(&format!("{program} is not installed"));
    }
    found
}

/// Says that a test is skipped; in CI that is a failure.
#[track_caller]
pub(crate) fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what}: in CI nothing is skipped");
    eprintln!("skipped: {what}");
}

/// Whether the wrapped command works here at all: containers forbid some of them.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == "0")
}

/// A file system in memory of `kilobytes`, unmounted when dropped; nothing where it may not be
/// mounted.
pub(crate) struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    pub(crate) fn mount(place: &Path, kilobytes: u32) -> Option<Self> {
        std::fs::create_dir_all(place).expect("a place to mount");
        let place_text = super::text(place);
        let size = format!("size={kilobytes}k");
        let mounted = works("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &place_text]);
        mounted.then(|| Self { place: place.to_path_buf() })
    }

    /// Makes it larger, as a person does who deletes something else.
    pub(crate) fn grow(&self, kilobytes: u32) {
        let size = format!("remount,size={kilobytes}k");
        assert!(works("mount", &["-o", &size, &super::text(&self.place)]), "it can be made larger");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = works("umount", &["-l", &super::text(&self.place)]);
    }
}
