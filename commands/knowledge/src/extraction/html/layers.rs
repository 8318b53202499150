//! The order of the layers of style sheets (`@layer`).

use std::collections::HashMap;

/// Layers within each other, and layers of a page, that are told apart.
const DEEPEST: usize = 16;
const MOST: usize = 1_000;

/// The place of a layer among the layers around it; rules in no layer override those in layers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Layer(Vec<usize>);

/// The layers of a page, in the order in which they are named first.
#[derive(Debug, Default)]
pub(super) struct Layers {
    within: HashMap<Layer, HashMap<String, usize>>,
    count: usize,
}

impl Layers {
    /// The layer of this name, as `base.buttons`, in another one; one without a name is a new one.
    pub(super) fn layer(&mut self, within: &Layer, name: &str) -> Layer {
        let mut layer = within.clone();
        for part in name.trim().split('.') {
            if layer.0.len() >= DEEPEST || self.count >= MOST {
                break;
            }
            let names = self.within.entry(layer.clone()).or_default();
            let (next, part) = (names.len(), part.trim());
            let name = if part.is_empty() { format!("/{next}") } else { part.to_owned() };
            let at = *names.entry(name).or_insert_with(|| {
                self.count += 1;
                next
            });
            layer.0.push(at);
        }
        layer
    }

    /// The rank of a layer's rules: those of the layer itself override those of the layers in it, and important ones do
    /// so the other way round.
    pub(super) fn rank(layer: &Layer, is_important: bool) -> Vec<usize> {
        let mut rank = layer.0.clone();
        rank.push(usize::MAX);
        if is_important {
            for at in &mut rank {
                *at = usize::MAX - *at;
            }
        }
        rank
    }
}
