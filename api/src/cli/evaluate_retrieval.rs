//! `ayushma evaluate-retrieval`.

use std::process::ExitCode;

use clap::Args;

use crate::shutdown::Shutdown;

/// Measure how well a running server finds the documents that answer questions
#[derive(Debug, Args)]
pub(super) struct EvaluateRetrieval {}

impl EvaluateRetrieval {
    pub(super) async fn run(self, _: &Shutdown) -> anyhow::Result<ExitCode> {
        anyhow::bail!("not there yet")
    }
}
