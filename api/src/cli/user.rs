//! `ayushma user`.

use std::process::ExitCode;

use anyhow::{anyhow, ensure};
use clap::{Args, Subcommand};
use commands::{accounts::AccountError, erasure::ErasureError, execute::ExecuteError};
use domain::{ids::UserId, user::UserError, values::Email};

use super::{
    createsuperuser::email,
    erasure::say_outcome,
    in_process::{BackgroundWork, context, finish_erasure, wait_until_readable, with_app},
};
use crate::{app::App, config::Settings, shutdown::Shutdown, terminal::say};

/// Close an account for the time being, open it again, let somebody audit, or erase a person
///
/// Nobody can log in to an inactive account or use its tokens; everything that belongs to it stays. Works while the server
/// runs and without it; it has to be given the same DATA_DIR or DATABASE_URL.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma user deactivate --email asha@example.com
  ayushma user activate --email asha@example.com
  ayushma user appoint-auditor --email asha@example.com
  ayushma user erase --email asha@example.com --yes")]
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
    /// Give the auditor's role, which reads histories and changes nothing, to somebody with no other role
    AppointAuditor(Of),
    /// Take the auditor's role away
    DismissAuditor(Of),
    /// Delete the account, and destroy for good what was ever written by and about the person
    Erase(Erase),
}

#[derive(Debug, Args)]
struct Of {
    /// The account's e-mail address
    #[arg(long, value_parser = email)]
    email: Email,
}

#[derive(Debug, Args)]
struct Erase {
    /// The account's e-mail address
    #[arg(long, value_parser = email, required_unless_present = "id", conflicts_with = "id")]
    email: Option<Email>,

    /// The person's id, also if the account was deleted
    #[arg(long)]
    id: Option<UserId>,

    /// It cannot be undone
    #[arg(long)]
    yes: bool,
}

impl User {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        match self.change {
            Change::Deactivate(of) => set_active(&of.email, false, settings, shutdown).await?,
            Change::Activate(of) => set_active(&of.email, true, settings, shutdown).await?,
            Change::AppointAuditor(of) => set_auditor(&of.email, true, settings, shutdown).await?,
            Change::DismissAuditor(of) => set_auditor(&of.email, false, settings, shutdown).await?,
            Change::Erase(erase) => {
                ensure!(erase.yes, "what is erased can never be read again: add --yes if it shall be so");
                with_app(settings, shutdown, BackgroundWork::ProjectingAndWorking, async |app| erase.run(app).await)
                    .await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn set_active(email: &Email, active: bool, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<()> {
    with_app(settings, shutdown, BackgroundWork::Projecting, async |app| {
        let committed = app.accounts.set_active(email, active, &context(app)).await.map_err(plain)?;
        wait_until_readable(app, &committed).await;
        Ok(())
    })
    .await?;
    say(&format!("{email} {}", if active { "can be used" } else { "cannot be used any more" }));
    Ok(())
}

async fn set_auditor(email: &Email, is_auditor: bool, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<()> {
    with_app(settings, shutdown, BackgroundWork::Projecting, async |app| {
        let user = app.accounts.owner_of_email(email).await?.ok_or_else(nobody)?;
        let committed = app.accounts.set_auditor(user, is_auditor, &context(app)).await.map_err(plain)?;
        wait_until_readable(app, &committed).await;
        Ok(())
    })
    .await?;
    say(&format!("{email} is {} auditor", if is_auditor { "an" } else { "no" }));
    Ok(())
}

impl Erase {
    async fn run(&self, app: &App) -> anyhow::Result<()> {
        let user = match (self.id, &self.email) {
            (Some(id), _) => Some(id),
            (None, Some(email)) => app.accounts.owner_of_email(email).await?,
            (None, None) => None,
        };
        let user = user.ok_or_else(nobody)?;
        let committed = app.erasure.erase_person(user, &context(app)).await.map_err(|error| match error {
            ErasureError::Person(ExecuteError::Refused(_)) => nobody(),
            error => error.into(),
        })?;
        finish_erasure(app, &committed).await?;
        say_outcome(app, user.into()).await
    }
}

fn nobody() -> anyhow::Error {
    anyhow!("there is no account with this e-mail address or id")
}

fn plain(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Execute(ExecuteError::Refused(UserError::NotFound)) => {
            anyhow!("there is no account with this e-mail address")
        }
        error => error.into(),
    }
}
