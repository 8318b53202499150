//! Text that nobody sees: in the colour of its background, transparent, or of no size.

/// Steps of a colour's parts that an eye does not tell apart.
const ALIKE: u8 = 8;
const WHITE: Colour = Colour::Of([255; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// Red, green and blue.
    Of([u8; 3]),
    Transparent,
    /// A colour that is not known here, or a picture.
    Unknown,
}

impl Colour {
    /// The colour that this word or function of style names; `None` if it names none.
    pub(super) fn of(value: &str) -> Option<Self> {
        match value {
            "white" => return Some(WHITE),
            "black" => return Some(Self::Of([0; 3])),
            "transparent" => return Some(Self::Transparent),
            "inherit" | "currentcolor" | "initial" | "unset" | "none" => return None,
            _ => {}
        }
        if let Some(digits) = value.strip_prefix('#') {
            return Some(hexadecimal(digits).unwrap_or(Self::Unknown));
        }
        let Some((name, parts)) = value.strip_suffix(')').and_then(|value| value.split_once('(')) else {
            return Some(Self::Unknown);
        };
        let parts: Vec<&str> = parts.split([',', ' ', '/']).map(str::trim).filter(|part| !part.is_empty()).collect();
        let part = |at: usize| parts.get(at).and_then(|part| part.parse::<u8>().ok());
        let is_clear = matches!(parts.get(3), Some(&("0" | "0%" | "0.0" | ".0")));
        match (name, part(0), part(1), part(2)) {
            ("rgb" | "rgba" | "hsl" | "hsla", ..) if is_clear => Some(Self::Transparent),
            ("rgb" | "rgba", Some(red), Some(green), Some(blue)) => Some(Self::Of([red, green, blue])),
            _ => Some(Self::Unknown),
        }
    }

    /// The colour of a background; `None` if what is behind it shows through.
    pub(super) fn of_ground(value: &str) -> Option<Self> {
        if ["url(", "gradient(", "var("].iter().any(|picture| value.contains(picture)) {
            return Some(Self::Unknown);
        }
        let whole = value.replace(", ", ",");
        let colours = whole.split_whitespace().filter_map(Self::of);
        let known = colours.filter(|colour| *colour != Self::Transparent).collect::<Vec<_>>();
        known.iter().copied().find(|colour| *colour != Self::Unknown).or(known.first().copied())
    }

    fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Of(one), Self::Of(other)) => {
                one.iter().zip(other).all(|(part, of_other)| part.abs_diff(of_other) <= ALIKE)
            }
            _ => false,
        }
    }
}

fn hexadecimal(digits: &str) -> Option<Colour> {
    let digits = digits.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let part = |at: usize| {
        let value =
            if digits.len() < 6 { digits.get(at)? * 17 } else { digits.get(2 * at)? * 16 + digits.get(2 * at + 1)? };
        u8::try_from(value).ok()
    };
    match (digits.len(), part(3)) {
        (4 | 8, Some(0)) => Some(Colour::Transparent),
        (3 | 4 | 6 | 8, _) => Some(Colour::Of([part(0)?, part(1)?, part(2)?])),
        _ => None,
    }
}

/// Whether letters have a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    None,
    Some,
}

impl Size {
    /// The size of a font; `None` if it is a part of the size around.
    pub(super) fn of(value: &str) -> Option<Self> {
        let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        let unit = &value[number.len()..];
        match number.parse::<f32>() {
            Ok(0.0) => Some(Self::None),
            _ if matches!(unit, "em" | "%" | "ex" | "ch" | "smaller" | "larger" | "inherit" | "unset") => None,
            _ => Some(Self::Some),
        }
    }
}

/// What the text of an element has from the elements around it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ink {
    colour: Option<Colour>,
    ground: Option<Colour>,
    size: Option<Size>,
}

/// How much of a text is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Yes,
    No,
    /// White on a background that a style sheet elsewhere may colour.
    Perhaps,
}

impl Ink {
    /// The ink within an element.
    pub(super) fn within(self, colour: Option<Colour>, ground: Option<Colour>, size: Option<Size>) -> Self {
        Self { colour: colour.or(self.colour), ground: ground.or(self.ground), size: size.or(self.size) }
    }

    pub(super) fn seen(self, has_sheets_elsewhere: bool) -> Seen {
        match (self.colour, self.ground) {
            _ if self.size == Some(Size::None) => Seen::No,
            (Some(Colour::Transparent), _) => Seen::No,
            (Some(colour), Some(ground)) if colour.is_like(ground) => Seen::No,
            (Some(colour), None) if colour.is_like(WHITE) => {
                if has_sheets_elsewhere {
                    Seen::Perhaps
                } else {
                    Seen::No
                }
            }
            _ => Seen::Yes,
        }
    }
}
