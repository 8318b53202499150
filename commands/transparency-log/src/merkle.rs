//! The Merkle tree of RFC 6962, section 2.1 (the same as in RFC 9162), with SHA-256: hashes, roots, proofs and their
//! verification. It never reads anything: the hashes of complete subtrees come from a [`Nodes`].
//!
//! Which nodes a proof consists of, and the verification of proofs, is the work of `ct_merkle`. What that crate does not
//! have is here: the hash of a node out of complete subtrees, which is what tiles store.

use ct_merkle::{
    ConsistencyProof, ConsistencyVerifError, InclusionProof, InclusionVerifError, RootHash,
    indices_for_consistency_proof, indices_for_inclusion_proof,
};
use sha2::{Digest, Sha256};

/// A SHA-256 hash of a leaf, an inner node or a root.
pub type Hash = [u8; 32];

/// The greatest number of leaves that is accepted anywhere: beyond it the numbers of nodes would not fit 64 bits.
pub const MAX_SIZE: u64 = 1 << 62;

/// Returns the hash of an entry: SHA-256 over the byte 0 and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(entry).finalize().into()
}

/// Returns the hash of an inner node: SHA-256 over the byte 1 and both hashes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Returns the root of the tree without leaves: SHA-256 over nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A growing tree that remembers nothing but what its root is made of: one hash for each bit of its size.
#[derive(Debug, Clone, Default)]
pub struct GrowingTree {
    size: u64,
    /// The complete subtrees, the largest first.
    complete: Vec<Hash>,
}

impl GrowingTree {
    /// Appends the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.complete.push(leaf);
        self.size += 1;
        for _ in 0..self.size.trailing_zeros() {
            let (Some(right), Some(left)) = (self.complete.pop(), self.complete.pop()) else { break };
            self.complete.push(node_hash(&left, &right));
        }
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        let right_to_left = self.complete.iter().copied().rev();
        right_to_left.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

/// A source of the hashes of complete subtrees.
pub trait Nodes {
    type Error;

    /// Returns the hash of the complete subtree over the leaves `index * 2^level` to `(index + 1) * 2^level - 1`.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The reason why no proof can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    #[error("entry {index} is not in a tree of {size} entries")]
    NotInTree { index: u64, size: u64 },
    #[error("a tree of {old} entries is no earlier state of a tree of {new} entries")]
    NotEarlier { old: u64, new: u64 },
    #[error("a tree of {size} entries is too large")]
    TooLarge { size: u64 },
    #[error("a hash of the tree cannot be read")]
    Node(#[source] E),
}

/// The reason why an inclusion proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    #[error("the entry's index is not in the tree")]
    NotInTree,
    #[error("the proof does not have as many hashes as this index and tree size need")]
    WrongLength,
    #[error("the tree does not contain this entry at this index, or a hash of the proof was altered")]
    NotIncluded,
    #[error("the tree is too large")]
    TooLarge,
}

/// The reason why a consistency proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConsistencyError {
    #[error("the old tree is larger than the new one")]
    NotEarlier,
    #[error("the proof does not have as many hashes as these tree sizes need")]
    WrongLength,
    #[error("the new tree is not the old one with entries appended, or a hash of the proof was altered")]
    NotConsistent,
    #[error("a tree is too large")]
    TooLarge,
}

/// Returns the hash over the leaves from `start` up to `end`, which are a node of the tree: `start` is a multiple of the
/// smallest power of two that is no less than their number.
fn subtree_hash<N: Nodes>(nodes: &mut N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let mut complete = Vec::new();
    let mut at = start;
    while at < end {
        let level = (end - at).ilog2();
        complete.push(nodes.node(level, at >> level)?);
        at += 1 << level;
    }
    let last = complete.pop().unwrap_or_else(empty_root);
    Ok(complete.iter().rfold(last, |right, left| node_hash(left, &right)))
}

/// Returns the root of the tree of `size` leaves.
///
/// # Errors
/// That of the nodes.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    subtree_hash(nodes, 0, size)
}

