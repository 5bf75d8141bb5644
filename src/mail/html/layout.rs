//! Lines of text out of words, breaks, lists, cells and quotations.

/// Depth of quotation that is written out.
const QUOTE_DEPTH_MAX: usize = 16;
/// Depth of lists that is indented.
const LIST_DEPTH_MAX: usize = 8;

/// Collects text as a person would see it laid out.
pub(super) struct Layout {
    out: String,
    /// Where the line being written starts, after its quote marks.
    line_start: usize,
    /// Line feeds owed before the next word: 1 a new line, 2 an empty line.
    breaks: usize,
    /// A blank is owed before the next word.
    space: bool,
    /// The next word opens a table cell.
    cell: bool,
    quote_depth: usize,
    /// Quote depth of the line written last.
    last_quote_depth: usize,
    bullet: Option<String>,
    lists: Vec<List>,
    bytes_max: usize,
}

struct List {
    /// The next number of an ordered list.
    number: Option<i64>,
}

impl Layout {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            out: String::new(),
            line_start: 0,
            breaks: 0,
            space: false,
            cell: false,
            quote_depth: 0,
            last_quote_depth: 0,
            bullet: None,
            lists: Vec::new(),
            bytes_max,
        }
    }

    /// Text whose white space folds.
    pub(super) fn text(&mut self, text: &str) {
        let is_space = |c: char| c.is_whitespace();
        if text.starts_with(is_space) {
            self.space = true;
        }
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            self.word(word);
            self.space = true;
        }
        self.space = text.ends_with(is_space) || (self.space && text.trim().is_empty());
    }

    /// Text whose line ends count, and, with `keeps`, its blanks.
    pub(super) fn preformatted(&mut self, text: &str, keeps: bool) {
        for (count, line) in text.split('\n').enumerate() {
            if count > 0 {
                self.line_break();
            }
            let line = line.trim_end_matches('\r');
            if keeps && !line.is_empty() {
                self.word(line);
            } else if !keeps {
                self.text(line);
            }
        }
    }

    /// One word, or anything that is to stand on one line.
    pub(super) fn word(&mut self, word: &str) {
        if self.out.len() >= self.bytes_max {
            return;
        }
        self.start();
        self.out.push_str(word);
        self.space = false;
    }

    /// What stands between the last word and the next.
    fn start(&mut self) {
        if self.out.is_empty() {
            self.open_line();
        } else if self.breaks > 0 {
            self.end_line();
            let between = self.quote_depth.min(self.last_quote_depth);
            for _ in 1..self.breaks.min(2) {
                self.out.push('\n');
                self.out.push_str("> ".repeat(between).trim_end());
            }
            self.out.push('\n');
            self.open_line();
        } else if self.cell && self.out.len() > self.line_start {
            self.out.push_str("  ");
        } else if self.space && self.out.len() > self.line_start {
            self.out.push(' ');
        }
        self.breaks = 0;
        self.cell = false;
        self.space = false;
        if let Some(bullet) = self.bullet.take() {
            self.out.push_str(&bullet);
        }
    }

    fn open_line(&mut self) {
        self.out.push_str(&"> ".repeat(self.quote_depth));
        self.last_quote_depth = self.quote_depth;
        self.line_start = self.out.len();
    }

    fn end_line(&mut self) {
        let end = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(end.max(self.line_start));
        // The mark of a signature ends in a blank (RFC 3676 section 4.3).
        if self.out.get(self.line_start..) == Some("--") {
            self.out.push(' ');
        }
    }

    /// `<br>`.
    pub(super) fn line_break(&mut self) {
        self.breaks = (self.breaks + 1).min(2);
        self.space = false;
    }

    /// The edge of a block.
    pub(super) fn block(&mut self) {
        self.breaks = self.breaks.max(1);
        self.space = false;
    }

    /// The edge of a paragraph: an empty line.
    pub(super) fn paragraph(&mut self) {
        self.breaks = 2;
        self.space = false;
    }

    pub(super) fn cell(&mut self) {
        self.cell = true;
        self.space = false;
    }

    pub(super) fn row(&mut self) {
        self.block();
        self.cell = false;
    }

    pub(super) fn quote_start(&mut self) {
        self.block();
        self.quote_depth = (self.quote_depth + 1).min(QUOTE_DEPTH_MAX);
    }

    pub(super) fn quote_end(&mut self) {
        self.block();
        self.quote_depth = self.quote_depth.saturating_sub(1);
    }

    pub(super) fn list_start(&mut self, number: Option<i64>) {
        if self.lists.is_empty() {
            self.paragraph();
        } else {
            self.block();
        }
        self.lists.push(List { number });
    }

    pub(super) fn list_end(&mut self) {
        self.lists.pop();
        self.bullet = None;
        if self.lists.is_empty() { self.paragraph() } else { self.block() }
    }

    /// The start of a list item; `value` renumbers it.
    pub(super) fn item(&mut self, marked: bool, value: Option<i64>) {
        self.block();
        let depth = self.lists.len().saturating_sub(1).min(LIST_DEPTH_MAX);
        let indent = "  ".repeat(depth);
        let mark = match self.lists.last_mut() {
            Some(List { number: Some(next) }) => {
                let number = value.unwrap_or(*next);
                *next = number.saturating_add(1);
                format!("{indent}{number}. ")
            }
            _ => format!("{indent}- "),
        };
        self.bullet = marked.then_some(mark);
    }

    pub(super) fn item_end(&mut self) {
        self.bullet = None;
        self.block();
    }

    pub(super) fn finish(mut self) -> String {
        self.end_line();
        let end = self.out.trim_end().len();
        // A signature mark at the very end keeps nothing to mark.
        self.out.truncate(end);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl Fn(&mut Layout), expected: &str) {
        let mut layout = Layout::new(1_000);
        write(&mut layout);
        assert_eq!(layout.finish(), expected);
    }

    #[test]
    fn white_space_folds() {
        check(
            |l| {
                l.text("  one \n");
                l.text("two");
                l.text("three ");
                l.text(" ");
                l.text("four");
            },
            "one twothree four",
        );
    }

    #[test]
    fn at_most_one_empty_line() {
        check(
            |l| {
                l.block();
                l.text("a");
                l.line_break();
                l.line_break();
                l.paragraph();
                l.line_break();
                l.text("b");
                l.block();
                l.block();
                l.text("c");
                l.paragraph();
            },
            "a\n\nb\nc",
        );
    }

    #[test]
    fn quotes_are_marked_line_by_line() {
        check(
            |l| {
                l.text("a");
                l.quote_start();
                l.text("b");
                l.paragraph();
                l.text("c");
                l.quote_start();
                l.text("d");
                l.quote_end();
                l.quote_end();
                l.text("e");
            },
            "a\n> b\n>\n> c\n> > d\ne",
        );
    }

    #[test]
    fn cells_of_a_row_share_a_line() {
        check(
            |l| {
                for row in [["a", "b"], ["", "c"], ["d", "e"]] {
                    l.row();
                    for cell in row {
                        l.cell();
                        l.text(cell);
                    }
                }
            },
            "a  b\nc\nd  e",
        );
    }

    #[test]
    fn output_is_bounded() {
        let mut layout = Layout::new(10);
        for _ in 0..100 {
            layout.text("abc ");
        }
        assert!(layout.finish().len() < 20);
    }
}
