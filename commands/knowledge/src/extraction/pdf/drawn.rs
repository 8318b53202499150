//! The drawings of a page besides its text: lines and filled rectangles, and the fonts of its text.
//!
//! Poppler reads the text; this only finds the lines of tables. Content that cannot be parsed has none.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use hayro_syntax::{
    Pdf,
    content::{TypedIter, ops::TypedInstruction},
    object::{Number, Object, Rect},
    page::{Page, Resources, Rotation},
};

use super::{
    annotations,
    content::contents,
    fonts::{base_font, is_tex_bitmap},
    glyphs::{Glyphs, Setting},
    hidden::Hidden,
    joints::{self, Joints},
    layers::Layers,
    letters,
    marks::Mark,
    matrix::{Matrix, combined, moved},
    path::{MOST_LINES, Path},
    seen::Seen,
    shape::Point,
    ticks::Tick,
    words::Area,
};
use crate::extraction::notes::Notes;

/// Bytes of content that are examined, of a page and of all pages.
pub(super) const LARGEST_CONTENT: u64 = 8 * 1_048_576;
pub(super) const LARGEST_CONTENTS: u64 = 400 * 1_048_576;
/// Instructions that are examined, of a page and of all pages.
pub(super) const MOST_OF_A_PAGE: usize = 400_000;
pub(super) const MOST_OF_ALL: usize = 20_000_000;
/// The depth of nested forms, and of saved graphics states.
const DEEPEST: usize = 8;
const MOST_KEPT: usize = 64;
/// A straight horizontal or vertical line: its position on the other axis, and its two ends, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) at: f32,
    pub(super) from: f32,
    pub(super) to: f32,
}

/// The drawings of a page.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Horizontal lines, and the horizontal edges of filled areas.
    pub(super) across: Vec<Line>,
    /// Vertical lines, and the vertical edges of filled areas.
    pub(super) down: Vec<Line>,
    /// Horizontal lines that are no edges of areas, those of annotations included.
    pub(super) strokes: Vec<Line>,
    /// Vertical lines that are no edges of areas.
    pub(super) strokes_down: Vec<Line>,
    /// Lines that rise or fall a little, as by hand.
    pub(super) slanted: Vec<(Point, Point)>,
    pub(super) seen: Seen,
    pub(super) joints: Joints,
    /// The invisible text; `None` if it is not known.
    pub(super) hidden: Option<Hidden>,
    /// The check boxes and radio buttons of a form.
    pub(super) ticks: Vec<Tick>,
    /// The number of annotations whose content is not read.
    pub(super) unread: usize,
    /// The names of the fonts.
    pub(super) fonts: BTreeSet<String>,
    /// Fonts that show signs where the page declares letters.
    pub(super) fonts_of_signs: BTreeSet<String>,
    /// Whether the page has bitmap fonts of TeX, whose characters are known by number only.
    pub(super) has_tex_bitmaps: bool,
}

/// A file whose pages' drawings can be queried.
#[derive(Default)]
pub(super) struct Drawings {
    pub(super) file: Option<Pdf>,
    /// The invisible text of pages by their numbers.
    pub(super) hidden: HashMap<usize, Hidden>,
    pub(super) layers: Rc<Layers>,
    instructions_left: usize,
    bytes_left: u64,
}

impl Drawings {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let file = guarded(|| Pdf::new(bytes.to_vec()).ok()).flatten();
        let layers = file.as_ref().and_then(|file| guarded(|| Layers::of(file))).unwrap_or_default();
        let (instructions_left, bytes_left) = (MOST_OF_ALL, LARGEST_CONTENTS);
        Self { file, hidden: HashMap::new(), layers: Rc::new(layers), instructions_left, bytes_left }
    }

    /// The file, changed so that Poppler reads the signs that its symbol fonts show.
    pub(super) fn with_signs<'a>(&self, bytes: &'a [u8], notes: &mut Notes) -> Cow<'a, [u8]> {
        let mended = self.file.as_ref().and_then(|file| guarded(|| letters::with_signs(file, bytes, notes)));
        mended.unwrap_or(Cow::Borrowed(bytes))
    }

    /// The drawings of the page with this number, from 1; none if its size differs from Poppler's.
    pub(super) fn on(&mut self, number: usize, size: &Area) -> Drawn {
        let hidden = self.hidden.remove(&number);
        let Self { file: Some(file), layers, instructions_left, bytes_left, .. } = self else {
            return Drawn::default();
        };
        let limit = MOST_OF_A_PAGE.min(*instructions_left);
        let read = guarded(|| {
            let page = file.pages().get(number.checked_sub(1)?)?;
            let to_page = upright(page, size)?;
            let bytes = LARGEST_CONTENT.min(*bytes_left);
            let mut pen = Pen::new(size, limit, bytes, layers);
            let content = contents(page.raw(), &mut pen.bytes);
            pen.follow(&content, page.resources(), to_page, 0);
            pen.annotations(page, to_page);
            pen.drawn.seen.shown = shown(page, to_page, size);
            let annotations = annotations::of_page(page);
            for [from, to] in annotations.strikes {
                pen.marks.push(Mark::above(between(moved(from, to_page), moved(to, to_page))));
            }
            pen.finish();
            for ([from, to], is_set) in annotations.ticks {
                let area = between(moved(from, to_page), moved(to, to_page));
                pen.drawn.ticks.push(Tick { area, is_set });
            }
            pen.drawn.unread = annotations.unread;
            Some((pen.drawn, limit - pen.instructions, bytes - pen.bytes))
        });
        let Some((drawn, instructions, bytes)) = read.flatten() else { return Drawn { hidden, ..Drawn::default() } };
        *instructions_left -= instructions;
        *bytes_left -= bytes;
        Drawn { hidden, ..drawn }
    }
}

