//! Where the embedded server lives and who owns it: its folder, its user, its socket, its pid file, its password.
//!
//! PostgreSQL refuses to run as root. Started by root, the server belongs to another user, and its folder is one that
//! this user can reach. Nothing here runs or talks to the server.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::{EmbeddedPostgresError, PORT};

/// A Unix socket's path has at most 107 characters.
const LONGEST_SOCKET_PATH: usize = 107;

/// The user (and group) that runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

#[derive(Debug)]
pub(super) struct Place {
    /// The folder that the caller named, without links.
    pub(super) data_dir: PathBuf,
    /// The server's own folder; mostly inside `data_dir`.
    pub(super) home: PathBuf,
    pub(super) owner: Owner,
    /// Whether we are root and have to become `owner` to run the server's programs.
    pub(super) switch_user: bool,
}

impl Place {
    /// Finds the server's folder, or makes it.
    pub(super) async fn find(data_dir: &Path) -> Result<Self, EmbeddedPostgresError> {
        let us = Owner { uid: id(&["-u"]).await?.unwrap_or(0), gid: id(&["-g"]).await?.unwrap_or(0) };
        let inside = data_dir.join("postgres");
        let place = if us.uid == 0 {
            Self::find_as_root(data_dir, inside).await?
        } else {
            make_private_folder(&inside, us)?;
            Self { data_dir: data_dir.to_owned(), home: inside, owner: us, switch_user: false }
        };
        let name = place.home.to_string_lossy();
        if name.contains(['"', '\'', '\\', '$', '`', '\n']) {
            return Err(EmbeddedPostgresError::UnusableName(place.home));
        }
        Ok(place)
    }

    async fn find_as_root(data_dir: &Path, inside: PathBuf) -> Result<Self, EmbeddedPostgresError> {
        let pointer = data_dir.join("postgres.location");
        let known = match fs::read_to_string(&pointer) {
            Ok(elsewhere) => Some(PathBuf::from(elsewhere.trim_end())),
            Err(error) if error.kind() == ErrorKind::NotFound => inside.exists().then(|| inside.clone()),
            Err(error) => return Err(EmbeddedPostgresError::file(&pointer)(error)),
        };
        let place = |home: PathBuf, owner| Self { data_dir: data_dir.to_owned(), home, owner, switch_user: true };
        // Whoever made the folder keeps it: an ordinary user's server is run as that user by root too.
        if let Some(home) = known.filter(|home| home.exists()) {
            let folder = fs::metadata(&home).map_err(EmbeddedPostgresError::file(&home))?;
            if folder.uid() != 0 {
                return Ok(place(home, Owner { uid: folder.uid(), gid: folder.gid() }));
            }
        }
        let owner = match server_user("postgres").await? {
            Some(owner) => owner,
            None => server_user("nobody").await?.ok_or(EmbeddedPostgresError::NoServerUser)?,
        };
        let reachable =
            Command::new("test").args(["-x".as_ref(), data_dir]).uid(owner.uid).gid(owner.gid).status().await;
        let home = if reachable.map_err(EmbeddedPostgresError::file(data_dir))?.success() {
            inside
        } else {
            let parent = Path::new("/var/lib/ayushma");
            fs::create_dir_all(parent)
                .and_then(|()| fs::set_permissions(parent, Permissions::from_mode(0o711)))
                .map_err(EmbeddedPostgresError::file(parent))?;
            let home = parent.join(short_hash(data_dir));
            fs::write(&pointer, home.as_os_str().as_encoded_bytes()).map_err(EmbeddedPostgresError::file(&pointer))?;
            home
        };
        make_private_folder(&home, owner)?;
        Ok(place(home, owner))
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.home.join("cluster")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    pub(super) fn has_cluster(&self) -> bool {
        self.cluster().join("PG_VERSION").exists()
    }

    /// The major version that made the cluster, if there is one.
    pub(super) fn version(&self) -> Result<Option<String>, EmbeddedPostgresError> {
        let path = self.cluster().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(version) => Ok(Some(version.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedPostgresError::file(&path)(error)),
        }
    }

    /// The folder of the socket: inside `home`, unless its path is too long for a socket.
    ///
    /// A running server is asked by its pid file: another process may have had another temporary folder.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, EmbeddedPostgresError> {
        if let Some(server) = self.pid_file()
            && self.is_running()
        {
            return Ok(server.socket_dir);
        }
        let mut folder = self.home.join("socket");
        if socket_file(&folder).as_os_str().len() > LONGEST_SOCKET_PATH {
            folder = std::env::temp_dir().join(format!("ayushma-{}", short_hash(&self.data_dir)));
        }
        make_private_folder(&folder, self.owner)?;
        Ok(folder)
    }

