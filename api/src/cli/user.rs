//! `ayushma user`.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use commands::{accounts::AccountError, execute::ExecuteError};
use domain::{user::UserError, values::Email};

use super::{
    createsuperuser::email,
    in_process::{Helps, context, wait_until_readable, with_app},
    say,
};
use crate::{config::Settings, shutdown::Shutdown};

/// Close an account for the time being, or open it again
///
/// Nobody can log in to an inactive account or use its tokens; everything that belongs to it stays. Works while the server
/// runs and without it; it has to be given the same DATA_DIR or DATABASE_URL.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma user deactivate --email asha@example.com
  ayushma user activate --email asha@example.com")]
pub(super) struct User {
    #[command(subcommand)]
    change: Change,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Close the account
    Deactivate(Of),
    /// Open the account again
    Activate(Of),
}

#[derive(Debug, Args)]
struct Of {
    /// The account's e-mail address
    #[arg(long, value_parser = email)]
    email: Email,
}

impl User {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let (email, active) = match self.change {
            Change::Deactivate(of) => (of.email, false),
            Change::Activate(of) => (of.email, true),
        };
        with_app(settings, shutdown, Helps::Projecting, async |app| {
            let committed = app.accounts.set_active(&email, active, &context(app)).await.map_err(plain)?;
            wait_until_readable(app, &committed).await;
            Ok(())
        })
        .await?;
        say(&format!("{email} {}", if active { "can be used" } else { "cannot be used any more" }));
        Ok(ExitCode::SUCCESS)
    }
}

fn plain(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Execute(ExecuteError::Refused(UserError::NotFound)) => {
            anyhow!("there is no account with this e-mail address")
        }
        error => error.into(),
    }
}
