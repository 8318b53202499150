//! The rules of a style sheet, in the order in which they stand there.

use std::{borrow::Cow, rc::Rc};

use cssparser::{
    AtRuleParser, BasicParseErrorKind, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser, StyleSheetParser, Token,
};
use selectors::{
    SelectorList,
    parser::{ParseRelative, Selector, SelectorParseErrorKind},
};

use super::{
    layers::{Layer, Layers},
    media::{self, Applies},
    selectors::{Css, SelectorParser},
    style::{Effect, HIDINGS},
    variables::{Looks, Properties, Scope, resolved},
};

/// Blocks within each other.
const DEEPEST: u8 = 32;
/// Selectors of a page that are looked at.
const MOST_RULES: usize = 20_000;
/// Bytes of the selectors of a rule.
const LONGEST_SELECTORS: usize = 20_000;
/// Parts of a selector, which are compared one within the other.
const MOST_PARTS: usize = 250;

/// Bytes of the value of a custom property.
const LONGEST_PROPERTY: usize = 200;
/// Properties whose values are looked up if they are those of custom properties.
const LOOKED_UP: [&str; 12] = [
    "display",
    "visibility",
    "opacity",
    "color",
    "background",
    "background-color",
    "background-image",
    "text-decoration",
    "text-decoration-line",
    "-webkit-text-fill-color",
    "font-size",
    "content",
];

/// The effect of declarations, and that of those that are `!important`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) usual: Declarations,
    pub(super) important: Declarations,
}

/// The declarations of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Declarations {
    effect: Effect,
    pub(super) properties: Rc<Properties>,
    /// The names and values of those that depend on custom properties.
    dependent: Vec<(String, String)>,
}

impl Declarations {
    /// The effect where these custom properties apply.
    pub(super) fn effect(&self, scope: Option<&Scope>, looks: &Looks) -> Cow<'_, Effect> {
        if self.dependent.is_empty() {
            return Cow::Borrowed(&self.effect);
        }
        let mut effect = self.effect.clone();
        for (name, value) in &self.dependent {
            effect.declare(name, resolved(value, scope, looks).as_deref().unwrap_or(value));
        }
        Cow::Owned(effect)
    }

    fn declare(&mut self, name: &str, value: &str) {
        if name.starts_with("--") {
            if value.len() <= LONGEST_PROPERTY {
                Rc::make_mut(&mut self.properties).insert(name.to_owned(), value.to_owned());
            }
            return;
        }
        let name = name.to_ascii_lowercase();
        if value.contains("var(") && value.len() <= LONGEST_PROPERTY && LOOKED_UP.contains(&name.as_str()) {
            self.dependent.push((name, value.to_owned()));
        } else {
            self.effect.declare(&name, value);
        }
    }
}

/// A rule for one selector.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) selector: Selector<Css>,
    pub(super) declarations: Rc<Declarations>,
    /// The effect without what depends on custom properties.
    pub(super) hidings: [Option<bool>; HIDINGS],
    /// What decides between two rules.
    pub(super) rank: Rank,
    /// Whether it is known that it applies; it may depend on the reader's screen.
    pub(super) is_certain: bool,
    /// Whether a user can bring about that it applies, by a click or the pointer.
    pub(super) has_state: bool,
}

/// Importance, layer, specificity, order.
pub(super) type Rank = (bool, Rc<[usize]>, u32, usize);

/// The rules of some style sheets.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    pub(super) rules: Vec<Rule>,
    layers: Layers,
    blocks: usize,
    /// Whether there are rules that are not looked at.
    pub(super) is_incomplete: bool,
}

/// Where a rule stands.
#[derive(Debug, Clone, Default)]
struct Place {
    /// The selectors of the rule that it is within.
    within: Option<SelectorList<Css>>,
    layer: Layer,
    is_uncertain: bool,
    has_state: bool,
}

impl Sheets {
    pub(super) fn read(&mut self, sheet: &str, media: &str) {
        let applies = media::of_media(media);
        if applies == Applies::No {
            return;
        }
        let mut input = Parser::new(sheet);
        input.set_nested_block_limit(DEEPEST);
        let place = Place { is_uncertain: applies != Applies::Yes, ..Place::default() };
        let mut reader = Reader::new(self, place);
        // What is no rule is passed over, as by a browser.
        for _ in StyleSheetParser::new(&mut input, &mut reader) {}
    }

