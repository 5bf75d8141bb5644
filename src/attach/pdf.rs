//! PDF (ISO 32000-1): the text of each page in the order it is drawn, and of forms filled in.
//!
//! Where words and lines end is not written in a PDF: it shows in the places text is put at.

use std::collections::HashMap;
use std::rc::Rc;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Do;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use hayro_syntax::page::Resources;
use hayro_syntax::{LoadPdfError, Pdf};

use super::fonts::Font;
use super::text::Text;
use super::{Budget, Refusal};

/// Forms within forms.
const DEPTH_MAX: u32 = 8;
/// Saved states within saved states.
const STATES_MAX: usize = 256;
/// Instructions between two looks at the clock.
const LOOK_EVERY: u32 = 64;
/// A gap this wide, in sizes of the font, stands for a blank.
const BLANK_SIZES: f32 = 0.16;
/// A move this far off the line, in sizes of the font, begins another.
const LINE_SIZES: f32 = 0.5;

pub(super) fn read(bytes: &[u8], text: &mut Text, budget: &Budget) -> Result<(), Refusal> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => "it is locked with a password",
        LoadPdfError::Invalid => "it is damaged or cut off",
    })?;
    if let Some(title) = &pdf.metadata().title {
        text.push(&string(title));
        text.line();
    }
    let mut reader =
        Reader { text, budget, fonts: HashMap::new(), end: None, steps: 0, unknown: 0 };
    let before = reader.text.is_blank();
    for page in pdf.pages().iter() {
        if reader.is_done() {
            reader.text.cut();
            break;
        }
        reader.end = None;
        if let Some(stream) = page.page_stream() {
            reader.run(stream, page.resources(), Matrix::ONE, DEPTH_MAX);
        }
        reader.annotations(page.raw());
        reader.text.line();
    }
    if pdf.pages().is_empty() {
        return Err("it has no pages that can be read");
    }
    if before && reader.unknown > 0 && reader.text.is_blank() {
        return Err("its fonts do not say which characters they show");
    }
    Ok(())
}

/// A text string: UTF-16 where it says so, else nearly Latin-1.
fn string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, ..] => super::plain::decode(bytes, false),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

/// An affine map: `[a b c d e f]`, points as rows.
#[derive(Clone, Copy, Debug)]
struct Matrix([f32; 6]);

impl Matrix {
    const ONE: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First this, then `next`.
    fn then(self, next: Matrix) -> Matrix {
        let to = next.0;
        let turned = |x: f32, y: f32| (x * to[0] + y * to[2], x * to[1] + y * to[3]);
        let [across, down, place] = [0, 2, 4].map(|at| turned(self.0[at], self.0[at + 1]));
        Matrix([across.0, across.1, down.0, down.1, place.0 + to[4], place.1 + to[5]])
    }

    fn moved(x: f32, y: f32) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y])
    }

    fn of(numbers: [&Number; 6]) -> Matrix {
        Matrix(numbers.map(Number::as_f32))
    }
}

/// What saving and restoring a state is about, and where text stands.
#[derive(Clone)]
struct State {
    page: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    leading: f32,
    letter_spacing: f32,
    word_spacing: f32,
    stretch: f32,
}

/// Collects the text of pages.
struct Reader<'a, 'b> {
    text: &'a mut Text,
    budget: &'b Budget,
    /// By the numbers of their objects.
    fonts: HashMap<(u32, i32), Rc<Font>>,
    /// Where the last text ended.
    end: Option<(f32, f32)>,
    steps: u32,
    /// Codes that stand for nothing known.
    unknown: u64,
}

impl Reader<'_, '_> {
    fn is_done(&mut self) -> bool {
        self.text.is_full() || self.budget.is_over()
    }

    /// Looks at the clock now and then.
    fn stops(&mut self) -> bool {
        self.steps = self.steps.wrapping_add(1);
        self.steps.is_multiple_of(LOOK_EVERY) && self.is_done()
    }

