//! A hundred altered bundles, each refused with a reason by us and by the program in Python.

use std::{collections::BTreeMap, fs, path::Path};

use audit_bundle::{EventLine, Manifest, Selection};
use sha2::{Digest, Sha256};
use transparency_log::note::Note;

use crate::support::{ORIGIN, World, at, chat, columns, key, read, reason, reseal};

/// Numbers that are the same in each run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).expect("31 bits") % end
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// The paths of all files.
fn files(folder: &Path) -> Vec<String> {
    let names = |below: &str| {
        let entries = fs::read_dir(folder.join(below)).into_iter().flatten().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.path().is_file());
        files.map(|file| format!("{below}{}", file.file_name().to_string_lossy())).collect::<Vec<_>>()
    };
    let mut all = [names(""), names("files/")].concat();
    all.sort();
    all
}

fn lines(folder: &Path) -> Vec<EventLine> {
    let text = String::from_utf8(read(folder, "events.jsonl")).expect("UTF-8");
    text.lines().map(|line| EventLine::parse(line.as_bytes()).expect("a line")).collect()
}

fn write_lines(folder: &Path, lines: &[EventLine]) {
    let text: Vec<_> = lines.iter().map(|line| serde_json::to_string(line).expect("JSON") + "\n").collect();
    fs::write(folder.join("events.jsonl"), text.concat()).expect("writable");
}

/// Changes one event, and signs the manifest anew: the log's key lies, and only the checkpoint holds against it.
fn forge(folder: &Path, chance: &mut Chance, edit: impl FnOnce(&mut EventLine)) {
    let mut all = lines(folder);
    let place = chance.below(all.len());
    edit(&mut all[place]);
    write_lines(folder, &all);
    reseal(folder, |_| {});
}

fn flip(text: &mut String, place: usize) {
    let mut bytes = std::mem::take(text).into_bytes();
    let place = place % bytes.len();
    bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
    *text = String::from_utf8(bytes).expect("ASCII");
}

/// The kinds of alterations, each with what the refusal says.
const KINDS: usize = 16;

