//! Logs: to standard error, as text for people or as JSON for machines.
//!
//! Nothing personal and no secret may reach a log line, which is why a panic's message is left out.

use std::{io::IsTerminal, panic};

use anyhow::Context;
use commands::event_log;
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

use crate::config::{LogFormat, Settings};

/// Log filter for a library that repeats itself. `LOG` may turn it on.
const QUIET: &str = "sqlx=warn";

/// Starts logging and reports panics there. Call it once, before anything else runs.
///
/// # Errors
/// If `LOG` is not a valid filter, or logging was started before.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{},{}", event_log::QUIET, settings.log))
        .context("LOG is no filter such as info or info,event_log=debug")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // The subscriber would report a failed write to standard error on standard error, and panic if that fails too:
        // a full disk or a closed pipe must cost log lines, not the server.
        .log_internal_errors(false);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        tracing::error!(place, "a panic: this is a bug, please report the place");
    }));
    Ok(())
}
