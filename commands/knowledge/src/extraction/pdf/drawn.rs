//! The drawings of a page besides its text: lines and filled rectangles, and the fonts of its text.
//!
//! Poppler reads the text; this only finds the lines of tables. Content that cannot be parsed has none.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use hayro_syntax::{
    Pdf,
    content::{TypedIter, ops::TypedInstruction},
    object::{Array, Dict, Name, Number, Rect, Stream},
    page::{Page, Resources, Rotation},
};

use super::{
    annotations,
    content::{contents, decoded},
    fonts::{base_font, is_tex_bitmap},
    glyphs::{Glyphs, Setting},
    hidden::Hidden,
    joints::{self, Joints},
    letters,
    matrix::{Matrix, SAME, combined, moved},
    path::{MOST_LINES, Path},
    seen::Seen,
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
/// Instructions that a form counts as, because it is looked up and unpacked.
const FORM: usize = 100;
/// The depth of nested forms, and of saved graphics states.
const DEEPEST: usize = 8;
const MOST_KEPT: usize = 64;
/// Points below which a filled area is a line.
const THIN: f32 = 3.0;
/// Points below which a line is a dot or a part of a sign.
const SHORT: f32 = 4.0;
/// Points of the shortest line of a fraction, which is as wide as a small digit.
const SHORTEST: f32 = 2.5;

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
    instructions_left: usize,
    bytes_left: u64,
}

