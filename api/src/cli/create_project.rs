//! `ayushma create-project`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use commands::projects::ProjectUpdate;
use domain::{
    ids::ProjectId,
    project,
    values::{TextError, Title},
};

use super::in_process::{BackgroundWork, context, wait_until_readable, with_new_app};
use crate::{config::Settings, shutdown::Shutdown, terminal::say};

/// Make a project, and print its id
///
/// A project holds reference documents, the prompt that answers are made with, and the chats about them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma create-project --title 'Paediatric ward' --prompt-file prompt.txt --default")]
pub(super) struct CreateProject {
    /// What it is called: at most 50 characters
    #[arg(long, value_parser = title)]
    title: Title,

    /// File with the prompt, in which {reference} stands for the passages that were found [default: a built-in one]
    #[arg(long)]
    prompt_file: Option<PathBuf>,

    /// Make it the default project, which everybody sees
    #[arg(long)]
    default: bool,
}

pub(super) fn title(text: &str) -> Result<Title, TextError> {
    Title::parse(text)
}

impl CreateProject {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let prompt = match &self.prompt_file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the prompt in {}", file.display()))?,
            None => String::new(),
        };
        let update = ProjectUpdate { is_default: self.default.then_some(true), ..ProjectUpdate::default() };
        let id = with_new_app(settings, shutdown, BackgroundWork::Projecting, async |app| {
            let id = ProjectId::new(app.clock.new_id());
            let made =
                app.projects.create(id, project::Settings::new(self.title, prompt), update, &context(app)).await?;
            wait_until_readable(app, &made).await;
            Ok(id)
        })
        .await?;
        say(&id.to_string());
        Ok(ExitCode::SUCCESS)
    }
}
