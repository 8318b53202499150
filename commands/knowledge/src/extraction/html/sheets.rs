//! The rules of a style sheet, in the order in which they stand there.

use std::borrow::Cow;

use cssparser::{
    AtRuleParser, BasicParseErrorKind, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser, StyleSheetParser, Token,
};
use selectors::{
    SelectorList,
    parser::{ParseRelative, Selector, SelectorParseErrorKind},
};

use super::{
    media::{self, Applies},
    selectors::{Css, SelectorParser},
    style::Effect,
};

/// Blocks within each other.
const DEEPEST: u8 = 32;
/// Selectors of a page that are looked at.
const MOST_RULES: usize = 20_000;
/// Bytes of the selectors of a rule.
const LONGEST_SELECTORS: usize = 20_000;
/// Parts of a selector, which are compared one within the other.
const MOST_PARTS: usize = 250;

/// The effect of declarations, and that of those that are `!important`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) usual: Effect,
    pub(super) important: Effect,
}

/// A rule for one selector.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) selector: Selector<Css>,
    pub(super) effect: Effect,
    /// What decides between two rules: importance, specificity, order.
    pub(super) rank: (bool, u32, usize),
    /// Whether it is known that it applies; it may depend on the reader's screen.
    pub(super) is_certain: bool,
}

/// The rules of some style sheets.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    pub(super) rules: Vec<Rule>,
    blocks: usize,
    /// Whether there are rules that are not looked at.
    pub(super) is_incomplete: bool,
}

impl Sheets {
    pub(super) fn read(&mut self, sheet: &str, media: &str) {
        let applies = media::of_media(media);
        if applies == Applies::No {
            return;
        }
        let mut input = Parser::new(sheet);
        input.set_nested_block_limit(DEEPEST);
        let mut reader = Reader::new(self, None, applies == Applies::Yes);
        // What is no rule is passed over, as by a browser.
        for _ in StyleSheetParser::new(&mut input, &mut reader) {}
    }

    fn add(&mut self, selectors: &SelectorList<Css>, declared: &Declared, order: usize, is_certain: bool) {
        for (effect, is_important) in [(&declared.usual, false), (&declared.important, true)] {
            if *effect == Effect::default() {
                continue;
            }
            for selector in selectors.slice() {
                if self.rules.len() >= MOST_RULES {
                    self.is_incomplete = true;
                    return;
                }
                let rank = (is_important, selector.specificity(), order);
                self.rules.push(Rule { selector: selector.clone(), effect: effect.clone(), rank, is_certain });
            }
        }
    }
}

/// The declarations of a `style` attribute.
pub(super) fn declared(style: &str) -> Declared {
    let mut input = Parser::new(style);
    input.set_nested_block_limit(DEEPEST);
    let mut sheets = Sheets::default();
    let mut reader = Reader { has_declarations: true, ..Reader::new(&mut sheets, None, true) };
    for _ in RuleBodyParser::new(&mut input, &mut reader) {}
    reader.declared
}

/// A reader of a sheet, of a rule, or of the block of an at-rule.
struct Reader<'s> {
    sheets: &'s mut Sheets,
    /// The selectors of the rule that this is within.
    within: Option<SelectorList<Css>>,
    has_declarations: bool,
    is_certain: bool,
    declared: Declared,
}

impl<'s> Reader<'s> {
    fn new(sheets: &'s mut Sheets, within: Option<SelectorList<Css>>, is_certain: bool) -> Self {
        let has_declarations = within.is_some();
        Self { sheets, within, has_declarations, is_certain, declared: Declared::default() }
    }

    /// Reads a block and adds its rules.
    fn read_block(&mut self, within: Option<SelectorList<Css>>, is_certain: bool, input: &mut Parser<'_>) {
        self.sheets.blocks += 1;
        let order = self.sheets.blocks;
        let mut reader = Reader::new(self.sheets, within.clone(), is_certain);
        for _ in RuleBodyParser::new(input, &mut reader) {}
        let declared = reader.declared;
        if let Some(selectors) = within {
            self.sheets.add(&selectors, &declared, order, is_certain);
        }
    }
}

