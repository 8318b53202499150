//! `ayushma witness`: watches that the published logs of others only grow.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path as FilePath, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use anyhow::Context as _;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use clap::Args;
use parking_lot::Mutex;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use transparency_log::{
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    note::{KeyName, Note, Verifier as _, VerifierKey},
    tiles::{CHECKPOINT, Folder, ReadFiles as _, WriteFiles as _},
    witness::{AddCheckpoint, Refusal, Seen},
};
use zeroize::Zeroizing;

use crate::{config::Settings, shutdown::Shutdown, terminal::say};

/// The greatest request, in bytes: a checkpoint with its signatures, and 63 hashes.
const MAX_REQUEST: usize = 65_536;

/// Cosign the checkpoints of other logs as long as they only grow (C2SP tlog-witness), until Ctrl-C
///
/// Needs no database. What was cosigned last of each log is in the folder, which must never be put back from a backup: a witness that
/// forgets would cosign another history. Serve it to others through a web server that speaks HTTPS.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma witness --name witness.hospital.example --watch hospital.example/ayushma/log/0190…+1a2b3c4d+AZ…")]
pub(super) struct Witness {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8300")]
    listen: SocketAddr,

    /// Name of this witness, as it stands before its signatures
    #[arg(long)]
    name: String,

    /// Verifier key of a log to watch; may be repeated
    #[arg(long, required = true, value_name = "KEY")]
    watch: Vec<VerifierKey>,

    /// Folder of the witness's key and of what it has cosigned last [default: <DATA_DIR>/witness]
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// What the handlers share.
struct Watch {
    cosigner: Cosigner,
    logs: Vec<VerifierKey>,
    files: Folder,
    /// Held from reading what was cosigned last of a log until it is replaced.
    turn: Mutex<()>,
}

impl Witness {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let folder = self.folder.unwrap_or_else(|| settings.data_dir.join("witness"));
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let seed = seed(&folder.join("key")).with_context(|| format!("the key in {}", folder.display()))?;
        let cosigner = Cosigner::new(KeyName::parse(&self.name).context("--name")?, &seed);
        say(&format!("witness {} {}", self.name, cosigner.key()));
        let listener = TcpListener::bind(self.listen).await.with_context(|| self.listen.to_string())?;
        say(&format!("listening on http://{}", listener.local_addr()?));
        let watch = Watch { cosigner, logs: self.watch, files: Folder::new(folder), turn: Mutex::default() };
        let routes = Router::new()
            .route("/add-checkpoint", post(add_checkpoint))
            .route("/{log}/checkpoint", get(last))
            .layer(DefaultBodyLimit::max(MAX_REQUEST))
            .with_state(Arc::new(watch));
        let shutdown = shutdown.clone();
        axum::serve(listener, routes).with_graceful_shutdown(async move { shutdown.requested().await }).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads the 32 secret bytes of the witness's key, which are made if there are none.
fn seed(file: &FilePath) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut seed = Zeroizing::new([0; 32]);
    match fs::read_to_string(file).map(Zeroizing::new) {
        Ok(text) => hex::decode_to_slice(text.trim(), &mut *seed).context("it is not 64 hexadecimal digits")?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            rand::rng().fill_bytes(&mut *seed);
            let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
            made.write_all(Zeroizing::new(format!("{}\n", hex::encode(*seed))).as_bytes())?;
            made.sync_all()?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(seed)
}

/// The folder of what was cosigned last of a log.
fn folder_of(origin: &str) -> String {
    hex::encode(Sha256::digest(origin))
}

impl Watch {
    fn answer(&self, request: &[u8]) -> anyhow::Result<Result<String, Refusal>> {
        let request = match AddCheckpoint::parse(request) {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let origin = match request.origin() {
            Ok(origin) => origin,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let key = self.logs.iter().find(|key| key.name().as_str() == origin);
        let path = format!("{}/{CHECKPOINT}", folder_of(origin));
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let _turn = self.turn.lock();
        let seen = match (key, self.files.read(&path)?) {
            (Some(key), Some(last)) => {
                let Checkpoint { size, root, .. } = Checkpoint::open(&Note::parse(&last)?, key)?;
                Some(Seen { size, root })
            }
            _ => None,
        };
        Ok(match request.decide(key, seen.as_ref(), &self.cosigner, time) {
            Ok((signature, _)) => {
                let mut cosigned = request.checkpoint.clone();
                cosigned.add([signature.clone()]);
                // On the disk before anybody sees the signature.
                self.files.write(&path, cosigned.to_string().as_bytes())?;
                Ok(format!("{signature}\n"))
            }
            Err(refusal) => Err(refusal),
        })
    }
}

async fn add_checkpoint(State(watch): State<Arc<Watch>>, request: Bytes) -> Response {
    let answer = tokio::task::spawn_blocking(move || watch.answer(&request)).await;
    match answer.map_err(anyhow::Error::from).and_then(|answer| answer) {
        Ok(Ok(signature)) => plain(StatusCode::OK, "text/plain; charset=utf-8", signature),
        Ok(Err(refusal)) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let (kind, body) = refusal.body();
            plain(status, kind, body)
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a checkpoint is not cosigned");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "the witness failed\n".to_owned())
        }
    }
}

/// What was cosigned last of a log, for whoever watches the witness.
async fn last(State(watch): State<Arc<Watch>>, Path(log): Path<String>) -> Response {
    let is_hash = log.len() == 64 && log.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let found = if is_hash { watch.files.read(&format!("{log}/{CHECKPOINT}")) } else { Ok(None) };
    match found.map(|found| found.and_then(|note| String::from_utf8(note).ok())) {
        Ok(Some(note)) => plain(StatusCode::OK, "text/plain; charset=utf-8", note),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a cosigned checkpoint cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn plain(status: StatusCode, kind: &'static str, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
