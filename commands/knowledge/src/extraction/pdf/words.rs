//! The words of a page with their positions, as `pdftotext -bbox-layout` lists them.

/// A part of a page, in points from its upper left corner.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Area {
    pub(super) fn width(&self) -> f32 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// The horizontal centre, in points from the left.
    pub(super) fn center(&self) -> f32 {
        f32::midpoint(self.left, self.right)
    }

    /// The vertical middle, in points from the top.
    pub(super) fn middle(&self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }

    pub(super) fn with(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// The smallest area around all of them; an empty one around none.
    pub(super) fn around<'a>(areas: impl IntoIterator<Item = &'a Self>) -> Self {
        areas.into_iter().copied().reduce(|all, area| all.with(&area)).unwrap_or_default()
    }

    pub(super) fn holds_center_of(&self, other: &Self) -> bool {
        let (x, y) = (other.center(), other.middle());
        self.left <= x && x < self.right && self.top <= y && y < self.bottom
    }
}

/// A word, or a whole line of rotated text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) area: Area,
    pub(super) text: String,
    /// The index of its line on the page; lines are in reading order.
    pub(super) line: usize,
    /// The index of the word on the page.
    pub(super) order: usize,
    pub(super) is_turned: bool,
    /// The baseline in points from the top, if the page tells: boxes of different fonts do not show it.
    pub(super) baseline: Option<f32>,
}

/// The words and lines of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) area: Area,
    pub(super) words: Vec<Word>,
    /// The area of each line, and whether it begins a block.
    pub(super) lines: Vec<(Area, bool)>,
}

/// Builds pages from the lines that the program writes.
#[derive(Debug, Default)]
pub(super) struct Pages {
    page: Page,
    /// Whether the next line begins a block.
    begins: bool,
    size: usize,
}

impl Pages {
    /// The bytes of the words of the current page.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Reads the next line; returns the page that ends with it.
    pub(super) fn take(&mut self, line: &str) -> Option<Page> {
        let line = line.trim_start();
        if line.starts_with("<word ") {
            let text =
                line.split_once('>').and_then(|(_, text)| text.rsplit_once("</word>")).map_or("", |(text, _)| text);
            if let Some(area) = area(line).filter(|_| !text.trim().is_empty()) {
                let number = self.page.lines.len().saturating_sub(1);
                self.size += text.len();
                let order = self.page.words.len();
                let text = unescaped(text);
                self.page.words.push(Word { area, text, line: number, order, is_turned: false, baseline: None });
            }
        } else if line.starts_with("<line ") {
            self.page.lines.push((area(line).unwrap_or_default(), self.begins));
            self.begins = false;
        } else if line.starts_with("<flow>") {
            self.begins = true;
        } else if line.starts_with("<page ") {
            self.page = Page::default();
            let size = |name| attribute(line, name).unwrap_or(0.0);
            self.page.area = Area { left: 0.0, top: 0.0, right: size(" width=\""), bottom: size(" height=\"") };
        } else if line.starts_with("</page>") {
            self.size = 0;
            return Some(std::mem::take(&mut self.page));
        }
        None
    }
}

/// The area of an element, if it is within the limits of a page.
fn area(element: &str) -> Option<Area> {
    let value = |name| attribute(element, name).filter(|value| value.abs() < 100_000.0);
    let area =
        Area { left: value("xMin=\"")?, top: value("yMin=\"")?, right: value("xMax=\"")?, bottom: value("yMax=\"")? };
    Some(Area { right: area.right.max(area.left), bottom: area.bottom.max(area.top), ..area })
}

fn attribute(element: &str, name: &str) -> Option<f32> {
    let value = &element[element.find(name)? + name.len()..];
    value.split('"').next()?.parse().ok()
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
