//! Finds the running PostgreSQL server of a cluster: reads the pid file, and checks whether what it says is true.
//!
//! A copy of a data folder has a copy of everything in it, a running server's pid file and sockets included. So nothing
//! that is written there is believed: a server is ours if it works in our very folder (the same inode of the same
//! device, however it is named), and if it reads what we have just written there.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgConnection;
use tokio::net::UnixStream;

use super::files::inode;
use super::place::{Place, socket_file};
use super::{EmbeddedPostgresError, Refused};

/// A file in the cluster that holds a fresh random text for a moment.
const NONCE: &str = "ayushma.nonce";

/// The reason why a server takes no new connections, and never will by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Died,
    /// The server was told to end, and waits until its clients disconnect.
    ShuttingDown,
    /// The socket file is gone, so that no client can connect.
    SocketGone,
    Silent,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Died => "has died",
            Self::ShuttingDown => "was told by somebody else to shut down",
            Self::SocketGone => "has lost its socket",
            Self::Silent => "does not answer any more",
        })
    }
}

/// The content of `postmaster.pid`. The file stays behind when the postmaster is killed, and is in a copy of the
/// folder, too.
#[derive(Debug)]
pub(super) struct PidFile {
    pub(super) pid: String,
    data_directory: PathBuf,
    /// `None` while the server starts.
    socket_dir: Option<PathBuf>,
    /// "starting", "ready" or "stopping"; `None` until the server has made its socket.
    status: Option<Vec<u8>>,
}

impl PidFile {
    fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let pid = String::from_utf8(lines.next()?.to_vec()).ok()?;
        let path = |line: &[u8]| PathBuf::from(OsStr::from_bytes(line));
        let data_directory = path(lines.next()?);
        // Skips the time of the start, and the port.
        let socket_dir = lines.nth(2).filter(|line| !line.is_empty()).map(path);
        // Skips the network address, and the key of the shared memory.
        let status = lines.nth(2).map(<[u8]>::to_vec);
        Some(Self { pid, data_directory, socket_dir, status })
    }

    /// Whether the process with this pid is a server of the cluster. A postmaster's current folder is its cluster.
    ///
    /// # Errors
    /// If there is nothing left to look with, as [`is_shortage`] says.
    fn names_a_postmaster_of(&self, cluster: &Path) -> io::Result<bool> {
        let process = Path::new("/proc").join(&self.pid);
        match fs::metadata(process.join("cwd")) {
            Ok(folder) => Ok(fs::metadata(cluster).is_ok_and(|ours| inode(&ours) == inode(&folder))),
            // Root in a container may be denied another user's current folder, but everybody may read a process's
            // arguments.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let arguments = unless_short(fs::read(process.join("cmdline")))?.unwrap_or_default();
                Ok(arguments.split(|&byte| byte == 0).any(|argument| argument == cluster.as_os_str().as_bytes()))
            }
            Err(error) => unless_short::<()>(Err(error)).map(|_| false),
        }
    }
}

