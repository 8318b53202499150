//! A copy of a file without its invisible text.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use hayro_syntax::{
    Pdf,
    object::{Array, Dict, ObjRef},
    page::Page,
};

use super::{
    content::contents,
    drawn::{Drawings, LARGEST_CONTENT, LARGEST_CONTENTS, MOST_OF_A_PAGE, MOST_OF_ALL, Pen, guarded, turned},
    glyphs::{Fonts, Glyphs},
    hidden::{self, Hidden},
    layers::Layers,
    revised,
};

/// Comparisons of glyphs with the areas around them, for all pages.
const MOST_COMPARISONS: usize = 500_000_000;

/// The invisible text of a file's pages by their numbers, and a copy without it if there is any.
#[derive(Default)]
pub(super) struct Visible {
    pub(super) hidden: HashMap<usize, Hidden>,
    pub(super) bytes: Option<Vec<u8>>,
}

/// The numbers and generations of the streams with the content of a page.
type Streams = Vec<(u32, i32)>;

/// A page whose content can be replaced.
struct Changed {
    number: usize,
    streams: Streams,
    content: Vec<u8>,
    /// The invisible text if the content is not replaced.
    otherwise: Hidden,
}

/// The content that may still be examined, of all pages.
struct Left {
    instructions: usize,
    bytes: u64,
    comparisons: usize,
    fonts: Fonts,
    layers: Rc<Layers>,
}

impl Drawings {
    /// The file, changed so that Poppler does not read its invisible text.
    pub(super) fn without_hidden<'a>(&mut self, bytes: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
        let Some(file) = &self.file else { return bytes };
        let found = guarded(|| of_file(file, &bytes, &self.layers)).unwrap_or_default();
        self.hidden = found.hidden;
        found.bytes.map_or(bytes, Cow::Owned)
    }
}

fn of_file(file: &Pdf, bytes: &[u8], layers: &Rc<Layers>) -> Visible {
    let mut left = Left {
        instructions: MOST_OF_ALL,
        bytes: LARGEST_CONTENTS,
        comparisons: MOST_COMPARISONS,
        fonts: Fonts::default(),
        layers: Rc::clone(layers),
    };
    let mut visible = Visible::default();
    let mut changes: Vec<Changed> = Vec::new();
    // How many pages use each stream.
    let mut uses: HashMap<(u32, i32), usize> = HashMap::new();
    for (number, page) in (1..).zip(file.pages().iter()) {
        let streams = streams(page.raw());
        for stream in streams.iter().flatten() {
            *uses.entry(*stream).or_default() += 1;
        }
        let Some((hidden, rewritten)) = guarded(|| left.hidden(page)).flatten() else { continue };
        visible.hidden.insert(number, hidden);
        let Some((content, otherwise)) = rewritten else { continue };
        match streams {
            Some(streams) => changes.push(Changed { number, streams, content, otherwise }),
            None => _ = visible.hidden.insert(number, otherwise),
        }
    }
    // A page that is listed several times is changed alike each time.
    let mut alike: HashMap<(Streams, Vec<u8>), usize> = HashMap::new();
    for changed in &changes {
        *alike.entry((changed.streams.clone(), changed.content.clone())).or_default() += 1;
    }
    let is_own = |changed: &Changed| {
        let times = alike.get(&(changed.streams.clone(), changed.content.clone()));
        changed.streams.iter().all(|stream| uses.get(stream) == times)
    };
    let (own, mut shared): (Vec<Changed>, Vec<Changed>) = changes.into_iter().partition(is_own);
    let mut replaced: BTreeMap<(u32, i32), Vec<u8>> = BTreeMap::new();
    for changed in &own {
        // The first stream gets all of the content, the others become empty.
        replaced.extend(changed.streams.iter().map(|stream| (*stream, Vec::new())));
        replaced.extend(changed.streams.first().map(|first| (*first, changed.content.clone())));
    }
    if !own.is_empty() {
        visible.bytes = revised::with_streams(file, bytes, &replaced);
    }
    if visible.bytes.is_none() {
        shared.extend(own);
    }
    visible.hidden.extend(shared.into_iter().map(|changed| (changed.number, changed.otherwise)));
    visible
}

/// The content of a page without invisible text, and what Poppler reads of that text if the file cannot be changed.
type Rewritten = (Vec<u8>, Hidden);

impl Left {
    /// The invisible text of a page, if it is known; with the content without it, and what Poppler reads of it
    /// otherwise.
    fn hidden(&mut self, page: &Page<'_>) -> Option<(Hidden, Option<Rewritten>)> {
        let (matrix, size) = turned(page);
        let (instructions, bytes) = (MOST_OF_A_PAGE.min(self.instructions), LARGEST_CONTENT.min(self.bytes));
        let mut pen = Pen::new(&size, instructions, bytes, &self.layers);
        pen.glyphs = Some(Glyphs::with(std::mem::take(&mut self.fonts)));
        let content = contents(page.raw(), &mut pen.bytes);
        pen.follow(&content, page.resources(), matrix, 0);
        pen.annotations(page, matrix);
        self.instructions -= instructions - pen.instructions;
        self.bytes -= bytes - pen.bytes;
        let mut glyphs = pen.glyphs?;
        self.fonts = std::mem::take(&mut glyphs.fonts);
        if pen.is_cut {
            return None;
        }
        let hidden = hidden::of_page(&pen.drawn.seen, &glyphs, &size, &mut self.comparisons)?;
        let otherwise = hidden.all_read(&glyphs);
        Some(match hidden.moved_off(&content, &glyphs) {
            Some(content) => (hidden, Some((content, otherwise))),
            None => (otherwise, None),
        })
    }
}

/// The numbers of the streams with the content of a page; `None` if one of them has none.
fn streams(page: &Dict<'_>) -> Option<Streams> {
    let id = |at: ObjRef| (at.obj_number, at.gen_number);
    match page.get::<Array<'_>>(b"Contents") {
        Some(streams) => streams.raw_iter().map(|stream| stream.as_obj_ref().map(id)).collect(),
        None => page.get_ref(b"Contents").map(|at| vec![id(at)]),
    }
}
