//! What a bundle holds, and that it is accepted.

use std::fs;

use audit_bundle::{EventLine, Events, Format, Refusal, Selection, WriteError};
use transparency_log::{leaf::Leaf, receipt::Receipt};

use crate::support::{ORIGIN, World, at, chat, columns, key, read, reason, reseal};

#[test]
fn a_bundle_is_accepted_with_nothing_but_the_folder_and_the_key() {
    for size in [1, 2, 7, 255, 256, 257, 600] {
        let world = World::new(size);
        let manifest = world.chat_bundle("bundle");
        let verified = world.verify("bundle").unwrap_or_else(|why| panic!("{size}: {}", reason(&why)));
        assert_eq!(verified.manifest, manifest);
        assert_eq!((verified.manifest.events.count, verified.checkpoint.size), (size.div_ceil(3), size));
        let said = world.ask_python("bundle").unwrap_or_else(|why| panic!("{size}: {why}"));
        assert_eq!(said, format!("{} events are in the log {ORIGIN}, which has {size}\n", size.div_ceil(3)));
    }
}

#[test]
fn a_span_of_time_has_all_positions_and_a_hole_in_it_is_seen() {
    let world = World::new(300);
    let span = || Selection::Span { from: at(100), until: at(201) };
    let manifest = world.bundle("whole", span(), 100..=200);
    assert_eq!(manifest.events, Events { count: 101, first: Some(100), last: Some(200) });
    world.verify("whole").expect("it is right");
    world.ask_python("whole").expect("it is right");
    world.bundle("hole", span(), (100..=200).filter(|position| *position != 150));
    let refused = reason(&world.verify("hole").expect_err("150 is missing"));
    assert!(
        refused.contains("line 51 is refused: the span of time has every position, but between 149 and 151"),
        "{refused}"
    );
    assert!(world.ask_python("hole").is_err_and(|why| why.contains("positions are missing")));
}

#[test]
fn of_a_chat_no_event_can_be_left_out_but_at_its_end_and_none_of_another_put_in() {
    let world = World::new(100);
    let chat_of = || Selection::Chat { id: chat(0) };
    for (name, positions, says) in [
        ("hole", vec![1, 4, 10], "line 3 is refused: it is event 4 of its chat, and event 3 is missing before it"),
        ("begin", vec![4, 7], "line 1 is refused: it is event 2 of its chat"),
        ("other", vec![1, 2], "line 2 is refused: it is not an event of the selection"),
    ] {
        world.bundle(name, chat_of(), positions.into_iter());
        let refused = reason(&world.verify(name).expect_err("it is not whole"));
        assert!(refused.contains(says), "{refused}");
        assert!(world.ask_python(name).is_err(), "{name}");
    }
    world.bundle("until then", chat_of(), [1, 4].into_iter());
    world.verify("until then").expect("nobody can see what came later");
}

#[test]
fn an_empty_selection_is_a_bundle_too() {
    let world = World::new(5);
    world.bundle("empty", Selection::Project { id: chat(9) }, std::iter::empty());
    assert_eq!(world.verify("empty").expect("it is right").manifest.events, Events::default());
    world.ask_python("empty").expect("it is right");
}

#[test]
fn each_line_gives_a_receipt_of_its_event() {
    let world = World::new(300);
    world.chat_bundle("bundle");
    let events = read(&world.path("bundle"), "events.jsonl");
    let lines: Vec<_> = events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 100);
    for line in lines {
        let event = EventLine::parse(line).expect("a line");
        let text = event.receipt(&world.checkpoint()).expect("it has a proof").to_string();
        let receipt = Receipt::parse(text.as_bytes()).expect("a receipt");
        receipt.verify(event.leaf.as_bytes(), key(ORIGIN).verifier()).expect("it is right");
        assert_eq!(Leaf::parse(event.leaf.as_bytes()).expect("a record").position(), event.position);
        let made = Receipt::make(&world.files(), event.position - 1, &world.checkpoint(), key(ORIGIN).verifier());
        assert_eq!(made.expect("it is in the log"), receipt, "the log's own receipt is the same");
    }
}

