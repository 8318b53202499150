//! Colours of text and of what is behind it, and whether letters have a size.

/// Steps of a colour's parts that an eye does not tell apart.
const ALIKE: u8 = 8;
/// The opacity, of 1, below which nothing is seen.
pub(super) const LEAST_OPACITY: f32 = 0.05;
pub(super) const WHITE: Colour = Colour::Of([255; 3], 255);
const BLACK: Colour = Colour::Of([0; 3], 255);
/// Words that are no colours, of which some look like hexadecimal digits to a parser.
const NO_COLOURS: [&str; 14] = [
    "none",
    "repeat",
    "no-repeat",
    "repeat-x",
    "repeat-y",
    "center",
    "top",
    "bottom",
    "left",
    "right",
    "fixed",
    "scroll",
    "cover",
    "contain",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// Red, green and blue, and the opacity of 255.
    Of([u8; 3], u8),
    Transparent,
    /// A colour that is not known here, or a picture.
    Unknown,
    /// The colour of the element around.
    Inherited,
    /// The colour of the element's text.
    Current,
}

impl Colour {
    /// The colour that this value of style, in lower case, names.
    pub(super) fn of(value: &str) -> Self {
        match value {
            "inherit" | "unset" | "revert" | "revert-layer" => return Self::Inherited,
            "currentcolor" => return Self::Current,
            "initial" => return BLACK,
            _ => {}
        }
        Self::named(value).unwrap_or(Self::Unknown)
    }

    /// The colour that a value names by itself.
    pub(super) fn named(value: &str) -> Option<Self> {
        let is_digits = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if NO_COLOURS.contains(&value) || is_digits && value.len() != 6 {
            return None;
        }
        let [red, green, blue, opacity] = csscolorparser::parse(value).ok()?.to_rgba8();
        let is_seen = f32::from(opacity) / 255.0 >= LEAST_OPACITY;
        Some(if is_seen { Self::Of([red, green, blue], opacity) } else { Self::Transparent })
    }

    /// The colour in the value of `background`; [`Colour::Transparent`] if there is none.
    pub(super) fn of_ground(value: &str) -> Self {
        match value {
            "none" | "initial" | "unset" | "revert" | "revert-layer" | "inherit" => return Self::Transparent,
            _ => {}
        }
        let mut found = Self::Transparent;
        for word in words(value) {
            match Self::named(word) {
                Some(colour) => found = colour,
                None if word == "currentcolor" => found = Self::Current,
                // A function of colours that is not known here.
                None if word.contains('(') && !has_picture(word) => return Self::Unknown,
                None => {}
            }
        }
        found
    }

    /// This colour in front of another one; `None` is the white of an empty page.
    pub(super) fn over(self, ground: Option<Self>) -> Self {
        match (self, ground.unwrap_or(WHITE)) {
            (Self::Of(colour, opacity @ ..=254), Self::Of(ground, _)) => {
                let mix = |at: usize| {
                    let (part, rest) = (u32::from(opacity), 255 - u32::from(opacity));
                    let mixed = (u32::from(colour[at]) * part + u32::from(ground[at]) * rest) / 255;
                    u8::try_from(mixed).unwrap_or(u8::MAX)
                };
                Self::Of([mix(0), mix(1), mix(2)], 255)
            }
            (Self::Of(_, ..=254), _) => Self::Unknown,
            (colour, _) => colour,
        }
    }

    pub(super) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Of(one, _), Self::Of(other, _)) => {
                one.iter().zip(other).all(|(part, of_other)| part.abs_diff(of_other) <= ALIKE)
            }
            _ => false,
        }
    }
}

/// Whether a value of `background` has a picture in it.
pub(super) fn has_picture(value: &str) -> bool {
    ["url(", "gradient(", "image-set(", "element("].iter().any(|picture| value.contains(picture))
}

/// The words of a value; a function with what is in its parentheses is one of them.
pub(super) fn words(value: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let parts = value.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c.is_ascii_whitespace() || matches!(c, ',' | '/'))
    });
    parts.filter(|word| !word.is_empty())
}

/// Whether letters have a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    None,
    Some,
    /// A part of the size around.
    Part,
}

impl Size {
    pub(super) fn of(value: &str) -> Self {
        let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        let unit = &value[number.len()..];
        let is_part = matches!(unit, "em" | "%" | "ex" | "ch" | "smaller" | "larger" | "inherit" | "unset" | "revert");
        let least = match unit {
            "px" | "pt" => 1.0,
            "%" => 5.0,
            _ => 0.05,
        };
        match number.parse::<f32>() {
            Ok(size) if size < least => Self::None,
            _ if is_part || number.contains("var(") => Self::Part,
            _ => Self::Some,
        }
    }
}
