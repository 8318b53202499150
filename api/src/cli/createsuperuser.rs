//! `ayushma createsuperuser`.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;
use commands::accounts::{AccountError, PasswordFault, Registration, check_rules};
use domain::{
    ids::UserId,
    user::Roles,
    values::{Email, FullName, TextError, Username},
};
use projections::users;
use secrecy::ExposeSecret as _;

use super::{
    in_process::{BackgroundWork, context, wait_until_readable, with_new_app},
    password_from_stdin,
};
use crate::{config::Settings, shutdown::Shutdown, terminal::say};

/// Make an account that may do everything
///
/// Works while the server runs and without it; it has to be given the same DATA_DIR or DATABASE_URL.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  echo 'a long pass phrase' | ayushma createsuperuser --email you@example.com --username you --password-stdin")]
pub(super) struct CreateSuperuser {
    /// The e-mail address to log in with
    #[arg(long, value_parser = email)]
    email: Email,

    /// The name that others see: letters, digits and @ . + - _
    #[arg(long, value_parser = username)]
    username: Username,

    /// The person's name [default: the username]
    #[arg(long, value_parser = full_name)]
    full_name: Option<FullName>,

    /// Read the password from the first line of standard input, so that no list of processes shows it
    #[arg(long, required = true)]
    password_stdin: bool,
}

pub(super) fn email(text: &str) -> Result<Email, TextError> {
    Email::parse(text)
}

fn username(text: &str) -> Result<Username, TextError> {
    Username::parse(text)
}

fn full_name(text: &str) -> Result<FullName, TextError> {
    FullName::parse(text)
}

impl CreateSuperuser {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let Self { email, username, full_name, password_stdin: _ } = self;
        // A username may be longer than a person's name.
        let short: String = username.as_str().chars().take(FullName::MAX_CHARS).collect();
        let full_name = full_name.map_or_else(|| FullName::parse(&short), Ok).context("--full-name is needed")?;
        let password = password_from_stdin().await?;
        let about =
            [("username", username.as_str()), ("email address", email.as_str()), ("full name", full_name.as_str())];
        let faults = check_rules(password.expose_secret(), &about);
        if !faults.is_empty() {
            bail!("{}", faults.into_iter().map(PasswordFault::message).collect::<Vec<_>>().join(" "));
        }
        let done = format!("{username} can log in now with {email}");
        let registration = Registration { username, email, full_name, password, roles: Roles::ALL };
        with_new_app(settings, shutdown, BackgroundWork::Projecting, async |app| {
            let is_taken = users::has_username_in_any_case(&app.views, registration.username.as_str()).await?;
            ensure!(!is_taken, "the username is taken: choose another one");
            let id = UserId::new(app.clock.new_id());
            let committed = app.accounts.register(id, registration, &context(app)).await.map_err(plain)?;
            wait_until_readable(app, &committed).await;
            Ok(())
        })
        .await?;
        say(&done);
        Ok(ExitCode::SUCCESS)
    }
}

fn plain(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Taken { email: true, username: true } => anyhow!("the e-mail address and the username are taken"),
        AccountError::Taken { email: true, .. } => anyhow!("the e-mail address is taken: there is an account with it"),
        AccountError::Taken { .. } => anyhow!("the username is taken: choose another one"),
        error => error.into(),
    }
}
