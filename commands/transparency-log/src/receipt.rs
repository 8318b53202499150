//! Receipts ([tlog-proof](https://c2sp.org/tlog-proof)): files that prove, without the log, that an entry is in it. Their
//! names end with `.tlog-proof`.

use std::fmt;

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    encoding::{base64, parse_base64, parse_decimal, parse_hash},
    merkle::{Hash, InclusionError, ProveError, prove_inclusion, verify_inclusion},
    note::{Note, NoteError, VerifierKey},
    policy::{Policy, PolicyError},
    tiles::{ReadFiles, TileError, TileReader},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// No tree that is accepted needs more hashes.
const MAX_HASHES: usize = 63;

/// The reason why a receipt is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("the receipt is malformed: {0}")]
    Malformed(&'static str),
    #[error("the note of the checkpoint is refused")]
    Note(#[from] NoteError),
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    #[error("the policy is not met")]
    Policy(#[from] PolicyError),
    #[error("the proof is refused")]
    Inclusion(#[from] InclusionError),
}

/// The reason why no receipt can be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    #[error("no proof can be made")]
    Prove(#[from] ProveError<TileError>),
    #[error("the entry cannot be read")]
    Entry(#[from] TileError),
    #[error("the tiles do not fit the checkpoint: one of them was altered")]
    Tiles(#[from] InclusionError),
}

/// A receipt; it is well-formed, and whether it proves anything, only [`Receipt::verify`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Bytes that nothing vouches for. Ours are the entry, so that a receipt can be verified by itself.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry in the log, from 0.
    pub index: u64,
    /// The hashes from the leaf's sibling upward.
    pub proof: Vec<Hash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

impl Receipt {
    /// Makes the receipt of an entry out of the log's files, for a checkpoint of the log. The receipt holds the entry, and
    /// it was verified: altered files give an error, not a wrong receipt.
    ///
    /// # Errors
    /// [`MakeError`], by what cannot be read or does not fit.
    pub fn make<F: ReadFiles>(files: &F, index: u64, checkpoint: &Note, key: &VerifierKey) -> Result<Self, MakeError> {
        let Checkpoint { size, root, .. } = Checkpoint::open(checkpoint, key)?;
        let mut reader = TileReader::new(files, size);
        let proof = prove_inclusion(&mut reader, index, size)?;
        let entry = reader.entry(index)?;
        verify_inclusion(&entry, index, &proof, size, &root)?;
        Ok(Self { extra: Some(entry), index, proof, checkpoint: checkpoint.clone() })
    }

    /// Parses a receipt.
    ///
    /// # Errors
    /// [`ReceiptError::Malformed`], also where it is cut; [`ReceiptError::Note`].
    pub fn parse(receipt: &[u8]) -> Result<Self, ReceiptError> {
        let text = std::str::from_utf8(receipt).map_err(|_| ReceiptError::Malformed("it is not UTF-8"))?;
        let rest = text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(ReceiptError::Malformed("its first line is another one"))?;
        let (extra, rest) = match rest.strip_prefix("extra ") {
            Some(rest) => {
                let (extra, rest) = line(rest)?;
                (Some(parse_base64(extra).ok_or(ReceiptError::Malformed("its extra data are no base64"))?), rest)
            }
            None => (None, rest),
        };
        let (index, mut rest) = line(rest)?;
        let index = index.strip_prefix("index ").and_then(parse_decimal);
        let index = index.ok_or(ReceiptError::Malformed("it has no index"))?;
        let mut proof = Vec::new();
        loop {
            let (hash, behind) = line(rest)?;
            rest = behind;
            if hash.is_empty() {
                break;
            }
            proof.push(parse_hash(hash).ok_or(ReceiptError::Malformed("a line of its proof is no hash"))?);
            if proof.len() > MAX_HASHES {
                return Err(ReceiptError::Malformed("its proof is too long"));
            }
        }
        Ok(Self { extra, index, proof, checkpoint: Note::parse(rest.as_bytes())? })
    }

    /// Verifies that the log of this key has the entry, and returns the checkpoint that vouches for it.
    ///
    /// # Errors
    /// [`ReceiptError::Checkpoint`] if it is another log's or not signed; [`ReceiptError::Inclusion`] if the entry, the
    /// index or a hash is another one.
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        self.holds(entry, Checkpoint::open(&self.checkpoint, key)?)
    }

    /// Verifies that a log of the policy has the entry, and that as many witnesses as it wants have seen the checkpoint.
    ///
    /// # Errors
    /// [`ReceiptError::Policy`] if the policy is not met; [`ReceiptError::Inclusion`].
    pub fn verify_by(&self, entry: &[u8], policy: &Policy) -> Result<Checkpoint, ReceiptError> {
        self.holds(entry, policy.open(&self.checkpoint)?)
    }

    fn holds(&self, entry: &[u8], checkpoint: Checkpoint) -> Result<Checkpoint, ReceiptError> {
        verify_inclusion(entry, self.index, &self.proof, checkpoint.size, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

/// Splits a line off, whose line break must be there.
fn line(text: &str) -> Result<(&str, &str), ReceiptError> {
    text.split_once('\n').ok_or(ReceiptError::Malformed("its end is cut"))
}

impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", base64(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(formatter, "{}", base64(hash)))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}
