//! The errors of the embedded server.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::path::{Path, PathBuf};

/// The reason why the embedded server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedPostgresError {
    #[error(
        "PostgreSQL's server programs are neither on the PATH nor in /usr/lib/postgresql; on Debian: apt-get install postgresql"
    )]
    ProgramsNotFound,
    #[error("{} was made by PostgreSQL {version}, which this machine lacks; on Debian: apt-get install postgresql-{version}", cluster.display())]
    VersionNotFound { cluster: PathBuf, version: String },
    #[error("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it")]
    NoServerUser,
    #[error("PostgreSQL's tools cannot work with the folder {}: its name has a quote, a backslash, a dollar sign or a line break", .0.display())]
    UnusableName(PathBuf),
    #[error("{} must be a folder of the user that runs the server, and closed to everybody else", .0.display())]
    ForeignFolder(PathBuf),
    #[error("cannot use {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{program} failed: {output}")]
    Program { program: &'static str, output: String },
    #[error("the embedded PostgreSQL does not answer")]
    Connect(#[source] sqlx::Error),
    #[error("the embedded PostgreSQL says nothing, and cannot be ended")]
    Silent,
    #[error("interrupted while waiting for the embedded PostgreSQL")]
    Interrupted,
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// The refusal of folders that may belong to another server: nothing is started, and nothing is stopped.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "{} is a copy of {}, made while PostgreSQL was at work there (or had crashed): its files are of different moments, and what is missing may not show. \
         Stop that server and copy the folder again. If it is a snapshot of one moment, as a file system makes it, remove {} and start again",
        cluster.display(), original.display(), pid_file.display()
    )]
    TornCopy { cluster: PathBuf, original: PathBuf, pid_file: PathBuf },
    #[error(
        "{} is a copy of {}, but its database is not in it: both point to {}, which is that of {}. \
         To copy an installation, stop it, copy both folders, and write the copied database's place into postgres.location",
        data_dir.display(), original.display(), home.display(), original.display()
    )]
    CopiedPointer { data_dir: PathBuf, original: PathBuf, home: PathBuf },
    #[error(
        "the database of {} is in {}, as {} says, and that folder is not there: bring it back, or remove that file to begin with an empty database",
        data_dir.display(), home.display(), pointer.display()
    )]
    Missing { data_dir: PathBuf, home: PathBuf, pointer: PathBuf },
    #[error(
        "the database of {} was made by root and is in {}: run this as root, or move that folder to {} and give it to the user who runs this",
        data_dir.display(), home.display(), inside.display()
    )]
    RootsDatabase { data_dir: PathBuf, home: PathBuf, inside: PathBuf },
    #[error("at {} a PostgreSQL server answers whose data is not in {}: it is another one's", socket_dir.display(), cluster.display())]
    AnotherServer { socket_dir: PathBuf, cluster: PathBuf },
    #[error("the embedded PostgreSQL is reached in another folder than before, {}: this process has to be started anew", socket_dir.display())]
    Moved { socket_dir: PathBuf },
}

impl EmbeddedPostgresError {
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// The error and its causes in one line.
    pub(super) fn with_causes(&self) -> String {
        let errors = successors(Some(self as &dyn Error), |&error| error.source());
        errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}
