//! The writing of what is new in the log into the folder of the published one.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use sqlx::PgPool;
use transparency_log::{
    note::SigningKey,
    tiles::{Folder, TileReader},
    writer::LogWriter,
};

use super::{ProofError, PublishedLog, Witnesses, leaf_of, published};
use crate::event_log::{EventRecord, RecordsError, TakeError, event_records};

/// The file whose lock the only writer holds. Its name tells web servers not to serve it.
const LOCK: &str = ".lock";

pub(super) async fn publish(
    pool: &PgPool,
    folder: &Path,
    key: SigningKey,
    witnesses: Option<&Witnesses>,
) -> Result<(PublishedLog, u64), ProofError> {
    let path = || folder.to_owned();
    // Held until the end of this function.
    let _lock = lock(folder)?;
    let verifier = key.verifier().clone();
    let mut writer =
        LogWriter::open(Folder::new(path()), key).map_err(|source| ProofError::OtherLog { folder: path(), source })?;
    let before = writer.size();
    // The last published event is read again: a log that has another one there is not that which was published.
    let last = before.checked_sub(1).map(|index| TileReader::new(writer.files(), before).entry(index));
    let mut last = last.transpose().map_err(|source| ProofError::Tile { folder: path(), source })?;
    let after = i64::try_from(before.saturating_sub(1)).unwrap_or(i64::MAX);
    let mut append = |records: &[EventRecord]| {
        let mut entries = records.iter().map(leaf_of).collect::<Result<Vec<_>, _>>()?.into_iter();
        if let Some(last) = last.take()
            && entries.next().map(|leaf| leaf.to_string().into_bytes()) != Some(last)
        {
            return Err(ProofError::OtherEvent { folder: path(), position: before });
        }
        let entries = entries.map(|leaf| leaf.to_string());
        writer.append(entries).map_err(|source| ProofError::Write { folder: path(), source })
    };
    let end = event_records(pool, after, |records| append(&records).map_err(TakeError::from)).await;
    let end = end.map_err(|error| match error {
        RecordsError::NotTaken(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => ProofError::Records { folder: path(), source: RecordsError::NotTaken(error) },
        },
        source => ProofError::Records { folder: path(), source },
    })?;
    let new = u64::try_from(end).unwrap_or_default().saturating_sub(before);
    let is_witnessed = match witnesses {
        Some(witnesses) if new == 0 && before > 0 => witnesses.are_enough(&published(folder, &verifier)?.checkpoint)?,
        _ => true,
    };
    if new > 0 || before == 0 || !is_witnessed {
        let write = |source| ProofError::Write { folder: path(), source };
        let mut note = writer.sign().map_err(write)?;
        if let Some(witnesses) = witnesses {
            witnesses.cosign(writer.files(), &mut note, writer.size()).await;
        }
        writer.publish_cosigned(&note).map_err(write)?;
    }
    Ok((published(folder, &verifier)?, new))
}

/// Takes the lock of the folder, which is made if it does not exist. The lock is released when the file is closed.
fn lock(folder: &Path) -> Result<File, ProofError> {
    let failed = |source| ProofError::Files { folder: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ProofError::Busy(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
