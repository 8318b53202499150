//! The part of the graphics state that decides whether what is drawn is visible.

use hayro_syntax::{
    content::ops::TypedInstruction,
    object::{Array, Dict, Name, Number, Object},
    page::Resources,
};

use super::{
    colors::{Color, Space, WHITE, are_same, known},
    shape::Clip,
};

/// The part of the light that is held back by an area under which nothing can be read.
const OPAQUE: f32 = 0.9;

/// What fills areas and letters, or draws lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    /// The colour in red, green and blue; `None` if it is not known.
    pub(super) color: Option<Color>,
    pub(super) alpha: f32,
    space: Space,
    is_pattern: bool,
}

impl Default for Paint {
    fn default() -> Self {
        Self { color: Some([0.0; 3]), alpha: 1.0, space: Space::Unknown, is_pattern: false }
    }
}

impl Paint {
    fn set(&mut self, color: Option<Color>) {
        (self.color, self.is_pattern) = (color, false);
    }

    fn set_in_space(&mut self, color: &[Number], pattern: Option<&Name<'_>>, resources: &Resources<'_>) {
        self.set(known(color, self.space).filter(|_| pattern.is_none()));
        // A gradient covers what is below it; a pattern of tiles may have holes.
        let is_gradient = |name: &Name<'_>| matches!(resources.get_pattern(name), Some(Object::Dict(_)));
        self.is_pattern = pattern.is_some_and(|name| !is_gradient(name));
    }

    fn use_space(&mut self, name: &Name<'_>, resources: &Resources<'_>) {
        self.set(None);
        self.space = Space::of(name, resources);
    }
}

/// The current graphics state.
#[derive(Debug, Clone, Default)]
pub(super) struct Ink {
    mode: u8,
    pub(super) fill: Paint,
    pub(super) pen: Paint,
    is_masked: bool,
    is_blended: bool,
    is_dashed: bool,
    /// The width of the pen in units of the page's content; `None` for the usual one.
    width: Option<f32>,
    pub(super) clip: Clip,
    /// The order of the first text to whose letters drawing is restricted.
    pub(super) letters: Option<usize>,
}

impl Ink {
    /// Interprets the instructions that set the colour and the way of drawing.
    pub(super) fn follow(&mut self, instruction: &TypedInstruction<'_, '_>, resources: &Resources<'_>) {
        let gray = |gray: &Number| Some([gray.as_f32(); 3]);
        let rgb = |red: &Number, green: &Number, blue: &Number| Some([red, green, blue].map(Number::as_f32));
        match instruction {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 7")]
            TypedInstruction::TextRenderingMode(mode) => self.mode = mode.0.as_f32().clamp(0.0, 7.0) as u8,
            TypedInstruction::NonStrokeColorDeviceGray(it) => self.fill.set(gray(&it.0)),
            TypedInstruction::NonStrokeColorDeviceRgb(it) => self.fill.set(rgb(&it.0, &it.1, &it.2)),
            TypedInstruction::NonStrokeColorCmyk(it) => {
                self.fill.set(known(&[it.0, it.1, it.2, it.3], Space::Cmyk));
            }
            TypedInstruction::NonStrokeColor(it) => self.fill.set_in_space(&it.0, None, resources),
            TypedInstruction::NonStrokeColorNamed(it) => self.fill.set_in_space(&it.0, it.1, resources),
            TypedInstruction::ColorSpaceNonStroke(space) => self.fill.use_space(space.0, resources),
            TypedInstruction::StrokeColorDeviceGray(it) => self.pen.set(gray(&it.0)),
            TypedInstruction::StrokeColorDeviceRgb(it) => self.pen.set(rgb(&it.0, &it.1, &it.2)),
            TypedInstruction::StrokeColorCmyk(it) => self.pen.set(known(&[it.0, it.1, it.2, it.3], Space::Cmyk)),
            TypedInstruction::StrokeColor(it) => self.pen.set_in_space(&it.0, None, resources),
            TypedInstruction::StrokeColorNamed(it) => self.pen.set_in_space(&it.0, it.1, resources),
            TypedInstruction::ColorSpaceStroke(space) => self.pen.use_space(space.0, resources),
            TypedInstruction::LineWidth(width) => self.width = Some(width.0.as_f32()),
            TypedInstruction::DashPattern(dash) => self.is_dashed = dash.0.iter::<Number>().next().is_some(),
            _ => {}
        }
    }

    /// One that fills areas with this colour.
    pub(super) fn filling(color: Option<Color>) -> Self {
        Self { fill: Paint { color, ..Paint::default() }, ..Self::default() }
    }

    pub(super) fn set(&mut self, state: &Dict<'_>) {
        if let Some(alpha) = state.get::<Number>(b"ca") {
            self.fill.alpha = alpha.as_f32();
        }
        if let Some(alpha) = state.get::<Number>(b"CA") {
            self.pen.alpha = alpha.as_f32();
        }
        if let Some(width) = state.get::<Number>(b"LW") {
            self.width = Some(width.as_f32());
        }
        if state.contains_key(b"SMask") {
            self.is_masked = state.get::<Name<'_>>(b"SMask").is_none_or(|mask| mask.as_ref() != b"None");
        }
        if state.contains_key(b"BM") {
            let is_normal = |mode: Name<'_>| matches!(mode.as_ref(), b"Normal" | b"Compatible");
            let first = state.get::<Array<'_>>(b"BM").and_then(|modes| modes.iter::<Name<'_>>().next());
            self.is_blended = !state.get::<Name<'_>>(b"BM").or(first).is_some_and(is_normal);
        }
    }

    /// Whether an area that is filled covers content below it.
    pub(super) fn is_opaque(&self) -> bool {
        self.covers(&self.fill)
    }

    /// Whether a line covers content below it.
    pub(super) fn has_opaque_pen(&self) -> bool {
        self.covers(&self.pen) && !self.is_dashed
    }

    fn covers(&self, paint: &Paint) -> bool {
        paint.alpha >= OPAQUE && !paint.is_pattern && !self.is_masked && !self.is_blended && !self.clip.is_cut
    }

    /// The width of the pen, in units of the content.
    pub(super) fn width(&self) -> f32 {
        self.width.unwrap_or(1.0)
    }

    pub(super) fn shows_text(&self) -> bool {
        !matches!(self.mode, 3 | 7) && (!self.fills_text() || self.fill.alpha >= 0.02)
    }

    /// Whether drawing is restricted to the letters of text.
    pub(super) fn clips_to_text(&self) -> bool {
        self.mode >= 4
    }

    fn fills_text(&self) -> bool {
        matches!(self.mode, 0 | 4)
    }

    /// The colour of text, if it is known.
    pub(super) fn of_text(&self) -> Option<Color> {
        self.fill.color.filter(|_| self.fills_text())
    }

    pub(super) fn has_white_text(&self) -> bool {
        self.of_text().is_some_and(|color| are_same(color, WHITE))
    }
}
