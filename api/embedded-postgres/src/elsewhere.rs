//! The server's folder where it cannot be inside of the data folder, because the user that runs it cannot get there.
//!
//! The data folder then has a file that says where it is, and it has one that says whose it is. Else a copy of the data
//! folder, whose pointer is a copy too, would be taken for the data folder itself.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::files::{inode, short_hash, write_private_file};
use super::{EmbeddedPostgresError, Refused};

const PARENT: &str = "/var/lib/ayushma";
/// In the data folder: where the server's folder is.
pub(super) const POINTER: &str = "postgres.location";
/// In the server's folder: whose it is.
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

/// Chooses a folder for a data folder that has none. It is not made yet.
pub(super) fn choose(data_dir: &Path) -> Result<PathBuf, EmbeddedPostgresError> {
    let parent = Path::new(PARENT);
    fs::create_dir_all(parent)
        .and_then(|()| fs::set_permissions(parent, Permissions::from_mode(0o711)))
        .map_err(EmbeddedPostgresError::file(parent))?;
    let name = short_hash(data_dir);
    // A data folder of this name may have been here before and be gone: its database is not this one's.
    let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
    let free = names.find(|name| !parent.join(name).join("cluster").exists()).unwrap_or(name);
    Ok(parent.join(free))
}

/// Notes in both folders that they belong together.
pub(super) fn tie(data_dir: &Path, home: &Path) -> Result<(), EmbeddedPostgresError> {
    claim(data_dir, home)?;
    replace(&data_dir.join(POINTER), home.as_os_str().as_bytes())
}

/// Makes sure that the folder that a data folder points to is that data folder's, which may have been moved.
pub(super) fn check(data_dir: &Path, home: &Path) -> Result<(), EmbeddedPostgresError> {
    if !home.exists() {
        let pointer = data_dir.join(POINTER);
        return Err(Refused::Missing { data_dir: data_dir.to_owned(), home: home.to_owned(), pointer }.into());
    }
    let path = home.join(CLAIM);
    let claimed = match fs::read(&path) {
        Ok(claimed) => claimed,
        // Made before there were claims.
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

/// Writes a file as a whole: a crash leaves the old one or the new one.
fn replace(path: &Path, text: &[u8]) -> Result<(), EmbeddedPostgresError> {
    let unfinished = path.with_extension("new");
    let written = write_private_file(&unfinished, text, None).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(EmbeddedPostgresError::file(path))
}
