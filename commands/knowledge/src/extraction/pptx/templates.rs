//! Reads the layouts, masters and themes of a presentation.

use std::{collections::HashMap, rc::Rc};

use super::{
    colours::{Colours, Paint, Preface},
    fonts::Fonts,
    looks::TextStyle,
    slide::Slide,
    template::{Sheet, Styles, Template},
};
use crate::extraction::{
    Unreadable,
    notes::Notes,
    ooxml::{package::Package, report::Report},
};

/// The templates of a presentation, by the parts of their layouts.
#[derive(Default)]
pub(super) struct Templates {
    by_layout: HashMap<String, Rc<Template>>,
    /// The style of text outside of placeholders.
    defaults: TextStyle,
    fonts: Fonts,
    /// The width and height of slides, in EMU.
    size: Option<(i64, i64)>,
}

impl Templates {
    /// Reads the defaults of all slides: the fonts of the first theme, the style of text boxes.
    pub(super) fn of(package: &mut Package<'_>, main: &str, size: Option<(i64, i64)>) -> Result<Self, Unreadable> {
        let mut templates = Self { size, ..Self::default() };
        if let Some(theme) = package.relations(main)?.of_kind("theme") {
            package.read_if_there(&theme, &mut templates.fonts)?;
        }
        templates.defaults = sheet(package, main, &templates.fonts, None)?.styles.other;
        Ok(templates)
    }

    /// The template of pages without a layout.
    pub(super) fn plain(&self) -> Template {
        let styles = Styles { other: self.defaults.clone(), ..Styles::default() };
        Template { styles, fonts: self.fonts.clone(), ..Template::default() }
    }

    /// The template of a slide's layout.
    pub(super) fn of_slide(&mut self, package: &mut Package<'_>, slide: &str) -> Result<Rc<Template>, Unreadable> {
        let layout = package.relations(slide)?.of_kind("slideLayout").unwrap_or_default();
        if let Some(template) = self.by_layout.get(&layout) {
            return Ok(Rc::clone(template));
        }
        let mut template = self.plain();
        if !layout.is_empty() {
            let of_layout = sheet(package, &layout, &template.fonts, self.size)?;
            (template.layout, template.says) = (of_layout.outlines, of_layout.says);
            template.background = of_layout.background;
            if let Some(master) = package.relations(&layout)?.of_kind("slideMaster") {
                let of_master = sheet(package, &master, &template.fonts, self.size)?;
                let other = std::mem::take(&mut template.styles.other);
                template.styles = Styles { other, ..of_master.styles };
                template.master = of_master.outlines;
                if !of_layout.hides_master {
                    template.says.extend(of_master.says);
                    template.drawn = of_master.drawn;
                }
                if template.background == Paint::Unset {
                    template.background = of_master.background;
                }
                if let Some(theme) = package.relations(&master)?.of_kind("theme") {
                    package.read_if_there(&theme, &mut template.fonts)?;
                    package.read_if_there(&theme, &mut template.colours)?;
                }
                template.colours = template.colours.with_names_of(of_master.colours);
                if preface(package, &layout)?.renames_colours {
                    template.colours = Colours::default();
                }
            }
            template.drawn.extend(of_layout.drawn);
        }
        let template = Rc::new(template);
        self.by_layout.insert(layout, Rc::clone(&template));
        Ok(template)
    }
}

/// What is to be known of a slide or layout before it is read.
pub(super) fn preface(package: &mut Package<'_>, part: &str) -> Result<Preface, Unreadable> {
    let mut preface = Preface::default();
    package.read_if_there(part, &mut preface)?;
    Ok(preface)
}

/// Reads a layout, a master, or the presentation itself.
fn sheet(package: &mut Package<'_>, part: &str, fonts: &Fonts, size: Option<(i64, i64)>) -> Result<Sheet, Unreadable> {
    let (mut notes, template) = (Notes::default(), Template { fonts: fonts.clone(), ..Template::default() });
    let mut report = Report::new(&mut notes);
    let mut slide = Slide::new(&mut report, &template, false);
    package.read_if_there(part, &mut slide)?;
    Ok(slide.into_sheet(size))
}
