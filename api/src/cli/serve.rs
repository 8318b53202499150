//! `ayushma serve`.

use std::process::ExitCode;

use clap::Args;
use http_api::config::HttpSettings;

use crate::{
    config::{Settings, check_public_url},
    serve::{Role, serve},
    shutdown::Shutdown,
};

/// Serve the HTTP API and do the work behind it, until Ctrl-C
///
/// Without DATABASE_URL it starts a PostgreSQL of its own in the data folder, and stops it at the end. Ctrl-C or SIGTERM
/// lets requests finish; answers that are not complete after 5 seconds end with what there is of them, unfinished jobs are
/// given back, and after 10 seconds at most the process has ended. A second Ctrl-C or SIGTERM ends it at once.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma serve --demo
  ayushma serve --listen 0.0.0.0:8000 --public-url https://ayushma.example.org
  OPENAI_API_KEY=... ayushma serve
  ayushma serve --roles projectors,workers     (a second process beside one with --roles api,relay)")]
pub(super) struct Serve {
    /// What this process does; several processes may share the work on one database
    #[arg(long, value_enum, value_delimiter = ',', default_value = "api,relay,projectors,workers")]
    roles: Vec<Role>,

    /// Make a first admin if there is no account, and a project with a dozen documents if there is no project
    #[arg(long)]
    demo: bool,

    #[command(flatten)]
    http: HttpSettings,
}

impl Serve {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        check_public_url(&self.http)?;
        shutdown.limit();
        let roles = self.roles.into_iter().collect();
        serve(settings, self.http, &roles, self.demo, shutdown).await?;
        Ok(ExitCode::SUCCESS)
    }
}