    fn run(&mut self, content: &[u8], resources: &Resources<'_>, page: Matrix, depth: u32) {
        let mut state = State {
            page,
            font: None,
            size: 1.0,
            leading: 0.0,
            letter_spacing: 0.0,
            word_spacing: 0.0,
            stretch: 1.0,
        };
        let mut saved: Vec<State> = Vec::new();
        let (mut line, mut here) = (Matrix::ONE, Matrix::ONE);
        let mut instructions = TypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            if self.stops() {
                self.text.cut();
                return;
            }
            match instruction {
                Do::SaveState(_) if saved.len() < STATES_MAX => saved.push(state.clone()),
                Do::RestoreState(_) => state = saved.pop().unwrap_or(state),
                Do::Transform(m) => {
                    let m = Matrix::of([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5]);
                    state.page = m.then(state.page);
                }
                Do::BeginText(_) => (line, here) = (Matrix::ONE, Matrix::ONE),
                Do::TextFont(font) => {
                    state.font = self.font(resources, font.0);
                    state.size = font.1.as_f32();
                }
                Do::TextLeading(leading) => state.leading = leading.0.as_f32(),
                Do::CharacterSpacing(spacing) => state.letter_spacing = spacing.0.as_f32(),
                Do::WordSpacing(spacing) => state.word_spacing = spacing.0.as_f32(),
                Do::HorizontalScaling(scale) => state.stretch = scale.0.as_f32() / 100.0,
                Do::SetTextMatrix(m) => {
                    line = Matrix::of([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5]);
                    here = line;
                }
                Do::NextLine(by) => {
                    line = Matrix::moved(by.0.as_f32(), by.1.as_f32()).then(line);
                    here = line;
                }
                Do::NextLineAndSetLeading(by) => {
                    state.leading = -by.1.as_f32();
                    line = Matrix::moved(by.0.as_f32(), by.1.as_f32()).then(line);
                    here = line;
                }
                Do::NextLineUsingLeading(_) => {
                    line = Matrix::moved(0.0, -state.leading).then(line);
                    here = line;
                }
                Do::ShowText(shown) => self.show(shown.0, &state, &mut here),
                Do::NextLineAndShowText(shown) => {
                    line = Matrix::moved(0.0, -state.leading).then(line);
                    here = line;
                    self.show(shown.0, &state, &mut here);
                }
                Do::ShowTextWithParameters(shown) => {
                    state.word_spacing = shown.0.as_f32();
                    state.letter_spacing = shown.1.as_f32();
                    line = Matrix::moved(0.0, -state.leading).then(line);
                    here = line;
                    self.show(shown.2, &state, &mut here);
                }
                Do::ShowTexts(row) => self.show_row(row.0, &state, &mut here),
                Do::XObject(name) if depth > 0 => {
                    if let Some(stream) = resources.get_x_object(name.0) {
                        self.form(&stream, resources, state.page, depth - 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// Content that is used by name, with resources of its own or those around it.
    fn form(&mut self, stream: &Stream<'_>, around: &Resources<'_>, page: Matrix, depth: u32) {
        let dict = stream.dict();
        if dict.get::<Name<'_>>("Subtype").is_none_or(|kind| &*kind != b"Form") || self.is_done() {
            return;
        }
        let Ok(content) = stream.decoded_data() else { return };
        let numbers: Vec<f32> = dict
            .get::<Array<'_>>("Matrix")
            .map(|matrix| matrix.iter::<Number>().map(|number| number.as_f32()).take(6).collect())
            .unwrap_or_default();
        let page = match <[f32; 6]>::try_from(numbers) {
            Ok(numbers) => Matrix(numbers).then(page),
            Err(_) => page,
        };
        match dict.get::<Dict<'_>>("Resources") {
            Some(own) => self.run(&content, &Resources::new(own), page, depth),
            None => self.run(&content, around, page, depth),
        }
    }

    /// What forms were filled in with, and what was noted on the page.
    fn annotations(&mut self, page: &Dict<'_>) {
        let Some(list) = page.get::<Array<'_>>("Annots") else { return };
        for annotation in list.iter::<Dict<'_>>() {
            if self.stops() {
                self.text.cut();
                return;
            }
            self.end = None;
            self.text.line();
            if let Some(note) = annotation.get::<hayro_syntax::object::String<'_>>("Contents") {
                self.text.push(&string(note.as_bytes()));
                self.text.line();
            }
            let look = annotation.get::<Dict<'_>>("AP").and_then(|ap| ap.get::<Stream<'_>>("N"));
            if let Some(look) = look {
                let none = Resources::new(Dict::empty());
                self.form(&look, &none, Matrix::ONE, DEPTH_MAX);
            }
        }
    }

