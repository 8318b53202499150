//! What the erasure of a person needs of the read side, and of the key of the log.

use std::error::Error;

use async_trait::async_trait;
use commands::{
    erasure::{InViews, SignCertificate, ViewsOfSubjects},
    proofs::Proofs,
};
use domain::ids::SubjectId;
use projections::{Views, erased};
use transparency_log::note::Note;
use uuid::Uuid;

/// Signs certificates with the key of the log.
pub(crate) struct LogKey(pub(crate) Proofs);

impl SignCertificate for LogKey {
    fn sign(&self, log_id: Uuid, text: String) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(Note::sign(text, &self.0.key_of(log_id)?)?.to_string())
    }
}

/// Counts what the views have of a subject.
pub(crate) struct ErasedViews(pub(crate) Views);

#[async_trait]
impl ViewsOfSubjects for ErasedViews {
    async fn rows_of(&self, subject: SubjectId) -> Result<InViews, sqlx::Error> {
        let rows = erased::rows_of(&self.0, subject).await.map_err(projections::QueryError::into_inner)?;
        Ok(InViews { with_text: rows.with_text.unsigned_abs(), rows: rows.all.unsigned_abs() })
    }
}
