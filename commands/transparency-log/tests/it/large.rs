//! What a receipt of a log of a million entries costs.

use std::{
    cell::Cell,
    fs, io,
    time::{Duration, Instant},
};

use transparency_log::{
    receipt::Receipt,
    tiles::{Folder, ReadFiles},
    writer::LogWriter,
};

use crate::support::{Memory, ORIGIN, entries, entry, key};

const SIZE: u64 = 1_000_000;
const LIMIT: Duration = Duration::from_millis(20);

/// A folder, and how much was read of it.
struct Counted {
    folder: Folder,
    files: Cell<usize>,
    bytes: Cell<usize>,
}

impl ReadFiles for Counted {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let content = self.folder.read(path)?;
        self.files.set(self.files.get() + 1);
        self.bytes.set(self.bytes.get() + content.as_ref().map_or(0, Vec::len));
        Ok(content)
    }
}

#[test]
fn a_receipt_of_a_million_entries_is_made_of_six_files_within_20_milliseconds() {
    let (memory, began) = (Memory::default(), Instant::now());
    let mut writer = LogWriter::open(&memory, key(ORIGIN)).expect("the log can be opened");
    writer.append(entries(0..SIZE)).expect("the entries can be appended");
    let note = writer.publish().expect("it can be published");
    let made = began.elapsed();
    let place = tempfile::tempdir().expect("a folder");
    let mut total = 0;
    // Not through `Folder`, which waits for the disk at each file.
    for (path, content) in &*memory.files.borrow() {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("writable");
        fs::write(path, content).expect("writable");
        total += content.len();
    }

    let mut times: Vec<Duration> = Vec::new();
    let mut length = 0;
    for index in (0..SIZE).step_by(9_973).chain([SIZE - 1]) {
        let files =
            Counted { folder: Folder::new(place.path().to_owned()), files: Cell::default(), bytes: Cell::default() };
        let began = Instant::now();
        let receipt = Receipt::make(&files, index, &note, key(ORIGIN).verifier()).expect("the entry is there");
        times.push(began.elapsed());
        assert!(receipt.verify(&entry(index), key(ORIGIN).verifier()).is_ok(), "{index}");
        // Of each of three levels the tile around the entry and, at the right edge, that beside it; and the entry's bundle.
        assert!(files.files.get() <= 6, "{index}: {} files", files.files.get());
        assert!(files.bytes.get() <= 6 * 8_192, "{index}: {} bytes", files.bytes.get());
        length = length.max(receipt.to_string().len());
    }
    times.sort();
    let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!(
        "{SIZE} entries: hashed in {made:?}, {total} bytes in {} files; a receipt of up to {length} bytes in {median:?} \
         (median), {last:?} (slowest of {})",
        memory.paths().len(),
        times.len()
    );
    // Of a machine that others use as well, the median alone says something.
    assert!(median < LIMIT, "{median:?}");
}
