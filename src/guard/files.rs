//! The file lock: Landlock.

use std::path::Path;

use super::{Error, Locked};

/// From now on this process and its children write, make, rename and remove files nowhere but in
/// `places` (folders with all below, or files); what does not exist is left out. Reading stays. Must be
/// called before a second thread exists. Kernels before 5.13, or without Landlock, have no such lock.
///
/// # Errors
/// The kernel has the lock and does not take it. Go no further then.
#[cfg(target_os = "linux")]
pub fn keep_files(places: &[&Path]) -> Result<Locked, Error> {
    use landlock::{
        ABI, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
    };

    let writing = AccessFs::from_write(ABI::V3);
    let failed = |error: landlock::RulesetError| Error::Lock { reason: error.to_string() };
    let status = Ruleset::default()
        .handle_access(writing)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(landlock::path_beneath_rules(places, writing)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(failed)?;
    Ok(match status.ruleset {
        RulesetStatus::NotEnforced => Locked::Not,
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Locked::ByKernel,
    })
}

/// Whether this kernel has such a lock.
#[cfg(target_os = "linux")]
pub(super) fn has_file_lock() -> bool {
    use landlock::{AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};

    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::MakeReg)
        .and_then(Ruleset::create)
        .is_ok()
}

/// This system has no such lock.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn keep_files(_places: &[&Path]) -> Result<Locked, Error> {
    Ok(Locked::Not)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn has_file_lock() -> bool {
    false
}
