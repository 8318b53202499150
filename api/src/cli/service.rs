//! `ayushma service`: hospitals' clients and their API keys.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use domain::{
    ids::{ApiKeyId, ServiceId},
    service::{ServiceAuthority, Terms},
    values::{Email, ServiceName, TextError, Title},
};
use projections::{
    Views,
    listing::{Page, Window},
    services::{self, ServiceView},
};
use secrecy::ExposeSecret as _;

use super::{
    create_project::title,
    createsuperuser::email,
    in_process::{BackgroundWork, context, wait_until_readable, with_app, with_database},
};
use crate::{app::App, config::Settings, shutdown::Shutdown, terminal::say};

/// The rights of these commands: who runs the server may administer all services, whoever owns them.
const AUTHORITY: ServiceAuthority = ServiceAuthority::Superuser;
/// How many services are read at a time.
const PAGE: i64 = 100;

/// Manage the clients of hospitals that use API keys
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Example:
  id=$(ayushma service create --name 'Ward tablets' --owner you@example.com --allow-key)
  ayushma service issue-key --service $id --title 'Tablet 3'
  ayushma service list")]
pub(super) enum Service {
    /// Make a service, and print its id
    Create(Create),
    /// Show all services with their keys' ids and titles
    List,
    /// Make an API key, and print it: it is shown only this once
    IssueKey(IssueKey),
    /// Refuse an API key from now on, and every temp token that was made with it
    RevokeKey(RevokeKey),
    /// Delete a service: its keys are refused from now on
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What it is called: at most 100 characters
    #[arg(long, value_parser = name)]
    name: ServiceName,

    /// E-mail address of the account that answers for it: its temp tokens act as this person
    #[arg(long, value_parser = email)]
    owner: Email,

    /// Let it use the server's own provider key
    #[arg(long)]
    allow_key: bool,
}

#[derive(Debug, Args)]
pub(super) struct IssueKey {
    /// The service's id
    #[arg(long)]
    service: ServiceId,

    /// What the key is called: at most 50 characters
    #[arg(long, value_parser = title)]
    title: Title,
}

#[derive(Debug, Args)]
pub(super) struct RevokeKey {
    /// The key's id, as `ayushma service list` shows it
    key: ApiKeyId,
}

#[derive(Debug, Args)]
pub(super) struct Delete {
    /// The service's id
    service: ServiceId,
}

fn name(text: &str) -> Result<ServiceName, TextError> {
    ServiceName::parse(text)
}

impl Service {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let helps = BackgroundWork::Projecting;
        let lines = match self {
            Self::Create(create) => with_app(settings, shutdown, helps, async |app| create.run(app).await).await,
            Self::List => with_database(settings, shutdown, async |pool| list(&Views::beside(pool)).await).await,
            Self::IssueKey(issue) => with_app(settings, shutdown, helps, async |app| issue.run(app).await).await,
            Self::RevokeKey(revoke) => with_app(settings, shutdown, helps, async |app| revoke.run(app).await).await,
            Self::Delete(delete) => with_app(settings, shutdown, helps, async |app| delete.run(app).await).await,
        }?;
        for line in &lines {
            say(line);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    async fn run(self, app: &App) -> anyhow::Result<Vec<String>> {
        let Self { name, owner, allow_key } = self;
        let found = app.accounts.owner_of_email(&owner).await?;
        let owner = found.with_context(|| format!("there is no account with the e-mail address {owner}"))?;
        let id = ServiceId::new(app.clock.new_id());
        let made = app.services.create(id, AUTHORITY, Terms { name, allow_key, owner }, &context(app)).await?;
        wait_until_readable(app, &made).await;
        Ok(vec![id.to_string()])
    }
}

impl IssueKey {
    async fn run(self, app: &App) -> anyhow::Result<Vec<String>> {
        let id = ApiKeyId::new(app.clock.new_id());
        let issued = app.services.issue_key(self.service, AUTHORITY, (id, self.title), &context(app)).await?;
        wait_until_readable(app, &issued.committed).await;
        Ok(vec![issued.key.expose_secret().to_owned()])
    }
}

impl RevokeKey {
    async fn run(self, app: &App) -> anyhow::Result<Vec<String>> {
        let service = app.services.service_of(self.key).await?;
        let service = service.context("there is no such key, or it was revoked before")?;
        let revoked = app.services.revoke_key(service, AUTHORITY, self.key, &context(app)).await?;
        wait_until_readable(app, &revoked).await;
        Ok(vec![])
    }
}

impl Delete {
    async fn run(self, app: &App) -> anyhow::Result<Vec<String>> {
        let deleted = app.services.delete(self.service, AUTHORITY, &context(app)).await?;
        wait_until_readable(app, &deleted).await;
        Ok(vec![])
    }
}

/// The lines of all services, each with its keys below it.
async fn list(views: &Views) -> anyhow::Result<Vec<String>> {
    let keys = services::all_keys(views).await?;
    let mut lines = Vec::new();
    let mut offset = 0;
    loop {
        let window = Window { limit: PAGE, offset, ..Window::default() };
        let Page { results, has_next, .. } = services::list(views, None, &[], &window).await?;
        for service in results {
            lines.push(line_of(&service));
            let own = keys.iter().filter(|key| key.service == service.external_id);
            lines.extend(own.map(|key| format!("  key {}  {}", key.external_id, key.title)));
        }
        if !has_next {
            return Ok(lines);
        }
        offset += PAGE;
    }
}

fn line_of(service: &ServiceView) -> String {
    let allowance = if service.allow_key { "may use" } else { "may not use" };
    format!("{}  {} ({allowance} the server's provider key)", service.external_id, service.name)
}