    fn add(&mut self, place: &Place, declared: Declared, order: usize) {
        let Some(selectors) = &place.within else { return };
        for (declarations, is_important) in [(declared.usual, false), (declared.important, true)] {
            if declarations == Declarations::default() {
                continue;
            }
            let hidings = declarations.effect.hidings();
            let declarations = Rc::new(declarations);
            let layer: Rc<[usize]> = Layers::rank(&place.layer, is_important).into();
            for selector in selectors.slice() {
                if self.rules.len() >= MOST_RULES {
                    self.is_incomplete = true;
                    return;
                }
                self.rules.push(Rule {
                    selector: selector.clone(),
                    declarations: Rc::clone(&declarations),
                    hidings,
                    rank: (is_important, Rc::clone(&layer), selector.specificity(), order),
                    is_certain: !place.is_uncertain,
                    has_state: place.has_state,
                });
            }
        }
    }
}

/// The declarations of a `style` attribute.
pub(super) fn declared(style: &str) -> Declared {
    let mut input = Parser::new(style);
    input.set_nested_block_limit(DEEPEST);
    let mut sheets = Sheets::default();
    let mut reader = Reader { has_declarations: true, ..Reader::new(&mut sheets, Place::default()) };
    for _ in RuleBodyParser::new(&mut input, &mut reader) {}
    reader.declared
}

/// A reader of a sheet, of a rule, or of the block of an at-rule.
struct Reader<'s> {
    sheets: &'s mut Sheets,
    place: Place,
    has_declarations: bool,
    declared: Declared,
}

impl<'s> Reader<'s> {
    fn new(sheets: &'s mut Sheets, place: Place) -> Self {
        let has_declarations = place.within.is_some();
        Self { sheets, place, has_declarations, declared: Declared::default() }
    }

    /// Reads a block and adds its rules.
    fn read_block(&mut self, place: &Place, input: &mut Parser<'_>) {
        self.sheets.blocks += 1;
        let order = self.sheets.blocks;
        let mut reader = Reader::new(self.sheets, place.clone());
        for _ in RuleBodyParser::new(input, &mut reader) {}
        let declared = reader.declared;
        self.sheets.add(place, declared, order);
    }
}

type Read<T> = Result<T, ParseError<SelectorParseErrorKind>>;

impl<'i> QualifiedRuleParser<'i> for Reader<'_> {
    type Prelude = Place;
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
        let relative = if self.place.within.is_some() { ParseRelative::ForNesting } else { ParseRelative::No };
        let selectors = SelectorList::parse(&parser, input, relative)?;
        if selectors.slice().iter().any(|selector| selector.len() > MOST_PARTS) {
            self.sheets.is_incomplete = true;
            return Err(ParseError::unexpected_token());
        }
        let selectors = match &self.place.within {
            Some(within) => selectors.replace_parent_selector(within),
            None => selectors,
        };
        let is_uncertain = self.place.is_uncertain || parser.has_unknown.get();
        let has_state = self.place.has_state || parser.has_state.get();
        Ok(Place { within: Some(selectors), layer: self.place.layer.clone(), is_uncertain, has_state })
    }

    fn parse_block(&mut self, place: Place, _: &ParserState, input: &mut Parser<'i>) -> Read<()> {
        self.read_block(&place, input);
        Ok(())
    }
}

/// What is before the block of an at-rule.
enum Before {
    Condition(Applies),
    /// Names of layers.
    Layers(String),
}

impl<'i> AtRuleParser<'i> for Reader<'_> {
    type Prelude = Before;
    type AtRule = ();
    type Error = SelectorParseErrorKind;

    fn parse_prelude(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>) -> Read<Before> {
        let condition = rest(input);
        Ok(Before::Condition(match name.to_ascii_lowercase().as_str() {
            "media" => media::of_media(&without_comments(condition)),
            "layer" => return Ok(Before::Layers(without_comments(condition).into_owned())),
            "supports" if !condition.trim_start().to_ascii_lowercase().starts_with("not") => Applies::Yes,
            "supports" | "container" | "scope" => Applies::Perhaps,
            _ => return Err(ParseError::from_basic_kind(BasicParseErrorKind::AtRuleInvalid)),
        }))
    }

    fn rule_without_block(&mut self, before: Before, _: &ParserState) -> Result<(), ()> {
        let Before::Layers(names) = before else { return Err(()) };
        for name in names.split(',') {
            self.sheets.layers.layer(&self.place.layer, name);
        }
        Ok(())
    }

    fn parse_block(&mut self, before: Before, _: &ParserState, input: &mut Parser<'i>) -> Read<()> {
        let mut place = self.place.clone();
        match before {
            Before::Condition(Applies::No) => return Ok(()),
            Before::Condition(applies) => place.is_uncertain |= applies != Applies::Yes,
            Before::Layers(name) => place.layer = self.sheets.layers.layer(&self.place.layer, &name),
        }
        self.read_block(&place, input);
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
        let (value, declarations) = match value.rsplit_once('!') {
            Some((value, mark)) if mark.trim().eq_ignore_ascii_case("important") => {
                (value.trim(), &mut self.declared.important)
            }
            _ => (value, &mut self.declared.usual),
        };
        declarations.declare(&name, &without_comments(value));
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
