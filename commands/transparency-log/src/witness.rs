//! The witness protocol's `add-checkpoint` ([tlog-witness](https://c2sp.org/tlog-witness) 1.0.0) without HTTP: its request
//! and what a witness answers. Who serves it remembers the [`Seen`] of each log, from reading it until it is replaced in
//! one transaction, and answers only when the new one is on the disk.

use std::fmt;

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    cosignature::Cosigner,
    encoding::{base64, parse_decimal, parse_hash},
    merkle::{Hash, verify_consistency},
    note::{Note, Signature, Verifier as _, VerifierKey},
};

/// The greatest number of lines of a consistency proof.
const MAX_PROOF: usize = 63;

/// The body of a request: the witness is to cosign this checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the log's tree that the witness has cosigned last, as far as the log knows.
    pub old_size: u64,
    /// The proof that the tree has only grown since.
    pub proof: Vec<Hash>,
    pub checkpoint: Note,
}

/// The state of a log that a witness has cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub size: u64,
    pub root: Hash,
}

/// The reason why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    #[error("the log is unknown")]
    UnknownLog,
    #[error("the checkpoint is not signed by the log's key")]
    NotSigned,
    #[error("the old size is greater than the checkpoint's")]
    OldSizeTooLarge,
    #[error("the last cosigned checkpoint has {size} entries")]
    OtherOldSize { size: u64 },
    #[error("the log did not only grow, or the proof is wrong")]
    NotConsistent,
}

impl Refusal {
    /// Returns the HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::OldSizeTooLarge => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::OtherOldSize { .. } => 409,
            Self::NotConsistent => 422,
        }
    }

    /// Returns content type and body of the answer.
    pub fn body(&self) -> (&'static str, String) {
        match self {
            Self::OtherOldSize { size } => ("text/x.tlog.size", format!("{size}\n")),
            other => ("text/plain; charset=utf-8", format!("{other}\n")),
        }
    }
}

impl AddCheckpoint {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::Malformed("it is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(Refusal::Malformed("there is no empty line"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(parse_decimal);
        let old_size = old_size.ok_or(Refusal::Malformed("its first line is no old size"))?;
        let proof: Option<Vec<Hash>> = lines.map(parse_hash).collect();
        let proof = proof.ok_or(Refusal::Malformed("a line of its proof is no hash"))?;
        if proof.len() > MAX_PROOF {
            return Err(Refusal::Malformed("its proof is too long"));
        }
        let checkpoint =
            Note::parse(note.as_bytes()).map_err(|_| Refusal::Malformed("its checkpoint is no signed note"))?;
        Ok(Self { old_size, proof, checkpoint })
    }

    /// Returns what a witness answers: the line of its cosignature, and what it remembers of the log from now on.
    ///
    /// `key` is the key of the checkpoint's log, if the witness knows that log (see [`Self::origin`]); `seen` is what it
    /// has cosigned last of it; `time` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn decide(
        &self,
        key: Option<&VerifierKey>,
        seen: Option<&Seen>,
        cosigner: &Cosigner,
        time: u64,
    ) -> Result<(Signature, Seen), Refusal> {
        let origin = self.origin()?;
        let key = key.filter(|key| key.name().as_str() == origin).ok_or(Refusal::UnknownLog)?;
        let checkpoint = Checkpoint::open(&self.checkpoint, key).map_err(|error| match error {
            CheckpointError::Note(_) => Refusal::NotSigned,
            CheckpointError::OtherOrigin { .. } => Refusal::UnknownLog,
            CheckpointError::OtherEmptyRoot => Refusal::NotConsistent,
            CheckpointError::Malformed(reason) => Refusal::Malformed(reason),
        })?;
        let new = Seen { size: checkpoint.size, root: checkpoint.root };
        if self.old_size > new.size {
            return Err(Refusal::OldSizeTooLarge);
        }
        let old = seen.cloned().unwrap_or_else(|| Seen { size: 0, root: crate::merkle::empty_root() });
        if self.old_size != old.size {
            return Err(Refusal::OtherOldSize { size: old.size });
        }
        verify_consistency((old.size, &old.root), (new.size, &new.root), &self.proof)
            .map_err(|_| Refusal::NotConsistent)?;
        Ok((cosigner.sign(self.checkpoint.text(), time), new))
    }

    /// Returns the log that the checkpoint claims to be of.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if it is no checkpoint.
    pub fn origin(&self) -> Result<&str, Refusal> {
        self.checkpoint.text().lines().next().ok_or(Refusal::Malformed("its checkpoint has no origin"))
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(formatter, "{}", base64(hash)))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}
