//! A folder of files that are written whole.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{ReadFiles, WriteFiles};

/// Everybody may read what is there to be checked by everybody.
const MODE: u32 = 0o644;

/// A folder of the file system. Temporary files that a crash leaves in it begin with `.tmp`; nobody reads them.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Makes the folder and those above it, each of which is on the disk afterwards.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    folder.parent().map_or(Ok(()), sync)
}

/// Has the names in a folder written to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

impl ReadFiles for Folder {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(path)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl WriteFiles for Folder {
    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let path = self.0.join(path);
        let folder = path.parent().unwrap_or(&self.0);
        make(folder)?;
        let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(MODE)).tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        sync(folder)
    }

    fn remove_below(&self, path: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.0.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
