//! Stores uploaded files through `object_store`: in a local folder, or in S3 and compatible services.

use std::{ops::Range, path::Path as FolderPath, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use object_store::{
    ClientOptions, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::bytes::Bytes;

use ports::{MediaBytes, MediaError, MediaInfo, MediaStore, is_possible_name};

const CONNECT_TIME: Duration = Duration::from_secs(5);
const IDLE_TIME: Duration = Duration::from_secs(20);

/// A bucket of S3 or of a compatible service.
#[derive(Clone)]
pub struct S3Settings {
    pub bucket: String,
    pub region: String,
    /// The URL of the server; `None` for Amazon's own in the region.
    pub endpoint: Option<String>,
    /// Access key and secret; `None` for the credentials of the machine's role, as on Amazon's machines.
    pub credentials: Option<(String, SecretString)>,
    /// Whether the endpoint may use plain HTTP.
    pub allow_http: bool,
}

/// A [`MediaStore`] on any `object_store`.
#[derive(Debug, Clone)]
pub struct ObjectMedia {
    store: Arc<dyn ObjectStore>,
}

impl ObjectMedia {
    /// Stores files in a folder of this machine, which must exist.
    pub fn in_folder(folder: &FolderPath) -> Result<Self, MediaError> {
        let store = LocalFileSystem::new_with_prefix(folder).map_err(MediaError::new)?;
        Ok(Self { store: Arc::new(store.with_fsync(true)) })
    }

    /// Stores files in a bucket, which must exist; no request is made yet.
    pub fn in_bucket(settings: S3Settings) -> Result<Self, MediaError> {
        // A failing server is reported soon to a waiting upload; the time for a whole file is limited by its reader.
        let options = ClientOptions::new()
            .with_connect_timeout(CONNECT_TIME)
            .with_timeout_disabled()
            .with_read_timeout(IDLE_TIME);
        let retry = RetryConfig { max_retries: 3, retry_timeout: IDLE_TIME, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_client_options(options)
            .with_retry(retry)
            .with_bucket_name(settings.bucket)
            .with_region(settings.region)
            .with_allow_http(settings.allow_http);
        if let Some(endpoint) = settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((key, secret)) = settings.credentials {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret.expose_secret());
        }
        Ok(Self { store: Arc::new(builder.build().map_err(MediaError::new)?) })
    }
}

#[async_trait]
impl MediaStore for ObjectMedia {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, MediaError> {
        let path = Path::parse(name).map_err(MediaError::new)?;
        match self.store.put_opts(&path, PutPayload::from_bytes(bytes), PutOptions::from(PutMode::Create)).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(MediaError::new(error)),
        }
    }

    async fn describe(&self, name: &str) -> Result<Option<MediaInfo>, MediaError> {
        let Some(path) = stored_path(name) else {
            return Ok(None);
        };
        let info = self.store.head(&path).await;
        Ok(found(info)?.map(|meta| MediaInfo { size: meta.size, modified_at: meta.last_modified }))
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Option<MediaBytes>, MediaError> {
        let Some(path) = stored_path(name) else {
            return Ok(None);
        };
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let bytes = found(self.store.get_opts(&path, options).await)?;
        Ok(bytes.map(|bytes| bytes.into_stream().map_err(MediaError::new).boxed()))
    }

    async fn remove(&self, name: &str) -> Result<(), MediaError> {
        let Some(path) = stored_path(name) else {
            return Ok(());
        };
        found(self.store.delete(&path).await).map(drop)
    }
}

fn found<T>(result: Result<T, Error>) -> Result<Option<T>, MediaError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(MediaError::new(error)),
    }
}

/// The path for a name that a file may have. Other names are not passed to the store, which might report them as a
/// fault.
fn stored_path(name: &str) -> Option<Path> {
    if is_possible_name(name) { Path::parse(name).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn store() -> (TempDir, ObjectMedia) {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let media = ObjectMedia::in_folder(folder.path()).expect("the folder exists");
        (folder, media)
    }

    async fn content(media: &ObjectMedia, name: &str) -> Result<Option<Vec<u8>>, MediaError> {
        let Some(info) = media.describe(name).await? else { return Ok(None) };
        let Some(bytes) = media.read(name, 0..info.size).await? else { return Ok(None) };
        Ok(Some(bytes.try_collect::<Vec<_>>().await?.concat()))
    }

    #[tokio::test]
    async fn a_name_is_given_once() -> Result<(), MediaError> {
        let (_folder, media) = store();
        assert!(media.create("a.txt", Bytes::from_static(b"first")).await?);
        assert!(!media.create("a.txt", Bytes::from_static(b"second")).await?);
        assert_eq!(content(&media, "a.txt").await?, Some(b"first".to_vec()));
        Ok(())
    }

    #[tokio::test]
    async fn of_racing_files_of_one_name_one_is_kept() -> Result<(), MediaError> {
        let (_folder, media) = store();
        let put = |byte: u8| media.create("a.txt", Bytes::from(vec![byte]));
        let kept = futures::future::try_join_all((0..8).map(put)).await?;
        let winner = kept.iter().position(|kept| *kept).expect("one is kept");
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 1);
        assert_eq!(content(&media, "a.txt").await?, Some(vec![u8::try_from(winner).expect("there are eight")]));
        Ok(())
    }

    #[tokio::test]
    async fn a_part_of_a_file_can_be_read() -> Result<(), MediaError> {
        let (_folder, media) = store();
        media.create("a.txt", Bytes::from_static(b"0123456789")).await?;
        let part = media.read("a.txt", 2..5).await?.expect("the file is there");
        assert_eq!(part.try_collect::<Vec<_>>().await?.concat(), b"234");
        assert_eq!(media.describe("a.txt").await?.map(|info| info.size), Some(10));
        assert!(media.read("b.txt", 2..5).await?.is_none());
        Ok(())
    }

    #[tokio::test]
    async fn a_removed_file_is_gone_and_may_be_removed_again() -> Result<(), MediaError> {
        let (_folder, media) = store();
        media.create("a.txt", Bytes::from_static(b"x")).await?;
        media.remove("a.txt").await?;
        media.remove("a.txt").await?;
        assert_eq!(content(&media, "a.txt").await?, None);
        Ok(())
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_can_be_read() -> Result<(), MediaError> {
        let (folder, _) = store();
        std::fs::write(folder.path().join("secret"), "x").expect("the folder can be written");
        std::fs::create_dir(folder.path().join("media")).expect("the folder can be written");
        let media = ObjectMedia::in_folder(&folder.path().join("media"))?;
        let long = "x".repeat(300);
        // The last ones are names that this store would refuse.
        for name in
            ["../secret", "..\\secret", "..", "", "/", "%2e%2e/secret", "\0", ".", "a//b", "a.txt#1", "~", "\n", &long]
        {
            assert_eq!(content(&media, name).await?, None, "{name}");
            assert!(media.describe(name).await?.is_none(), "{name}");
        }
        Ok(())
    }
}
