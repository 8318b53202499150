//! Erasures that a restored backup has undone, by the ledger outside of the database.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    chat::Chat,
    erasure::{ErasureCommand, SubjectKind},
    ids::{ChatId, ErasureId, SubjectId, UserId},
    user::User,
};

use super::{Erasure, ErasureError};
use crate::execute::Context;

impl Erasure {
    /// Compares the ledger with the database and completes both: erases again the subjects that a backup has brought
    /// back. Has to be called before anything is served or projected.
    ///
    /// # Errors
    /// [`ErasureError`], with the reason: then nothing may be served.
    pub async fn reapply(&self) -> Result<(), ErasureError> {
        let noted = self.ledger.read().await.map_err(ErasureError::Ledger)?;
        let destroyed = self.destroyed().await?;
        for (subject, at) in destroyed.iter().filter(|(subject, _)| !noted.contains(subject)) {
            tracing::warn!(%subject, "an erasure was not in the ledger, which is completed");
            self.ledger.note(*subject, *at).await.map_err(ErasureError::Ledger)?;
        }
        let destroyed: HashSet<SubjectId> = destroyed.into_iter().map(|(subject, _)| subject).collect();
        for subject in noted.difference(&destroyed) {
            self.erase_again(*subject).await?;
        }
        Ok(())
    }

    async fn destroyed(&self) -> Result<Vec<(SubjectId, DateTime<Utc>)>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT subject_id, erased_at AS "erased_at!" FROM subject_keys WHERE wrapped_key IS NULL ORDER BY erasure"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (SubjectId::new(row.subject_id), row.erased_at)).collect())
    }

    /// Repeats an erasure that the database does not have, because it, or its keys, are of an older backup.
    async fn erase_again(&self, subject: SubjectId) -> Result<(), ErasureError> {
        let log = self.commands.log();
        let context = Context::system("ledger-of-erasures", self.clock.new_id());
        let request_id = ErasureId::new(self.clock.new_id());
        let again = |kind| ErasureCommand::EraseAgain { request_id, kind };
        if log.load::<User>(subject.value()).await?.aggregate != User::Absent {
            // An erased superuser is erased again even if the backup has no other one.
            self.erase(UserId::new(subject.value()), vec![], again(SubjectKind::Person), &context).await?;
        } else if log.load::<Chat>(subject.value()).await?.aggregate != Chat::Absent {
            self.erase_the_chat(ChatId::new(subject.value()), again(SubjectKind::Chat), &context).await?;
        } else {
            return Ok(());
        }
        tracing::warn!(%subject, "the database brought back somebody who was erased (a restored backup?), who is erased again");
        Ok(())
    }
}
