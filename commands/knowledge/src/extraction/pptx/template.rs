//! The fonts, bullets and positions of texts that a slide inherits from its layout and its master.

use super::{
    arrangement::Area,
    colours::{Colours, Paint},
    covers::Drawn,
    fonts::Fonts,
    looks::TextStyle,
    placeholder::{Name, Place},
};

/// A placeholder of a layout or a master.
#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    pub(super) name: Name,
    pub(super) area: Option<Area>,
    pub(super) style: TextStyle,
    pub(super) fill: Paint,
}

/// The styles of a master for titles, for other placeholders, and for all other text.
#[derive(Debug, Clone, Default)]
pub(super) struct Styles {
    pub(super) title: TextStyle,
    pub(super) body: TextStyle,
    pub(super) other: TextStyle,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    /// The placeholders of the layout and of the master.
    pub(super) layout: Vec<Outline>,
    pub(super) master: Vec<Outline>,
    pub(super) styles: Styles,
    /// The texts of the master and the layout that are visible on slides.
    pub(super) says: Vec<String>,
    pub(super) fonts: Fonts,
    pub(super) colours: Colours,
    pub(super) background: Paint,
    /// What the master and the layout paint below the shapes of slides.
    pub(super) drawn: Vec<Drawn>,
}

/// A layout or a master, as it is read.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) outlines: Vec<Outline>,
    pub(super) styles: Styles,
    pub(super) says: Vec<String>,
    pub(super) hides_master: bool,
    pub(super) background: Paint,
    pub(super) drawn: Vec<Drawn>,
    /// The names of colours, if it is a master.
    pub(super) colours: Colours,
}

impl Template {
    /// The same template for a slide that gives other names to the colours of the theme.
    pub(super) fn with_unknown_colours(&self) -> Self {
        Self { colours: Colours::default(), ..self.clone() }
    }

    /// The placeholders that a placeholder of this name inherits from, the nearest first.
    fn takes_after(&self, name: &Name) -> impl Iterator<Item = &Outline> {
        let is_same = |it: &&Outline| match (&name.index, &it.name.index) {
            (Some(one), Some(other)) => one == other,
            _ => it.name.place() == name.place(),
        };
        let layout = self.layout.iter().find(is_same);
        let place = layout.map_or(name, |it| &it.name).place();
        let master = self.master.iter().find(|it| it.name.place() == place);
        layout.into_iter().chain(master)
    }

    pub(super) fn area(&self, name: &Name) -> Option<Area> {
        self.takes_after(name).find_map(|outline| outline.area)
    }

    /// The fill that a placeholder of this name inherits.
    pub(super) fn fill(&self, name: &Name) -> Paint {
        let fill = self.takes_after(name).map(|outline| &outline.fill).find(|fill| **fill != Paint::Unset);
        fill.cloned().unwrap_or_default()
    }

    /// The styles that apply to a text, the nearest first.
    pub(super) fn styles(&self, name: Option<&Name>) -> Vec<&TextStyle> {
        let Some(name) = name else { return vec![&self.styles.other] };
        let last = match name.place() {
            Place::Title => &self.styles.title,
            Place::Footer | Place::Furniture => &self.styles.other,
            _ => &self.styles.body,
        };
        self.takes_after(name).map(|outline| &outline.style).chain([last]).collect()
    }
}
