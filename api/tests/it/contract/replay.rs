//! Replays an area's scenarios in their order and tells everything that is not as they say.

use std::{
    fmt::Write,
    path::Path,
    time::{Duration, Instant},
};

use super::{
    expectation::Comparison,
    json::{Json, beginning},
    scenario::{Area, Exchange, Step},
    world::World,
};
use crate::support::Answer;

const PATIENCE: Duration = Duration::from_secs(15);

/// Read when the test runs, so that a changed scenario needs no new build.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/contract/scenarios").join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// # Panics
/// With a report if a scenario fails, or passes that is still awaited.
pub(super) async fn replay(name: &str, mut world: World) {
    let mut area = Area::parse(&file(&format!("{name}.scenarios")));
    let Json::Object(shapes) = Json::parse(&file("shapes.json")).expect("the shapes are JSON") else {
        panic!("shapes are an object")
    };
    area.shapes.extend(shapes);
    // Scenarios of what is not built yet, as `area: name`.
    let awaiting = file("awaiting.txt");
    let mut awaiting: Vec<&str> =
        awaiting.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect();
    let mut report = String::new();
    for scenario in &area.scenarios {
        let differences = match &scenario.step {
            Step::Event(event) => world.happen(event).await.err().into_iter().collect(),
            Step::Exchange(exchange) => play(&area, exchange, &mut world).await,
        };
        let is_awaited = awaiting.contains(&scenario.name.as_str());
        awaiting.retain(|awaited| *awaited != scenario.name);
        let title = format!("{name}: {}", scenario.name);
        if is_awaited && differences.is_empty() {
            let _ = writeln!(report, "\n{title}\n    passes, but is in the list of awaited scenarios");
        } else if !is_awaited && !differences.is_empty() {
            let _ = write!(report, "\n{title}\n    line {}", scenario.line);
            if let Step::Exchange(Exchange { who, method, path, .. }) = &scenario.step {
                let _ = write!(report, ", {who} {method} {path}");
            }
            let _ = writeln!(report, "\n    {}", differences.join("\n    "));
        }
    }
    for unknown in awaiting {
        let _ = writeln!(report, "\n{name}: {unknown}\n    is awaited, but there is no such scenario");
    }
    assert!(report.is_empty(), "not as the contract says:\n{report}");
}

async fn play(area: &Area, exchange: &Exchange, world: &mut World) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let differences = match world.ask(exchange).await {
            Err(error) => return vec![error],
            Ok(answer) => compare(area, exchange, &answer, world),
        };
        if differences.is_empty() || !exchange.eventually || Instant::now() > deadline {
            return differences;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn compare(area: &Area, exchange: &Exchange, answer: &Answer, world: &mut World) -> Vec<String> {
    let mut comparison = Comparison { shapes: &area.shapes, names: &mut world.names, differences: vec![] };
    let status = answer.status.to_string();
    let as_expected = status == exchange.status || (exchange.status == "4xx" && status.starts_with('4'));
    if !as_expected {
        let message = format!("{status} {}", answer.body);
        comparison.report("status", &exchange.status, message);
        return comparison.differences;
    }
    headers(area, exchange, answer, &mut comparison);
    body(exchange, answer, &mut comparison);
    comparison.differences
}

/// What holds for every answer, unless the scenario says something else.
fn headers(area: &Area, exchange: &Exchange, answer: &Answer, comparison: &mut Comparison<'_>) {
    let mut expected = vec![
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("content-language", "en"),
        ("content-type", if answer.body.is_empty() { "" } else { "application/json" }),
        ("www-authenticate", if answer.status == 401 { "Token" } else { "" }),
    ];
    if let Some(allow) = area.allow(&exchange.path) {
        expected.push(("allow", allow));
    }
    let own = |name: &str| exchange.expected_headers.iter().any(|(known, _)| known == name);
    expected.retain(|(name, _)| !own(name));
    expected.extend(exchange.expected_headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    for (name, value) in expected {
        comparison.text(name, value, answer.header(name));
    }
    let vary = answer.header("vary").to_lowercase();
    for name in ["accept", "accept-language", "origin"] {
        if !vary.split(',').any(|known| known.trim() == name) {
            comparison.report("vary", name, &vary);
        }
    }
}

fn body(exchange: &Exchange, answer: &Answer, comparison: &mut Comparison<'_>) {
    let expected = exchange.expected_body.as_str();
    if expected == "<any>" {
        return;
    }
    if expected.starts_with("data: ") || expected.starts_with("...") {
        return frames(expected, answer, comparison);
    }
    if let Some(text) = expected.strip_prefix("text: ") {
        return comparison.text("body", text, &answer.body);
    }
    if expected.is_empty() || answer.body.is_empty() {
        if expected != answer.body {
            comparison.report("body", expected, &answer.body);
        }
        return;
    }
    match (Json::parse(expected), Json::parse(&answer.body)) {
        (Ok(expected), Ok(actual)) => {
            if actual.to_string() != answer.body {
                comparison.report("the form of the JSON", &actual, &answer.body);
            }
            comparison.json("body", &expected, &actual);
        }
        (expected, actual) => comparison.differences.extend([expected.err(), actual.err()].into_iter().flatten()),
    }
}

/// One `data: ` line a frame, comments before it aside; a line `...` stands for any that go on.
fn frames(expected: &str, answer: &Answer, comparison: &mut Comparison<'_>) {
    let frames: Vec<&str> = answer.body.split_terminator("\n\n").map(|frame| frame.trim_start_matches(":\n")).collect();
    if !answer.body.ends_with("\n\n") || frames.iter().any(|frame| frame.contains('\n') || !frame.is_ascii()) {
        return comparison.differences.push(format!("a frame is one line of ASCII: {}", beginning(&answer.body)));
    }
    let lines: Vec<&str> = expected.lines().collect();
    let gap = lines.iter().position(|line| *line == "...").unwrap_or(lines.len());
    let after = lines.get(gap + 1..).unwrap_or_default();
    let exact = gap == lines.len();
    if (exact && frames.len() != gap) || frames.len() < gap + after.len() {
        return comparison.report("the number of frames", lines.len(), format!("{}: {}", frames.len(), answer.body));
    }
    for (frame, going_on) in frames[gap..frames.len() - after.len()].iter().zip(gap..) {
        let place = format!("frame {going_on}");
        compare_frame(&place, r#"data: {"is": "Frame", "delta": "<any>", "message": "<any>"}"#, frame, comparison);
    }
    let known = lines[..gap].iter().zip(&frames).chain(after.iter().zip(&frames[frames.len() - after.len()..]));
    for (index, (line, frame)) in known.enumerate() {
        compare_frame(&format!("known frame {index}"), line, frame, comparison);
    }
}

fn compare_frame(place: &str, expected: &str, frame: &str, comparison: &mut Comparison<'_>) {
    let (Some(expected), Some(actual)) = (expected.strip_prefix("data: "), frame.strip_prefix("data: ")) else {
        return comparison.report(place, expected, frame);
    };
    match (Json::parse(expected), Json::parse(actual)) {
        (Ok(expected), Ok(actual)) => comparison.json(place, &expected, &actual),
        (expected, actual) => comparison.differences.extend([expected.err(), actual.err()].into_iter().flatten()),
    }
}