#[expect(clippy::too_many_lines, reason = "a list of independent alterations")]
fn alter(folder: &Path, kind: usize, chance: &mut Chance) -> &'static str {
    match kind {
        0 => {
            let path = chance.of(&files(folder)).clone();
            let mut content = read(folder, &path);
            let place = chance.below(content.len());
            content[place] ^= 1 << chance.below(7);
            fs::write(folder.join(path), content).expect("writable");
            "refused"
        }
        1 => {
            let path = chance.of(&files(folder)).clone();
            let mut content = read(folder, &path);
            content.truncate(chance.below(content.len()));
            fs::write(folder.join(path), content).expect("writable");
            "refused"
        }
        2 => {
            let path = chance.of(&files(folder)).clone();
            fs::remove_file(folder.join(path)).expect("it is there");
            "is missing"
        }
        3 => {
            let name = format!("notes-{}.txt", chance.below(1000));
            fs::write(folder.join(&name), "believe me").expect("writable");
            "does not belong to the bundle"
        }
        4 => {
            // Another signature of the same length.
            let note = Note::parse(&read(folder, "manifest.note")).expect("a note");
            let text = format!("{}{}\n", note.text(), chance.below(1000));
            let other = Note::sign(text, &key(ORIGIN)).expect("a good text");
            let forged = format!("{}\n{}\n", note.text(), other.signatures()[0]);
            fs::write(folder.join("manifest.note"), forged).expect("writable");
            "the signature of hospital.example/log/0190c1a2"
        }
        5 => {
            // Another log's key, which has the same name or another.
            let origin = *chance.of(&["hospital.example/log/other", "other.example/log/0190c1a2"]);
            let json = String::from_utf8(read(folder, "manifest.json")).expect("UTF-8").replace(ORIGIN, origin);
            let text = format!("ayushma bundle v1\n{origin}\n{}\n{}\n", json.len(), hex::encode(Sha256::digest(&json)));
            fs::write(folder.join("manifest.note"), Note::sign(text, &key(origin)).expect("a good text").to_string())
                .expect("writable");
            fs::write(folder.join("manifest.json"), json).expect("writable");
            "it is not the seal of a bundle of the log hospital.example/log/0190c1a2"
        }
        6 => {
            forge(folder, chance, |event| event.payload = event.payload.replace("type", "kind"));
            "its leaf is not the record of its columns"
        }
        7 => {
            let place = chance.below(64);
            forge(folder, chance, |event| {
                let digest = event.leaf.len() - 65;
                flip(&mut event.leaf, digest + place);
            });
            "its leaf is not the record of its columns"
        }
        8 => {
            // An event that the log never had, with a record that fits it.
            forge(folder, chance, |event| {
                "2".clone_into(&mut event.event_version);
                let mut columns = columns(event.position);
                "2".clone_into(&mut columns.event_version);
                event.leaf = columns.leaf().expect("a record").to_string();
            });
            "the log of the checkpoint does not prove it"
        }
        9 => {
            let place = chance.below(7);
            forge(folder, chance, |event| {
                let place = place % event.proof.len();
                event.proof[place] = format!("{}=", "A".repeat(43));
            });
            "the log of the checkpoint does not prove it"
        }
        10 => {
            forge(folder, chance, |event| drop(event.proof.pop()));
            "the log of the checkpoint does not prove it"
        }
        11 => {
            let mut all = lines(folder);
            let place = chance.below(all.len() - 1);
            all.swap(place, place + 1);
            write_lines(folder, &all);
            reseal(folder, |_| {});
            "events.jsonl, line"
        }
        12 => {
            let mut all = lines(folder);
            let place = chance.below(all.len() - 1);
            all.remove(place);
            write_lines(folder, &all);
            reseal(folder, |manifest| manifest.events.count -= 1);
            "events.jsonl, line"
        }
        13 => {
            // The end of the selection is cut, and the manifest tells so not.
            let mut all = lines(folder);
            all.truncate(1 + chance.below(all.len() - 1));
            write_lines(folder, &all);
            reseal(folder, |manifest| manifest.attachments.clear());
            "refused"
        }
        14 => {
            let path = chance
                .of(&files(folder).into_iter().filter(|path| path.starts_with("files/")).collect::<Vec<_>>())
                .clone();
            let content = format!("another file {}", chance.below(1000));
            let name = format!("files/{}", hex::encode(Sha256::digest(&content)));
            fs::remove_file(folder.join(&path)).expect("it is there");
            fs::write(folder.join(&name), &content).expect("writable");
            reseal(folder, |manifest| {
                for file in manifest.files.iter_mut().filter(|file| file.path == path) {
                    file.path.clone_from(&name);
                    (file.size, file.sha256) = (content.len() as u64, name["files/".len()..].to_owned());
                }
                for attachment in &mut manifest.attachments {
                    attachment.path = Some(name.clone());
                }
            });
            "which the manifest does not list for it"
        }
        _ => {
            // A checkpoint of the same log and size, with another root.
            let mut text = String::from_utf8(read(folder, "checkpoint")).expect("UTF-8");
            let root = format!("{}A=", "B".repeat(42));
            let old = text.lines().nth(2).expect("the root").to_owned();
            text = text.split_once("\n\n").expect("a note").0.replace(&old, &root) + "\n";
            fs::write(folder.join("checkpoint"), Note::sign(text, &key(ORIGIN)).expect("a good text").to_string())
                .expect("writable");
            reseal(folder, |_| {});
            "the log of the checkpoint does not prove it"
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("files")).expect("writable");
    for path in files(from) {
        fs::copy(from.join(&path), to.join(&path)).expect("writable");
    }
}

