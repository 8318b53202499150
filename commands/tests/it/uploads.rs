//! Files on their way into the media store, and those that nothing came of.

use std::sync::Arc;

use adapters::media::ObjectMedia;
use chrono::{TimeDelta, Utc};
use commands::{
    scheduler::Expiry,
    uploads::{KeepUpload, Uploads},
};
use domain::chat::Chat;
use futures::TryStreamExt as _;
use ports::SharedMediaStore;
use sqlx::PgPool;
use tempfile::TempDir;
use tokio_util::bytes::Bytes;

use crate::support::{Node, new_id, start, system};

fn store(db: &PgPool) -> (TempDir, SharedMediaStore, Uploads) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let media: SharedMediaStore = Arc::new(ObjectMedia::in_folder(folder.path()).expect("the folder exists"));
    let uploads = Uploads::new(db.clone(), media.clone());
    (folder, media, uploads)
}

async fn content(media: &SharedMediaStore, name: &str) -> Option<Vec<u8>> {
    let size = media.describe(name).await.expect("the store works")?.size;
    let pieces = media.read(name, 0..size).await.expect("the store works")?;
    Some(pieces.try_collect::<Vec<_>>().await.expect("the store works").concat())
}

/// Ends what is due so many hours from now.
#[expect(clippy::disallowed_methods, reason = "the rows have the database's time")]
async fn expire_in(uploads: &Uploads, hours: i64) -> u64 {
    uploads.expire(Utc::now() + TimeDelta::hours(hours)).await.expect("the sweep succeeds")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn racing_uploads_of_one_name_are_all_kept_under_names_of_their_own(db: PgPool) {
    let (_folder, media, uploads) = store(&db);
    let put = |byte: u8| uploads.store("voice note.mp3", Bytes::from(vec![byte]));
    let names = futures::future::try_join_all((0..8).map(put)).await.expect("all are kept");
    for (byte, name) in (0..).zip(&names) {
        assert_eq!(content(&media, name).await, Some(vec![byte]), "{name}");
    }
    assert!(
        names.iter().all(|name| name.starts_with("voice_note_") && name.strip_suffix(".mp3").is_some()),
        "{names:?}"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_upload_that_was_interrupted_is_removed_a_day_later(db: PgPool) {
    let (_folder, media, uploads) = store(&db);
    let name = uploads.store("a.txt", Bytes::from_static(b"x")).await.expect("it is stored");
    assert_eq!(expire_in(&uploads, 23).await, 0);
    assert!(media.describe(&name).await.expect("the store works").is_some());
    assert_eq!(expire_in(&uploads, 25).await, 1);
    assert!(media.describe(&name).await.expect("the store works").is_none());
    assert_eq!(expire_in(&uploads, 25).await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_file_that_an_event_refers_to_stays(db: PgPool) {
    let (_folder, media, uploads) = store(&db);
    let node = Node::start(&db.connect_options()).await;
    let name = uploads.store("zinc.txt", Bytes::from_static(b"zinc")).await.expect("it is stored");
    let rows = vec![KeepUpload(name.clone()).into()];
    node.commands.execute_with::<Chat>(new_id(), start(), rows, &system()).await.expect("the event is appended");
    assert_eq!(expire_in(&uploads, 1_000).await, 0);
    assert_eq!(content(&media, &name).await, Some(b"zinc".to_vec()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_name_is_not_given_again_when_its_file_is_removed_and_it_is_known_when_that_was(db: PgPool) {
    let (_folder, media, uploads) = store(&db);
    let old = uploads.store("a.txt", Bytes::from_static(b"old")).await.expect("it is stored");
    assert_eq!(uploads.removed_at(&old).await.expect("readable"), None);
    uploads.remove(&old).await.expect("it is removed");
    let removed_at = uploads.removed_at(&old).await.expect("readable").expect("it was removed");
    let new = uploads.store("a.txt", Bytes::from_static(b"new")).await.expect("it is stored");
    assert_ne!(new, old);
    uploads.remove(&old).await.expect("again changes nothing");
    assert_eq!(uploads.removed_at(&old).await.expect("readable"), Some(removed_at));
    assert_eq!(expire_in(&uploads, 25).await, 1, "the new one, of which no event tells");
    assert_eq!(content(&media, &new).await, None);
    assert_eq!(uploads.removed_at(&old).await.expect("readable"), Some(removed_at), "the sweep forgets nothing");
    assert_eq!(uploads.removed_at("a.txt").await.expect("readable"), None);
}
