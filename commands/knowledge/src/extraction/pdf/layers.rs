//! Layers of a file (optional content) that are not shown.

use std::collections::HashSet;

use hayro_syntax::{
    Pdf,
    object::{Array, Dict, Name, ObjRef},
};

/// Layers of a file that are examined.
const MOST: usize = 10_000;

/// The layers that are off when a file is opened.
#[derive(Debug, Default)]
pub(super) struct Layers {
    off: HashSet<(u32, i32)>,
}

impl Layers {
    pub(super) fn of(file: &Pdf) -> Self {
        Self { off: off(file).unwrap_or_default() }
    }

    /// Whether what belongs to the layer, or set of layers, under this key is not shown.
    pub(super) fn is_off(&self, of: &Dict<'_>, key: &[u8]) -> bool {
        if self.off.is_empty() {
            return false;
        }
        let is_off = |layer: ObjRef| self.off.contains(&(layer.obj_number, layer.gen_number));
        if of.get_ref(key).is_some_and(is_off) {
            return true;
        }
        let Some(set) = of.get::<Dict<'_>>(key).filter(|set| !set.contains_key(b"VE")) else { return false };
        let layers: Vec<bool> = match set.get::<Array<'_>>(b"OCGs") {
            Some(layers) => layers.raw_iter().take(MOST).filter_map(|layer| layer.as_obj_ref()).map(is_off).collect(),
            None => set.get_ref(b"OCGs").into_iter().map(is_off).collect(),
        };
        let policy = set.get::<Name<'_>>(b"P");
        !layers.is_empty()
            && match policy.as_ref().map(AsRef::as_ref) {
                Some(b"AllOn") => layers.contains(&true),
                Some(b"AnyOff") => !layers.contains(&true),
                Some(b"AllOff") => layers.contains(&false),
                _ => !layers.contains(&false),
            }
    }
}

fn off(file: &Pdf) -> Option<HashSet<(u32, i32)>> {
    let root = file.xref().get::<Dict<'_>>(file.xref().root_id())?;
    let layers = root.get::<Dict<'_>>(b"OCProperties")?;
    let usual = layers.get::<Dict<'_>>(b"D")?;
    let all = |of: &Dict<'_>, key: &[u8]| -> HashSet<(u32, i32)> {
        let layers = of.get::<Array<'_>>(key);
        let ids = layers.iter().flat_map(Array::raw_iter).take(MOST).filter_map(|layer| layer.as_obj_ref());
        ids.map(|id| (id.obj_number, id.gen_number)).collect()
    };
    let mut off = all(&usual, b"OFF");
    if usual.get::<Name<'_>>(b"BaseState").is_some_and(|state| state.as_ref() == b"OFF") {
        off.extend(all(&layers, b"OCGs").difference(&all(&usual, b"ON")));
    }
    Some(off)
}
