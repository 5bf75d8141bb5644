//! The socket lock: a seccomp filter.

/// How well the process is locked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// The kernel refuses every socket from now on, to this process and its children.
    ByKernel,
    /// This system has no such filter here; nothing is enforced.
    Not,
}

/// Takes sockets of every family and `io_uring` away, for the rest of this process's life and for
/// every process it starts. Must be called before a second thread exists. Pipes and files stay.
///
/// Reaching into another process (`ptrace`, `pidfd_getfd`, `process_vm_writev`) is refused too: it
/// could borrow a socket from there. Each number is refused in its x32 form as well, which the same
/// kernel may serve.
///
/// # Errors
/// The kernel does not take the filter, or a socket is open already that whoever started this process
/// left to it (standard streams aside). Go no further then.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn lock() -> Result<Locked, super::Error> {
    use std::collections::BTreeMap;

    use seccompiler::SeccompAction;

    const X32: i64 = 0x4000_0000;
    let refused = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_ptrace,
        libc::SYS_pidfd_getfd,
        libc::SYS_process_vm_writev,
    ];
    let mut rules = BTreeMap::new();
    for number in refused {
        rules.insert(number, Vec::new());
        if cfg!(target_arch = "x86_64") {
            rules.insert(number | X32, Vec::new());
        }
    }
    if let Some(number) = open_socket() {
        let reason = format!("descriptor {number} is a socket, left open by what started Postroom");
        return Err(super::Error::Lock { reason });
    }
    apply(rules, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))
}

/// The number of a descriptor above standard error that is a socket.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn open_socket() -> Option<u32> {
    let listed = std::fs::read_dir("/proc/self/fd").ok()?;
    listed.filter_map(Result::ok).find_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let target = std::fs::read_link(entry.path()).ok()?;
        (number > 2 && target.to_str()?.starts_with("socket:")).then_some(number)
    })
}

/// Has the kernel do `matched` with the calls of `rules` and `others` with all others, from now on.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn apply(
    rules: std::collections::BTreeMap<i64, Vec<seccompiler::SeccompRule>>,
    others: seccompiler::SeccompAction,
    matched: seccompiler::SeccompAction,
) -> Result<Locked, super::Error> {
    use seccompiler::{BpfProgram, SeccompFilter, TargetArch};

    let arch = if cfg!(target_arch = "x86_64") { TargetArch::x86_64 } else { TargetArch::aarch64 };
    let failed = |reason: String| super::Error::Lock { reason };
    let filter = SeccompFilter::new(rules, others, matched, arch)
        .map_err(|error| failed(error.to_string()))?;
    let program: BpfProgram =
        filter.try_into().map_err(|error: seccompiler::BackendError| failed(error.to_string()))?;
    seccompiler::apply_filter(&program).map_err(|error| failed(error.to_string()))?;
    Ok(Locked::ByKernel)
}

/// There is no such filter on this system: says so.
///
/// # Errors
/// None here.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub fn lock() -> Result<Locked, super::Error> {
    Ok(Locked::Not)
}
