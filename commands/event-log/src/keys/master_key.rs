//! The master key, and the file that holds it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use domain::ids::SubjectId;
use sqlx::PgPool;
use zeroize::Zeroizing;

use crate::keys::crypto::{KEY_BYTES, Key, KeyError, SYSTEM, open, random_key, seal};

/// The key that wraps all others. If it is lost, all personal text is lost.
#[derive(Clone)]
pub struct MasterKey(Key);

impl MasterKey {
    /// Parses a key of 64 hexadecimal digits; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`KeyError::MalformedMasterKey`] if the text has another form.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut key = Key::default();
        hex::decode_to_slice(text.trim(), key.as_mut()).map_err(|_| KeyError::MalformedMasterKey)?;
        Ok(Self(key))
    }

    /// Reads the key from a file; `None` if there is no such file.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] if the file cannot be read; [`KeyError::MalformedMasterKey`] if it holds no key.
    pub fn from_file(path: &Path) -> Result<Option<Self>, KeyError> {
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => Self::from_hex(&text).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(path)(error)),
        }
    }

    /// Creates a key and its file, which only its owner can read. If another process has created the file first,
    /// returns the key in that file.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] if the file cannot be created; [`KeyError::MalformedMasterKey`] if another process's
    /// file holds no key.
    pub fn new_in_file(path: &Path) -> Result<Self, KeyError> {
        let key = Self(random_key());
        let draft = draft_of(path);
        let made = key.write(&draft).and_then(|()| fs::hard_link(&draft, path)).and_then(|()| sync_folder(path));
        drop(fs::remove_file(&draft));
        match made {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Self::from_file(path)?.ok_or_else(|| failed(path)(error))
            }
            Err(error) => Err(failed(path)(error)),
        }
    }

    /// Replaces the key in the file atomically: at every moment the file holds either the old or the new key.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] if the file cannot be written.
    pub fn replace_file(&self, path: &Path) -> Result<(), KeyError> {
        let draft = draft_of(path);
        let replaced = self.write(&draft).and_then(|()| fs::rename(&draft, path));
        if replaced.is_err() {
            // It holds the key in clear.
            drop(fs::remove_file(&draft));
        }
        replaced.and_then(|()| sync_folder(path)).map_err(failed(path))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let text = Zeroizing::new(hex::encode(self.0.as_ref()));
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Encrypts a subject's key for storage in the database.
    pub(crate) fn wrap(&self, key: &Key, subject: SubjectId) -> Vec<u8> {
        seal(&self.0, key.as_slice(), subject.value().as_bytes())
    }

    /// Decrypts a subject's key as stored in the database.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`] if another master key has wrapped it.
    pub(crate) fn unwrap_key(&self, subject: SubjectId, wrapped: &[u8]) -> Result<Key, KeyError> {
        let opened = open(&self.0, wrapped, subject.value().as_bytes()).map_err(|_| KeyError::WrongMasterKey)?;
        let plain = Zeroizing::new(opened);
        let mut key = Key::default();
        if plain.len() != KEY_BYTES {
            return Err(KeyError::WrongMasterKey);
        }
        key.copy_from_slice(&plain);
        Ok(key)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.display().to_string();
    move |source| KeyError::MasterKeyFile { path, source }
}

/// Returns the path of a temporary file next to the key file, named after this process; the key is written there first.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

/// Returns whether any key was ever wrapped: in that case a newly created master key cannot be the right one.
///
/// # Errors
/// [`KeyError::Storage`] if the query fails.
pub async fn has_keys(pool: &PgPool) -> Result<bool, KeyError> {
    let exists = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM subject_keys) AS "exists!""#);
    Ok(exists.fetch_one(pool).await?)
}

/// Wraps all keys with a new master key, in one transaction. Events and the subjects' keys themselves do not change.
/// Returns the number of keys; 0 if they were already wrapped with the new master key.
///
/// # Errors
/// [`KeyError::WrongMasterKey`] if neither master key fits; [`KeyError::Storage`] if a query fails. Nothing has changed
/// then.
pub async fn rewrap_keys(pool: &PgPool, old: &MasterKey, new: &MasterKey) -> Result<usize, KeyError> {
    let mut tx = pool.begin().await?;
    // No time limit. The table is locked, because a key that is created meanwhile would be wrapped with the old master
    // key.
    sqlx::query!("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    sqlx::query!("LOCK TABLE subject_keys IN EXCLUSIVE MODE").execute(&mut *tx).await?;
    let rows = sqlx::query!(
        r#"SELECT subject_id, wrapped_key AS "wrapped_key!" FROM subject_keys WHERE wrapped_key IS NOT NULL
           ORDER BY subject_id <> $1"#,
        SYSTEM.value(),
    )
    .fetch_all(&mut *tx)
    .await?;
    // The system's key comes first. All keys are wrapped with the same master key, so checking one suffices.
    if let Some(first) = rows.first()
        && new.unwrap_key(SubjectId::new(first.subject_id), &first.wrapped_key).is_ok()
    {
        return Ok(0);
    }
    let mut subjects = Vec::with_capacity(rows.len());
    let mut wrapped = Vec::with_capacity(rows.len());
    for row in rows {
        let subject = SubjectId::new(row.subject_id);
        wrapped.push(new.wrap(&old.unwrap_key(subject, &row.wrapped_key)?, subject));
        subjects.push(row.subject_id);
    }
    sqlx::query!(
        "UPDATE subject_keys SET wrapped_key = new.wrapped_key
         FROM unnest($1::uuid[], $2::bytea[]) AS new (subject_id, wrapped_key)
         WHERE subject_keys.subject_id = new.subject_id",
        &subjects,
        &wrapped,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(subjects.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_replaced_as_a_whole() {
        let folder = std::env::temp_dir().join(format!("ayushma-master-key-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        let path = folder.join("not/there/yet/master.key");
        drop(fs::remove_file(&path));
        assert!(MasterKey::from_file(&path).expect("no file is no key").is_none());
        let made = MasterKey::new_in_file(&path).expect("made");
        assert_eq!(MasterKey::new_in_file(&path).expect("the other one's").0, made.0);
        let new = MasterKey(random_key());
        new.replace_file(&path).expect("replaced");
        assert_eq!(MasterKey::from_file(&path).expect("readable").map(|key| key.0), Some(new.0.clone()));
        let folder = path.parent().expect("it is in one");
        let count = || fs::read_dir(folder).expect("readable").count();
        assert_eq!(count(), 1, "nothing lies beside it");
        let taken = folder.join("taken");
        fs::create_dir_all(&taken).expect("made");
        new.replace_file(&taken).expect_err("it is a folder");
        assert_eq!(count(), 2, "nor does the key of a failure");
    }
}
