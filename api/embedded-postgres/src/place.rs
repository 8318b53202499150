//! The place of the embedded server on this machine: its folder, its user, its socket, its password.
//!
//! PostgreSQL refuses to run as root. Started by root, the server belongs to another user, and its folder is one that
//! this user can reach. Nothing here runs or talks to the server.

use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid};
use tokio::process::Command;

use super::files::{Owner, short_hash, write_private_file};
use super::{EmbeddedPostgresError, PORT, Refused, elsewhere};

/// The most bytes that the path of a Unix socket may have.
const LONGEST_SOCKET_PATH: usize = 107;

#[derive(Debug)]
pub(super) struct Place {
    /// The folder that the caller named, with symbolic links resolved.
    pub(super) data_dir: PathBuf,
    /// The server's own folder; mostly inside `data_dir`.
    pub(super) home: PathBuf,
    pub(super) owner: Owner,
    /// Whether we are root and have to become `owner` to run the server's programs.
    pub(super) switch_user: bool,
}

impl Place {
    /// Finds the server's folder, or creates it. `is_new` says that the data folder was created just now, so that the
    /// server's user may be allowed to enter it.
    pub(super) async fn find(data_dir: &Path, is_new: bool) -> Result<Self, EmbeddedPostgresError> {
        let us = Owner { uid: geteuid().as_raw(), gid: getegid().as_raw() };
        let inside = data_dir.join("postgres");
        let place = if us.uid == 0 {
            Self::find_as_root(data_dir, inside, is_new).await?
        } else {
            if let Some(home) = elsewhere::pointed_to(data_dir)?
                && !inside.exists()
            {
                return Err(Refused::RootsDatabase { data_dir: data_dir.to_owned(), home, inside }.into());
            }
            make_private_folder(&inside, us)?;
            Self { data_dir: data_dir.to_owned(), home: inside, owner: us, switch_user: false }
        };
        let name = place.home.to_string_lossy();
        if name.contains(['"', '\'', '\\', '$', '`', '\n']) {
            return Err(EmbeddedPostgresError::UnusableName(place.home));
        }
        Ok(place)
    }

    async fn find_as_root(data_dir: &Path, inside: PathBuf, is_new: bool) -> Result<Self, EmbeddedPostgresError> {
        let pointed_to = elsewhere::pointed_to(data_dir)?;
        if let Some(home) = &pointed_to {
            elsewhere::check(data_dir, home)?;
        }
        let known = pointed_to.or_else(|| inside.exists().then(|| inside.clone()));
        let place = |home: PathBuf, owner| Self { data_dir: data_dir.to_owned(), home, owner, switch_user: true };
        // The folder keeps its owner: root, too, runs an ordinary user's server as that user.
        if let Some(home) = known {
            let folder = fs::metadata(&home).map_err(EmbeddedPostgresError::file(&home))?;
            if folder.uid() != 0 {
                let owner = Owner { uid: folder.uid(), gid: folder.gid() };
                if home == inside {
                    let_through(data_dir, owner)?;
                }
                return Ok(place(home, owner));
            }
        }
        let owner = match server_user("postgres").await? {
            Some(owner) => owner,
            None => server_user("nobody").await?.ok_or(EmbeddedPostgresError::NoServerUser)?,
        };
        // An older data folder that is closed to others stays closed.
        let is_open = fs::metadata(data_dir).is_ok_and(|folder| folder.mode() & 0o011 != 0);
        if is_new || is_open {
            let_through(data_dir, owner)?;
        }
        let reachable =
            system_program("test").args(["-x".as_ref(), data_dir]).uid(owner.uid).gid(owner.gid).status().await;
        if reachable.map_err(EmbeddedPostgresError::file(data_dir))?.success() {
            make_private_folder(&inside, owner)?;
            return Ok(place(inside, owner));
        }
        let home = elsewhere::choose(data_dir)?;
        make_private_folder(&home, owner)?;
        elsewhere::tie(data_dir, &home)?;
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
    pub(super) fn own_socket_dir(&self) -> PathBuf {
        let folder = self.home.join("socket");
        if socket_file(&folder).as_os_str().len() > LONGEST_SOCKET_PATH {
            return std::env::temp_dir().join(format!("ayushma-{}", short_hash(&self.data_dir)));
        }
        folder
    }

    pub(super) fn make_socket_dir(&self) -> Result<(), EmbeddedPostgresError> {
        make_private_folder(&self.own_socket_dir(), self.owner)
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
        write_private_file(&path, password.as_bytes(), None).map_err(EmbeddedPostgresError::file(&path))?;
        Ok(password)
    }

    /// Writes a short-lived file that the server and its programs may read.
    pub(super) fn lend_to_server(&self, path: &Path, text: &str) -> Result<(), EmbeddedPostgresError> {
        let owner = self.switch_user.then_some(self.owner);
        write_private_file(path, text.as_bytes(), owner).map_err(EmbeddedPostgresError::file(path))
    }
}

/// Lets the server's group, and no other user except the owner, enter the data folder to reach the server's own folder.
/// Only the owner can list it.
fn let_through(data_dir: &Path, server: Owner) -> Result<(), EmbeddedPostgresError> {
    let folder = fs::metadata(data_dir).map_err(EmbeddedPostgresError::file(data_dir))?;
    // The server's user can enter a folder that it owns anyway. A folder of all users (with the sticky bit) stays as it
    // is.
    if folder.uid() == server.uid || folder.mode() & 0o1000 != 0 {
        return Ok(());
    }
    let mode = folder.mode() & 0o7700 | 0o010;
    chown(data_dir, None, Some(server.gid))
        .and_then(|()| fs::set_permissions(data_dir, Permissions::from_mode(mode)))
        .map_err(EmbeddedPostgresError::file(data_dir))
}

pub(super) fn socket_file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// Creates a folder for the owner alone, or checks that an existing one is: in a folder for temporary files, another
/// user may have created it first.
///
/// # Errors
/// [`EmbeddedPostgresError::ForeignFolder`] if an existing one is another user's, or open to others.
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

/// A command for a program that every system has, even if its folder is not on `PATH`.
fn system_program(name: &str) -> Command {
    let usual = Path::new("/usr/bin").join(name);
    if usual.exists() { Command::new(usual) } else { Command::new(name) }
}

/// Asks `id`; `None` for a user that does not exist.
async fn id(arguments: &[&str]) -> Result<Option<u32>, EmbeddedPostgresError> {
    let answer =
        system_program("id").args(arguments).output().await.map_err(EmbeddedPostgresError::file("id".as_ref()))?;
    Ok(String::from_utf8_lossy(&answer.stdout).trim().parse().ok())
}
