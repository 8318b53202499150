//! What a slide takes from its layout and its master: fonts, bullets and places of its texts.

use std::{collections::HashMap, rc::Rc};

use super::{Fonts, arrangement::Area, looks::TextStyle, shapes::Place, slide::Slide};
use crate::extraction::{
    Unreadable,
    notes::Notes,
    ooxml::{package::Package, report::Report},
};

/// What a placeholder is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) kind: Option<String>,
    pub(super) index: Option<String>,
}

/// A placeholder of a layout or a master.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) name: Name,
    pub(super) area: Option<Area>,
    pub(super) style: TextStyle,
}

/// The styles of a master for titles, for other placeholders, and for all else.
#[derive(Debug, Clone, Default)]
pub(super) struct Styles {
    pub(super) title: TextStyle,
    pub(super) body: TextStyle,
    pub(super) other: TextStyle,
}

#[derive(Debug, Default)]
pub(super) struct Template {
    layout: Vec<Outline>,
    master: Vec<Outline>,
    styles: Styles,
    /// What stands behind the slides.
    pub(super) says: Vec<String>,
    pub(super) fonts: Fonts,
}

/// A layout or a master, as it is read.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) outlines: Vec<Outline>,
    pub(super) styles: Styles,
    pub(super) says: Vec<String>,
    pub(super) hides_master: bool,
}

/// The templates of a presentation, by the part of the layout.
#[derive(Default)]
pub(super) struct Templates {
    by_layout: HashMap<String, Rc<Template>>,
    /// Of text that is in no placeholder.
    defaults: TextStyle,
    fonts: Fonts,
    /// The width and height of slides.
    size: Option<(i64, i64)>,
}

impl Templates {
    /// What applies to all slides: the fonts of the first theme, the style of text boxes.
    pub(super) fn of(package: &mut Package<'_>, main: &str, size: Option<(i64, i64)>) -> Result<Self, Unreadable> {
        let mut templates = Self { size, ..Self::default() };
        if let Some(theme) = package.relations(main)?.of_kind("theme") {
            package.read_if_there(&theme, &mut templates.fonts)?;
        }
        templates.defaults = sheet(package, main, &templates.fonts, None)?.styles.other;
        Ok(templates)
    }

    /// Of pages without a layout.
    pub(super) fn plain(&self) -> Template {
        let styles = Styles { other: self.defaults.clone(), ..Styles::default() };
        Template { styles, fonts: self.fonts.clone(), ..Template::default() }
    }

    pub(super) fn of_slide(&mut self, package: &mut Package<'_>, slide: &str) -> Result<Rc<Template>, Unreadable> {
        let layout = package.relations(slide)?.of_kind("slideLayout").unwrap_or_default();
        if let Some(template) = self.by_layout.get(&layout) {
            return Ok(Rc::clone(template));
        }
        let mut template = self.plain();
        if !layout.is_empty() {
            let of_layout = sheet(package, &layout, &template.fonts, self.size)?;
            (template.layout, template.says) = (of_layout.outlines, of_layout.says);
            if let Some(master) = package.relations(&layout)?.of_kind("slideMaster") {
                let of_master = sheet(package, &master, &template.fonts, self.size)?;
                let other = std::mem::take(&mut template.styles.other);
                template.styles = Styles { other, ..of_master.styles };
                template.master = of_master.outlines;
                if !of_layout.hides_master {
                    template.says.extend(of_master.says);
                }
                if let Some(theme) = package.relations(&master)?.of_kind("theme") {
                    package.read_if_there(&theme, &mut template.fonts)?;
                }
            }
        }
        let template = Rc::new(template);
        self.by_layout.insert(layout, Rc::clone(&template));
        Ok(template)
    }
}

/// A layout, a master, or the presentation itself.
fn sheet(package: &mut Package<'_>, part: &str, fonts: &Fonts, size: Option<(i64, i64)>) -> Result<Sheet, Unreadable> {
    let (mut notes, template) = (Notes::default(), Template { fonts: fonts.clone(), ..Template::default() });
    let mut report = Report::new(&mut notes);
    let mut slide = Slide::new(&mut report, &template, false);
    package.read_if_there(part, &mut slide)?;
    Ok(slide.into_sheet(size))
}

impl Template {
    /// The placeholders that one of this name takes after, the nearest first.
    fn takes_after(&self, name: &Name) -> impl Iterator<Item = &Outline> {
        let is_same = |it: &&Outline| match (&name.index, &it.name.index) {
            (Some(one), Some(other)) => one == other,
            _ => place_of(&it.name) == place_of(name),
        };
        let layout = self.layout.iter().find(is_same);
        let place = place_of(layout.map_or(name, |it| &it.name));
        let master = self.master.iter().find(|it| place_of(&it.name) == place);
        layout.into_iter().chain(master)
    }

    pub(super) fn area(&self, name: &Name) -> Option<Area> {
        self.takes_after(name).find_map(|outline| outline.area)
    }

    /// The styles that apply to a text, the nearest first.
    pub(super) fn styles(&self, name: Option<&Name>) -> Vec<&TextStyle> {
        let Some(name) = name else { return vec![&self.styles.other] };
        let last = match place_of(name) {
            Place::Title => &self.styles.title,
            Place::Footer | Place::Furniture => &self.styles.other,
            _ => &self.styles.body,
        };
        self.takes_after(name).map(|outline| &outline.style).chain([last]).collect()
    }
}

/// All that is filled with text is a body to a master.
fn place_of(name: &Name) -> Place {
    match Place::of(name.kind.as_deref()) {
        Place::Other => Place::Body,
        place => place,
    }
}
