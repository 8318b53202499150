use proptest::prelude::*;
use transparency_log::{
    merkle::{Nodes as _, leaf_hash, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion},
    note::Note,
    tiles::{TileReader, WriteFiles as _},
    writer::{LogWriter, WriteError},
};

use crate::support::{Leaves, Memory, ORIGIN, entries, entry, key, log};

#[test]
fn the_files_of_a_log_are_those_of_the_specification() {
    let files = |size| {
        let memory = Memory::default();
        log(&memory, size);
        memory.paths()
    };
    assert_eq!(files(0), ["checkpoint"]);
    assert_eq!(files(1), ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"]);
    assert_eq!(files(255), ["checkpoint", "tile/0/000.p/255", "tile/entries/000.p/255"]);
    assert_eq!(files(256), ["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    assert_eq!(
        files(700),
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/188",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/188"
        ]
    );
}

#[test]
fn growing_writes_what_changed_and_the_checkpoint_last() {
    let memory = Memory::default();
    log(&memory, 254);
    memory.take_written();
    log(&memory, 255);
    assert_eq!(memory.take_written(), ["tile/entries/000.p/255", "tile/0/000.p/255", "checkpoint"]);
    log(&memory, 256);
    assert_eq!(memory.take_written(), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1", "checkpoint"]);
    log(&memory, 257);
    assert_eq!(memory.take_written(), ["tile/entries/001.p/1", "tile/0/001.p/1", "checkpoint"]);
    log(&memory, 257);
    assert_eq!(memory.take_written(), ["checkpoint"]);
    // What smaller checkpoints need is in the full tile.
    assert!(!memory.paths().contains(&"tile/0/000.p/255".to_owned()));
}

#[test]
fn a_tree_that_grew_over_two_levels_of_tiles_has_the_same_files_as_one_made_at_once() {
    let [grown, at_once] = [Memory::default(), Memory::default()];
    for size in [1, 300, 65_535, 65_536, 65_537, 70_000] {
        log(&grown, size);
    }
    log(&at_once, 70_000);
    let grown = grown.files.borrow();
    assert!(at_once.files.borrow().iter().all(|(path, content)| grown.get(path) == Some(content)));
    for path in ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
        assert!(at_once.files.borrow().contains_key(path), "{path}");
    }
}

#[test]
fn an_append_that_failed_half_way_can_be_repeated_with_the_same_entries_only() {
    for room in 0..6 {
        let memory = Memory::default();
        let mut writer = log(&memory, 200);
        *memory.room.borrow_mut() = Some(room);
        assert!(matches!(writer.append(entries(200..600)), Err(WriteError::File { .. })), "{room}");
        assert_eq!(writer.size(), 200);
        *memory.room.borrow_mut() = None;
        // As it is, and after a restart.
        let mut restarted = LogWriter::open(&memory, key(ORIGIN)).expect("the log can be opened");
        for writer in [&mut writer, &mut restarted] {
            writer.append(entries(200..600)).expect("the entries can be appended");
            assert_eq!(writer.root(), Leaves::new(600).root(600));
        }
        restarted.publish().expect("it can be published");
        let mut other = LogWriter::open(&memory, key(ORIGIN)).expect("the log can be opened");
        other.append(["one more"]).expect("it can be appended");
        let mut forked = LogWriter::open(&memory, key(ORIGIN)).expect("the log can be opened");
        assert!(matches!(forked.append(["another"]), Err(WriteError::Differs { .. })));
        assert_eq!(forked.size(), 600);
    }
}

#[test]
fn a_log_is_not_opened_over_altered_files_or_with_another_key() {
    for (path, place) in [("tile/0/001.p/44", 5), ("tile/1/000.p/1", 5), ("tile/entries/001.p/44", 5)] {
        let memory = Memory::default();
        log(&memory, 300);
        memory.damage(path, place);
        let opened = LogWriter::open(&memory, key(ORIGIN));
        assert!(matches!(opened, Err(WriteError::OtherTiles { size: 300 })), "{path}: {opened:?}");
    }
    for path in ["tile/0/001.p/44", "tile/entries/001.p/44"] {
        let memory = Memory::default();
        log(&memory, 300);
        memory.files.borrow_mut().remove(path);
        assert!(matches!(LogWriter::open(&memory, key(ORIGIN)), Err(WriteError::Tile(_))), "{path}");
    }
    let memory = Memory::default();
    log(&memory, 300);
    assert!(matches!(LogWriter::open(&memory, key("another")), Err(WriteError::Checkpoint(_))));
    memory.damage("checkpoint", 3);
    assert!(matches!(LogWriter::open(&memory, key(ORIGIN)), Err(WriteError::Checkpoint(_))));
    (&memory).write("checkpoint", b"").expect("it can be written");
    assert!(matches!(LogWriter::open(&memory, key(ORIGIN)), Err(WriteError::Note(_))));
}

#[test]
fn a_checkpoint_of_another_state_is_not_published() {
    let memory = Memory::default();
    let mut writer = log(&memory, 3);
    let earlier = writer.checkpoint().sign(&key(ORIGIN)).expect("the log's key");
    writer.append(entries(3..5)).expect("the entries can be appended");
    assert!(matches!(writer.publish_cosigned(&earlier), Err(WriteError::OtherTiles { size: 3 })));
    let unsigned = Note::sign(writer.checkpoint().to_string(), &key("another")).expect("a good text");
    assert!(matches!(writer.publish_cosigned(&unsigned), Err(WriteError::Checkpoint(_))));
}

#[test]
fn a_full_tile_stands_in_for_the_partial_ones_which_are_cleaned_away_when_it_is_published() {
    let memory = Memory::default();
    log(&memory, 200);
    let mut writer = LogWriter::open(&memory, key(ORIGIN)).expect("the log can be opened");
    writer.append(entries(200..300)).expect("the entries can be appended");
    let partial = ["tile/0/000.p/200", "tile/entries/000.p/200"];
    let is_there = |path: &&str| memory.files.borrow().contains_key(*path);
    assert!(partial.iter().all(is_there), "the published checkpoint needs them");
    writer.publish().expect("the log can be published");
    assert!(!partial.iter().any(is_there));
    assert!(["tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"].iter().all(is_there));
    let files = &memory;
    let mut earlier = TileReader::new(&files, 200);
    let proof = prove_inclusion(&mut earlier, 150, 200).expect("the full tile has it");
    let root = Leaves::new(200).root(200);
    let found = earlier.entry(150).expect("the full bundle has it");
    assert_eq!(verify_inclusion(&found, 150, &proof, 200, &root), Ok(()));
    assert!(earlier.entry(200).is_err());
    assert!(earlier.node(0, 200).is_err());
}

#[test]
fn every_entry_is_proved_out_of_tiles_at_the_edges_of_tiles() {
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 700] {
        let memory = Memory::default();
        log(&memory, size);
        let files = &memory;
        let mut reader = TileReader::new(&files, size);
        let root = Leaves::new(size).root(size);
        for index in (0..size).step_by(17).chain([size - 1, size / 2]) {
            let proof = prove_inclusion(&mut reader, index, size).expect("it is in the tree");
            assert_eq!(verify_inclusion(&entry(index), index, &proof, size, &root), Ok(()), "{index} of {size}");
            assert_eq!(reader.entry(index).expect("it is in the tree"), entry(index));
            assert_eq!(reader.node(0, index).expect("it is in the tree"), leaf_hash(&entry(index)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_log_that_grows_in_any_steps_has_the_roots_and_proofs_of_the_rfc(
        steps in prop::collection::vec(0_u64..300, 1..6), restarts in any::<bool>(),
    ) {
        let memory = Memory::default();
        let mut writer = log(&memory, 0);
        let leaves = Leaves::new(steps.iter().sum());
        let mut before = 0;
        for step in steps {
            writer.append(entries(before..before + step)).expect("the entries can be appended");
            writer.publish().expect("it can be published");
            if restarts {
                writer = LogWriter::open(&memory, key(ORIGIN)).expect("the log can be opened");
            }
            let size = writer.size();
            prop_assert_eq!((size, writer.root()), (before + step, leaves.root(size)));
            let files = &memory;
            let mut reader = TileReader::new(&files, size);
            let proof = prove_consistency(&mut reader, before, size).expect("it only grew");
            prop_assert_eq!(verify_consistency((before, &leaves.root(before)), (size, &leaves.root(size)), &proof), Ok(()));
            before = size;
        }
    }
}
