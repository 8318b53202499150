//! Custom properties of style (`--ink: #fff`), and the values that they give to others (`color: var(--ink)`).

use std::{cell::Cell, collections::HashMap, rc::Rc};

/// Bytes of a value with the values of others in it.
const LONGEST: usize = 500;
/// Values within values.
const MOST_REPLACED: usize = 16;
/// Elements and rules in which a page's properties are looked for; a page that needs more is hostile.
const MOST_LOOKS: u32 = 3_000_000;

/// The custom properties that a rule declares.
pub(super) type Properties = HashMap<String, String>;

/// The custom properties that apply at an element.
#[derive(Debug)]
pub(super) struct Scope {
    /// Those of the rules for the element; the first override the others.
    own: Vec<Rc<Properties>>,
    around: Option<Rc<Scope>>,
}

/// A limited number of looks at rules.
#[derive(Debug)]
pub(super) struct Looks(Cell<u32>);

impl Default for Looks {
    fn default() -> Self {
        Self(Cell::new(MOST_LOOKS))
    }
}

impl Looks {
    pub(super) fn are_exhausted(&self) -> bool {
        self.0.get() == 0
    }

    fn look(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        !self.are_exhausted()
    }
}

impl Scope {
    pub(super) fn within(around: Option<Rc<Self>>, own: Vec<Rc<Properties>>) -> Option<Rc<Self>> {
        if own.is_empty() { around } else { Some(Rc::new(Self { own, around })) }
    }

    fn get<'s>(mut scope: Option<&'s Self>, name: &str, looks: &Looks) -> Option<&'s str> {
        while let Some(here) = scope {
            for properties in &here.own {
                if !looks.look() {
                    return None;
                }
                if let Some(value) = properties.get(name) {
                    return Some(value);
                }
            }
            scope = here.around.as_deref();
        }
        None
    }
}

/// A value with those of the custom properties that it names; `None` if one of them is not known.
pub(super) fn resolved(value: &str, scope: Option<&Scope>, looks: &Looks) -> Option<String> {
    let mut value = value.to_owned();
    for _ in 0..MOST_REPLACED {
        let Some(at) = value.find("var(") else { return Some(value) };
        let after = &value[at + 4..];
        let mut depth = 1_u32;
        let end = after.find(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let (name, other) =
            after[..end].split_once(',').map_or((&after[..end], None), |(name, other)| (name, Some(other)));
        let found = Scope::get(scope, name.trim(), looks).or(other)?.trim();
        value = format!("{}{found}{}", &value[..at], &after[end + 1..]);
        if value.len() > LONGEST {
            return None;
        }
    }
    None
}
