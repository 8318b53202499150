//! The part of the graphics state that decides whether what is drawn is visible.

use hayro_syntax::{
    content::ops::TypedInstruction,
    object::{Dict, Name, Number},
};

use super::words::Area;

pub(super) type Color = [f32; 3];

pub(super) const WHITE: Color = [1.0; 3];

/// The current graphics state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    mode: u8,
    /// The colour that fills areas and letters, in red, green and blue; `None` if it is not known.
    pub(super) color: Option<Color>,
    alpha: f32,
    is_masked: bool,
    is_blended: bool,
    /// The width of the pen in points.
    pub(super) width: f32,
    /// The clipping area; `None` if it is no rectangle.
    pub(super) clip: Option<Area>,
}

pub(super) const EVERYWHERE: Area = Area { left: f32::MIN, top: f32::MIN, right: f32::MAX, bottom: f32::MAX };

impl Default for Ink {
    fn default() -> Self {
        Self {
            mode: 0,
            color: Some([0.0; 3]),
            alpha: 1.0,
            is_masked: false,
            is_blended: false,
            width: 1.0,
            clip: Some(EVERYWHERE),
        }
    }
}

impl Ink {
    /// Interprets the instructions that set the colour and the way of drawing text.
    pub(super) fn follow(&mut self, instruction: &TypedInstruction<'_, '_>) {
        match instruction {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 7")]
            TypedInstruction::TextRenderingMode(mode) => self.mode = mode.0.as_f32().clamp(0.0, 7.0) as u8,
            TypedInstruction::NonStrokeColorDeviceGray(gray) => self.color = Some([gray.0.as_f32(); 3]),
            TypedInstruction::NonStrokeColorDeviceRgb(rgb) => {
                self.color = Some([&rgb.0, &rgb.1, &rgb.2].map(Number::as_f32));
            }
            TypedInstruction::NonStrokeColorCmyk(inks) => {
                let key = inks.3.as_f32();
                self.color = Some([&inks.0, &inks.1, &inks.2].map(|ink| (1.0 - ink.as_f32() - key).max(0.0)));
            }
            TypedInstruction::NonStrokeColor(color) => self.color = known(&color.0),
            TypedInstruction::NonStrokeColorNamed(color) => {
                self.color = known(&color.0).filter(|_| color.1.is_none());
            }
            TypedInstruction::ColorSpaceNonStroke(_) => self.color = None,
            _ => {}
        }
    }

    pub(super) fn set(&mut self, state: &Dict<'_>) {
        if let Some(alpha) = state.get::<Number>(b"ca") {
            self.alpha = alpha.as_f32();
        }
        if state.contains_key(b"SMask") {
            self.is_masked = state.get::<Name<'_>>(b"SMask").is_none_or(|mask| mask.as_ref() != b"None");
        }
        if state.contains_key(b"BM") {
            let is_normal = |mode: Name<'_>| matches!(mode.as_ref(), b"Normal" | b"Compatible");
            self.is_blended = !state.get::<Name<'_>>(b"BM").is_some_and(is_normal);
        }
    }

    /// Whether it covers content below it.
    pub(super) fn is_opaque(&self) -> bool {
        self.alpha > 0.99 && !self.is_masked && !self.is_blended
    }

    pub(super) fn shows_text(&self) -> bool {
        !matches!(self.mode, 3 | 7) && (!self.fills_text() || self.alpha >= 0.02)
    }

    fn fills_text(&self) -> bool {
        matches!(self.mode, 0 | 4)
    }

    /// The colour of text, if it is known.
    pub(super) fn of_text(&self) -> Option<Color> {
        self.color.filter(|_| self.fills_text())
    }

    pub(super) fn has_white_text(&self) -> bool {
        self.of_text().is_some_and(|color| are_same(color, WHITE))
    }
}

pub(super) fn are_same(a: Color, b: Color) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.015)
}

/// The colour of these components; with another number of them the colour space is not known.
fn known(color: &[Number]) -> Option<Color> {
    let [red, green, blue] = color else { return None };
    Some([red, green, blue].map(Number::as_f32))
}
