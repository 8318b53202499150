//! The text of a page or of an e-book's chapter.

mod colours;
mod content;
mod declarations;
mod drawings;
mod fields;
mod ink;
mod labels;
mod layers;
mod letters;
mod lists;
mod math;
mod media;
mod page;
mod roles;
mod rules;
mod selectors;
mod sheets;
pub(super) mod signs;
mod style;
mod table;
mod tags;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_cascade;
#[cfg(test)]
mod tests_of_grounds;
#[cfg(test)]
mod tests_of_looks;
#[cfg(test)]
mod tests_of_style;
mod variables;
mod writing;

use std::rc::Rc;

use ego_tree::{NodeId, NodeRef, iter::Edge};
use scraper::{ElementRef, Html, Node, node::Element};

use super::{
    Unreadable,
    notes::{NoteKind, Notes},
    symbols::is_symbol_font,
};
use ink::Ink;
use labels::Labels;
use lists::Marker;
use rules::{Look, Rules};
use style::{Effect, Script};
use variables::Scope;
use writing::Writer;

/// Elements whose content is no text of the page.
const SKIPPED: [&str; 6] = ["script", "style", "noscript", "template", "head", "nav"];
/// Elements whose text is withdrawn.
const STRUCK: [&str; 3] = ["del", "s", "strike"];
/// Elements that `vertical-align` does not raise or lower, or whose position has another meaning.
const NOT_PLACED: [&str; 9] = ["sup", "sub", "td", "th", "tr", "table", "img", "input", "svg"];
/// Inline elements that form a box of their own.
const BOXES: [&str; 5] = ["label", "textarea", "progress", "meter", "output"];
/// Elements that are written in one.
const IN_ONE: [&str; 9] = ["select", "math", "svg", "iframe", "object", "img", "input", "video", "audio"];
/// Characters of an alternative text up to which it is a sign; a longer one stands apart from the words around it.
const LONGEST_SIGN: usize = 2;

/// The text of a page. The tree is walked without recursion, so that depth cannot overflow the stack.
///
/// Text that the page hides or strikes is left out, as on the page; the notes say so.
pub(super) fn text(page: &str, notes: &mut Notes) -> Result<String, Unreadable> {
    text_in_style(page, "", notes)
}

/// The text of a page with these rules of style in addition to its own.
pub(super) fn text_in_style(page: &str, style: &str, notes: &mut Notes) -> Result<String, Unreadable> {
    if tags::has_too_many_open(page) {
        return Err(Unreadable::TooComplex);
    }
    let page = Html::parse_document(&tags::with_ends(&signs::with_signs(page)));
    let (rules, labels) = (Rules::of(&page, style), Labels::of(&page));
    let (writer, generated_left) = (Writer::default(), letters::MOST_GENERATED);
    let mut walk = Walk { rules, labels, notes, writer, open: Vec::new(), generated_left };
    let mut skipping: Option<NodeId> = None;
    for edge in page.tree.root().traverse() {
        match (edge, skipping) {
            (Edge::Close(node), Some(id)) if node.id() == id => skipping = None,
            (_, Some(_)) => {}
            (Edge::Open(node), None) => match node.value() {
                Node::Text(text) => walk.write(text),
                Node::Element(element) if !walk.open(node, element) => skipping = Some(node.id()),
                _ => {}
            },
            (Edge::Close(node), None) => {
                if let Node::Element(element) = node.value() {
                    walk.close(node, element);
                }
            }
        }
    }
    if walk.rules.are_incomplete() {
        walk.notes.add(NoteKind::ValuesUncertain, None, None);
    }
    Ok(walk.writer.finished())
}

struct Walk<'n> {
    rules: Rules,
    labels: Labels,
    notes: &'n mut Notes,
    writer: Writer,
    open: Vec<Open>,
    /// Bytes of generated content that may still be written.
    generated_left: usize,
}

/// An element that has not ended.
#[derive(Default)]
struct Open {
    /// The symbol font of the text in it.
    symbols: Option<String>,
    ink: Ink,
    script: Option<Script>,
    /// Whether style makes it a block.
    is_block: bool,
    is_table: bool,
    /// Whether its children are separated from each other.
    parts_children: bool,
    /// The generated content after it.
    after: Effect,
    /// The custom properties of style in it.
    scope: Option<Rc<Scope>>,
    /// What stands before its items.
    marker: Option<Rc<Marker>>,
}

