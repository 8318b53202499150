//! The data folder: made where it is missing, and closed to everybody but the user who runs the program.
//!
//! What lies in it (uploads, keys, mails that let their readers in, the database) is nobody else's business, also on a
//! machine with other users. New files get no rights for others by the process's mask; folders that an older version has
//! left open are closed at the start.

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
/// Root's folder may be crossed by the group that PostgreSQL's user has, if it has the database in it.
const OWNER_AND_SERVER: u32 = 0o710;
/// Folders that belong to all users, such as `/tmp`, have it.
const STICKY: u32 = 0o1000;

/// What this process makes from now on is for its user alone. To be called before other threads make files.
pub(crate) fn keep_new_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Makes the data folder, if it is missing, and closes what is open in it.
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

/// Takes away all rights that are not in the mask.
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
