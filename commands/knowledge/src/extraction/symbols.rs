//! Characters of symbol fonts, which have signs where other fonts have letters: Symbol, Wingdings, Webdings.
//!
//! A document names such a font and a code; the sign is known from the font's public encoding. Ornate arrows, boxes and
//! circled digits become the plain ones that people search for.

/// The sign that the font shows for this code, with or without the `0xF000` that word processors add. `None` if the
/// font is no known symbol font, or has no sign there.
pub(super) fn symbol(font: &str, code: u32) -> Option<char> {
    let table = table(font)?;
    let code = if (0xf000..=0xf0ff).contains(&code) { code - 0xf000 } else { code };
    let at = usize::try_from(code).ok()?.checked_sub(FIRST)?;
    table.get(at / PER_ROW)?.chars().nth(at % PER_ROW).filter(|c| *c != char::REPLACEMENT_CHARACTER)
}

/// A text as the font shows it; codes without a sign become U+FFFD.
pub(super) fn shown(font: &str, text: &str) -> String {
    let is_of_font = |c: char| u32::from(c) < 0x100 || (0xf000..=0xf0ff).contains(&u32::from(c));
    let sign = |c: char| match c {
        c if c.is_whitespace() || !is_of_font(c) => c,
        c => symbol(font, u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    text.chars().map(sign).collect()
}

/// Whether a character is of the private use area, so that only its font gives it a meaning.
pub(super) fn is_private(c: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&c)
}

/// Whether this is a known symbol font.
pub(super) fn is_symbol_font(font: &str) -> bool {
    table(font).is_some()
}

fn table(font: &str) -> Option<&'static [&'static str; 14]> {
    let plain: String = font.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "symbol" | "symbolmt" | "symbolps" | "standardsymbolsl" | "standardsymbolsps" => Some(&SYMBOL),
        "wingdings" | "wingdingsregular" => Some(&WINGDINGS),
        "wingdings2" => Some(&WINGDINGS_2),
        "wingdings3" => Some(&WINGDINGS_3),
        "webdings" => Some(&WEBDINGS),
        _ => None,
    }
}

/// The code of the first character of a table, and the codes in each of its lines.
const FIRST: usize = 0x20;
const PER_ROW: usize = 0x10;

const SYMBOL: [&str; 14] = [
    " !∀#∃%&∋()*+,−./",
    "0123456789:;<=>?",
    "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟ",
    "ΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_",
    "‾αβχδεφγηιϕκλµνο",
    "πθρστυϖωξψζ{|}~\u{fffd}",
    "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
    "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓",
    "°±″≥×∝∂•÷≠≡≈…⏐⎯↵",
    "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉",
    "∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓",
    "◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪",
    "\u{fffd}⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭\u{fffd}",
];

const WINGDINGS: [&str; 14] = [
    " 🖉✂✁👓🕭🕮🕯🕿✆🖂🖃📪📫📬📭",
    "🗀🗁🗎🗏🗐🗄⌛🖮🖰🖲🖳🖴🖫🖬✇✍",
    "🖎✌🖏👍👎☜☞☝☟🖐☺😐☹💣🕱🏳",
    "🏱✈☼🌢❄🕆✞🕈✠✡☪☯🕉☸♈♉",
    "♊♋♌♍♎♏♐♑♒♓🙰🙵●🔾■□",
    "□❑❒🞟⧫◆❖⬩☒⮹⌘🏵🏶🙶🙷▯",
    "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹",
    "❺❻❼❽❾❿🙢🙠🙡🙣🙞🙜🙝🙟∙•",
    "⬝⭘🞆🞈🞊🞋🔿▪□🟁🟅★🟋🟏🟓🟑",
    "⯐⌖⯎⯏⯑✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘",
    "🕙🕚🕛⮰⮱⮲⮳⮴⮵⮶⮷🙪🙫🙕🙔🙗",
    "🙖🙐🙑🙒🙓⌫⌦←→↑↓←→↑↓←",
    "→↑↓↖↗↙↘←→↑↓↖↗↙↘⇦",
    "⇨⇧⇩⬄⇳↖↗↙↘🢬🢭✗✓☒☑\u{fffd}",
];

const WINGDINGS_2: [&str; 14] = [
    " 🖊🖋🖌🖍✄✀🕾🕽🗅🗆🗇🗈🗉🗊🗋",
    "🗌🗍📋🗑🗔🖵🖶🖷🖸🖭🖯🖱🖒🖓🖘🖙",
    "🖚🖛👈👉🖜🖝🖞🖟🖠🖡👆👇🖢🖣🖑✗",
    "✓☒☑☒☒⮾⮿🛇⦸🙱🙴🙲🙳‽🙹🙺",
    "🙻🙦🙤🙥🙧🙚🙘🙙🙛⓪①②③④⑤⑥",
    "⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿\u{fffd}",
    "☉🌕☽☾⸿✝🕇🕜🕝🕞🕟🕠🕡🕢🕣🕤",
    "🕥🕦🕧🙨🙩⋅•⦁●○🞅🞇🞉⊙⦿🞌",
    "🞍◾■□🞑🞒🞓🞔▣🞕🞖🞗🞘⬩⬥◇",
    "🞚◈🞛🞜🞝🞞⬪⬧◊🞠◖◗⯊⯋⯀⯁",
    "⬟⯂⬣⬢⯃⯄🞡🞢🞣🞤🞥🞦🞧🞨🞩🞪",
    "🞫🞬🞭🞮🞯🞰🞱🞲🞳🞴🞵🞶🞷🞸🞹🞺",
    "🞻🞼🞽🞾🞿🟀🟂🟄🟆🟉🟊✶🟌🟎🟐🟒",
    "✹🟃🟇✯🟍🟔⯌⯍※⁂\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
];