/// Runs the library behind `catch_unwind`: a panic in it is no reason to lose the text.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

/// The matrix from the page's own coordinates, which begin at the lower left, to points from the upper left of the
/// rotated page, and the area of that page.
pub(super) fn turned(page: &Page<'_>) -> (Matrix, Area) {
    let Rect { x0, y0, x1, y1 } = page.media_box();
    #[expect(clippy::cast_possible_truncation, reason = "a page has no more than 100,000 points")]
    let [left, low, right, high] = [x0.min(x1) as f32, y0.min(y1) as f32, x0.max(x1) as f32, y0.max(y1) as f32];
    let (matrix, width, height) = match page.rotation() {
        Rotation::None => ([1.0, 0.0, 0.0, -1.0, -left, high], right - left, high - low),
        Rotation::Horizontal => ([0.0, 1.0, 1.0, 0.0, -low, -left], high - low, right - left),
        Rotation::Flipped => ([-1.0, 0.0, 0.0, 1.0, right, -low], right - left, high - low),
        Rotation::FlippedHorizontal => ([0.0, -1.0, -1.0, 0.0, high, right], high - low, right - left),
    };
    (matrix, Area { left: 0.0, top: 0.0, right: width, bottom: height })
}

/// The matrix to points of the rotated page; `None` if its size differs from Poppler's.
fn upright(page: &Page<'_>, size: &Area) -> Option<Matrix> {
    let (matrix, area) = turned(page);
    let (width, height) = (area.width(), area.height());
    // A damaged file may be paginated differently by the two libraries.
    let fits = |mine: f32, theirs: f32| (mine - theirs).abs() < 2.0;
    let upright = fits(width, size.width()) && fits(height, size.height());
    let lying = fits(width, size.height()) && fits(height, size.width());
    (upright || lying).then_some(matrix)
}

/// The visible area of a page, if it is not the whole.
fn shown(page: &Page<'_>, to_page: Matrix, size: &Area) -> Option<Area> {
    let Rect { x0, y0, x1, y1 } = page.intersected_crop_box();
    #[expect(clippy::cast_possible_truncation, reason = "a page has no more than 100,000 points")]
    let corners = [(x0 as f32, y0 as f32), (x1 as f32, y1 as f32)].map(|corner| moved(corner, to_page));
    let area = between(corners[0], corners[1]);
    let is_less = area.width() < size.width() - 2.0 || area.height() < size.height() - 2.0;
    (is_less && area.width() > 1.0 && area.height() > 1.0).then_some(area)
}

/// Interprets the drawing instructions of a page.
pub(super) struct Pen {
    pub(super) size: Area,
    pub(super) drawn: Drawn,
    /// The lines that may strike text.
    pub(super) marks: Vec<Mark>,
    pub(super) layers: Rc<Layers>,
    /// The glyphs of the page, if their places are asked for.
    pub(super) glyphs: Option<Glyphs>,
    /// The instructions and bytes that may still be examined.
    pub(super) instructions: usize,
    pub(super) bytes: u64,
    /// Whether content was left that is not examined.
    pub(super) is_cut: bool,
}

impl Pen {
    pub(super) fn new(size: &Area, instructions: usize, bytes: u64, layers: &Rc<Layers>) -> Self {
        let (drawn, marks, layers) = (Drawn::default(), Vec::new(), Rc::clone(layers));
        Self { size: *size, drawn, marks, layers, glyphs: None, instructions, bytes, is_cut: false }
    }

