//! Colours, and the spaces in which a page gives them.

use hayro_syntax::{
    object::{Array, Name, Number, Object},
    page::Resources,
};

pub(super) type Color = [f32; 3];

pub(super) const WHITE: Color = [1.0; 3];
/// The difference of each of two colours' parts below which nobody sees it on a page.
const SAME: f32 = 0.045;

pub(super) fn are_same(a: Color, b: Color) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < SAME)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Gray,
    Rgb,
    Cmyk,
    /// An ink of its own, of which 0 leaves the paper white.
    Tint,
    /// One whose colours are not known here, such as Lab.
    Other,
    /// One that the page does not name.
    Unknown,
}

impl Space {
    /// The colour space of this name in the resources of a page.
    pub(super) fn of(name: &Name<'_>, resources: &Resources<'_>) -> Self {
        match resources.get_color_space(name) {
            Some(Object::Array(space)) => Self::of_array(&space),
            Some(Object::Name(name)) => Self::named(name.as_ref()),
            _ => Self::named(name.as_ref()),
        }
    }

    fn named(name: &[u8]) -> Self {
        match name {
            b"DeviceGray" | b"G" | b"CalGray" => Self::Gray,
            b"DeviceRGB" | b"RGB" | b"CalRGB" => Self::Rgb,
            b"DeviceCMYK" | b"CMYK" => Self::Cmyk,
            b"Separation" => Self::Tint,
            _ => Self::Other,
        }
    }

    fn of_array(space: &Array<'_>) -> Self {
        let mut parts = space.iter::<Object<'_>>();
        match (parts.next(), parts.next()) {
            (Some(Object::Name(name)), Some(Object::Stream(profile))) if name.as_ref() == b"ICCBased" => {
                match profile.dict().get::<i32>(b"N") {
                    Some(1) => Self::Gray,
                    Some(3) => Self::Rgb,
                    Some(4) => Self::Cmyk,
                    _ => Self::Other,
                }
            }
            (Some(Object::Name(name)), _) => Self::named(name.as_ref()),
            _ => Self::Other,
        }
    }
}

/// The colour of these components, if it is known.
pub(super) fn known(color: &[Number], space: Space) -> Option<Color> {
    match (color, space) {
        ([gray], Space::Gray) => Some([gray.as_f32(); 3]),
        ([red, green, blue], Space::Rgb | Space::Unknown) => Some([red, green, blue].map(Number::as_f32)),
        ([cyan, magenta, yellow, key], Space::Cmyk) => {
            let key = key.as_f32();
            Some([cyan, magenta, yellow].map(|ink| (1.0 - ink.as_f32() - key).max(0.0)))
        }
        ([tint], Space::Tint) if tint.as_f32() < 0.005 => Some(WHITE),
        _ => None,
    }
}