    fn font(&mut self, resources: &Resources<'_>, name: &Name<'_>) -> Option<Rc<Font>> {
        let key = resources.fonts.get_ref(name).map(|at| (at.obj_number, at.gen_number));
        if let Some(known) = key.and_then(|key| self.fonts.get(&key)) {
            return Some(known.clone());
        }
        let font = Rc::new(Font::new(&resources.get_font(name)?));
        if let Some(key) = key {
            self.fonts.insert(key, font.clone());
        }
        Some(font)
    }

    /// Strings with numbers between them: moves back, in thousandths of the size.
    fn show_row(&mut self, row: &Array<'_>, state: &State, here: &mut Matrix) {
        for item in row.iter::<Object<'_>>() {
            match item {
                Object::String(shown) => self.show(&shown, state, here),
                Object::Number(back) => {
                    let by = -back.as_f32() / 1_000.0 * state.size * state.stretch;
                    *here = Matrix::moved(by, 0.0).then(*here);
                }
                _ => {}
            }
        }
    }

    fn show(&mut self, bytes: &[u8], state: &State, here: &mut Matrix) {
        let Some(font) = &state.font else { return };
        self.arrive(state, *here);
        let mut by = 0.0;
        font.show(bytes, |code| {
            if code.text.is_empty() {
                self.unknown += 1;
            } else if code.text.chars().all(char::is_whitespace) {
                self.text.blank();
            } else {
                for c in code.text.chars() {
                    self.push(c);
                }
            }
            let mut width = code.width / 1_000.0 * state.size + state.letter_spacing;
            if code.is_blank {
                width += state.word_spacing;
            }
            by += width * state.stretch;
        });
        *here = Matrix::moved(by, 0.0).then(*here);
        let [.., x, y] = here.then(state.page).0;
        self.end = Some((x, y));
    }

    /// Letters joined for their looks are written apart; a blank is a blank.
    fn push(&mut self, c: char) {
        match c {
            '\u{fb00}' => self.text.push("ff"),
            '\u{fb01}' => self.text.push("fi"),
            '\u{fb02}' => self.text.push("fl"),
            '\u{fb03}' => self.text.push("ffi"),
            '\u{fb04}' => self.text.push("ffl"),
            c if c.is_whitespace() => self.text.blank(),
            c => self.text.push(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Begins a line or leaves a blank where the text moved since its last end.
    fn arrive(&mut self, state: &State, here: Matrix) {
        let Some((from_x, from_y)) = self.end else { return };
        let [a, b, _, _, x, y] = here.then(state.page).0;
        let length = a.hypot(b).max(f32::MIN_POSITIVE);
        let size = (state.size.abs() * length).max(f32::MIN_POSITIVE);
        let (dx, dy) = (x - from_x, y - from_y);
        let along = (dx * a + dy * b) / length / size;
        let across = (dy * a - dx * b) / length / size;
        if across.abs() > LINE_SIZES || along < -2.0 {
            // A parted word stays in one piece, its hyphen in it: `con-tract` is found by both.
            if !self.text.ends_parted() {
                self.text.line();
            }
        } else if along > BLANK_SIZES {
            self.text.blank();
        }
    }
}
