//! Whether the rules within `@media` and the like apply to a page on a screen.

/// The width of a screen in pixels, as of the computers that documents are uploaded from.
const WIDTH: f32 = 1_280.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Applies {
    No,
    /// It depends on the reader, or is not understood.
    Perhaps,
    Yes,
}

/// Whether this list of media is that of a screen; one of them is enough.
pub(super) fn of_media(list: &str) -> Applies {
    list.to_ascii_lowercase().split(',').map(|query| of_query(query.trim())).max().unwrap_or(Applies::Yes)
}

fn of_query(query: &str) -> Applies {
    if query.contains(" or ") {
        return Applies::Perhaps;
    }
    let (query, is_not) = query.strip_prefix("not ").map_or((query, false), |query| (query, true));
    let query = query.strip_prefix("only ").unwrap_or(query);
    let applies = query.split(" and ").map(|condition| of_condition(condition.trim())).min();
    match applies.unwrap_or(Applies::Yes) {
        Applies::Yes if is_not => Applies::No,
        Applies::No if is_not => Applies::Yes,
        applies => applies,
    }
}

fn of_condition(condition: &str) -> Applies {
    let Some(feature) = condition.strip_prefix('(').and_then(|feature| feature.strip_suffix(')')) else {
        return if matches!(condition, "" | "all" | "screen") { Applies::Yes } else { Applies::No };
    };
    if feature.contains(['<', '>', '=']) {
        return of_range(feature);
    }
    let Some((name, value)) = feature.split_once(':') else { return Applies::Perhaps };
    let value = value.trim();
    match (name.trim(), pixels(value)) {
        ("min-width" | "min-device-width", Some(width)) => surely(width <= WIDTH),
        ("max-width" | "max-device-width", Some(width)) => surely(width >= WIDTH),
        // A computer has a wide screen and a pointer.
        ("orientation", _) if value == "landscape" => Applies::Yes,
        ("hover" | "any-hover", _) if value == "hover" => Applies::Yes,
        ("pointer" | "any-pointer", _) if value == "fine" => Applies::Yes,
        _ => Applies::Perhaps,
    }
}

/// Whether a range applies: `width >= 48rem`, `600px <= width < 900px`.
fn of_range(feature: &str) -> Applies {
    let parts: Vec<&str> = feature.split(['<', '>', '=']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let signs: Vec<&str> = feature.split(|c| !matches!(c, '<' | '>' | '=')).filter(|sign| !sign.is_empty()).collect();
    let numbers: Vec<Option<f32>> =
        parts.iter().map(|part| if *part == "width" { Some(WIDTH) } else { pixels(part) }).collect();
    if !parts.contains(&"width") || numbers.len() != signs.len() + 1 {
        return Applies::Perhaps;
    }
    let holds = |at: usize, sign: &str| {
        let (left, right) = (numbers[at]?, numbers[at + 1]?);
        Some(match sign {
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            ">=" => left >= right,
            _ => (left - right).abs() < 1.0,
        })
    };
    let all: Option<Vec<bool>> = signs.iter().enumerate().map(|(at, sign)| holds(at, sign)).collect();
    all.map_or(Applies::Perhaps, |all| surely(all.into_iter().all(|holds| holds)))
}

fn surely(applies: bool) -> Applies {
    if applies { Applies::Yes } else { Applies::No }
}

fn pixels(value: &str) -> Option<f32> {
    let of_unit =
        |unit: &str, size: f32| value.strip_suffix(unit)?.trim().parse::<f32>().ok().map(|count| count * size);
    of_unit("px", 1.0).or_else(|| of_unit("rem", 16.0)).or_else(|| of_unit("em", 16.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_a_screen_apply_and_those_for_paper_do_not() {
        for (media, expected) in [
            ("", Applies::Yes),
            ("screen", Applies::Yes),
            ("ALL", Applies::Yes),
            ("print", Applies::No),
            ("print, screen", Applies::Yes),
            ("not print", Applies::Yes),
            ("only screen and (min-width: 40em)", Applies::Yes),
            ("(max-width:600px)", Applies::No),
            ("print and (min-width: 1px)", Applies::No),
            ("(prefers-color-scheme: dark)", Applies::Perhaps),
            ("(width >= 600px)", Applies::Yes),
            ("(width<48rem)", Applies::No),
            ("(600px <= width < 900px)", Applies::No),
            ("screen and (60em<=width)", Applies::Yes),
            ("(height > 600px)", Applies::Perhaps),
            ("(width > calc(1px + 1em))", Applies::Perhaps),
            ("(orientation: landscape) and (hover: hover)", Applies::Yes),
            ("(orientation: portrait)", Applies::Perhaps),
        ] {
            assert_eq!(of_media(media), expected, "{media}");
        }
    }
}
