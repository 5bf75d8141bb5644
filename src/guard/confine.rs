//! A process with nothing but its three streams: for reading a stranger's file.

use super::{Error, Locked};

/// Takes everything away from this process but its memory and the streams it has: no file can be
/// opened, no process or thread started, no socket made, and no more than `memory_bytes` of address
/// space taken. An ended process leaves no image of its memory behind. For the rest of its life.
///
/// Calls that are not on the list of those a running Rust program needs fail as not permitted, so
/// what is new in a kernel is refused as well.
///
/// # Errors
/// The kernel does not take the filter or a limit. Go no further then.
pub fn confine(memory_bytes: u64) -> Result<Locked, Error> {
    limits::set(memory_bytes)?;
    filter()
}

/// The kernel ends this process when it has used `seconds` more of processor time.
///
/// # Errors
/// The kernel does not take the limit.
pub fn allow_processor_seconds(seconds: u64) -> Result<(), Error> {
    limits::set_processor(seconds)
}

#[cfg(unix)]
mod limits {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    use crate::guard::Error;

    /// Standard input, output and error.
    const STREAMS: u64 = 3;

    pub(super) fn set(memory_bytes: u64) -> Result<(), Error> {
        limit(Resource::As, memory_bytes, Some(memory_bytes), "memory")?;
        limit(Resource::Core, 0, Some(0), "images of memory")?;
        limit(Resource::Fsize, 0, Some(0), "files")?;
        limit(Resource::Nofile, STREAMS, Some(STREAMS), "open files")
    }

    pub(super) fn set_processor(seconds: u64) -> Result<(), Error> {
        // A whole second is begun: the kernel counts in whole ones.
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.max(0).cast_unsigned() + 1;
        limit(Resource::Cpu, used + seconds, None, "processor time")
    }

    fn limit(of: Resource, most: u64, ever: Option<u64>, what: &str) -> Result<(), Error> {
        setrlimit(of, Rlimit { current: Some(most), maximum: ever })
            .map_err(|error| Error::Lock { reason: format!("limiting {what}: {error}") })
    }
}

#[cfg(not(unix))]
mod limits {
    use crate::guard::Error;

    pub(super) fn set(_memory_bytes: u64) -> Result<(), Error> {
        Ok(())
    }

    pub(super) fn set_processor(_seconds: u64) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn filter() -> Result<Locked, Error> {
    use seccompiler::SeccompAction;

    /// What a program on one thread needs that reads, writes, computes and ends.
    const NEEDED: &[i64] = &[
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_tgkill,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut rules: std::collections::BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
        NEEDED.iter().map(|number| (*number, Vec::new())).collect();
    // Its own limits alone: the first argument names the process.
    let own = seccompiler::SeccompCondition::new(
        0,
        seccompiler::SeccompCmpArgLen::Dword,
        seccompiler::SeccompCmpOp::Eq,
        0,
    )
    .and_then(|is_own| seccompiler::SeccompRule::new(vec![is_own]))
    .map_err(|error| Error::Lock { reason: error.to_string() })?;
    rules.insert(libc::SYS_prlimit64, vec![own]);
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    super::lock::apply(rules, refuse, SeccompAction::Allow)
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn filter() -> Result<Locked, Error> {
    super::lock()
}
