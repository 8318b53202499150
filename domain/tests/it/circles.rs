//! Modules beside each other form no circle: whoever follows the references of one never comes back to it.
//!
//! Each module counts with all below it, at each level of each crate. A module may name what its ancestors hold, and an ancestor
//! what is below it: they are one thing in several files.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Source, rust_sources, sample};

/// The folder of a crate, and the names that lead from its root to a module.
pub(crate) type Module = (String, Vec<String>);

/// Which module a file is; `None` for tests.
fn module_of(path: &str) -> Option<Module> {
    let (of_crate, file) = path.split_once("/src/")?;
    let mut names: Vec<String> = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if names.iter().any(|name| name == "tests" || name.ends_with("_tests") || name.starts_with("tests_")) {
        return None;
    }
    names.pop_if(|name| ["lib", "main", "mod"].contains(&name.as_str()));
    Some((of_crate.to_owned(), names))
}

/// The text without modules of tests, which end a file.
fn without_tests(code: &str) -> &str {
    let begins = |at: usize| code[at..].trim_start_matches("#[cfg(test)]").trim_start().starts_with("mod ");
    let end = code.match_indices("#[cfg(test)]").map(|(at, _)| at).find(|at| {
        begins(*at) && code[*at..].find('{').is_some_and(|block| code[*at..].find(';').is_none_or(|end| block < end))
    });
    &code[..end.unwrap_or(code.len())]
}

/// The paths of a tree of imports without blanks: `a::{b,c::d}` is `a::b` and `a::c::d`.
fn expand(tree: &str, paths: &mut Vec<String>) {
    let Some((before, list)) = tree.split_once('{') else {
        paths.push(tree.to_owned());
        return;
    };
    let list = list.strip_suffix('}').unwrap_or(list);
    let (mut depth, mut begin) = (0_u32, 0);
    for (at, sign) in list.char_indices().chain([(list.len(), ',')]) {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                if begin < at {
                    expand(&format!("{before}{}", &list[begin..at]), paths);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// The paths that a file names: those of its imports, and those elsewhere that begin with `crate` or `super`.
fn paths_in(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for statement in without_tests(code).split_inclusive(';') {
        let import = statement.match_indices("use ").map(|(at, _)| at).find(|at| {
            let line = statement[..*at].rsplit('\n').next().unwrap_or_default().trim();
            line.is_empty() || line.starts_with("pub")
        });
        let (code, import) = import.map_or((statement, ""), |at| statement.split_at(at));
        let tree: String = import.trim_start_matches("use ").split(" as ").collect::<String>();
        let tree: String = tree.chars().filter(|sign| !sign.is_whitespace() && *sign != ';').collect();
        expand(&tree, &mut paths);
        for start in ["crate::", "super::"] {
            let of_a_word =
                |at: &usize| !code[..*at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before));
            for at in code.match_indices(start).map(|(at, _)| at).filter(of_a_word) {
                let is_of_path = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == ':';
                let end = code[at..].find(|sign| !is_of_path(sign)).unwrap_or(code.len() - at);
                paths.push(code[at..at + end].to_owned());
            }
        }
    }
    paths
}

/// The module that a path leads to from this one, as far as modules go.
fn target(from: &Module, path: &str, modules: &BTreeMap<Module, &Source>) -> Option<Module> {
    let mut names = path.split("::").peekable();
    let is_known = |base: &[String], name: &str| {
        let child: Vec<String> = base.iter().cloned().chain([name.to_owned()]).collect();
        modules.contains_key(&(from.0.clone(), child.clone())).then_some(child)
    };
    let mut at = match names.peek().copied() {
        Some("crate") => {
            names.next();
            vec![]
        }
        Some("super" | "self") => from.1.clone(),
        Some(name) if is_known(&from.1, name).is_some() => from.1.clone(),
        _ => return None,
    };
    for name in names {
        match name {
            "self" => {}
            "super" => drop(at.pop()),
            name => match is_known(&at, name) {
                Some(child) => at = child,
                None => break,
            },
        }
    }
    Some((from.0.clone(), at))
}

/// The references between modules, as far as neither is inside of the other.
pub(crate) fn references(sources: &[Source]) -> BTreeSet<(Module, Module)> {
    let modules: BTreeMap<Module, &Source> =
        sources.iter().filter_map(|source| Some((module_of(&source.path)?, source))).collect();
    let of = |(from, source): (&Module, &&Source)| {
        let paths = paths_in(&source.code_text());
        paths.iter().filter_map(|path| Some((from.clone(), target(from, path, &modules)?))).collect::<Vec<_>>()
    };
    modules.iter().flat_map(of).collect()
}

/// The sets of modules that can be reached from each other, with the references between them.
fn circles(sources: &[Source]) -> Vec<String> {
    // By crate and parent: which of its children refer to which.
    let mut levels: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for ((of_crate, from), (_, to)) in references(sources) {
        let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
        if let (Some(one), Some(other)) = (from.get(common), to.get(common)) {
            let level = levels.entry((of_crate, from[..common].to_vec())).or_default();
            level.entry(one.clone()).or_default().insert(other.clone());
        }
    }
    let mut found = Vec::new();
    for ((of_crate, parent), children) in levels {
        let reached = |from: &String| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(next) = open.pop() {
                open.extend(children.get(next).into_iter().flatten().filter(|other| seen.insert((*other).clone())));
            }
            seen
        };
        let in_circle: Vec<_> = children.keys().filter(|name| reached(name).contains(*name)).cloned().collect();
        if !in_circle.is_empty() {
            found.push(format!("{of_crate}, {}: {}", parent.join("::"), in_circle.join(", ")));
        }
    }
    found
}

#[test]
fn modules_beside_each_other_form_no_circle() {
    let found = circles(&rust_sources());
    assert!(found.is_empty(), "move what both need into a module below them:\n{}", found.join("\n"));
}

#[test]
fn a_circle_is_found_over_files_and_levels_and_not_with_an_ancestor() {
    let there = [
        sample("x/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use a::one::One;\n"),
        sample("x/src/a/mod.rs", "mod one;\nfn f() { one::g() }\n"),
        sample("x/src/a/one.rs", "use crate::{\n    c::{C, D as E},\n    b::B,\n};\nuse super::f;\n"),
        sample("x/src/b.rs", "// crate::a\nfn h(_: crate::c::C) {}\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n"),
    ];
    let c = |text| sample("x/src/c.rs", text);
    let with = |last: Source| circles(&there.iter().cloned().chain([last]).collect::<Vec<_>>());
    assert_eq!(with(c("use std::fmt;\n")), Vec::<String>::new());
    assert_eq!(with(c("fn i() { crate::a::f() }\n")), ["x, : a, b, c"]);
    assert_eq!(with(c("pub(crate) use super::{b::{self, B}};\n")), ["x, : b, c"]);
}
