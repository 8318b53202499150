use proptest::prelude::*;
use transparency_log::merkle::{
    ConsistencyError, GrowingTree, Hash, InclusionError, MAX_SIZE, ProveError, empty_root, leaf_hash,
    prove_consistency, prove_inclusion, root, verify_consistency, verify_inclusion,
};

use crate::support::{Leaves, entry, split, tree_hash};

fn hash(hex: &str) -> Hash {
    let mut hash = [0; 32];
    hex::decode_to_slice(hex, &mut hash).expect("a hash");
    hash
}

/// The leaves and roots that the implementations of Certificate Transparency are tested with.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn known() -> Leaves {
    Leaves(LEAVES.map(|leaf| leaf_hash(&hex::decode(leaf).expect("hexadecimal"))).to_vec())
}

#[test]
fn the_roots_are_those_of_certificate_transparency() {
    assert_eq!(empty_root(), hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    for (wanted, size) in ROOTS.iter().zip(1..) {
        assert_eq!(root(&mut known(), size), Ok(hash(wanted)), "{size}");
    }
}

#[test]
fn a_tree_that_grows_leaf_by_leaf_has_the_root_of_each_size() {
    let mut tree = GrowingTree::default();
    assert_eq!((tree.size(), tree.root()), (0, empty_root()));
    let leaves = Leaves::new(600);
    for (leaf, size) in leaves.0.iter().zip(1..) {
        tree.push(*leaf);
        assert_eq!((tree.size(), tree.root()), (size, leaves.root(size)));
    }
}

#[test]
fn the_proofs_are_those_of_certificate_transparency() {
    let inclusion = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(prove_inclusion(&mut known(), 0, 8), Ok(inclusion.map(hash).to_vec()));
    let consistency = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(prove_consistency(&mut known(), 6, 8), Ok(consistency.map(hash).to_vec()));
}

/// PATH of RFC 6962, section 2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return vec![];
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, beside) = if index < left.len() {
        (path(index, left), tree_hash(right))
    } else {
        (path(index - left.len(), right), tree_hash(left))
    };
    below.push(beside);
    below
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn subproof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole { vec![] } else { vec![tree_hash(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, beside) = if old <= left.len() {
        (subproof(old, left, is_whole), tree_hash(right))
    } else {
        (subproof(old - left.len(), right, false), tree_hash(left))
    };
    below.push(beside);
    below
}

const MANY: u64 = 140;

#[test]
fn every_inclusion_proof_is_the_rfcs_and_verifies() {
    let mut leaves = Leaves::new(MANY);
    for size in 1..=MANY {
        let root = leaves.root(size);
        for index in 0..size {
            let proof = prove_inclusion(&mut leaves, index, size).expect("it is in the tree");
            let [place, end] = [index, size].map(|it| usize::try_from(it).expect("small"));
            assert_eq!(proof, path(place, &leaves.0[..end]), "{index} of {size}");
            assert_eq!(verify_inclusion(&entry(index), index, &proof, size, &root), Ok(()), "{index} of {size}");
        }
    }
}

#[test]
fn every_consistency_proof_is_the_rfcs_and_verifies() {
    let mut leaves = Leaves::new(MANY);
    let roots: Vec<_> = (0..=MANY).map(|size| leaves.root(size)).collect();
    for new in 1..=MANY {
        for old in 1..=new {
            let proof = prove_consistency(&mut leaves, old, new).expect("it is earlier");
            let [from, to] = [old, new].map(|it| usize::try_from(it).expect("small"));
            assert_eq!(proof, subproof(from, &leaves.0[..to], true), "{old} to {new}");
            assert_eq!(verify_consistency((old, &roots[from]), (new, &roots[to]), &proof), Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn the_empty_tree_is_the_beginning_of_every_tree_without_a_proof() {
    let mut leaves = Leaves::new(5);
    let (empty, root) = (empty_root(), leaves.root(5));
    assert_eq!(prove_consistency(&mut leaves, 0, 5), Ok(vec![]));
    assert_eq!(verify_consistency((0, &empty), (5, &root), &[]), Ok(()));
    assert_eq!(verify_consistency((0, &empty), (0, &empty), &[]), Ok(()));
    assert_eq!(verify_consistency((0, &empty), (5, &root), &[root]), Err(ConsistencyError::WrongLength));
    assert_eq!(verify_consistency((0, &root), (5, &root), &[]), Err(ConsistencyError::NotConsistent));
    assert_eq!(verify_consistency((0, &empty), (0, &root), &[]), Err(ConsistencyError::NotConsistent));
}

#[test]
fn what_is_not_in_the_tree_has_no_proof() {
    let mut leaves = Leaves::new(5);
    assert_eq!(prove_inclusion(&mut leaves, 5, 5), Err(ProveError::NotInTree { index: 5, size: 5 }));
    assert_eq!(prove_inclusion(&mut leaves, 0, 0), Err(ProveError::NotInTree { index: 0, size: 0 }));
    assert_eq!(prove_consistency(&mut leaves, 5, 4), Err(ProveError::NotEarlier { old: 5, new: 4 }));
    let root = leaves.root(5);
    assert_eq!(verify_inclusion(&entry(5), 5, &[], 5, &root), Err(InclusionError::NotInTree));
    assert_eq!(verify_consistency((5, &root), (4, &root), &[]), Err(ConsistencyError::NotEarlier));
}

#[test]
fn numbers_of_any_size_are_refused_without_a_panic() {
    let root = [1; 32];
    for size in [MAX_SIZE - 1, MAX_SIZE, MAX_SIZE + 1, 1 << 63, u64::MAX - 1, u64::MAX] {
        for other in [0, 1, 2, size / 2, size - 1, size] {
            for length in [0, 1, 61, 62, 63, 64] {
                let proof = vec![root; length];
                assert!(verify_inclusion(b"", other, &proof, size, &root).is_err(), "{other} of {size}");
                let result = verify_consistency((other, &[2; 32]), (size, &root), &proof);
                assert!(result.is_err(), "{other} to {size}");
            }
        }
    }
}

proptest! {
    #[test]
    fn an_inclusion_proof_of_anything_else_is_refused(
        size in 1_u64..400, index in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), bit in 0..256_usize,
    ) {
        let index = index.index(usize::try_from(size)?) as u64;
        let mut leaves = Leaves::new(size + 1);
        let root = leaves.root(size);
        let proof = prove_inclusion(&mut leaves, index, size)?;
        prop_assert!(verify_inclusion(&entry(index), index, &proof, size, &root).is_ok());
        prop_assert_eq!(
            verify_inclusion(&entry(index + 1), index, &proof, size, &root),
            Err(InclusionError::NotIncluded)
        );
        prop_assert!(verify_inclusion(&entry(index), index, &proof, size, &leaves.root(size + 1)).is_err());
        let wrong_index = other.index(usize::try_from(size)? + 2) as u64;
        if wrong_index != index {
            prop_assert!(verify_inclusion(&entry(index), wrong_index, &proof, size, &root).is_err());
        }
        for place in 0..proof.len() {
            let mut altered = proof.clone();
            altered[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(
                verify_inclusion(&entry(index), index, &altered, size, &root),
                Err(InclusionError::NotIncluded)
            );
        }
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert_eq!(
                verify_inclusion(&entry(index), index, shorter, size, &root),
                Err(InclusionError::WrongLength)
            );
        }
        let longer = [&proof[..], &[root]].concat();
        prop_assert_eq!(
            verify_inclusion(&entry(index), index, &longer, size, &root),
            Err(InclusionError::WrongLength)
        );
    }

    #[test]
    fn a_consistency_proof_of_anything_else_is_refused(
        new in 2_u64..400, old in any::<prop::sample::Index>(), bit in 0..256_usize,
    ) {
        let old = old.index(usize::try_from(new)? - 1) as u64 + 1;
        let mut leaves = Leaves::new(new);
        let (old_root, new_root) = (leaves.root(old), leaves.root(new));
        let proof = prove_consistency(&mut leaves, old, new)?;
        prop_assert!(verify_consistency((old, &old_root), (new, &new_root), &proof).is_ok());
        for place in 0..proof.len() {
            let mut altered = proof.clone();
            altered[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(
                verify_consistency((old, &old_root), (new, &new_root), &altered),
                Err(ConsistencyError::NotConsistent)
            );
        }
        // Another past: an entry that was there before is another one.
        let mut other = Leaves::new(new);
        other.0[bit % usize::try_from(old)?] = leaf_hash(b"another");
        let rewritten = prove_consistency(&mut other, old, new)?;
        prop_assert!(verify_consistency((old, &old_root), (new, &other.root(new)), &rewritten).is_err());
    }
}
