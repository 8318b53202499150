//! Styles, each of which may be based on another, and the fonts of the theme.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use super::{
    properties::{ParagraphProperties, RunProperties},
    shading::{Ink, Shading},
    table_styles::{Part, PartStyle},
};
use crate::extraction::{
    Unreadable,
    ooxml::{
        report::Faces,
        xml::{Element, Handler, Ns},
    },
    scripts::Script,
};

/// Styles in a chain of `basedOn` beyond which it is a circle or an attack.
const LONGEST_CHAIN: usize = 64;

#[derive(Debug, Default)]
struct Style {
    based_on: Option<String>,
    name: String,
    run: RunProperties,
    paragraph: ParagraphProperties,
    /// The parts of a table, if it is a style of tables.
    parts: Vec<(Part, PartStyle)>,
}

/// A style merged with the styles that it is based on.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) run: RunProperties,
    pub(super) paragraph: ParagraphProperties,
    /// The style of the chain that sets the list.
    pub(super) list_style: Option<String>,
    pub(super) heading: Option<usize>,
    /// The parts of a table, and the whole.
    pub(super) parts: BTreeMap<Part, PartStyle>,
}

#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
    default_paragraph: Option<String>,
    default_table: Option<String>,
    /// Whether the page is coloured, or something is drawn behind its text.
    pub(super) has_backdrop: bool,
    defaults: RunProperties,
    major: Option<Rc<str>>,
    minor: Option<Rc<str>>,
    resolved: HashMap<String, Rc<Resolved>>,
    /// The style that is being read.
    current: Option<(String, Style)>,
}

/// The resolved look of characters.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) is_struck: bool,
    pub(super) is_hidden: bool,
    pub(super) script: Script,
    ascii: Option<Rc<str>>,
    other: Option<Rc<str>>,
    pub(super) ink: Ink,
    pub(super) shading: Option<Shading>,
    pub(super) highlight: Option<Shading>,
    pub(super) half_points: Option<i64>,
    /// Whether an effect makes the letters transparent.
    pub(super) is_clear: bool,
}

impl Look {
    /// The same look, neither raised nor lowered.
    pub(super) fn on_the_line(&self) -> Self {
        Self { script: Script::Base, ..self.clone() }
    }

    pub(super) fn faces(&self) -> Faces<'_> {
        Faces { ascii: self.ascii.as_deref(), other: self.other.as_deref() }
    }
}

impl Styles {
    /// The merged style of this id, or the default style of paragraphs.
    pub(super) fn resolve(&mut self, id: Option<&str>) -> Rc<Resolved> {
        let Some(id) = id.or(self.default_paragraph.as_deref()) else { return Rc::default() };
        if let Some(resolved) = self.resolved.get(id) {
            return Rc::clone(resolved);
        }
        let mut resolved = Resolved::default();
        let mut next = Some(id);
        for _ in 0..LONGEST_CHAIN {
            let Some((id, style)) = next.and_then(|id| Some((id, self.by_id.get(id)?))) else { break };
            resolved.run = style.run.overlaid(&resolved.run);
            if resolved.paragraph.list.is_none() && style.paragraph.list.is_some() {
                resolved.list_style = Some(id.to_owned());
            }
            resolved.paragraph = style.paragraph.overlaid(&resolved.paragraph);
            let whole = PartStyle { run: style.run.clone(), shading: None };
            for (part, under) in
                [(Part::Whole, &whole)].into_iter().chain(style.parts.iter().map(|(part, it)| (*part, it)))
            {
                let over = resolved.parts.entry(part).or_default();
                *over = under.overlaid(over);
            }
            resolved.heading = resolved.heading.or_else(|| heading_named(&style.name));
            next = style.based_on.as_deref();
        }
        let resolved = Rc::new(resolved);
        self.resolved.insert(id.to_owned(), Rc::clone(&resolved));
        resolved
    }

    /// The merged style of a table.
    pub(super) fn resolve_table(&mut self, id: Option<&str>) -> Rc<Resolved> {
        match id.map(str::to_owned).or_else(|| self.default_table.clone()) {
            Some(id) => self.resolve(Some(&id)),
            None => Rc::default(),
        }
    }

    /// The look of characters by the style of their paragraph, their own style and their own properties.
    pub(super) fn look(&mut self, paragraph: Option<&str>, run: &RunProperties) -> Look {
        let paragraph = self.resolve(paragraph);
        let own = run.style.as_deref().map(|id| self.resolve(Some(id))).unwrap_or_default();
        let all = self.defaults.overlaid(&paragraph.run).overlaid(&own.run).overlaid(run);
        // Toggle properties of a character style invert those of the paragraph style (ECMA-376, part 1, 17.7.3).
        let toggled = |property: fn(&RunProperties) -> Option<bool>| {
            let by_style = property(&paragraph.run).unwrap_or(false) != property(&own.run).unwrap_or(false);
            property(run).unwrap_or(by_style || property(&self.defaults).unwrap_or(false))
        };
        Look {
            is_struck: toggled(|it| it.is_struck) || all.is_twice_struck == Some(true),
            is_hidden: toggled(|it| it.is_hidden),
            script: all.script(),
            ascii: self.font(all.ascii.as_ref()),
            other: self.font(all.other.as_ref()),
            ink: if all.has_effect { all.ink.unwrap_or_default().with_effect() } else { all.ink.unwrap_or_default() },
            shading: all.shading(),
            highlight: all.highlight,
            half_points: all.half_points,
            is_clear: all.is_clear,
        }
    }

