//! The keys of the log in a database, for commands.

use commands::event_log::{HeadSigner, KeyError, KeyRing, PublicKey};
use sqlx::PgPool;

use crate::{app::master_key, config::Settings};

/// The keys of this database. Nothing is written, and no key is made.
pub(super) async fn key_ring(settings: &Settings, pool: &PgPool) -> anyhow::Result<KeyRing> {
    let missing = || KeyError::MissingMasterKey { path: settings.master_key_file().display().to_string() };
    Ok(KeyRing::open_existing(pool.clone(), settings.master_key()?.ok_or_else(missing)?).await?)
}

/// The key that verifies the signed heads of the log in this database.
pub(super) async fn public_key(settings: &Settings, pool: &PgPool) -> anyhow::Result<PublicKey> {
    Ok(HeadSigner::public_key_of(&key_ring(settings, pool).await?))
}

/// The signer of the heads of the log in this database.
pub(super) async fn signer(settings: &Settings, pool: &PgPool) -> anyhow::Result<HeadSigner> {
    let keys = KeyRing::open(pool.clone(), master_key(settings, pool).await?).await?;
    Ok(HeadSigner::open(&keys, &settings.heads_dir())?)
}
