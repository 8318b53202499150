//! The map of the code that `docs/map.md` shows: drawn from the sources, and held against them.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
};

use crate::{
    architecture::dependencies,
    circles::references,
    sources::{root, rust_sources},
};

/// Set, the test writes the map anew.
const UPDATE: &str = "UPDATE_MAP";
const FILE: &str = "docs/map.md";
const HEAD: &str = "# The map, drawn from the code

`make map` writes this page; a test fails if the code has become another one.
An arrow leads from a crate or module to one whose items it names.
An arrow is left out where others lead there by way of a third; modules that neither name nor are named are left out, too.
No arrow leads back to where it came from, at any level ([a test](architecture.md#invariants) holds it).
";

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// What can be reached from there without the direct way to `but`.
fn reached<'a>(arrows: &'a Arrows, from: &str, but: &str) -> BTreeSet<&'a str> {
    let direct = arrows.get(from).into_iter().flatten().filter(|to| *to != but);
    let (mut seen, mut open) = (BTreeSet::new(), direct.map(String::as_str).collect::<Vec<_>>());
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(arrows.get(next).into_iter().flatten().map(String::as_str));
        }
    }
    seen
}

/// A drawing for Mermaid without the arrows that follow from others.
fn drawn(title: &str, arrows: &Arrows) -> String {
    let mut text = format!("\n## {title}\n\n```mermaid\nflowchart TD\n");
    for (from, targets) in arrows {
        for to in targets.iter().filter(|to| !reached(arrows, from, to).contains(to.as_str())) {
            writeln!(text, "  {from} --> {to}").expect("a text can be written to");
        }
    }
    text + "```\n"
}

fn map() -> String {
    let crates = dependencies(None, true);
    let mut levels: BTreeMap<String, Arrows> = BTreeMap::new();
    for ((of_crate, from), (_, to)) in references(&rust_sources()) {
        if let (Some(from), Some(to)) = (from.first(), to.first())
            && from != to
        {
            let name = of_crate.rsplit('/').next().unwrap_or_default().to_owned();
            levels.entry(name).or_default().entry(from.clone()).or_default().insert(to.clone());
        }
    }
    let modules = levels.iter().map(|(name, arrows)| drawn(&format!("The modules of `{name}`"), arrows));
    [HEAD.to_owned(), drawn("The crates", &crates)].into_iter().chain(modules).collect()
}

#[test]
fn the_map_in_the_documentation_is_that_of_the_code() {
    let (path, map) = (root().join(FILE), map());
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, &map).expect("the documentation can be written");
    }
    let shown = fs::read_to_string(&path).expect("the map is there");
    assert!(shown == map, "{FILE} is not of this code: run `make map`");
}