    /// Whether the cluster's postmaster is alive, as a process or as an open socket.
    ///
    /// Either alone could be wrong: a starting server has no socket yet, and the process of a server in another
    /// container that shares the folder cannot be seen from here.
    pub(super) fn is_running(&self) -> bool {
        self.pid_file().is_some_and(|server| {
            server.is_postmaster_of(&self.cluster()) || UnixStream::connect(socket_file(&server.socket_dir)).is_ok()
        })
    }

    /// Removes the pid files of a server that is gone, if a process that is alive has its pid by now. PostgreSQL clears
    /// away the others itself, but takes any living process of its own user for a running server.
    ///
    /// Only when the server is not running. PostgreSQL still guards the cluster by its shared memory.
    pub(super) fn remove_stale_pid_files(&self) -> Result<(), EmbeddedPostgresError> {
        let Some(server) = self.pid_file().filter(|server| Path::new("/proc").join(&server.pid).exists()) else {
            return Ok(());
        };
        let mut socket_lock = socket_file(&server.socket_dir).into_os_string();
        socket_lock.push(".lock");
        for file in [self.cluster().join("postmaster.pid"), socket_lock.into()] {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(EmbeddedPostgresError::file(&file)(error));
                }
                _ => tracing::warn!(file = %file.display(), "removed the pid file of a server that is gone"),
            }
        }
        Ok(())
    }

    pub(super) fn pid_file(&self) -> Option<PidFile> {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().to_owned();
        // Then the folder, the time of the start, and the port.
        let socket_dir = lines.nth(3).filter(|line| !line.is_empty()).map(PathBuf::from);
        Some(PidFile { pid, socket_dir: socket_dir.unwrap_or_else(|| self.home.join("socket")) })
    }

    /// The database's password, made on first use. It never leaves this machine.
    pub(super) fn password(&self) -> Result<String, EmbeddedPostgresError> {
        let path = self.data_dir.join("postgres.password");
        match fs::read_to_string(&path) {
            Ok(password) if !password.is_empty() => return Ok(password),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(EmbeddedPostgresError::file(&path)(error)),
            _ => {}
        }
        let password = hex::encode(rand::random::<[u8; 32]>());
        private_file(&path)
            .and_then(|mut file| file.write_all(password.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(EmbeddedPostgresError::file(&path))?;
        Ok(password)
    }

    /// Writes a short-lived file that the server's programs may read.
    pub(super) fn lend_to_server(&self, name: &str, text: &str) -> Result<PathBuf, EmbeddedPostgresError> {
        let path = self.home.join(name);
        let write = || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = private_file(&path)?;
            file.write_all(text.as_bytes())?;
            if self.switch_user {
                std::os::unix::fs::fchown(&file, Some(self.owner.uid), Some(self.owner.gid))?;
            }
            Ok(())
        };
        write().map_err(EmbeddedPostgresError::file(&path))?;
        Ok(path)
    }
}

/// What `postmaster.pid` says; it stays behind when the postmaster is killed.
#[derive(Debug)]
pub(super) struct PidFile {
    pub(super) pid: String,
    socket_dir: PathBuf,
}

impl PidFile {
    fn is_postmaster_of(&self, cluster: &Path) -> bool {
        let arguments = fs::read(Path::new("/proc").join(&self.pid).join("cmdline")).unwrap_or_default();
        arguments.split(|&byte| byte == 0).any(|argument| argument == cluster.as_os_str().as_encoded_bytes())
    }
}

fn socket_file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

pub(super) fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..8])
}

fn private_file(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a folder for the owner alone, or makes sure that it is one: in a folder for temporary files, somebody else may
/// have been there first.
fn make_private_folder(path: &Path, owner: Owner) -> Result<(), EmbeddedPostgresError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => chown(path, Some(owner.uid), Some(owner.gid)).map_err(EmbeddedPostgresError::file(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(EmbeddedPostgresError::file(path))?;
            if found.is_dir() && found.uid() == owner.uid && found.mode() & 0o777 == 0o700 {
                Ok(())
            } else {
                Err(EmbeddedPostgresError::ForeignFolder(path.to_owned()))
            }
        }
        Err(error) => Err(EmbeddedPostgresError::file(path)(error)),
    }
}

async fn server_user(name: &str) -> Result<Option<Owner>, EmbeddedPostgresError> {
    let (uid, gid) = (id(&["-u", name]).await?, id(&["-g", name]).await?);
    Ok(uid.zip(gid).map(|(uid, gid)| Owner { uid, gid }))
}

/// Asks `id`; `None` for a user that does not exist.
async fn id(arguments: &[&str]) -> Result<Option<u32>, EmbeddedPostgresError> {
    let answer =
        Command::new("id").args(arguments).output().await.map_err(EmbeddedPostgresError::file("id".as_ref()))?;
    Ok(String::from_utf8_lossy(&answer.stdout).trim().parse().ok())
}