impl Walk<'_> {
    /// Opens an element; `false` if it is not to be read.
    fn open(&mut self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        let repeats_formula = element.attr("aria-hidden") == Some("true") && follows_formula(node);
        if SKIPPED.contains(&element.name()) || repeats_formula || element.name() == "button" && !labels::names(node) {
            return false;
        }
        let scope = self.open.last().and_then(|open| open.scope.as_ref());
        let mut look = ElementRef::wrap(node).map(|element| self.rules.look(element, scope)).unwrap_or_default();
        let effect = &mut look.whole;
        if self.labels.can_be_shown(element) {
            effect.hidings_mut().into_iter().for_each(|state| *state = None);
        } else if matches!(element.name(), "input" | "select") {
            // A field of no opacity lies over a drawing that shows its value.
            effect.clear = None;
        }
        if let Some(font) = element.attr("face").filter(|font| super::legacy_fonts::is_legacy(font)) {
            self.notes.add(NoteKind::LegacyFontUnknown, None, Some(font));
        } else if let Some(font) = &effect.legacy_font {
            self.notes.add(NoteKind::LegacyFontUnknown, None, Some(font.trim_matches(['"', '\''])));
        }
        if is_formula_only(node) {
            effect.hidings_mut().into_iter().for_each(|state| *state = None);
            effect.struck = None;
        }
        if effect.hides() {
            // The titles of icons are no text.
            if says_anything(node) && element.name() != "svg" {
                self.notes.add(NoteKind::HiddenLeftOut, None, None);
            }
            // An invisible cell keeps its place in the row.
            if effect.hidden != Some(true) {
                self.writer.add_empty_cell(element);
            }
            return false;
        }
        let ink = self.ink(&look, element);
        if let Some(kind) = ink.withdrawn()
            && IN_ONE.contains(&element.name())
        {
            if says_anything(node) {
                self.notes.add(kind, None, None);
            }
            self.writer.leave_out();
            return false;
        }
        if look.is_doubtful && says_anything(node) {
            self.notes.add(NoteKind::ValuesUncertain, None, None);
        }
        let has_line =
            look.whole.has_band == Some(true) || [&look.before, &look.after].iter().any(|part| part.is_line_through());
        if has_line && look.whole.clips != Some(true) && says_anything(node) {
            self.notes.add(NoteKind::VisibilityUncertain, None, None);
        }
        match element.name() {
            "select" => {
                self.write_choice(node);
                return false;
            }
            "math" => {
                self.write_formula(node);
                return false;
            }
            "svg" => {
                if let Some(label) = element.attr("aria-label") {
                    self.write_alternative(label);
                }
                self.write_drawing(node);
                return false;
            }
            _ if drawings::is_elsewhere(element) => {
                self.notes.add(NoteKind::ObjectsLeftOut, None, None);
                return false;
            }
            "iframe" | "object" | "canvas" | "audio" | "video" => return false,
            "img" => self.write_picture(element),
            "input" => self.write_field(element),
            _ => {}
        }
        self.begin(node, element, look, ink);
        true
    }

    /// The ink of the text in an element.
    fn ink(&mut self, look: &Look, element: &Element) -> Ink {
        let around = self.open.last().map(|open| open.ink).unwrap_or_default();
        let mut ink = around.within(&look.whole, matches!(element.name(), "html" | "body"));
        let covers = |part: &Effect| part.content.is_some() && part.paints() && part.is_displaced == Some(true);
        if look.may_be_coloured || covers(&look.before) || covers(&look.after) {
            ink = ink.overlaid();
        }
        if matches!(element.name(), "col" | "colgroup") && look.whole.paints() {
            // The ground of a column is not that of an element around its cells.
            let is_table = |open: &&mut Open| open.is_table;
            if let Some(table) = self.open.iter_mut().rev().find(is_table) {
                table.ink = table.ink.overlaid();
            }
        }
        ink
    }

    fn begin(&mut self, node: NodeRef<'_, Node>, element: &Element, look: Look, ink: Ink) {
        let Look { whole: effect, before, after, marker: of_marker, scope, opener, .. } = look;
        let parent = self.open.last();
        if parent.is_some_and(|parent| parent.parts_children) || BOXES.contains(&element.name()) {
            self.writer.part();
        }
        let face = effect.face.as_deref().or_else(|| element.attr("face"));
        let symbols = match face {
            Some(face) => Some(face.to_owned()).filter(|face| is_symbol_font(face)),
            None => parent.and_then(|parent| parent.symbols.clone()),
        };
        let script = effect.script.or_else(|| is_mark(node, element).then_some(Script::Raised));
        let script = script.filter(|script| *script != Script::Line && !NOT_PLACED.contains(&element.name()));
        let is_block = effect.is_block == Some(true) || element.name() == "button";
        let is_item = element.name() == "li";
        let mut marker = effect.marker.clone();
        if is_item {
            marker = marker.or_else(|| parent.and_then(|parent| parent.marker.clone()));
            let written = of_marker.content.as_deref();
            marker = written.map(|content| Rc::new(Marker::Text(content.clone()))).or(marker);
        }
        self.writer.open(element, node, marker.as_deref().filter(|_| is_item));
        if is_block {
            self.writer.end_line();
        }
        if script.is_some() {
            self.writer.begin_script();
        }
        self.label(element, opener.as_deref(), ink);
        let parts_children = effect.parts_children == Some(true);
        let is_table = element.name() == "table";
        let inherited = marker.clone();
        self.open.push(Open {
            symbols,
            ink,
            script,
            is_block,
            is_table,
            parts_children,
            after,
            scope,
            marker: inherited,
        });
        if let Some(marker) = marker.filter(|_| is_item) {
            self.write_marker(&marker, &of_marker, element);
        }
        self.write_generated(&before, element);
    }

    /// Writes the label of the tab or of the field that shows an element.
    fn label(&mut self, element: &Element, opener: Option<&str>, ink: Ink) {
        if ink.withdrawn().is_some() {
            return;
        }
        match (self.labels.of_panel(element), opener) {
            (Some(label), _) => self.writer.write_line(label),
            (None, Some(opener)) => {
                if let Some(label) = self.labels.of_field(opener) {
                    self.writer.write_line(label);
                }
            }
            (None, None) => {}
        }
    }

    fn close(&mut self, node: NodeRef<'_, Node>, element: &Element) {
        let after = self.open.last_mut().map(|open| std::mem::take(&mut open.after)).unwrap_or_default();
        self.write_generated(&after, element);
        let open = self.open.pop().unwrap_or_default();
        if let Some(script) = open.script {
            self.writer.end_script(script, node);
        }
        if open.is_block {
            self.writer.end_line();
        }
        self.writer.close(element, node);
        if self.open.last().is_some_and(|parent| parent.parts_children) || BOXES.contains(&element.name()) {
            self.writer.part();
        }
    }

    /// Writes what a list of options shows; the others are seen only while it is open.
    fn write_choice(&mut self, select: NodeRef<'_, Node>) {
        let (text, has_others) = fields::options(select);
        if has_others {
            self.notes.add(NoteKind::HiddenLeftOut, None, None);
        }
        self.writer.part();
        self.write(&text);
        self.writer.part();
    }

    fn write_formula(&mut self, node: NodeRef<'_, Node>) {
        match math::text(node) {
            Some(formula) => {
                self.notes.add(NoteKind::FormulasAsText, None, None);
                self.writer.write(&formula);
            }
            None if says_anything(node) => self.notes.add(NoteKind::FormulasLeftOut, None, None),
            None => {}
        }
    }

    /// Writes the alternative text of a picture: a sign (≥), a tick, a word. A decorative picture has an empty one; a
    /// picture without one, or with the name of its file, has content that is not read, and is noted.
    fn write_picture(&mut self, element: &Element) {
        let is_file = |text: &str| {
            let end = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
            matches!(end.as_str(), "png" | "jpg" | "jpeg" | "gif" | "svg" | "webp" | "bmp" | "tif" | "tiff")
        };
        match element.attr("alt") {
            Some(text) if text.trim().is_empty() => {}
            Some(text) if !is_file(text.trim()) => self.write_alternative(text.trim()),
            _ if matches!(element.attr("width").map(str::trim), Some("0" | "1")) => {}
            _ => self.notes.add(NoteKind::ObjectsLeftOut, None, None),
        }
    }

    fn write_alternative(&mut self, text: &str) {
        let is_sign = text.chars().count() <= LONGEST_SIGN;
        if !is_sign {
            self.writer.part();
        }
        self.writer.write(text);
        if !is_sign {
            self.writer.part();
        }
    }
}

