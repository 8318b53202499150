//! Memory: it does not grow with the number of events.

use std::{fs, time::Instant};

use audit_bundle::Selection;

use crate::support::{World, at};

const EVENTS: u64 = 100_000;
/// The most that the process may have had in memory, in kB; other tests run beside this one.
const MOST: u64 = 150_000;

/// The greatest memory that the process has had until now, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is told");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what `docs/proof-formats.md` shows")]
fn a_bundle_of_a_hundred_thousand_events_is_written_and_verified_in_little_memory() {
    let world = World::new(EVENTS);
    let before = peak();
    let begun = Instant::now();
    let manifest = world.bundle("bundle", Selection::Span { from: at(1), until: at(EVENTS + 1) }, 1..=EVENTS);
    let (written, peak_of_writing, begun) = (begun.elapsed(), peak(), Instant::now());
    assert_eq!(manifest.events.count, EVENTS);
    world.verify("bundle").expect("it is right");
    println!(
        "{EVENTS} events: written in {:.1} s, verified in {:.1} s; peak of memory {before} kB before, {peak_of_writing} kB after \
         writing, {} kB at the end; events.jsonl {} bytes",
        written.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        peak(),
        manifest.file("events.jsonl").expect("it is there").size,
    );
    assert!(peak() < MOST, "{} kB", peak());
}
