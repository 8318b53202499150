//! What the tests share: keys, entries, files in memory, and a Merkle tree as RFC 6962 defines it.

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible, io};

use transparency_log::{
    cosignature::Cosigner,
    merkle::{Hash, Nodes, empty_root, leaf_hash, node_hash},
    note::{KeyName, SigningKey},
    tiles::{ReadFiles, WriteFiles},
    writer::LogWriter,
};

pub(crate) const ORIGIN: &str = "example.org/log/0190c1a2";

pub(crate) fn name(name: &str) -> KeyName {
    KeyName::parse(name).expect("a good name")
}

pub(crate) fn key(of: &str) -> SigningKey {
    SigningKey::new(name(of), &[7; 32])
}

pub(crate) fn cosigner(of: &str, seed: u8) -> Cosigner {
    Cosigner::new(name(of), &[seed; 32])
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}\n").into_bytes()
}

pub(crate) fn entries(range: std::ops::Range<u64>) -> impl Iterator<Item = Vec<u8>> {
    range.map(entry)
}

/// Files in memory, and the paths in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) files: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) written: RefCell<Vec<String>>,
    /// How many more files can be written.
    pub(crate) room: RefCell<Option<usize>>,
}

impl Memory {
    pub(crate) fn paths(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    pub(crate) fn take_written(&self) -> Vec<String> {
        self.written.take()
    }

    /// Changes the byte at a place of a file.
    pub(crate) fn damage(&self, path: &str, place: usize) {
        self.files.borrow_mut().get_mut(path).expect("the file is there")[place] ^= 1;
    }
}

impl ReadFiles for &Memory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.borrow().get(path).cloned())
    }
}

impl WriteFiles for &Memory {
    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        match &mut *self.room.borrow_mut() {
            Some(0) => return Err(io::Error::other("the disk is full")),
            Some(room) => *room -= 1,
            None => {}
        }
        self.files.borrow_mut().insert(path.to_owned(), content.to_vec());
        self.written.borrow_mut().push(path.to_owned());
        Ok(())
    }

    fn remove_below(&self, path: &str) -> io::Result<()> {
        self.files.borrow_mut().retain(|file, _| file.strip_prefix(path).is_none_or(|rest| !rest.starts_with('/')));
        Ok(())
    }
}

/// A log of so many entries in memory, published once.
pub(crate) fn log(memory: &Memory, size: u64) -> LogWriter<&Memory> {
    let mut writer = LogWriter::open(memory, key(ORIGIN)).expect("the log can be opened");
    writer.append(entries(writer.size()..size)).expect("the entries can be appended");
    writer.publish().expect("the log can be published");
    writer
}

/// MTH of RFC 6962, section 2.1, word for word.
pub(crate) fn tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&tree_hash(left), &tree_hash(right))
        }
    }
}

/// The largest power of two that is smaller than a number.
pub(crate) fn split(count: usize) -> usize {
    1 << (count - 1).ilog2()
}

/// The nodes of a tree that is there as a whole.
pub(crate) struct Leaves(pub(crate) Vec<Hash>);

impl Leaves {
    pub(crate) fn new(count: u64) -> Self {
        Self(entries(0..count).map(|entry| leaf_hash(&entry)).collect())
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        tree_hash(&self.0[..usize::try_from(size).expect("small")])
    }
}

impl Nodes for Leaves {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let place = |index: u64| usize::try_from(index << level).expect("small");
        Ok(tree_hash(&self.0[place(index)..place(index + 1)]))
    }
}