const WINGDINGS_3: [&str; 14] = [
    " ←→↑↓↖↗↙↘←→↑↓↖↘↑",
    "↓↔↕←→↑↓↓←→←→←→←→",
    "⮐⮑⮒⮓←←⭾⭿←→↑↓⮏⮍⮎⮌",
    "⭮⭯⎋⌤⌃⌥␣⍽⇪↑←→←→←→",
    "←→←→←→←→↑↓↖↗↙↘↔↕",
    "▲▼△▽◀▶◁▷◣◢◤◥🞀🞂🞁\u{fffd}",
    "🞃⯅⯆⯇⯈←→↑↓←→↑↓←→↑",
    "↓←→↑↓←→↑↓←→↑↓←→↑",
    "↓←→↑↓←→←→←→←🢜🢝🢞🢟",
    "→←→←→←→↑↓←→↑↓←→↑",
    "↓←→↑↓←→↑↓←→←→←→←",
    "→←→↑↓↖↗↙↘←→↑↓↖↗↙",
    "↘←→↑↓↖↗↙↘←→↑↓←→↑",
    "↓\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
];

const WEBDINGS: [&str; 14] = [
    " 🕷🕸🕲🕶🏆🎖🖇🗨🗩🗰🗱🌶🎗🙾🙼",
    "🗕🗖🗗⏴⏵⏶⏷⏪⏩⏮⏭⏸⏹⏺🗚🗳",
    "🛠🏗🏘🏙🏚🏜🏭🏛🏠🏖🏝🛣🔍🏔👁👂",
    "🏞🏕🛤🏟🛳🕬🕫🕨🔈🎔🎕🗬🙽🗭🗪🗫",
    "⮔✔🚲⬜🛡📦🛱⬛🚑🛈🛩🛰🟈🕴⬤🛥",
    "🚔🗘✗❓🛲🚇🚍⛳⦸⊖🚭🗮⏐🗯\u{fffd}\u{fffd}",
    "🚹🚺🛉🛊🚼👽🏋⛷🏂🏌🏊🏄🏍🏎🚘🗠",
    "🛢💰🏷💳👪🗡🗢🗣✯🖄🖅🖃🖆🖹🖺🖻",
    "🕵🕰🖽🖾📋🗒🗓🕮📚🗞🗟🗃🗂🖼🎭🎜",
    "🎘🎙🎧💿🎞📷🎟🎬📽📹📾📻🎚🎛📺💻",
    "🖥🖦🖧🕹🎮🕻🕼📟🖁🖀🖨🖩🖿🖪🗜🔒",
    "🔓🗝📥📤🕳🌣🌤🌥🌦☁🌨🌧🌩🌪🌬🌫",
    "🌜🌡🛋🛏🍽🍸🛎🛍Ⓟ♿🛆🖈🎓🗤🗥🗦",
    "🗧🛪🐿🐦🐟🐕🐈🙬🙮🙭🙯🗺🌍🌏🌎🕊",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_micro_sign_and_a_comparison_are_what_the_font_shows() {
        assert_eq!(symbol("Symbol", 0x6d), Some('µ'));
        assert_eq!(symbol("symbol", 0xf0b3), Some('≥'));
        assert_eq!(symbol("Symbol", 0xf0a3), Some('≤'));
        assert_eq!(symbol("Symbol", 0xb1), Some('±'));
        assert_eq!(symbol("Symbol", 0x2d), Some('−'));
        assert_eq!(symbol("Symbol", 0xb0), Some('°'));
        assert_eq!(symbol("Symbol", 0xae), Some('→'));
    }

    #[test]
    fn boxes_ticks_and_arrows_are_plain_ones() {
        assert_eq!(symbol("Wingdings", 0xf0fe), Some('☑'));
        assert_eq!(symbol("Wingdings", 0xf0fd), Some('☒'));
        assert_eq!(symbol("Wingdings", 0xf0fc), Some('✓'));
        assert_eq!(symbol("Wingdings", 0xf0e0), Some('→'));
        assert_eq!(symbol("Wingdings", 0xa8), Some('□'));
        assert_eq!(symbol("Wingdings 2", 0x52), Some('☑'));
        assert_eq!(symbol("Wingdings 3", 0x23), Some('↑'));
        assert_eq!(symbol("Webdings", 0x61), Some('✔'));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert_eq!(symbol("Calibri", 0x6d), None);
        assert_eq!(symbol("Symbol", 0xf0f0), None);
        assert_eq!(symbol("Symbol", 0x3b1), None);
        assert_eq!(symbol("Symbol", 0x10), None);
    }

    #[test]
    fn each_line_of_a_table_has_sixteen() {
        for table in [SYMBOL, WINGDINGS, WINGDINGS_2, WINGDINGS_3, WEBDINGS] {
            assert!(table.iter().all(|row| row.chars().count() == PER_ROW));
        }
    }
}
