//! What can happen in the case of an erasure. The subject is named by the id of the case alone; nothing is personal text.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::ids::{ErasureId, HoldId, UserId};

/// The longest file number.
const MAX_FILE_NUMBER: usize = 64;

/// The number of a file elsewhere, such as `2026/114-b`. It has no blanks, so that nobody writes a name into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileNumber(String);

/// The text is no [`FileNumber`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file number has 1 to {MAX_FILE_NUMBER} letters of A to Z, digits and signs of ./_-, and at least one digit")]
pub struct MalformedFileNumber;

impl FileNumber {
    /// The file number in this text.
    ///
    /// # Errors
    /// [`MalformedFileNumber`] if the text has other characters, is empty or too long, or has no digit.
    pub fn parse(text: &str) -> Result<Self, MalformedFileNumber> {
        let is_kept = |c: char| c.is_ascii_alphanumeric() || "./_-".contains(c);
        let is_short = (1..=MAX_FILE_NUMBER).contains(&text.len());
        if is_short && text.chars().all(is_kept) && text.chars().any(|c| c.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedFileNumber)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumString,
            IntoStaticStr, VariantArray,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }
    )*};
}

codes! {
    /// What is erased.
    SubjectKind {
        /// A person, with the account.
        Person,
        /// A chat of an API key, which belongs to no person.
        Chat,
    }

    /// How many persons an erasure takes; the stricter rule is the greater one.
    ApprovalRule {
        /// Whoever asks may approve.
        One,
        /// Another person has to approve.
        Two,
    }

    /// Why something is erased.
    ErasureReason {
        /// The person has asked for it.
        SubjectRequest,
        /// The time for which it has to be kept is over.
        RetentionEnded,
        /// Nothing was said.
        Unspecified,
        /// It was erased before, and a backup has brought it back.
        RestoredBackup,
    }

    /// Why something must not be erased.
    HoldReason {
        /// A court or the opponent of a law suit may ask for it.
        Litigation,
        /// An authority, or the hospital itself, looks into something.
        Investigation,
        /// A law says that it is kept.
        StatutoryDuty,
    }

    /// A place from which something is erased. The text in events and in Kafka is ciphertext, which is unreadable when the
    /// keys are destroyed.
    Store {
        /// The keys of all text, in PostgreSQL.
        Keys,
        /// Password, logins, codes, reserved address and name.
        Account,
        /// Snapshots of aggregates.
        Snapshots,
        /// The views.
        Views,
        /// Files of spoken answers.
        Media,
        /// The list of erasures outside of the database, which a restored backup is held against.
        Ledger,
    }

    /// Why something is not erased from a store yet.
    StoreFault {
        /// The store does not answer, or refuses.
        Unavailable,
        /// Something is still there.
        StillThere,
        /// The store has not got so far in the log.
        Behind,
    }
}

/// An event of a case's stream, whose id is the subject's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum ErasureEvent {
    /// Somebody asked for the erasure.
    ErasureRequested {
        /// The request.
        request_id: ErasureId,
        /// What is to be erased.
        kind: SubjectKind,
        /// Why.
        reason: ErasureReason,
        /// The file in which more is said.
        file_number: Option<FileNumber>,
        /// The account of whoever asked; `None` of an operator without one.
        requester: Option<UserId>,
        /// The rule that held then.
        rule: ApprovalRule,
    },
    /// Somebody approved it.
    ErasureApproved {
        /// The request.
        request_id: ErasureId,
        /// The account of whoever approved; `None` of an operator without one.
        approver: Option<UserId>,
        /// The rule by which it was approved.
        rule: ApprovalRule,
    },
    /// Somebody rejected it.
    ErasureRejected {
        /// The request.
        request_id: ErasureId,
        /// The account of whoever rejected; `None` of an operator without one.
        by: Option<UserId>,
    },
    /// The subject must not be erased until the hold is lifted.
    LegalHoldPlaced {
        /// The hold.
        hold_id: HoldId,
        /// Why.
        reason: HoldReason,
        /// The file in which more is said.
        file_number: Option<FileNumber>,
    },
    /// The hold ended.
    LegalHoldLifted {
        /// The hold.
        hold_id: HoldId,
    },
    /// The keys of all text were destroyed, in the append of this event.
    KeysDestroyed {
        /// The request.
        request_id: ErasureId,
    },
    /// A store has nothing of the subject any more: its receipt.
    StoreErased {
        /// The request.
        request_id: ErasureId,
        /// The store.
        store: Store,
        /// The things that were destroyed there, or looked at.
        count: u64,
    },
    /// A store was not reached, or still has something. It is tried again.
    StoreFailed {
        /// The request.
        request_id: ErasureId,
        /// The store.
        store: Store,
        /// Why.
        fault: StoreFault,
    },
    /// All stores have given their receipts.
    ErasureCompleted {
        /// The request.
        request_id: ErasureId,
        /// The signed certificate.
        certificate: String,
    },
}

impl ErasureEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::ErasureRequested { .. }
            | Self::ErasureApproved { .. }
            | Self::ErasureRejected { .. }
            | Self::LegalHoldPlaced { .. }
            | Self::LegalHoldLifted { .. }
            | Self::KeysDestroyed { .. }
            | Self::StoreErased { .. }
            | Self::StoreFailed { .. }
            | Self::ErasureCompleted { .. } => "1",
        }
    }
}
