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
    let Some((name, value)) = feature.split_once(':') else { return Applies::Perhaps };
    let value = value.trim();
    let pixels = |unit: &str, size: f32| value.strip_suffix(unit)?.trim().parse::<f32>().ok().map(|count| count * size);
    let width = pixels("px", 1.0).or_else(|| pixels("rem", 16.0)).or_else(|| pixels("em", 16.0));
    let applies = |applies: bool| if applies { Applies::Yes } else { Applies::No };
    match (name.trim(), width) {
        ("min-width" | "min-device-width", Some(width)) => applies(width <= WIDTH),
        ("max-width" | "max-device-width", Some(width)) => applies(width >= WIDTH),
        _ => Applies::Perhaps,
    }
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
            ("(width >= 600px)", Applies::Perhaps),
        ] {
            assert_eq!(of_media(media), expected, "{media}");
        }
    }
}