    fn font(&self, name: Option<&Rc<str>>) -> Option<Rc<str>> {
        match name.map(AsRef::as_ref) {
            Some("+mj") => self.major.clone(),
            Some("+mn") => self.minor.clone(),
            _ => name.cloned(),
        }
    }
}

/// The level of a heading by the name of its style: built-in styles have English names in every language.
fn heading_named(name: &str) -> Option<usize> {
    let name = name.trim().to_lowercase();
    if name == "title" {
        return Some(1);
    }
    name.strip_prefix("heading ")?.trim().parse().ok().filter(|level| (1..=9).contains(level))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Through,
    Defaults,
    Style,
    Run,
    DefaultRun,
    Paragraph,
    /// A part of a table, its characters, and the properties of its cells.
    Part,
    PartRun,
    Cell,
    Major,
    Minor,
}

impl Handler for Styles {
    type Tag = Tag;

    fn open(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Result<Option<Tag>, Unreadable> {
        let tag = match (element.ns, element.local, parent) {
            (Ns::Word, "docDefaults", _) => Tag::Defaults,
            (Ns::Word, "style", _) => {
                let id = element.attribute("styleId").unwrap_or_default();
                let is_default = element.has_true("default");
                if is_default && element.attribute("type").is_none_or(|it| it == "paragraph") {
                    self.default_paragraph = Some(id.clone());
                }
                if is_default && element.attribute("type").as_deref() == Some("table") {
                    self.default_table = Some(id.clone());
                }
                self.current = Some((id, Style::default()));
                Tag::Style
            }
            (Ns::Word, "rPr", Some(Tag::Style)) => Tag::Run,
            (Ns::Word, "rPr", Some(Tag::Part)) => Tag::PartRun,
            (Ns::Word, "rPr", Some(_)) => Tag::DefaultRun,
            (Ns::Word, "tblStylePr", Some(Tag::Style)) => {
                let part = Part::named(&element.attribute("type").unwrap_or_default());
                self.begin_part(part);
                Tag::Part
            }
            (Ns::Word, "tcPr" | "tblPr", Some(Tag::Style)) => {
                self.begin_part(Part::Whole);
                Tag::Cell
            }
            (Ns::Word, "tcPr" | "tblPr", Some(Tag::Part)) => Tag::Cell,
            (Ns::Word, "pPr", Some(Tag::Style)) | (Ns::Word, "numPr", Some(Tag::Paragraph)) => Tag::Paragraph,
            // Properties before a tracked change.
            (Ns::Word, "rPrChange" | "pPrChange" | "latentStyles", _) => return Ok(None),
            (
                _,
                _,
                Some(Tag::Run | Tag::DefaultRun | Tag::Paragraph | Tag::Style | Tag::Part | Tag::PartRun | Tag::Cell),
            ) => {
                self.take(element, parent);
                return Ok(None);
            }
            (Ns::Drawing, "majorFont", _) => Tag::Major,
            (Ns::Drawing, "minorFont", _) => Tag::Minor,
            (Ns::Drawing, "latin", Some(tag @ (Tag::Major | Tag::Minor))) => {
                let font = element.attribute("typeface").filter(|it| !it.is_empty()).map(Rc::from);
                *(if tag == Tag::Major { &mut self.major } else { &mut self.minor }) = font;
                return Ok(None);
            }
            _ => Tag::Through,
        };
        Ok(Some(tag))
    }

    fn close(&mut self, tag: Tag) -> Result<(), Unreadable> {
        if tag == Tag::Style
            && let Some((id, style)) = self.current.take()
        {
            self.by_id.insert(id, style);
        }
        Ok(())
    }

    fn text(&mut self, _: &str, _: Tag) {}
}

impl Styles {
    fn begin_part(&mut self, part: Part) {
        if let Some((_, style)) = &mut self.current {
            style.parts.push((part, PartStyle::default()));
        }
    }

    fn take(&mut self, element: &Element<'_>, parent: Option<Tag>) {
        if parent == Some(Tag::DefaultRun) {
            return self.defaults.take(element);
        }
        let Some((_, style)) = &mut self.current else { return };
        match (parent, element.local) {
            (Some(Tag::PartRun), _) => {
                if let Some((_, part)) = style.parts.last_mut() {
                    part.run.take(element);
                }
            }
            (Some(Tag::Cell), "shd") => {
                if let Some((_, part)) = style.parts.last_mut() {
                    part.shading = Some(Shading::of(element));
                }
            }
            (Some(Tag::Part | Tag::Cell), _) => {}
            (Some(Tag::Run), _) => style.run.take(element),
            (Some(Tag::Paragraph), _) => style.paragraph.take(element),
            (_, "basedOn") => style.based_on = element.attribute("val"),
            (_, "name") => style.name = element.attribute("val").unwrap_or_default(),
            _ => {}
        }
    }
}
