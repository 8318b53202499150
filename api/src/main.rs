//! The binary `ayushma`.

use std::{
    env,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The environment variables that mimalloc reads before `main`. With them, freed memory returns to the system at once.
/// By default it stays for a while, and simultaneous uploads need a third more memory.
const SETTINGS: [(&str, &str); 2] = [("MIMALLOC_ARENA_RESERVE", "0"), ("MIMALLOC_PURGE_DELAY", "0")];

fn main() -> ExitCode {
    begin_again_with_settings();
    api::cli::main()
}

/// Replaces this process by the same program with the allocator's settings, if the command is `serve` and neither
/// variable is set. If that fails, the process goes on without them.
fn begin_again_with_settings() {
    let serves = env::args_os().skip(1).any(|argument| argument == "serve");
    let is_set = SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some());
    let (true, false, Ok(program)) = (serves, is_set, env::current_exe()) else { return };
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into());
    drop(Command::new(program).arg0(name).args(arguments).envs(SETTINGS).exec());
}
