//! The server's folder outside of the data folder, for a data folder that the server's user cannot enter.
//!
//! The two folders name each other: a file in the data folder, the pointer, has the path of the server's folder, and a
//! file in the server's folder, the claim, identifies its data folder. Without the claim a copy of the data folder,
//! whose pointer is a copy too, would be taken for the data folder itself.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::files::{inode, short_hash, write_private_file};
use super::{EmbeddedPostgresError, Refused};

const PARENT: &str = "/var/lib/ayushma";
/// The name of the file in the data folder that has the path of the server's folder.
pub(super) const POINTER: &str = "postgres.location";
/// The name of the file in the server's folder that identifies its data folder by inode and path.
const CLAIM: &str = "data-folder";

/// The folder that the data folder points to, if it points to one.
pub(super) fn pointed_to(data_dir: &Path) -> Result<Option<PathBuf>, EmbeddedPostgresError> {
    let pointer = data_dir.join(POINTER);
    match fs::read(&pointer) {
        Ok(elsewhere) => Ok(Some(PathBuf::from(OsStr::from_bytes(elsewhere.trim_ascii_end())))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedPostgresError::file(&pointer)(error)),
    }
}

/// Chooses the server's folder for a data folder that has none. Only its parent is created.
pub(super) fn choose(data_dir: &Path) -> Result<PathBuf, EmbeddedPostgresError> {
    let parent = Path::new(PARENT);
    fs::create_dir_all(parent)
        .and_then(|()| fs::set_permissions(parent, Permissions::from_mode(0o711)))
        .map_err(EmbeddedPostgresError::file(parent))?;
    let name = short_hash(data_dir);
    // An earlier data folder with the same path may have left its database, which must not be used for this one.
    let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
    let free = names.find(|name| !parent.join(name).join("cluster").exists()).unwrap_or(name);
    Ok(parent.join(free))
}

/// Writes the claim and the pointer, so that the folders name each other.
pub(super) fn tie(data_dir: &Path, home: &Path) -> Result<(), EmbeddedPostgresError> {
    claim(data_dir, home)?;
    replace(&data_dir.join(POINTER), home.as_os_str().as_bytes())
}

/// Checks that the server's folder `home` belongs to the data folder that points to it, which may have been moved.
///
/// # Errors
/// [`Refused::Missing`] if `home` does not exist; [`Refused::CopiedPointer`] if it belongs to another data folder, of
/// which this one is a copy.
pub(super) fn check(data_dir: &Path, home: &Path) -> Result<(), EmbeddedPostgresError> {
    if !home.exists() {
        let pointer = data_dir.join(POINTER);
        return Err(Refused::Missing { data_dir: data_dir.to_owned(), home: home.to_owned(), pointer }.into());
    }
    let path = home.join(CLAIM);
    let claimed = match fs::read(&path) {
        Ok(claimed) => claimed,
        // The folder was made before there were claims.
        Err(error) if error.kind() == ErrorKind::NotFound => return claim(data_dir, home),
        Err(error) => return Err(EmbeddedPostgresError::file(&path)(error)),
    };
    let (owner_inode, owner) = claimed.split_at(claimed.iter().position(|&byte| byte == b' ').unwrap_or(claimed.len()));
    let owner = Path::new(OsStr::from_bytes(owner.trim_ascii()));
    let ours = owner_inode == inode_text(data_dir)?.as_bytes() || owner == data_dir;
    if !ours && pointed_to(owner).is_ok_and(|theirs| theirs.as_deref() == Some(home)) {
        let (data_dir, home, original) = (data_dir.to_owned(), home.to_owned(), owner.to_owned());
        return Err(Refused::CopiedPointer { data_dir, original, home }.into());
    }
    claim(data_dir, home)
}

fn claim(data_dir: &Path, home: &Path) -> Result<(), EmbeddedPostgresError> {
    let claim = [inode_text(data_dir)?.as_bytes(), b" ", data_dir.as_os_str().as_bytes()].concat();
    let path = home.join(CLAIM);
    if fs::read(&path).is_ok_and(|known| known == claim) { Ok(()) } else { replace(&path, &claim) }
}

fn inode_text(data_dir: &Path) -> Result<String, EmbeddedPostgresError> {
    let (device, number) = inode(&fs::metadata(data_dir).map_err(EmbeddedPostgresError::file(data_dir))?);
    Ok(format!("{device}:{number}"))
}

/// Replaces a file atomically: a crash leaves the old one or the new one.
fn replace(path: &Path, text: &[u8]) -> Result<(), EmbeddedPostgresError> {
    let unfinished = path.with_extension("new");
    let written = write_private_file(&unfinished, text, None).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(EmbeddedPostgresError::file(path))
}
