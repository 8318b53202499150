//! Diagrams (SmartArt): a tree of points, which the program draws as steps, cycles or trees.

use std::collections::{HashMap, HashSet};

use crate::extraction::ooxml::{
    blocks::{Block, in_a_cell},
    xml::Element,
};

/// The points of a diagram while it is read.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// The texts of the points, by their ids.
    pub(super) words: HashMap<String, Vec<Block>>,
    root: Option<String>,
    /// The children of each point, with their order.
    below: HashMap<String, Vec<(i64, String)>>,
}

/// The diagrams of a part, by the ids of their relations.
pub(in crate::extraction) type Diagrams = HashMap<String, Vec<Block>>;

impl Points {
    /// Reads a point; returns its id.
    pub(super) fn take_point(&mut self, element: &Element<'_>) -> String {
        let id = element.attribute("modelId").unwrap_or_default();
        if element.attribute("type").as_deref() == Some("doc") {
            self.root = Some(id.clone());
        }
        id
    }

    pub(super) fn take_connection(&mut self, element: &Element<'_>) {
        let is_of_words = element.attribute("type").is_none_or(|it| it == "parOf");
        if let (true, Some(above), Some(below)) = (is_of_words, element.attribute("srcId"), element.attribute("destId"))
        {
            self.below.entry(above).or_default().push((element.number("srcOrd").unwrap_or(0), below));
        }
    }

    /// The points as a list, each at most once.
    pub(super) fn items(mut self) -> Vec<Block> {
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        let mut left: Vec<(usize, String)> = self.root.take().map(|root| (0, root)).into_iter().collect();
        while let Some((level, point)) = left.pop() {
            let words = in_a_cell(&self.words.remove(&point).unwrap_or_default()).replace('\n', " ");
            if !words.trim().is_empty() {
                items.push(Block::Item(level.saturating_sub(1), String::new(), words));
            }
            let mut below = self.below.remove(&point).unwrap_or_default();
            below.sort();
            below.retain(|(_, point)| seen.insert(point.clone()));
            left.extend(below.into_iter().rev().map(|(_, point)| (level + 1, point)));
        }
        items
    }
}
