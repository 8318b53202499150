//! The command line: its commands, each in a file of its own, and how a command starts and ends.
//!
//! Results go to standard output, everything else to standard error.

mod accesses;
mod as_of;
mod audit;
mod chat;
mod create_project;
mod createsuperuser;
mod documents_folder;
mod erasure;
mod evaluate_retrieval;
mod explain;
mod export;
mod extract;
mod find;
mod import_documents;
mod in_process;
mod keys;
mod log;
mod log_keys;
mod migrate;
mod parked;
mod proofs;
mod provenance;
mod rebuild;
mod replay;
mod retention;
mod sandbox;
mod serve;
mod service;
mod status;
mod stream;
mod timeline;
mod user;
mod verify;
mod verify_bundle;
mod witness;

use std::{
    io::{BufRead as _, IsTerminal as _},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use commands::error_chain;
use http_api::open_files;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{
    config::{Settings, load_env_file},
    data_folder,
    shutdown::Shutdown,
    telemetry,
    terminal::complain,
};

/// The back end of Ayushma, an assistant for nurses and doctors that answers from a project's own reference documents
///
/// It needs nothing else to try: without settings it keeps everything in ./data, starts PostgreSQL from this machine's
/// own programs, and answers by quoting the documents, without any account or network service.
#[derive(Debug, Parser)]
#[command(name = "ayushma", version, after_long_help = FIRST_STEPS, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    settings: Settings,
}

const FIRST_STEPS: &str = "\
First steps:
  ayushma serve --demo
      starts everything, makes a first admin (its password is shown once) and a project with a dozen documents,
      and shows three commands to try with curl
  ayushma createsuperuser --email you@example.com --username you --password-stdin
      makes an admin of your own; works while the server runs, and without it
  ayushma create-project --title 'My ward'
      makes a project and prints its id
  ayushma import-documents ./documents --project <id>
      adds every document of a folder to it

Every setting above can be a flag, an environment variable (the name in brackets) or a line NAME=value in a file .env
of the current folder; a flag wins over the environment, and the environment over the file.
`ayushma help <command>` explains a command, with an example.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Migrate(migrate::Migrate),
    Createsuperuser(createsuperuser::CreateSuperuser),
    User(user::User),
    Chat(chat::Chat),
    #[command(subcommand)]
    Erasure(erasure::Erasure),
    Keys(keys::Keys),
    CreateProject(create_project::CreateProject),
    ImportDocuments(import_documents::ImportDocuments),
    #[command(subcommand)]
    Service(service::Service),
    #[command(subcommand)]
    Parked(parked::Parked),
    Status(status::Status),
    #[command(subcommand)]
    Stream(stream::Stream),
    #[command(subcommand)]
    Audit(audit::Audit),
    Witness(witness::Witness),
    #[command(subcommand)]
    Retention(retention::Retention),
    #[command(subcommand)]
    Log(log::Log),
    EvaluateRetrieval(evaluate_retrieval::EvaluateRetrieval),
    Extract(extract::Extract),
    Rebuild(rebuild::RebuildViews),
}

/// Runs the command line that the process was started with.
pub fn main() -> ExitCode {
    // First: a sandboxed process has limited memory and must hold no secret, so nothing is started or read before.
    if let Some(code) = sandbox::main() {
        return code;
    }
    // Changes the environment, which is safe only before any thread is started.
    let env_file = load_env_file();
    let Cli { command, settings } = Cli::parse();
    data_folder::keep_new_files_private();
    let checked = env_file.and_then(|()| settings.check_addresses());
    match checked.and_then(|()| start(command, &settings.without_blanks())) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("error: {}", error_chain(error.as_ref())));
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    telemetry::start(settings)?;
    open_files::raise_limit();
    // Fails only if a provider is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let shutdown = Shutdown::on_signals()?;
        match command {
            Command::Serve(serve) => serve.run(settings, &shutdown).await,
            Command::Migrate(migrate) => migrate.run(settings, &shutdown).await,
            Command::Createsuperuser(create) => create.run(settings, &shutdown).await,
            Command::User(user) => user.run(settings, &shutdown).await,
            Command::Chat(chat) => chat.run(settings, &shutdown).await,
            Command::Erasure(erasure) => erasure.run(settings, &shutdown).await,
            Command::Keys(keys) => keys.run(settings, &shutdown).await,
            Command::CreateProject(create) => create.run(settings, &shutdown).await,
            Command::ImportDocuments(import) => import.run(settings, &shutdown).await,
            Command::Service(service) => service.run(settings, &shutdown).await,
            Command::Parked(parked) => parked.run(settings, &shutdown).await,
            Command::Status(status) => status.run(settings, &shutdown).await,
            Command::Stream(stream) => stream.run(settings, &shutdown).await,
            Command::Retention(retention) => retention.run(settings, &shutdown).await,
            Command::Log(log) => log.run(settings, &shutdown).await,
            Command::Audit(audit) => audit.run(settings, &shutdown).await,
            Command::Witness(witness) => witness.run(settings, &shutdown).await,
            Command::EvaluateRetrieval(evaluate) => evaluate.run(&shutdown).await,
            Command::Extract(extract) => extract.run(settings).await,
            Command::Rebuild(rebuild) => rebuild.run(settings, &shutdown).await,
        }
    });
    // Does not wait for blocking tasks that still run, because nothing uses their results any more.
    runtime.shutdown_background();
    result
}

/// The first line of standard input, without its line break.
async fn password_from_stdin() -> anyhow::Result<SecretString> {
    let read = tokio::task::spawn_blocking(|| {
        let mut stdin = std::io::stdin().lock();
        if stdin.is_terminal() {
            complain("Password (it shows while you type):");
        }
        let mut line = Zeroizing::new(String::new());
        stdin.read_line(&mut line).map(|_| line)
    });
    let line = read.await?.context("the password cannot be read from standard input")?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']));
    ensure!(!password.expose_secret().is_empty(), "there is no password on standard input");
    Ok(password)
}

#[cfg(test)]
mod reference_tests;
