//! Finding PostgreSQL's own programs on this machine, and running them as the server's user.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::EmbeddedPostgresError;
use super::place::Place;

/// Where Debian keeps the server's programs, in one folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The programs that fit the existing cluster's major version, or the first ones found.
    pub(super) async fn find(version: Option<&str>, place: &Place) -> Result<Self, EmbeddedPostgresError> {
        let found = candidates();
        let Some(wanted) = version else {
            return found
                .into_iter()
                .next()
                .map(|folder| Self { folder })
                .ok_or(EmbeddedPostgresError::ProgramsNotFound);
        };
        for folder in &found {
            if major_version(folder).await.as_deref() == Some(wanted) {
                return Ok(Self { folder: folder.clone() });
            }
        }
        Err(EmbeddedPostgresError::VersionNotFound { cluster: place.cluster(), version: wanted.to_owned() })
    }

    /// Runs one of the programs to its end, as the server's user.
    pub(super) async fn run<const N: usize>(
        &self,
        program: &'static str,
        place: &Place,
        arguments: [&str; N],
        paths: &[PathBuf],
    ) -> Result<(), EmbeddedPostgresError> {
        let mut command = Command::new(self.folder.join(program));
        command.args(arguments).args(paths).current_dir(&place.home).stdin(Stdio::null());
        // The server inherits no setting and no secret of ours: only what it needs to find libraries and time zones.
        command.env_clear().env("LC_ALL", "C");
        command.envs(["PATH", "LD_LIBRARY_PATH", "TZ"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        if place.switch_user {
            command.uid(place.owner.uid).gid(place.owner.gid);
        }
        let ended = command.output().await.map_err(EmbeddedPostgresError::file(&self.folder))?;
        if ended.status.success() {
            return Ok(());
        }
        let output = [ended.stdout, ended.stderr].concat();
        Err(EmbeddedPostgresError::Program { program, output: String::from_utf8_lossy(&output).trim().to_owned() })
    }
}

/// The folders that have the programs: those on `PATH`, then Debian's with the newest version first. Symbolic links are
/// resolved, because the programs look for each other in their own folder.
fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    debian.sort_by(|one, other| other.cmp(one));
    std::env::split_paths(&path)
        .chain(debian.into_iter().map(|(_, folder)| folder))
        .filter_map(|folder| Some(folder.join("pg_ctl").canonicalize().ok()?.parent()?.to_owned()))
        .filter(|folder| ["initdb", "postgres"].iter().all(|program| folder.join(program).exists()))
        .collect()
}

async fn major_version(folder: &Path) -> Option<String> {
    let answer = Command::new(folder.join("postgres")).arg(OsStr::new("--version")).output().await.ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    // "postgres (PostgreSQL) 15.18 (Debian ..)"
    let version = text.split_whitespace().nth(2)?;
    version.split(|letter: char| !letter.is_ascii_digit()).next().map(str::to_owned)
}