#[test]
fn a_bundle_is_there_whole_or_not_at_all() {
    let world = World::new(20);
    let mut writer = world.begin("bundle", Selection::Chat { id: chat(0) }).expect("it can be begun");
    let refused = writer.event(columns(1), &[[0; 32]], None);
    assert!(matches!(refused, Err(WriteError::NotInLog { position: 1, .. })), "{refused:?}");
    drop(writer);
    let left: Vec<_> = fs::read_dir(world.folder.path()).expect("readable").filter_map(Result::ok).collect();
    assert_eq!(left.len(), 1, "nothing but the log: {left:?}");

    world.chat_bundle("bundle");
    let again = world.begin("bundle", Selection::Chat { id: chat(0) });
    assert!(matches!(again, Err(WriteError::Exists(_))));
    world.verify("bundle").expect("it is what it was");
}

#[test]
fn a_file_with_another_content_than_its_event_says_is_left_out_with_the_reason() {
    let world = World::new(20);
    let files = world.files();
    let mut prover = audit_bundle::Prover::new(&files, 20);
    let mut writer = world.begin("bundle", Selection::User { id: chat(0) }).expect("it can be begun");
    for (position, content) in [(7, Some(&b"another content"[..])), (14, None)] {
        let proof = prover.prove(position - 1).expect("it is in the log");
        for file in writer.event(columns(position), &proof, None).expect("it is proved") {
            match content {
                Some(content) => {
                    let mut part = writer.part().expect("writable");
                    part.write(content).expect("writable");
                    writer.attach(position, file, Some(part)).expect("writable");
                }
                None => writer.miss(position, file, "it was removed"),
            }
        }
    }
    writer.finish().expect("it can be finished");
    let manifest = world.verify("bundle").expect("it is right").manifest;
    let missing: Vec<_> = manifest.attachments.iter().map(|file| file.missing.as_deref().expect("a reason")).collect();
    assert_eq!(missing, ["what is stored has another content than the event says", "it was removed"]);
    world.ask_python("bundle").expect("it is right");

    reseal(&world.path("bundle"), |manifest| drop(manifest.attachments.remove(0)));
    let refused = reason(&world.verify("bundle").expect_err("a file is not accounted for"));
    assert!(refused.contains("it names the file speech-7.mp3, which the manifest does not list for it"), "{refused}");
}

#[test]
fn the_key_of_another_log_accepts_nothing() {
    let world = World::new(20);
    world.chat_bundle("bundle");
    for other in ["hospital.example/log/another", "other.example/log/0190c1a2"] {
        let refused = audit_bundle::verify(&world.path("bundle"), key(other).verifier());
        assert!(matches!(refused, Err(Refusal::Seal(_))), "{refused:?}");
    }
}

#[test]
fn files_in_formats_of_others_are_signed_with_the_rest() {
    let world = World::new(20);
    let files = world.files();
    let mut prover = audit_bundle::Prover::new(&files, 20);
    let mut writer = world.begin("bundle", Selection::Chat { id: chat(0) }).expect("it can be begun");
    for format in Format::ALL {
        writer.add_format(format).expect("writable");
    }
    let proof = prover.prove(0).expect("it is in the log");
    writer.event(columns(1), &proof, None).expect("it is proved");
    writer.line(Format::Fhir, &serde_json::json!({ "resourceType": "AuditEvent" })).expect("writable");
    let manifest = writer.finish().expect("it can be finished");
    assert_eq!(manifest.asserted.last().map(String::as_str), Some("ocsf.ndjson says what the events say."));
    world.verify("bundle").expect("it is right");
    world.ask_python("bundle").expect("it is right");
    assert_eq!(read(&world.path("bundle"), "fhir.ndjson"), b"{\"resourceType\":\"AuditEvent\"}\n");
    assert!(read(&world.path("bundle"), "ocsf.ndjson").is_empty(), "it was wanted, and nothing got into it");

    fs::write(world.path("bundle/fhir.ndjson"), "{\"resourceType\":\"auditEvent\"}\n").expect("writable");
    let refused = reason(&world.verify("bundle").expect_err("it was altered"));
    assert!(refused.contains("fhir.ndjson was altered"), "{refused}");
    assert!(world.ask_python("bundle").is_err_and(|why| why.contains("fhir.ndjson was altered")));
    world.chat_bundle("without");
    fs::write(world.path("without/fhir.ndjson"), "{}\n").expect("writable");
    let refused = reason(&world.verify("without").expect_err("nobody signed it"));
    assert!(refused.contains("does not belong to the bundle"), "{refused}");
}
