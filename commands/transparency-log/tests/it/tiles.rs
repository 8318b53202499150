use proptest::prelude::*;
use transparency_log::tiles::{BundleError, Folder, ReadFiles as _, TilePath, WriteFiles as _, append_entry, entries};

#[test]
fn paths_are_those_of_the_specification() {
    let tile = |level, index, size| TilePath::tile(level, index, size).map(|path| path.to_string());
    assert_eq!(tile(0, 0, 1).as_deref(), Some("tile/0/000.p/1"));
    assert_eq!(tile(0, 0, 256).as_deref(), Some("tile/0/000"));
    assert_eq!(tile(1, 0, 256).as_deref(), Some("tile/1/000.p/1"));
    assert_eq!(tile(0, 1, 256), None);
    assert_eq!(tile(0, 1_234_067, 1 << 40).as_deref(), Some("tile/0/x001/x234/067"));
    assert_eq!(tile(0, 999, 1 << 40).as_deref(), Some("tile/0/999"));
    assert_eq!(tile(0, 1_000, 1 << 40).as_deref(), Some("tile/0/x001/000"));
    // The example of the specification: a tree of 70,000 entries.
    assert_eq!(tile(0, 272, 70_000).as_deref(), Some("tile/0/272"));
    assert_eq!(tile(0, 273, 70_000).as_deref(), Some("tile/0/273.p/112"));
    assert_eq!(tile(1, 0, 70_000).as_deref(), Some("tile/1/000"));
    assert_eq!(tile(1, 1, 70_000).as_deref(), Some("tile/1/001.p/17"));
    assert_eq!(tile(2, 0, 70_000).as_deref(), Some("tile/2/000.p/1"));
    assert_eq!(tile(3, 0, 70_000), None);
    let bundle = TilePath::entries(273, 70_000).map(|path| path.to_string());
    assert_eq!(bundle.as_deref(), Some("tile/entries/273.p/112"));
}

#[test]
fn a_path_has_one_spelling() {
    for wrong in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/067",
        "tile/0/x001",
        "tile/0/xx01",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/entries/000/",
        "/tile/0/000",
        "tile/data/000",
        "tile/0/../0/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/8/0/000",
        "tile/0/०००",
    ] {
        assert!(wrong.parse::<TilePath>().is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn every_path_reads_as_it_is_written(level in prop::option::of(0_u8..8), index in 0_u64..1 << 40, width in 1_u64..=256) {
        let path = match level {
            Some(level) => TilePath::tile(level, index, ((index * 256 + width) << (8 * level)).min(1 << 62)),
            None => TilePath::entries(index, index * 256 + width),
        };
        if let Some(path) = path {
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn any_text_is_a_path_or_refused(text in "tile/[0-9x/.pentris]{0,30}") {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn a_bundle_reads_as_it_was_written(given in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut bundle = Vec::new();
        for entry in &given {
            append_entry(&mut bundle, entry)?;
        }
        prop_assert_eq!(entries(&bundle, given.len() as u64)?, given.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert!(entries(&bundle, given.len() as u64 + 1).is_err());
    }
}

#[test]
fn a_bundle_has_lengths_of_two_bytes_and_a_cut_one_is_refused() {
    let mut bundle = Vec::new();
    append_entry(&mut bundle, &[7; 258]).expect("it is short enough");
    append_entry(&mut bundle, b"").expect("it is short enough");
    assert_eq!((&bundle[..3], &bundle[260..]), (&[1, 2, 7][..], &[0, 0][..]));
    assert_eq!(entries(&bundle, 1), Err(BundleError::WrongCount { wanted: 1, found: 2 }));
    for end in [1, 2, 100, 259, 261] {
        assert_eq!(entries(&bundle[..end], 2), Err(BundleError::Cut), "{end}");
    }
}

#[test]
fn an_entry_of_65536_bytes_is_refused_and_nothing_of_it_stays() {
    let mut bundle = Vec::new();
    assert_eq!(append_entry(&mut bundle, &vec![0; 65_536]), Err(BundleError::TooLong { length: 65_536 }));
    assert!(bundle.is_empty());
    assert_eq!(append_entry(&mut bundle, &vec![0; 65_535]), Ok(()));
}

#[test]
fn a_folder_replaces_files_whole_and_makes_the_folders_above() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = Folder::new(place.path().join("new"));
    let path = "tile/0/x001/x234/067.p/5";
    assert_eq!(folder.read(path).expect("readable"), None);
    folder.write(path, b"one").expect("writable");
    folder.write(path, b"two").expect("writable");
    assert_eq!(folder.read(path).expect("readable").as_deref(), Some(&b"two"[..]));
    let left = std::fs::read_dir(folder.path().join("tile/0/x001/x234/067.p")).expect("readable").count();
    assert_eq!(left, 1, "temporary files are left");
}

#[test]
#[cfg(unix)]
fn what_is_written_can_be_read_by_everybody() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().expect("a folder");
    Folder::new(place.path().to_owned()).write("checkpoint", b"").expect("writable");
    let mode = std::fs::metadata(place.path().join("checkpoint")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o444, 0o444);
}