impl Drawings {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let file = guarded(|| Pdf::new(bytes.to_vec()).ok()).flatten();
        Self { file, hidden: HashMap::new(), instructions_left: MOST_OF_ALL, bytes_left: LARGEST_CONTENTS }
    }

    /// The file, changed so that Poppler reads the signs that its symbol fonts show.
    pub(super) fn with_signs<'a>(&self, bytes: &'a [u8], notes: &mut Notes) -> Cow<'a, [u8]> {
        let mended = self.file.as_ref().and_then(|file| guarded(|| letters::with_signs(file, bytes, notes)));
        mended.unwrap_or(Cow::Borrowed(bytes))
    }

    /// The drawings of the page with this number, from 1; none if its size differs from Poppler's.
    pub(super) fn on(&mut self, number: usize, size: &Area) -> Drawn {
        let hidden = self.hidden.remove(&number);
        let Self { file: Some(file), instructions_left, bytes_left, .. } = self else { return Drawn::default() };
        let limit = MOST_OF_A_PAGE.min(*instructions_left);
        let read = guarded(|| {
            let page = file.pages().get(number.checked_sub(1)?)?;
            let to_page = upright(page, size)?;
            let bytes = LARGEST_CONTENT.min(*bytes_left);
            let mut pen = Pen::new(size, limit, bytes);
            let content = contents(page.raw(), &mut pen.bytes);
            pen.follow(&content, page.resources(), to_page, 0);
            pen.drawn.seen.shown = shown(page, to_page, size);
            let annotations = annotations::of_page(page);
            for [from, to] in annotations.strikes {
                pen.strike(between(moved(from, to_page), moved(to, to_page)));
            }
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
    size: Area,
    pub(super) drawn: Drawn,
    /// The glyphs of the page, if their places are asked for.
    pub(super) glyphs: Option<Glyphs>,
    /// The instructions and bytes that may still be examined.
    pub(super) instructions: usize,
    pub(super) bytes: u64,
    /// Whether content was left that is not examined.
    pub(super) is_cut: bool,
}

impl Pen {
    pub(super) fn new(size: &Area, instructions: usize, bytes: u64) -> Self {
        Self { size: *size, drawn: Drawn::default(), glyphs: None, instructions, bytes, is_cut: false }
    }

    pub(super) fn follow(&mut self, content: &[u8], resources: &Resources<'_>, to_page: Matrix, depth: usize) {
        let (mut matrix, mut kept) = (to_page, Vec::new());
        let mut path = Path::default();
        let mut fonts: HashSet<String> = HashSet::new();
        let mut said = letters::ActualText::default();
        let mut follower = joints::Follower::default();
        let mut instructions = TypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            if self.instructions == 0 || self.drawn.across.len() + self.drawn.down.len() > MOST_LINES {
                self.is_cut = true;
                return;
            }
            self.instructions -= 1;
            let place = self.drawn.seen.next(matrix);
            follower.follow(&instruction, resources, place, &mut self.bytes, &mut self.drawn.joints);
            self.drawn.seen.follow(&instruction, matrix);
            if let Some(glyphs) = &mut self.glyphs {
                let Seen { line, order, ink, .. } = &self.drawn.seen;
                glyphs.follow(&instruction, resources, combined(*line, matrix), (*order, *ink), depth > 0);
            }
            let font_of_signs = said.follow(&instruction, resources);
            self.drawn.fonts_of_signs.extend(font_of_signs.map(str::to_owned));
            let at = |x: &Number, y: &Number| moved((x.as_f32(), y.as_f32()), matrix);
            match &instruction {
                TypedInstruction::SaveState(_) if kept.len() < MOST_KEPT => {
                    kept.push((matrix, self.drawn.seen.ink, self.setting()));
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
                TypedInstruction::ClipNonZero(_) | TypedInstruction::ClipEvenOdd(_) => self.drawn.seen.clip(&mut path),
                TypedInstruction::Transform(t) => {
                    let own = [&t.0, &t.1, &t.2, &t.3, &t.4, &t.5].map(Number::as_f32);
                    matrix = combined(own, matrix);
                }
                TypedInstruction::MoveTo(to) => path.begin(at(&to.0, &to.1)),
                TypedInstruction::LineTo(to) => path.line_to(at(&to.0, &to.1)),
                TypedInstruction::CubicTo(to) => path.bend_to(at(&to.4, &to.5)),
                TypedInstruction::CubicStartTo(to) => path.bend_to(at(&to.2, &to.3)),
                TypedInstruction::CubicEndTo(to) => path.bend_to(at(&to.2, &to.3)),
                TypedInstruction::ClosePath(_) => path.close(),
                TypedInstruction::RectPath(rect) => {
                    let [x, y, width, height] = [&rect.0, &rect.1, &rect.2, &rect.3].map(Number::as_f32);
                    path.begin(moved((x, y), matrix));
                    path.line_to(moved((x + width, y), matrix));
                    path.line_to(moved((x + width, y + height), matrix));
                    path.line_to(moved((x, y + height), matrix));
                    path.close();
                    path.finish();
                }
                TypedInstruction::StrokePath(_) => self.stroke(std::mem::take(&mut path)),
                TypedInstruction::CloseAndStrokePath(_) => {
                    path.close();
                    self.stroke(std::mem::take(&mut path));
                }
                TypedInstruction::CloseFillAndStrokeNonZero(_) | TypedInstruction::CloseFillAndStrokeEvenOdd(_) => {
                    path.close();
                    self.drawn.seen.fill(&mut path);
                    self.stroke(std::mem::take(&mut path));
                }
                TypedInstruction::FillAndStrokeNonZero(_) | TypedInstruction::FillAndStrokeEvenOdd(_) => {
                    self.drawn.seen.fill(&mut path);
                    self.stroke(std::mem::take(&mut path));
                }
                TypedInstruction::FillPathNonZero(_)
                | TypedInstruction::FillPathNonZeroCompatibility(_)
                | TypedInstruction::FillPathEvenOdd(_) => self.fill(std::mem::take(&mut path)),
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
                TypedInstruction::XObject(form) if depth < DEEPEST => {
                    let form = resources.get_x_object(form.0);
                    self.form(form, resources, matrix, depth);
                }
                _ => {}
            }
        }
    }

    fn form(&mut self, form: Option<Stream<'_>>, resources: &Resources<'_>, matrix: Matrix, depth: usize) {
        let is_form =
            |form: &Stream<'_>| form.dict().get::<Name<'_>>(b"Subtype").is_some_and(|it| it.as_ref() == b"Form");
        let Some(form) = form else { return };
        if !is_form(&form) {
            self.drawn.seen.image(matrix);
            return;
        }
        let own = form.dict().get::<Array<'_>>(b"Matrix").and_then(|own| {
            let own: Vec<f32> = own.iter::<Number>().map(|it| it.as_f32()).take(6).collect();
            Matrix::try_from(own).ok()
        });
        self.instructions = self.instructions.saturating_sub(FORM);
        let content = decoded(&form, &mut self.bytes);
        let matrix = combined(own.unwrap_or(SAME), matrix);
        let (ink, setting) = (self.drawn.seen.ink, self.setting());
        match form.dict().get::<Dict<'_>>(b"Resources") {
            Some(own) => self.follow(&content, &Resources::new(own), matrix, depth + 1),
            None => self.follow(&content, resources, matrix, depth + 1),
        }
        self.drawn.seen.ink = ink;
        self.set(setting);
    }

    fn setting(&self) -> Option<Setting> {
        self.glyphs.as_ref().map(|glyphs| glyphs.setting.clone())
    }

    fn set(&mut self, setting: Option<Setting>) {
        if let Some((glyphs, setting)) = self.glyphs.as_mut().zip(setting) {
            glyphs.setting = setting;
        }
    }

    fn stroke(&mut self, mut path: Path) {
        path.finish();
        self.drawn.seen.stroke(&path);
        // A pen as broad as a line of text highlights it.
        let may_strike = self.drawn.seen.ink.width <= THIN;
        for (from, to) in path.lines {
            let area = between(from, to);
            if may_strike {
                self.strike(area);
            }
            self.edge(area);
        }
    }

    fn fill(&mut self, mut path: Path) {
        self.drawn.seen.fill(&mut path);
        for area in path.areas {
            if area.width().min(area.height()) <= THIN {
                self.strike(area);
                self.edge(area);
            } else if area.height() < self.size.height() * 0.9 {
                self.edge(Area { bottom: area.top, ..area });
                self.edge(Area { top: area.bottom, ..area });
            }
        }
    }

    /// Records a line that may strike text.
    fn strike(&mut self, area: Area) {
        if is_line(&area, SHORTEST) {
            push_line(&area, &mut self.drawn.strokes, &mut self.drawn.strokes_down);
        }
    }

    fn edge(&mut self, area: Area) {
        if is_line(&area, SHORT) {
            push_line(&area, &mut self.drawn.across, &mut self.drawn.down);
        }
    }
}

fn push_line(area: &Area, across: &mut Vec<Line>, down: &mut Vec<Line>) {
    if area.width() >= area.height() {
        across.push(Line { at: area.middle(), from: area.left, to: area.right });
    } else {
        down.push(Line { at: area.center(), from: area.top, to: area.bottom });
    }
}

fn is_line(area: &Area, shortest: f32) -> bool {
    let (width, height) = (area.width(), area.height());
    width.min(height) <= THIN && width.max(height) >= shortest && (width + height).is_finite()
}

fn between((a, b): (f32, f32), (c, d): (f32, f32)) -> Area {
    Area { left: a.min(c), top: b.min(d), right: a.max(c), bottom: b.max(d) }
}
