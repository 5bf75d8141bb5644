//! The `postroom` program: see [`postroom::cli::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    postroom::cli::main()
}