fn is_element(node: NodeRef<'_, Node>, name: &str) -> bool {
    node.value().as_element().is_some_and(|element| element.name() == name)
}

/// Whether an element repeats a formula: besides the MathML for screen readers there is a visual copy in positioned
/// letters.
fn follows_formula(node: NodeRef<'_, Node>) -> bool {
    let before = node.prev_siblings().find(|sibling| sibling.value().is_element());
    before.is_some_and(|before| before.descendants().any(|node| is_element(node, "math")))
}

fn is_formula_only(node: NodeRef<'_, Node>) -> bool {
    let mut children =
        node.children().filter(|child| !child.value().as_text().is_some_and(|text| text.trim().is_empty()));
    children.next().is_some_and(|child| is_element(child, "math")) && children.next().is_none()
}

/// Whether an element is a link that is declared to lead to a note. Whether it is raised may be declared where only
/// browsers look.
fn is_mark(node: NodeRef<'_, Node>, element: &Element) -> bool {
    let is_raised = |node: NodeRef<'_, Node>| node.descendants().any(|node| is_element(node, "sup"));
    let says_so = element.attr("role") == Some("doc-noteref") || element.attr("epub:type") == Some("noteref");
    says_so && element.name() == "a" && !is_raised(node) && !node.parent().is_some_and(|node| is_element(node, "sup"))
}

fn says_anything(node: NodeRef<'_, Node>) -> bool {
    node.descendants().any(|node| match node.value() {
        Node::Text(text) => text.contains(char::is_alphanumeric),
        Node::Element(element) => fields::says_anything(element),
        _ => false,
    })
}
