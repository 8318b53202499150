//! Fields: an instruction, which is not shown, and its result, which is.

/// A field that has begun and has not ended.
#[derive(Debug, Default)]
pub(super) struct Field {
    instruction: String,
    in_result: bool,
    has_text: bool,
}

/// The open fields, from the outermost.
#[derive(Debug, Default)]
pub(super) struct Fields {
    open: Vec<Field>,
}

/// Nested fields beyond which a document is taken for an attack.
const MOST_OPEN: usize = 100;
/// Characters that are kept of an instruction.
const LONGEST: usize = 1_000;

/// The visible result of a field whose result is not stored as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FieldResult {
    Nothing,
    /// A character of a symbol font.
    Symbol {
        font: Option<String>,
        code: u32,
    },
    /// A formula in the notation of `EQ` fields.
    Formula,
    /// The number of the page, or of all pages.
    PageNumber,
}

impl Fields {
    pub(super) fn begin(&mut self) {
        if self.open.len() < MOST_OPEN {
            self.open.push(Field::default());
        }
    }

    pub(super) fn separate(&mut self) {
        if let Some(field) = self.open.last_mut() {
            field.in_result = true;
        }
    }

    pub(super) fn instruct(&mut self, text: &str) {
        if let Some(field) = self.open.last_mut()
            && !field.in_result
            && field.instruction.len() < LONGEST
        {
            field.instruction.push_str(text);
        }
    }

    pub(super) fn end(&mut self) -> FieldResult {
        match self.open.pop() {
            Some(field) => shown(&field.instruction, field.has_text),
            None => FieldResult::Nothing,
        }
    }

    /// Ends the fields at the end of a paragraph: an instruction does not go on in the next one, and a field that never
    /// ends must not swallow the text.
    pub(super) fn end_paragraph(&mut self) {
        self.open.retain(|field| field.in_result);
    }

    /// Records that the open fields have a stored result.
    pub(super) fn fill(&mut self) {
        self.open.iter_mut().for_each(|field| field.has_text |= field.in_result);
    }

    /// Whether text at this place is visible.
    pub(super) fn is_shown(&self) -> bool {
        self.open.iter().all(|field| field.in_result && !is_symbol(&field.instruction))
    }
}

fn is_symbol(instruction: &str) -> bool {
    instruction.trim_start().get(..6).is_some_and(|name| name.eq_ignore_ascii_case("symbol"))
}

/// The visible result of a field with this instruction.
fn shown(instruction: &str, has_result: bool) -> FieldResult {
    let mut words = instruction.split_whitespace();
    let name = words.next().unwrap_or_default().to_ascii_uppercase();
    match (name.as_str(), has_result) {
        ("SYMBOL", _) => {
            let code = words.next().unwrap_or_default();
            let code = match code.strip_prefix("0x").or_else(|| code.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => code.parse().ok(),
            };
            let font = instruction.split_once("\\f").map(|(_, rest)| rest.trim_start());
            let font = font.map(|rest| match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap_or_default(),
                None => rest.split_whitespace().next().unwrap_or_default(),
            });
            let is_unicode = instruction.contains("\\u");
            let font = font.map(str::to_owned).filter(|_| !is_unicode);
            code.map_or(FieldResult::Nothing, |code| FieldResult::Symbol { font, code })
        }
        ("EQ", false) => FieldResult::Formula,
        ("PAGE" | "NUMPAGES" | "SECTIONPAGES", _) => FieldResult::PageNumber,
        (name, false) if name.starts_with('=') => FieldResult::Formula,
        _ => FieldResult::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_that_is_a_field_is_shown() {
        let symbol = |font: Option<&str>, code| FieldResult::Symbol { font: font.map(str::to_owned), code };
        assert_eq!(shown(" SYMBOL 179 \\f \"Symbol\" \\s 12 ", false), symbol(Some("Symbol"), 179));
        assert_eq!(shown("SYMBOL 0xB3 \\f Symbol", true), symbol(Some("Symbol"), 179));
        assert_eq!(shown("SYMBOL 8805 \\u", false), symbol(None, 8805));
        assert_eq!(shown("REF x", false), FieldResult::Nothing);
        assert_eq!(shown("PAGE", true), FieldResult::PageNumber);
        assert_eq!(shown("EQ \\f(1,2)", false), FieldResult::Formula);
        assert_eq!(shown(" =SUM(ABOVE) ", false), FieldResult::Formula);
        assert_eq!(shown(" =SUM(ABOVE) ", true), FieldResult::Nothing);
    }

    #[test]
    fn a_field_without_an_end_hides_no_paragraph() {
        let mut fields = Fields::default();
        fields.begin();
        assert!(!fields.is_shown());
        fields.end_paragraph();
        assert!(fields.is_shown());
    }
}
