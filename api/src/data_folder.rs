//! The data folder: created if it is missing, and closed to all users but the one who runs the program.
//!
//! Its content (uploads, keys, mails that give access to accounts, the database) must stay private on a machine with
//! other users. The process's umask denies them rights to new files; files and folders that an older version has left
//! open are closed at the start.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use embedded_postgres::make_folder;
use rustix::{
    fs::Mode,
    process::{geteuid, umask},
};

use crate::config::Settings;

/// All rights of the owner.
const OWNER: u32 = 0o700;
/// The rights on root's data folder: PostgreSQL's user may enter it by its group, if the database is inside.
const OWNER_AND_SERVER: u32 = 0o710;
/// The sticky bit, which folders of all users have, such as `/tmp`.
const STICKY: u32 = 0o1000;

/// Sets the umask so that new files and folders are for the process's user alone. To be called before other threads
/// create files.
pub(crate) fn keep_new_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Creates the data folder if it is missing, and closes it and the private files and folders in it to other users.
///
/// # Errors
/// If the folder cannot be made.
pub(crate) fn prepare(settings: &Settings) -> anyhow::Result<()> {
    let folder = &settings.data_dir;
    make_folder(folder)
        .with_context(|| format!("the data folder {} cannot be made: choose another DATA_DIR", folder.display()))?;
    close(folder, if geteuid().is_root() { OWNER_AND_SERVER } else { OWNER });
    for inside in ["media", "mail", "heads"] {
        close(&folder.join(inside), OWNER);
    }
    for file in ["master.key", "erasures.log", "heads/heads.jsonl", "postgres.location"] {
        close(&folder.join(file), 0o600);
    }
    Ok(())
}

/// Takes away all rights that are not in the mask, except from folders of all users. A failure is only logged.
fn close(path: &Path, mask: u32) {
    let Ok(found) = fs::metadata(path) else { return };
    let mode = found.mode() & 0o7777;
    let closed = mode & (mask | 0o7000);
    if closed == mode || mode & STICKY != 0 {
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(closed)) {
        Ok(()) => {
            tracing::info!(path = %path.display(), was = format!("{mode:o}"), now = format!("{closed:o}"), "closed to other users");
        }
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), mode = format!("{mode:o}"), "other users of this machine may get at it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").mode() & 0o7777
    }

    #[test]
    fn what_others_may_is_taken_away_but_not_from_folders_that_are_everybodys() {
        let folder = tempfile::tempdir().expect("temporary folders can be made");
        let path = folder.path();
        for (before, mask, after) in
            [(0o755, OWNER, 0o700), (0o755, OWNER_AND_SERVER, 0o710), (0o2775, OWNER, 0o2700), (0o1777, OWNER, 0o1777)]
        {
            fs::set_permissions(path, Permissions::from_mode(before)).expect("it is ours");
            close(path, mask);
            assert_eq!(mode(path), after, "{before:o}");
        }
    }
}