    pub(super) fn follow(&mut self, content: &[u8], resources: &Resources<'_>, to_page: Matrix, depth: usize) {
        let (mut matrix, mut kept) = (to_page, Vec::new());
        let mut path = Path::default();
        let mut fonts: HashSet<String> = HashSet::new();
        let mut said = letters::ActualText::default();
        let mut follower = joints::Follower::default();
        // Whether each open part of the content belongs to a layer that is not shown.
        let mut layers: Vec<bool> = Vec::new();
        let off = self.drawn.seen.off;
        let mut instructions = TypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            if self.instructions == 0 || self.drawn.across.len() + self.drawn.down.len() > MOST_LINES {
                self.is_cut = true;
                return;
            }
            self.instructions -= 1;
            let place = self.drawn.seen.next(matrix);
            follower.follow(&instruction, resources, place, &mut self.bytes, &mut self.drawn.joints);
            self.drawn.seen.follow(&instruction, resources, matrix);
            if let Some(glyphs) = &mut self.glyphs {
                let Seen { line, order, ink, off, .. } = &self.drawn.seen;
                let seen = (*order, ink, *off > 0);
                glyphs.follow(&instruction, resources, combined(*line, matrix), seen, depth > 0);
            }
            let font_of_signs = said.follow(&instruction, resources);
            self.drawn.fonts_of_signs.extend(font_of_signs.map(str::to_owned));
            let at = |x: &Number, y: &Number| moved((x.as_f32(), y.as_f32()), matrix);
            match &instruction {
                TypedInstruction::SaveState(_) if kept.len() < MOST_KEPT => {
                    kept.push((matrix, self.drawn.seen.ink.clone(), self.setting()));
                }
                TypedInstruction::RestoreState(_) => {
                    if let Some((saved, ink, setting)) = kept.pop() {
                        (matrix, self.drawn.seen.ink) = (saved, ink);
                        self.set(setting);
                    }
                }
                TypedInstruction::SetGraphicsState(name) => {
                    if let Some(state) = resources.get_ext_g_state(name.0) {
                        self.drawn.seen.ink.set(&state);
                    }
                }
                TypedInstruction::InlineImage(_) => self.drawn.seen.image(matrix),
                TypedInstruction::ClipNonZero(_) => self.drawn.seen.clip(&mut path, false),
                TypedInstruction::ClipEvenOdd(_) => self.drawn.seen.clip(&mut path, true),
                TypedInstruction::BeginMarkedContent(_) => layers.push(false),
                TypedInstruction::BeginMarkedContentWithProperties(marked) => {
                    let Object::Name(layer) = &marked.1 else {
                        layers.push(false);
                        continue;
                    };
                    let is_layer = marked.0.as_ref() == b"OC";
                    let is_off = is_layer && self.layers.is_off(&resources.properties, layer.as_ref());
                    layers.push(is_off);
                    self.drawn.seen.off += usize::from(is_off);
                }
                TypedInstruction::EndMarkedContent(_) => {
                    let is_off = layers.pop().unwrap_or_default();
                    self.drawn.seen.off -= usize::from(is_off);
                }
                TypedInstruction::Transform(t) => {
                    let own = [&t.0, &t.1, &t.2, &t.3, &t.4, &t.5].map(Number::as_f32);
                    matrix = combined(own, matrix);
                }
                TypedInstruction::MoveTo(to) => path.begin(at(&to.0, &to.1)),
                TypedInstruction::LineTo(to) => path.line_to(at(&to.0, &to.1)),
                TypedInstruction::CubicTo(to) => {
                    path.bend_to(at(&to.0, &to.1), at(&to.2, &to.3), at(&to.4, &to.5));
                }
                TypedInstruction::CubicStartTo(to) => path.bend_to(path.end(), at(&to.0, &to.1), at(&to.2, &to.3)),
                TypedInstruction::CubicEndTo(to) => {
                    path.bend_to(at(&to.0, &to.1), at(&to.2, &to.3), at(&to.2, &to.3));
                }
                TypedInstruction::ClosePath(_) => path.close(),
                TypedInstruction::RectPath(rect) => {
                    let [x, y, width, height] = [&rect.0, &rect.1, &rect.2, &rect.3].map(Number::as_f32);
                    let corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
                    path.rectangle_of(corners.map(|corner| moved(corner, matrix)));
                }
                TypedInstruction::EndPath(_) => path = Path::default(),
                TypedInstruction::TextFont(font) if fonts.len() < 200 => {
                    let name = font.0.as_str();
                    if fonts.insert(name.to_owned())
                        && let Some(font) = resources.get_font(font.0)
                    {
                        self.drawn.fonts.extend(base_font(&font));
                        self.drawn.has_tex_bitmaps |= is_tex_bitmap(&font);
                    }
                }
                TypedInstruction::XObject(form) if depth < DEEPEST && self.drawn.seen.off == 0 => {
                    let form = resources.get_x_object(form.0);
                    self.form(form, resources, matrix, depth);
                }
                _ => self.paint(&instruction, &mut path, matrix),
            }
        }
        self.drawn.seen.off = off;
    }

    pub(super) fn setting(&self) -> Option<Setting> {
        self.glyphs.as_ref().map(|glyphs| glyphs.setting.clone())
    }

    pub(super) fn set(&mut self, setting: Option<Setting>) {
        if let Some((glyphs, setting)) = self.glyphs.as_mut().zip(setting) {
            glyphs.setting = setting;
        }
    }
}

pub(super) fn between((a, b): (f32, f32), (c, d): (f32, f32)) -> Area {
    Area { left: a.min(c), top: b.min(d), right: a.max(c), bottom: b.max(d) }
}