/// Whether an error says that this process or machine has no file descriptor or memory left, and nothing of what was
/// looked at: a server that cannot be looked at has not died.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE, Errno::NOMEM].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The outcome of looking; `None` if there is nothing to be seen.
fn unless_short<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if is_shortage(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

impl Place {
    /// The pid file, if there is one.
    ///
    /// # Errors
    /// If it cannot be looked at, as [`is_shortage`] says.
    pub(super) fn pid_file(&self) -> Result<Option<PidFile>, EmbeddedPostgresError> {
        let path = self.cluster().join("postmaster.pid");
        let text = unless_short(fs::read(&path)).map_err(EmbeddedPostgresError::file(&path))?;
        Ok(text.as_deref().and_then(PidFile::parse))
    }

    /// The pid file, if it names a running server of this cluster. (The process of a server in another container cannot
    /// be seen from here.)
    ///
    /// # Errors
    /// If it cannot be told.
    pub(super) fn postmaster(&self) -> Result<Option<PidFile>, EmbeddedPostgresError> {
        let cluster = self.cluster();
        let Some(server) = self.pid_file()? else { return Ok(None) };
        let is_ours = server.names_a_postmaster_of(&cluster).map_err(EmbeddedPostgresError::file(&cluster))?;
        Ok(is_ours.then_some(server))
    }

    /// Whether a server of the cluster is running, even if it does not answer yet.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(super) async fn is_running(&self) -> Result<bool, EmbeddedPostgresError> {
        Ok(self.postmaster()?.is_some() || answers(&self.own_socket_dir()).await?)
    }

    /// The fault of a running server of the cluster, as far as it shows without connecting to it.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(super) fn fault(&self) -> Result<Option<Fault>, EmbeddedPostgresError> {
        let Some(server) = self.postmaster()? else { return Ok(None) };
        // The server makes its socket before it writes its status.
        let Some(status) = server.status else { return Ok(None) };
        if status == b"stopping" {
            return Ok(Some(Fault::ShuttingDown));
        }
        let has_socket = |folder: &Path| socket_file(folder).exists();
        let is_reachable = has_socket(&self.own_socket_dir()) || server.socket_dir.is_some_and(|it| has_socket(&it));
        Ok((!is_reachable).then_some(Fault::SocketGone))
    }

    /// The folder of the socket of the cluster's server; `None` if no server is running.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(super) async fn running_socket_dir(&self) -> Result<Option<PathBuf>, EmbeddedPostgresError> {
        let own = self.own_socket_dir();
        Ok(match self.postmaster()? {
            // The server may have been started with another temporary folder, or the data folder was moved since.
            Some(PidFile { socket_dir: Some(folder), .. }) if answers(&folder).await? => Some(folder),
            Some(_) => Some(own),
            // A server in another container that shares the folder. A copied socket takes no connections.
            None => answers(&own).await?.then_some(own),
        })
    }

    /// Kills the cluster's server and its children, as a power cut would: for a server that does not react to signals
    /// any more.
    pub(super) fn kill_server(&self) {
        let Ok(Some(postmaster)) = self.postmaster() else { return };
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
        // The children have to be found before their parent is gone. They would hold the shared memory that the next
        // server needs.
        let children: Vec<String> = names.filter(|pid| parent(pid).as_ref() == Some(&postmaster.pid)).collect();
        for pid in std::iter::once(postmaster.pid).chain(children) {
            if let Some(pid) = pid.parse().ok().and_then(Pid::from_raw)
                && let Err(error) = kill_process(pid, Signal::KILL)
            {
                tracing::debug!(%error, pid = pid.as_raw_nonzero(), "it has ended by itself, or is another user's");
            }
        }
    }

    /// Whether the server of this connection has our cluster: it must read from there what we have just written.
    pub(super) async fn is_served_by(&self, connection: &mut PgConnection) -> Result<bool, EmbeddedPostgresError> {
        let nonce = hex::encode(rand::random::<[u8; 16]>());
        let path = self.cluster().join(NONCE);
        match self.lend_to_server(&path, &nonce) {
            // A full disk must not keep out those who would free space: here it is enough that the process is the
            // cluster's.
            Err(EmbeddedPostgresError::File { source, .. })
                if source.kind() == ErrorKind::StorageFull && self.postmaster()?.is_some() =>
            {
                return Ok(true);
            }
            lent => lent?,
        }
        let read = sqlx::query_scalar::<_, Option<String>>("SELECT pg_read_file($1, 0, 100, true)")
            .bind(NONCE)
            .fetch_one(connection)
            .await;
        fs::remove_file(&path).map_err(EmbeddedPostgresError::file(&path))?;
        Ok(read.map_err(EmbeddedPostgresError::Connect)? == Some(nonce))
    }

    /// Refuses a cluster that was copied file by file from under a running server: its files are of different moments.
    /// Call it when no server of this cluster runs.
    pub(super) fn refuse_torn_copy(&self) -> Result<(), EmbeddedPostgresError> {
        let Some(server) = self.pid_file()? else { return Ok(()) };
        let (cluster, theirs) = (self.cluster(), server.data_directory);
        let ours = fs::metadata(&cluster).map_err(EmbeddedPostgresError::file(&cluster))?;
        match fs::metadata(&theirs) {
            Ok(other) if inode(&other) != inode(&ours) && theirs.join("PG_VERSION").exists() => {
                let pid_file = cluster.join("postmaster.pid");
                Err(Refused::TornCopy { cluster, original: theirs, pid_file }.into())
            }
            // The cluster was moved after a crash, or has another path in another container.
            Err(_) => {
                tracing::warn!(
                    cluster = %cluster.display(), was = %theirs.display(),
                    "the database was not shut down before its folder was moved or copied here; PostgreSQL recovers what it can"
                );
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Removes the pid files of a server that is gone, if another process has its pid by now. PostgreSQL removes other
    /// stale pid files itself, but takes any living process of its own user for a running server.
    ///
    /// The file of a living server of this cluster stays, whatever the caller believes. Only files in our own folders
    /// are removed, because a copied pid file names those of another server.
    pub(super) fn remove_stale_pid_files(&self) -> Result<(), EmbeddedPostgresError> {
        let mut socket_lock = socket_file(&self.own_socket_dir()).into_os_string();
        socket_lock.push(".lock");
        for path in [self.cluster().join("postmaster.pid"), socket_lock.into()] {
            let named = fs::read(&path).ok().as_deref().and_then(PidFile::parse);
            let is_of_another = |server: PidFile| {
                Path::new("/proc").join(&server.pid).exists()
                    && server.names_a_postmaster_of(&self.cluster()).is_ok_and(|is_ours| !is_ours)
            };
            if named.is_some_and(is_of_another) {
                fs::remove_file(&path).map_err(EmbeddedPostgresError::file(&path))?;
                tracing::warn!(file = %path.display(), "removed the pid file of a server that is gone");
            }
        }
        Ok(())
    }
}

async fn answers(socket_dir: &Path) -> Result<bool, EmbeddedPostgresError> {
    let socket = socket_file(socket_dir);
    match UnixStream::connect(&socket).await {
        Ok(_) => Ok(true),
        Err(error) if is_shortage(&error) => Err(EmbeddedPostgresError::file(&socket)(error)),
        // `WouldBlock`: the queue of connections that wait is full, so a server is listening.
        Err(error) => Ok(error.kind() == ErrorKind::WouldBlock),
    }
}

/// The pid of a process's parent; `None` if the process is gone.
fn parent(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).ok()?;
    // The file begins with "12 (name) S 1 …", and the name may contain blanks and parentheses.
    stat.rsplit_once(") ")?.1.split(' ').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_file_descriptor_left_cannot_tell_that_a_server_is_gone() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM] {
            assert!(unless_short::<()>(Err(errno.into())).is_err(), "{errno:?}");
        }
        assert!(matches!(unless_short::<()>(Err(Errno::NOENT.into())), Ok(None)));
        assert!(matches!(unless_short(Ok(())), Ok(Some(()))));
    }
}
