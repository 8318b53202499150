//! `ayushma chat`.

use std::process::ExitCode;

use anyhow::{anyhow, ensure};
use clap::{Args, Subcommand};
use commands::{erasure::ErasureError, execute::ExecuteError};
use domain::{chat::ChatError, ids::ChatId};

use super::{
    erasure::say_outcome,
    in_process::{BackgroundWork, context, finish_erasure, with_app},
};
use crate::{config::Settings, shutdown::Shutdown};

/// Erase a chat that was made with an API key
///
/// Such a chat belongs to no account; the chats of people are erased with them (`ayushma user erase`).
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma chat erase --id 7f81988b-3811-448c-b9e3-01709e573ae6 --yes")]
pub(super) struct Chat {
    #[command(subcommand)]
    change: Change,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Destroy for good what was ever said in it
    Erase(Erase),
}

#[derive(Debug, Args)]
struct Erase {
    /// The chat's id
    #[arg(long)]
    id: ChatId,

    /// It cannot be undone
    #[arg(long)]
    yes: bool,
}

impl Chat {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let Change::Erase(Erase { id, yes }) = self.change;
        ensure!(yes, "what is erased can never be read again: add --yes if it shall be so");
        with_app(settings, shutdown, BackgroundWork::ProjectingAndWorking, async |app| {
            let committed = app.erasure.erase_chat(id, &context(app)).await.map_err(plain)?;
            finish_erasure(app, &committed).await?;
            say_outcome(app, id.into()).await
        })
        .await?;
        Ok(ExitCode::SUCCESS)
    }
}

fn plain(error: ErasureError) -> anyhow::Error {
    match error {
        ErasureError::Chat(ExecuteError::Refused(ChatError::BelongsToPerson)) => {
            anyhow!("the chat belongs to a person: it is erased with `ayushma user erase`")
        }
        ErasureError::Chat(ExecuteError::Refused(_)) => anyhow!("there is no chat with this id"),
        error => error.into(),
    }
}
