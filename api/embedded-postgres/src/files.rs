//! Files and folders of the server: their owner and names, and how a private file is written.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// The user (and group) that runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// A short name that depends only on the path of a folder: 16 hexadecimal digits of its SHA-256.
pub(super) fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..8])
}

/// Writes a new file that only its owner can read, and replaces an existing one. It follows no symbolic link: the
/// server's user may write to some of the folders, and must not choose what root writes to.
pub(super) fn write_private_file(path: &Path, text: &[u8], owner: Option<Owner>) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    if let Some(owner) = owner {
        fchown(&file, Some(owner.uid), Some(owner.gid))?;
    }
    file.sync_all()
}

/// The device and inode of a folder, which identify it under any name.
pub(super) fn inode(folder: &fs::Metadata) -> (u64, u64) {
    (folder.dev(), folder.ino())
}
