//! x
/// x
pub fn main() -> std::process::ExitCode { std::process::ExitCode::SUCCESS }
#[allow(missing_docs)]
pub mod demo;