#[test]
fn a_hundred_altered_bundles_are_all_refused_with_a_reason() {
    let world = World::new(120);
    world.chat_bundle("bundle");
    let mut chance = Chance(17);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..112 {
        let (kind, name) = (number % KINDS, format!("altered-{number}"));
        copy(&world.path("bundle"), &world.path(&name));
        world.verify(&name).expect("the copy is right");
        let says = alter(&world.path(&name), kind, &mut chance);
        let refused = world.verify(&name).map(|_| ()).expect_err("it was altered");
        let why = reason(&refused);
        assert!(says == "refused" || why.contains(says), "alteration {number} of kind {kind}: {why}");
        let python = world.ask_python(&name).expect_err("it was altered");
        assert!(python.starts_with("refused: "), "alteration {number} of kind {kind}: {python}");
        *reasons.entry(why).or_default() += 1;
        fs::remove_dir_all(world.path(&name)).expect("it is there");
    }
    assert!(reasons.len() > 40, "the reasons tell apart what was altered: {reasons:#?}");
}

#[test]
fn whichever_byte_of_a_small_bundle_is_altered_it_is_refused() {
    let world = World::new(3);
    world.bundle("bundle", Selection::Span { from: at(1), until: at(4) }, 1..=3);
    let folder = world.path("bundle");
    for path in files(&folder) {
        let good = read(&folder, &path);
        // Not each, because that takes minutes.
        for place in (0..good.len()).step_by(7) {
            let mut altered = good.clone();
            altered[place] ^= 1;
            fs::write(folder.join(&path), &altered).expect("writable");
            assert!(world.verify("bundle").is_err(), "{path}, byte {place}");
            fs::write(folder.join(&path), &good[..place]).expect("writable");
            assert!(world.verify("bundle").is_err(), "{path}, cut at {place}");
        }
        fs::write(folder.join(&path), &good).expect("writable");
    }
    world.verify("bundle").expect("it is what it was");
}

#[cfg(unix)]
#[test]
fn a_link_is_no_file_of_a_bundle() {
    let world = World::new(20);
    world.chat_bundle("bundle");
    let page = world.path("bundle").join("index.html");
    fs::rename(&page, world.path("elsewhere")).expect("it is there");
    std::os::unix::fs::symlink(world.path("elsewhere"), &page).expect("it can be made");
    let refused = reason(&world.verify("bundle").expect_err("it is a link"));
    assert!(refused.contains("index.html is not a plain file"), "{refused}");
    assert!(world.ask_python("bundle").is_err());
}

#[test]
fn a_manifest_names_no_file_outside_of_the_bundle() {
    let world = World::new(20);
    fs::write(world.path("secret"), "secret").expect("writable");
    for path in ["../secret", "/etc/hostname", "files/../../secret", "files/ABC", ".hidden"] {
        world.chat_bundle("bundle");
        reseal(&world.path("bundle"), |manifest: &mut Manifest| {
            let mut file = manifest.files[0].clone();
            path.clone_into(&mut file.path);
            manifest.files.push(file);
            manifest.files.sort_by(|one, other| one.path.cmp(&other.path));
        });
        let refused = reason(&world.verify("bundle").expect_err("no bundle has it"));
        assert!(refused.contains("it names a file that no bundle has"), "{refused}");
        assert!(world.ask_python("bundle").is_err());
        fs::remove_dir_all(world.path("bundle")).expect("it is there");
    }
}

#[test]
fn a_text_of_no_event_is_refused() {
    let world = World::new(20);
    world.chat_bundle("bundle");
    let folder = world.path("bundle");
    for (from, to, says) in [
        ("\"position\":1,", "\"position\":2,", "the bundle has no event at its position 2"),
        ("\"position\":4,", "\"position\":1,", "its position 1 does not come behind 1"),
        ("\"is_erased\":false", "\"is_erased\":0", "text.jsonl, line 1 is refused: it is malformed"),
    ] {
        let good = String::from_utf8(read(&folder, "text.jsonl")).expect("UTF-8");
        fs::write(folder.join("text.jsonl"), good.replacen(from, to, 1)).expect("writable");
        reseal(&folder, |_| {});
        let refused = reason(&world.verify("bundle").expect_err("it was altered"));
        assert!(refused.contains(says), "{refused}");
        fs::write(folder.join("text.jsonl"), good).expect("writable");
    }
    // A selection is what its events are of.
    let other = Selection::Chat { id: chat(1) };
    reseal(&folder, |manifest| manifest.selection = other);
    assert!(reason(&world.verify("bundle").expect_err("another chat")).contains("it is not an event of the selection"));
}