/// The hashes of these nodes of a tree of `size` leaves. A node's number has its level as trailing ones (RFC 9420,
/// appendix C), so it also says which leaves are below.
fn hashes<N: Nodes>(nodes: &mut N, numbers: &[u64], size: u64) -> Result<Vec<Hash>, ProveError<N::Error>> {
    let hash = |number: &u64| {
        let level = number.trailing_ones();
        let start = (number >> (level + 1)) << level;
        subtree_hash(nodes, start, size.min(start + (1 << level))).map_err(ProveError::Node)
    };
    numbers.iter().map(hash).collect()
}

/// Returns the proof that the tree of `size` leaves has the leaf `index`: the hashes from the leaf's sibling upward.
///
/// # Errors
/// [`ProveError::NotInTree`], [`ProveError::TooLarge`], or [`ProveError::Node`] if the nodes fail.
pub fn prove_inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if size > MAX_SIZE {
        return Err(ProveError::TooLarge { size });
    }
    if index >= size {
        return Err(ProveError::NotInTree { index, size });
    }
    hashes(nodes, &indices_for_inclusion_proof(size, index), size)
}

/// Returns the proof that the tree of `new` leaves begins with the tree of `old` leaves; it is empty for an empty old
/// tree and for equal sizes.
///
/// # Errors
/// [`ProveError::NotEarlier`], [`ProveError::TooLarge`], or [`ProveError::Node`] if the nodes fail.
pub fn prove_consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if new > MAX_SIZE {
        return Err(ProveError::TooLarge { size: new });
    }
    let added = new.checked_sub(old).ok_or(ProveError::NotEarlier { old, new })?;
    if old == 0 { Ok(vec![]) } else { hashes(nodes, &indices_for_consistency_proof(old, added), new) }
}

/// Verifies that the tree of `size` leaves with this root has the entry at `index`.
///
/// # Errors
/// [`InclusionError`], by what does not fit.
pub fn verify_inclusion(
    entry: &[u8],
    index: u64,
    proof: &[Hash],
    size: u64,
    root: &Hash,
) -> Result<(), InclusionError> {
    if size > MAX_SIZE {
        return Err(InclusionError::TooLarge);
    }
    let proof = InclusionProof::<Sha256>::from_bytes(proof.concat());
    RootHash::<Sha256>::new((*root).into(), size).verify_inclusion(&entry, index, &proof).map_err(|error| match error {
        InclusionVerifError::IndexOutOfRange | InclusionVerifError::TreeEmpty => InclusionError::NotInTree,
        InclusionVerifError::MalformedProof => InclusionError::WrongLength,
        InclusionVerifError::IncorrectHash => InclusionError::NotIncluded,
    })
}

/// Verifies that the tree of `new_size` leaves begins with the tree of `old_size` leaves.
///
/// # Errors
/// [`ConsistencyError`], by what does not fit.
pub fn verify_consistency(
    (old_size, old_root): (u64, &Hash),
    (new_size, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ConsistencyError> {
    if old_size > new_size {
        return Err(ConsistencyError::NotEarlier);
    }
    if new_size > MAX_SIZE {
        return Err(ConsistencyError::TooLarge);
    }
    if old_size == 0 {
        // Every tree begins with the empty one, so there is nothing to prove beyond its one root.
        let is_empty_root = |size, root: &Hash| size > 0 || *root == empty_root();
        return match proof {
            [] if is_empty_root(old_size, old_root) && is_empty_root(new_size, new_root) => Ok(()),
            [] => Err(ConsistencyError::NotConsistent),
            _ => Err(ConsistencyError::WrongLength),
        };
    }
    let proof =
        ConsistencyProof::<Sha256>::try_from_bytes(proof.concat()).map_err(|_| ConsistencyError::WrongLength)?;
    let old = RootHash::<Sha256>::new((*old_root).into(), old_size);
    RootHash::<Sha256>::new((*new_root).into(), new_size).verify_consistency(&old, &proof).map_err(
        |error| match error {
            ConsistencyVerifError::MalformedProof => ConsistencyError::WrongLength,
            ConsistencyVerifError::OldTreeLarger | ConsistencyVerifError::OldTreeEmpty => ConsistencyError::NotEarlier,
            ConsistencyVerifError::NewTreeTooBig => ConsistencyError::TooLarge,
            ConsistencyVerifError::VerificationFailure => ConsistencyError::NotConsistent,
        },
    )
}
