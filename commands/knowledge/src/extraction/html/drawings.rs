//! Drawings, and other parts of a page that are drawn by something else than the page.

use ego_tree::NodeRef;
use scraper::{Node, node::Element};

use super::{Walk, is_element, says_anything};
use crate::extraction::notes::NoteKind;

/// Elements of a drawing that are not drawn, or where they stand.
const NOT_DRAWN: [&str; 10] =
    ["defs", "symbol", "clipPath", "clippath", "mask", "style", "script", "title", "desc", "metadata"];
/// Elements that show what is elsewhere; what is in them is shown by browsers that cannot do that.
const ELSEWHERE: [&str; 6] = ["iframe", "object", "embed", "canvas", "video", "audio"];

impl Walk<'_> {
    /// Writes the texts of a drawing one below the other, in the order of the file, and tells that the drawing is not
    /// read: where they stand, and what is drawn between them, has a meaning.
    pub(super) fn write_drawing(&mut self, drawing: NodeRef<'_, Node>) {
        let mut is_told = false;
        let mut skipping = None;
        for edge in drawing.traverse() {
            match (edge, skipping) {
                (ego_tree::iter::Edge::Close(node), Some(id)) if node.id() == id => skipping = None,
                (ego_tree::iter::Edge::Open(node), None) => {
                    let Some(element) = node.value().as_element() else { continue };
                    let is_text = matches!(element.name(), "text" | "foreignObject" | "foreignobject");
                    if !is_text && !NOT_DRAWN.contains(&element.name()) {
                        continue;
                    }
                    skipping = Some(node.id());
                    if is_text && says_anything(node) {
                        self.write_label(node);
                        is_told = true;
                    }
                }
                _ => {}
            }
        }
        if is_told {
            self.notes.add(NoteKind::ObjectsLeftOut, None, None);
        }
    }

    fn write_label(&mut self, text: NodeRef<'_, Node>) {
        let texts = text.descendants().filter(|node| !node.ancestors().take(2).any(is_style));
        let texts: Vec<&str> = texts.filter_map(|node| node.value().as_text()).map(|text| &**text).collect();
        // The lines of a label are elements of their own.
        let words = texts.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        self.writer.write_line(&words);
    }
}

fn is_style(node: NodeRef<'_, Node>) -> bool {
    is_element(node, "style") || is_element(node, "script")
}

/// Whether an element shows what is not in the page, and is large enough to be seen.
pub(super) fn is_elsewhere(element: &Element) -> bool {
    let is_point = |name: &str| matches!(element.attr(name).map(str::trim), Some("0" | "1" | "0px" | "1px"));
    ELSEWHERE.contains(&element.name()) && !is_point("width") && !is_point("height")
}
