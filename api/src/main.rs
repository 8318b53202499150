//! The binary `ayushma`.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::cli::main()
}
