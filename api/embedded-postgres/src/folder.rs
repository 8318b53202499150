//! Creates the data folder, so that a server that root starts can reach its own folder inside.

use std::{
    fs::{self, DirBuilder, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::process::geteuid;

/// Creates a folder for its owner alone (mode 0700), and the missing folders above it. Returns whether it was missing.
/// Folders above it that root creates can be entered by others (mode 0711), because the database's user has to reach
/// its own folder.
///
/// # Errors
/// If one of them cannot be created, or something that is not a folder is in its place.
pub fn make_folder(folder: &Path) -> io::Result<bool> {
    if folder.is_dir() {
        return Ok(false);
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty())
        && make_folder(above)?
        && geteuid().is_root()
    {
        fs::set_permissions(above, Permissions::from_mode(0o711))?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(true),
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(false),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(io::Error::new(ErrorKind::NotADirectory, "it is not a folder"))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_with_all_above_it() {
        let folder = tempfile::tempdir().expect("temporary folders can be made");
        let deep = folder.path().join("a/b/c");
        assert!(make_folder(&deep).expect("made") && !make_folder(&deep).expect("it is there"));
        assert_eq!(fs::metadata(&deep).expect("it is there").permissions().mode() & 0o7777, 0o700);
    }
}
