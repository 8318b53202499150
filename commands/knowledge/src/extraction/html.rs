//! The text of a page or of an e-book's chapter.

mod labels;
mod lists;
mod math;
mod roles;
mod rules;
pub(super) mod signs;
mod style;
mod table;
mod tags;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_looks;
mod writing;

use ego_tree::{NodeId, NodeRef, iter::Edge};
use scraper::{ElementRef, Html, Node, node::Element};

use super::{
    Unreadable,
    notes::{NoteKind, Notes},
    symbols::{is_private, is_symbol_font, shown},
};
use labels::Labels;
use rules::Rules;
use style::{Effect, Script};
use writing::Writer;

/// Elements whose content is no text of the page.
const SKIPPED: [&str; 12] =
    ["script", "style", "noscript", "template", "head", "svg", "nav", "select", "iframe", "object", "audio", "video"];
/// Elements whose text is withdrawn.
const STRUCK: [&str; 3] = ["del", "s", "strike"];
/// Elements that `vertical-align` does not raise or lower, or whose position has another meaning.
const NOT_PLACED: [&str; 9] = ["sup", "sub", "td", "th", "tr", "table", "img", "input", "svg"];
/// Inline elements that form a box of their own.
const BOXES: [&str; 5] = ["label", "textarea", "progress", "meter", "output"];
/// Signs with a meaning in generated content.
const TELLING: &str = "<>≤≥≈~±×÷=%°✓✔✗✘❌✅☐☑☒⚠→";
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
    let mut walk = Walk { rules, labels, notes, writer: Writer::default(), open: Vec::new() };
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
    Ok(walk.writer.finished())
}

struct Walk<'n> {
    rules: Rules,
    labels: Labels,
    notes: &'n mut Notes,
    writer: Writer,
    open: Vec<Open>,
}

/// An element that has not ended.
#[derive(Default)]
struct Open {
    /// The symbol font of the text in it.
    symbols: Option<String>,
    script: Option<Script>,
    /// Whether style makes it a block.
    is_block: bool,
    /// Whether its children are separated from each other.
    parts_children: bool,
    /// The generated content after it.
    after: Option<String>,
}

impl Walk<'_> {
    fn write(&mut self, text: &str) {
        let symbols = self.open.last().and_then(|open| open.symbols.as_deref());
        if symbols.is_none() && !text.contains(is_private) {
            return self.writer.write(text);
        }
        let unknown = |c: char| if is_private(c) { char::REPLACEMENT_CHARACTER } else { c };
        let seen: String = symbols.map_or(text.to_owned(), |font| shown(font, text)).chars().map(unknown).collect();
        if seen.contains(char::REPLACEMENT_CHARACTER) {
            self.notes.add(NoteKind::UnknownSymbols, None, symbols);
        } else if seen != text && !matches!(text.trim(), "·" | "§") {
            // Bullets have no meaning. Without the font a browser shows the letters, so that not every reader has seen
            // the sign.
            self.notes.add(NoteKind::LegacyFontConverted, None, symbols);
        }
        self.writer.write(&seen);
    }

    /// Opens an element; `false` if it is not to be read.
    fn open(&mut self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        if element.name() == "svg"
            && let Some(label) = element.attr("aria-label")
        {
            self.write_alternative(label);
        }
        let repeats_formula = element.attr("aria-hidden") == Some("true") && follows_formula(node);
        if SKIPPED.contains(&element.name()) || repeats_formula || element.name() == "button" && !labels::names(node) {
            return false;
        }
        let mut effect = ElementRef::wrap(node).map(|element| self.rules.effect(element)).unwrap_or_default();
        if self.labels.can_be_shown(element) {
            (effect.hidden, effect.unseen) = (None, None);
        }
        if let Some(font) = element.attr("face").filter(|font| super::legacy_fonts::is_legacy(font)) {
            self.notes.add(NoteKind::LegacyFontUnknown, None, Some(font));
        } else if let Some(font) = &effect.legacy_font {
            self.notes.add(NoteKind::LegacyFontUnknown, None, Some(font.trim_matches(['"', '\''])));
        }
        if let Some(kind) = withdrawn(element, &effect).filter(|_| !is_formula_only(node)) {
            if says_anything(node) {
                self.notes.add(kind, None, None);
            }
            // A struck or invisible cell keeps its place in the row.
            if effect.hidden != Some(true) {
                self.writer.add_empty_cell(element);
            }
            return false;
        }
        match element.name() {
            "math" => {
                self.write_formula(node);
                return false;
            }
            "img" => self.write_picture(element),
            _ => {}
        }
        self.begin(node, element, &effect);
        true
    }

    fn begin(&mut self, node: NodeRef<'_, Node>, element: &Element, effect: &Effect) {
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
        self.writer.open(element, node);
        if is_block {
            self.writer.end_line();
        }
        if script.is_some() {
            self.writer.begin_script();
        }
        if let Some(label) = self.labels.of_panel(element) {
            self.writer.write_line(label);
        }
        if let Some(before) = &effect.before {
            self.write_generated(before);
        }
        let (parts_children, after) = (effect.parts_children == Some(true), effect.after.clone());
        self.open.push(Open { symbols, script, is_block, parts_children, after });
    }

    fn close(&mut self, node: NodeRef<'_, Node>, element: &Element) {
        let open = self.open.pop().unwrap_or_default();
        if let Some(after) = &open.after {
            self.write_generated(after);
        }
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

    /// Writes generated content; bullets, dashes and quotation marks only separate words.
    fn write_generated(&mut self, text: &str) {
        if text.contains(|c: char| c.is_alphanumeric() || TELLING.contains(c)) {
            self.writer.write(text);
        } else {
            self.writer.part();
        }
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

/// The reason for which an element with all its content is not read.
fn withdrawn(element: &Element, effect: &Effect) -> Option<NoteKind> {
    match (effect.hidden.or(effect.unseen), effect.struck) {
        _ if effect.hidden == Some(true) || effect.unseen == Some(true) => Some(NoteKind::HiddenLeftOut),
        (_, Some(true)) => Some(NoteKind::StruckLeftOut),
        (_, None) if STRUCK.contains(&element.name()) => Some(NoteKind::StruckLeftOut),
        _ => None,
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
    node.descendants().any(|node| node.value().as_text().is_some_and(|text| text.contains(char::is_alphanumeric)))
}
