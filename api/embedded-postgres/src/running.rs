//! Finds the running PostgreSQL server of a cluster: reads the pid file, and checks whether what it says is true.
//!
//! A copy of a data folder has a copy of everything in it, a running server's pid file and sockets included. So nothing
//! that is written there is believed: a server is ours if it works in our very folder (the same inode of the same
//! device, however it is named), and if it reads what we have just written there.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

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
    fn names_a_postmaster_of(&self, cluster: &Path) -> bool {
        let process = Path::new("/proc").join(&self.pid);
        match fs::metadata(process.join("cwd")) {
            Ok(folder) => fs::metadata(cluster).is_ok_and(|ours| inode(&ours) == inode(&folder)),
            // Root in a container may be denied another user's current folder, but everybody may read a process's
            // arguments.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
                arguments.split(|&byte| byte == 0).any(|argument| argument == cluster.as_os_str().as_bytes())
            }
            Err(_) => false,
        }
    }
}

impl Place {
    pub(super) fn pid_file(&self) -> Option<PidFile> {
        PidFile::parse(&fs::read(self.cluster().join("postmaster.pid")).ok()?)
    }

    /// The pid file, if it names a running server of this cluster. (The process of a server in another container cannot
    /// be seen from here.)
    pub(super) fn postmaster(&self) -> Option<PidFile> {
        self.pid_file().filter(|server| server.names_a_postmaster_of(&self.cluster()))
    }

    /// Whether a server of the cluster is running, even if it does not answer yet.
    pub(super) async fn is_running(&self) -> bool {
        self.postmaster().is_some() || answers(&self.own_socket_dir()).await
    }

    /// The fault of a running server of the cluster, as far as it shows without connecting to it.
    pub(super) fn fault(&self) -> Option<Fault> {
        let server = self.postmaster()?;
        // The server makes its socket before it writes its status.
        let status = server.status?;
        if status == b"stopping" {
            return Some(Fault::ShuttingDown);
        }
        let has_socket = |folder: &Path| socket_file(folder).exists();
        let is_reachable = has_socket(&self.own_socket_dir()) || server.socket_dir.is_some_and(|it| has_socket(&it));
        (!is_reachable).then_some(Fault::SocketGone)
    }

    /// The folder of the socket of the cluster's server; `None` if no server is running.
    pub(super) async fn running_socket_dir(&self) -> Option<PathBuf> {
        let own = self.own_socket_dir();
        match self.postmaster() {
            // The server may have been started with another temporary folder, or the data folder was moved since.
            Some(PidFile { socket_dir: Some(folder), .. }) if answers(&folder).await => Some(folder),
            Some(_) => Some(own),
            // A server in another container that shares the folder. A copied socket takes no connections.
            None => answers(&own).await.then_some(own),
        }
    }

    /// Kills the cluster's server and its children, as a power cut would: for a server that does not react to signals
    /// any more.
    pub(super) fn kill_server(&self) {
        let Some(postmaster) = self.postmaster() else { return };
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
                if source.kind() == ErrorKind::StorageFull && self.postmaster().is_some() =>
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
        let Some(server) = self.pid_file() else { return Ok(()) };
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
    /// Call it only when the server is not running; PostgreSQL still guards the cluster by its shared memory. Only
    /// files in our own folders are removed, because a copied pid file names those of another server.
    pub(super) fn remove_stale_pid_files(&self) -> Result<(), EmbeddedPostgresError> {
        let mut socket_lock = socket_file(&self.own_socket_dir()).into_os_string();
        socket_lock.push(".lock");
        for path in [self.cluster().join("postmaster.pid"), socket_lock.into()] {
            let named = fs::read(&path).ok().as_deref().and_then(PidFile::parse);
            if named.is_some_and(|server| Path::new("/proc").join(&server.pid).exists()) {
                fs::remove_file(&path).map_err(EmbeddedPostgresError::file(&path))?;
                tracing::warn!(file = %path.display(), "removed the pid file of a server that is gone");
            }
        }
        Ok(())
    }
}

async fn answers(socket_dir: &Path) -> bool {
    // `WouldBlock`: the queue of connections that wait is full, so a server is listening.
    let connected = UnixStream::connect(socket_file(socket_dir)).await;
    connected.map_or_else(|error| error.kind() == ErrorKind::WouldBlock, |_| true)
}

/// The pid of a process's parent; `None` if the process is gone.
fn parent(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).ok()?;
    // The file begins with "12 (name) S 1 …", and the name may contain blanks and parentheses.
    stat.rsplit_once(") ")?.1.split(' ').nth(1).map(str::to_owned)
}
