//! `ayushma import-documents`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Args;
use commands::{
    documents::{DocumentsError, NewContent, NewDocument},
    passage_store::count_passages,
    uploads::NewFile,
};
use domain::{
    ids::{DocumentId, ProjectId},
    values::DocumentType,
};
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use uuid::Uuid;

use super::{
    documents_folder,
    in_process::{BackgroundWork, context, with_app},
};
use crate::{app::App, config::Settings, shutdown::Shutdown, terminal::say};

/// How often documents are looked up without a wake-up, in case another process embeds them.
const POLL: Duration = Duration::from_millis(250);

/// Add a folder's documents to a project, and wait until answers can be made from them
///
/// Documents are .pdf, .docx, .pptx, .xlsx, .csv, .tsv, .html, .md, .epub and .txt files. One is called what its first line
/// `# heading` says, if it is Markdown or text, else what its file is called. Hidden files and folders in the folder are left
/// out. Works while the server runs and without it. Importing a folder twice adds its documents twice.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma import-documents ./guidelines --project 0198c3b2-7d1e-7c43-a1b2-5d2f0c9e8a71")]
pub(super) struct ImportDocuments {
    /// The folder
    folder: PathBuf,

    /// The project's id, as create-project prints it
    #[arg(long)]
    project: ProjectId,

    /// Leave out lines that begin with this, such as '## '
    #[arg(long, value_name = "START")]
    skip_lines_starting: Option<String>,

    /// Documents that are added at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
}

/// The outcome of an import; each failure is a file's name and the reason.
struct Outcome {
    passages: i64,
    embedded: usize,
    failures: Vec<(String, String)>,
}

impl ImportDocuments {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let files = documents_folder::files(&self.folder)?;
        if files.is_empty() {
            bail!("there is no document in {} ({})", self.folder.display(), documents_folder::EXTENSIONS.join(", "));
        }
        let started = Instant::now();
        let outcome = with_app(settings, shutdown, BackgroundWork::ProjectingAndWorking, async |app| {
            self.import(app, &files).await
        })
        .await?;
        let Outcome { passages, embedded, failures } = outcome;
        say(&format!(
            "{embedded} documents with {passages} passages can be asked about; {} failed; {:.1} s",
            failures.len(),
            started.elapsed().as_secs_f64()
        ));
        for (name, reason) in &failures {
            say(&format!("failed: {name}: {reason}"));
        }
        Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn import(&self, app: &App, files: &[PathBuf]) -> anyhow::Result<Outcome> {
        match app.documents.check_project(self.project).await {
            Ok(()) => {}
            Err(DocumentsError::ProjectNotFound) => bail!("there is no project {}", self.project),
            Err(DocumentsError::ProjectArchived) => bail!("the project {} is archived", self.project),
            Err(error) => return Err(error.into()),
        }
        let bar = progress_bar(files.len(), "added");
        let mut results = futures::stream::iter(files)
            .map(|file| async move { (file_name(file), self.add(app, file).await) })
            .buffer_unordered(self.jobs.into());
        let mut added = Vec::new();
        let mut failures = Vec::new();
        while let Some((name, result)) = results.next().await {
            match result {
                Ok(id) => added.push((id.value(), name)),
                Err(error) => failures.push((name, format!("{error:#}"))),
            }
            bar.inc(1);
        }
        drop(results);
        bar.finish();
        let ids: Vec<Uuid> = added.iter().map(|(id, _)| *id).collect();
        failures.extend(wait_until_embedded(app, added).await?);
        failures.sort();
        let passages = count_passages(&app.pool, &ids).await?;
        Ok(Outcome { passages, embedded: files.len() - failures.len(), failures })
    }

    async fn add(&self, app: &App, file: &Path) -> anyhow::Result<DocumentId> {
        let (path, skipped) = (file.to_owned(), self.skip_lines_starting.clone());
        let read = tokio::task::spawn_blocking(move || documents_folder::read(&path, skipped.as_deref())).await?;
        let documents_folder::DocumentFile { name, title, bytes } = read.context("it cannot be read")?;
        let id = DocumentId::new(app.clock.new_id());
        let document = NewDocument {
            title,
            description: None,
            content: NewContent {
                document_type: DocumentType::File,
                text_content: None,
                file: Some(NewFile { name, bytes: bytes.into() }),
            },
        };
        app.documents.add(self.project, id, document, &context(app)).await?;
        Ok(id)
    }
}

/// Waits until every document is embedded or has failed, in this process or another one. Returns the names of those
/// that have failed, with the reasons.
async fn wait_until_embedded(app: &App, added: Vec<(Uuid, String)>) -> anyhow::Result<Vec<(String, String)>> {
    let bar = progress_bar(added.len(), "embedded");
    let mut waiting = added;
    let mut failures = Vec::new();
    let mut progress = app.progress.subscribe();
    while !waiting.is_empty() {
        let ids: Vec<Uuid> = waiting.iter().map(|(id, _)| *id).collect();
        for document in projections::documents::find_many(&app.views, &ids, "").await? {
            if document.uploading {
                continue;
            }
            let place = waiting.iter().position(|(id, _)| *id == document.external_id);
            let (_, name) = waiting.swap_remove(place.expect("only waiting documents were asked for"));
            failures.extend(document.failure_reason.map(|reason| (name, reason)));
            bar.inc(1);
        }
        if !waiting.is_empty() {
            drop(tokio::time::timeout(POLL, progress.changed()).await);
            // Every event of every consumer is a wake-up: the pause limits the queries to what a viewer can notice.
            tokio::time::sleep(POLL / 5).await;
        }
    }
    bar.finish();
    Ok(failures)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A progress bar, drawn on standard error, and only if that is a terminal.
pub(super) fn progress_bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:>9} {wide_bar} {pos}/{len} {eta}").expect("the template is valid");
    ProgressBar::new(length as u64).with_style(style).with_message(what)
}