type Read<T> = Result<T, ParseError<SelectorParseErrorKind>>;

impl<'i> QualifiedRuleParser<'i> for Reader<'_> {
    /// The selectors, and whether all states in them are known.
    type Prelude = (SelectorList<Css>, bool);
    type QualifiedRule = ();
    type Error = SelectorParseErrorKind;

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Read<Self::Prelude> {
        let start = input.state();
        if rest(input).len() > LONGEST_SELECTORS || self.sheets.rules.len() >= MOST_RULES {
            self.sheets.is_incomplete = true;
            return Err(ParseError::unexpected_token());
        }
        input.reset(&start);
        let parser = SelectorParser::default();
        let relative = if self.within.is_some() { ParseRelative::ForNesting } else { ParseRelative::No };
        let selectors = SelectorList::parse(&parser, input, relative)?;
        if selectors.slice().iter().any(|selector| selector.len() > MOST_PARTS) {
            self.sheets.is_incomplete = true;
            return Err(ParseError::unexpected_token());
        }
        let selectors = match &self.within {
            Some(within) => selectors.replace_parent_selector(within),
            None => selectors,
        };
        Ok((selectors, !parser.has_unknown.get()))
    }

    fn parse_block(&mut self, prelude: Self::Prelude, _: &ParserState, input: &mut Parser<'i>) -> Read<()> {
        let (selectors, is_known) = prelude;
        self.read_block(Some(selectors), self.is_certain && is_known, input);
        Ok(())
    }
}

impl<'i> AtRuleParser<'i> for Reader<'_> {
    type Prelude = Applies;
    type AtRule = ();
    type Error = SelectorParseErrorKind;

    fn parse_prelude(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>) -> Read<Applies> {
        let condition = rest(input);
        match name.to_ascii_lowercase().as_str() {
            "media" => Ok(media::of_media(&without_comments(condition))),
            "layer" => Ok(Applies::Yes),
            "supports" if !condition.trim_start().to_ascii_lowercase().starts_with("not") => Ok(Applies::Yes),
            "supports" | "container" | "scope" => Ok(Applies::Perhaps),
            _ => Err(ParseError::from_basic_kind(BasicParseErrorKind::AtRuleInvalid)),
        }
    }

    fn parse_block(&mut self, applies: Applies, _: &ParserState, input: &mut Parser<'i>) -> Read<()> {
        if applies != Applies::No {
            self.read_block(self.within.clone(), self.is_certain && applies == Applies::Yes, input);
        }
        Ok(())
    }
}

impl<'i> DeclarationParser<'i> for Reader<'_> {
    type Declaration = ();
    type Error = SelectorParseErrorKind;

    fn parse_value(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>, _: &ParserState) -> Read<()> {
        let start = input.position();
        while let Ok(token) = input.next() {
            // It is a rule within this one, which begins like a declaration: `a:hover {`.
            if *token == Token::CurlyBracketBlock && !name.starts_with("--") {
                return Err(ParseError::unexpected_token());
            }
        }
        let value = input.slice_from(start).trim();
        let (value, effect) = match value.rsplit_once('!') {
            Some((value, mark)) if mark.trim().eq_ignore_ascii_case("important") => {
                (value.trim(), &mut self.declared.important)
            }
            _ => (value, &mut self.declared.usual),
        };
        effect.declare(&name.to_ascii_lowercase(), &without_comments(value));
        Ok(())
    }
}

impl RuleBodyItemParser<'_, (), SelectorParseErrorKind> for Reader<'_> {
    fn parse_declarations(&self) -> bool {
        self.has_declarations
    }

    fn parse_qualified(&self) -> bool {
        true
    }
}

/// The text up to the end of a part.
fn rest<'i>(input: &mut Parser<'i>) -> &'i str {
    let start = input.position();
    while input.next().is_ok() {}
    input.slice_from(start)
}

fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") || text.contains(['"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        written.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    Cow::Owned(written + rest)
}
