//! Keeps uploaded files through `object_store`: a local folder today, S3 and its kind through the same trait.
//!
//! Names are made safe here and nowhere else; none can point out of the store, and no upload overwrites another.

use std::{path::Path as FolderPath, sync::Arc};

use async_trait::async_trait;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, local::LocalFileSystem, path::Path,
};
use rand::{RngExt, distr::Alphanumeric};

use crate::ports::{MediaError, MediaStore};

/// Leaves room for the suffix of a collision below the 255 bytes of common file systems.
const MAX_NAME_BYTES: usize = 200;
const SUFFIX_CHARACTERS: usize = 7;
const RANDOM_NAME_CHARACTERS: usize = 16;

/// A [`MediaStore`] on any object store.
#[derive(Debug, Clone)]
pub struct ObjectMedia {
    store: Arc<dyn ObjectStore>,
}

impl ObjectMedia {
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Files in a folder of this machine. It must exist.
    pub fn in_folder(folder: &FolderPath) -> Result<Self, MediaError> {
        let store = LocalFileSystem::new_with_prefix(folder).map_err(MediaError)?;
        Ok(Self::new(Arc::new(store.with_fsync(true))))
    }
}

#[async_trait]
impl MediaStore for ObjectMedia {
    async fn put_new(&self, wished_name: &str, bytes: Vec<u8>) -> Result<String, MediaError> {
        let payload = PutPayload::from(bytes);
        let wished = safe_name(wished_name).unwrap_or_else(|| random(RANDOM_NAME_CHARACTERS));
        let mut name = wished.clone();
        loop {
            let path = Path::parse(&name).map_err(|error| MediaError(error.into()))?;
            match self.store.put_opts(&path, payload.clone(), PutOptions::from(PutMode::Create)).await {
                Ok(_) => return Ok(name),
                Err(Error::AlreadyExists { .. }) => {
                    name = with_suffix(&wished, &random(SUFFIX_CHARACTERS));
                }
                Err(error) => return Err(MediaError(error)),
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, MediaError> {
        let Some(path) = stored_path(name) else {
            return Ok(None);
        };
        match self.store.get(&path).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(MediaError)?.to_vec())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(MediaError(error)),
        }
    }

    async fn remove(&self, name: &str) -> Result<(), MediaError> {
        let Some(path) = stored_path(name) else {
            return Ok(());
        };
        match self.store.delete(&path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(MediaError(error)),
        }
    }
}

/// The last part of the name, spaces as `_`, and of the rest only letters, digits, `-`, `_` and `.`.
fn safe_name(wished: &str) -> Option<String> {
    let last = wished.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = last.chars().map(|c| if c == ' ' { '_' } else { c }).filter(kept).collect();
    if name.chars().all(|c| c == '.') {
        return None;
    }
    let (stem, extension) = split_extension(&name);
    let extension = truncated(extension, MAX_NAME_BYTES / 2);
    Some(format!("{}{extension}", truncated(stem, MAX_NAME_BYTES - extension.len())))
}

/// A name that [`ObjectMedia::put_new`] may have given; any other is not in the store.
fn stored_path(name: &str) -> Option<Path> {
    if name.contains(['/', '\\']) {
        return None;
    }
    Path::parse(name).ok().filter(|path| !path.is_root())
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let (stem, extension) = split_extension(name);
    format!("{stem}_{suffix}{extension}")
}

/// The extension with its dot. A name that begins with its only dot has none.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if name[..at].chars().any(|c| c != '.') => name.split_at(at),
        _ => (name, ""),
    }
}

fn truncated(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn random(characters: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(characters).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn store() -> (TempDir, ObjectMedia) {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let media = ObjectMedia::in_folder(folder.path()).expect("the folder exists");
        (folder, media)
    }

    #[test]
    fn a_name_keeps_letters_digits_and_a_few_signs_only() {
        assert_eq!(safe_name("C:\\x/my report (final) é.PDF").as_deref(), Some("my_report_final_é.PDF"));
    }

    #[test]
    fn a_name_of_nothing_but_dots_is_refused() {
        assert_eq!((safe_name("a/.."), safe_name("?*"), safe_name("")), (None, None, None));
    }

    #[test]
    fn the_suffix_goes_before_the_extension() {
        assert_eq!(with_suffix("a.tar.gz", "1234567"), "a.tar_1234567.gz");
        assert_eq!(with_suffix(".env", "1234567"), ".env_1234567");
    }

    #[tokio::test]
    async fn a_file_comes_back_by_the_name_it_got() -> Result<(), MediaError> {
        let (_folder, media) = store();
        let name = media.put_new("voice note.mp3", b"sound".to_vec()).await?;
        assert_eq!(name, "voice_note.mp3");
        assert_eq!(media.get(&name).await?, Some(b"sound".to_vec()));
        Ok(())
    }

    #[tokio::test]
    async fn racing_uploads_of_one_name_are_all_kept() -> Result<(), MediaError> {
        let (_folder, media) = store();
        let put = |byte: u8| media.put_new("a.txt", vec![byte]);
        let names = futures::future::try_join_all((0..8).map(put)).await?;
        for (byte, name) in (0..).zip(&names) {
            assert_eq!(media.get(name).await?, Some(vec![byte]), "{name}");
        }
        assert_eq!(names.iter().filter(|name| *name == "a.txt").count(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn a_file_without_a_usable_name_gets_a_random_one() -> Result<(), MediaError> {
        let (_folder, media) = store();
        let name = media.put_new("../..", b"x".to_vec()).await?;
        assert_eq!(name.len(), RANDOM_NAME_CHARACTERS);
        Ok(())
    }

    #[tokio::test]
    async fn a_removed_file_is_gone_and_may_be_removed_again() -> Result<(), MediaError> {
        let (_folder, media) = store();
        let name = media.put_new("a.txt", b"x".to_vec()).await?;
        media.remove(&name).await?;
        media.remove(&name).await?;
        assert_eq!(media.get(&name).await?, None);
        Ok(())
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_can_be_read() -> Result<(), MediaError> {
        let (folder, _) = store();
        std::fs::write(folder.path().join("secret"), "x").expect("the folder can be written");
        std::fs::create_dir(folder.path().join("media")).expect("the folder can be written");
        let media = ObjectMedia::in_folder(&folder.path().join("media"))?;
        for name in ["../secret", "..\\secret", "..", "", "/", "%2e%2e/secret", "\0"] {
            assert_eq!(media.get(name).await?, None, "{name}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn every_safe_name_is_one_short_part_of_a_path(wished in any::<String>()) {
            if let Some(name) = safe_name(&wished) {
                prop_assert!(name.len() <= MAX_NAME_BYTES);
                prop_assert_eq!(Path::parse(&name).expect("the name is safe").parts().count(), 1);
            }
        }
    }
}
