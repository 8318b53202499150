//! How long each class of data is kept. Nothing is deleted by these settings; `ayushma retention` says what is due.

use clap::Args;
use commands::retention::{RetentionClass, RetentionRule, RetentionRules};

/// The rules of the classes; nothing of a class without one is ever due.
#[derive(Debug, Clone, Args)]
pub struct RetentionSettings {
    /// How long reasons in the record of accesses are kept, such as not_before=365d,not_after=3650d
    #[arg(long, env, global = true)]
    pub retention_audit_trail: Option<RetentionRule>,

    /// How long the text of chats is kept, counted from the last event of each
    #[arg(long, env, global = true)]
    pub retention_content: Option<RetentionRule>,

    /// How long files of spoken answers are kept
    #[arg(long, env, global = true)]
    pub retention_recordings: Option<RetentionRule>,

    /// How long passages and vectors of documents are kept, counted from the last version of each
    #[arg(long, env, global = true)]
    pub retention_embeddings: Option<RetentionRule>,
}

impl RetentionSettings {
    /// The rules that are set.
    pub fn rules(&self) -> RetentionRules {
        let all = [
            (RetentionClass::AuditTrail, self.retention_audit_trail),
            (RetentionClass::Content, self.retention_content),
            (RetentionClass::Recordings, self.retention_recordings),
            (RetentionClass::Embeddings, self.retention_embeddings),
        ];
        RetentionRules(all.into_iter().filter_map(|(class, rule)| Some((class, rule?))).collect())
    }
}
