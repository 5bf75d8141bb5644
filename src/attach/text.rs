//! Text on its way out of a file.

/// Text that is collected up to a limit, in lines.
pub(super) struct Text {
    out: String,
    bytes_max: usize,
    is_cut: bool,
}

impl Text {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { out: String::new(), bytes_max, is_cut: false }
    }

    /// Adds to the line. Control characters become blanks.
    pub(super) fn push(&mut self, more: &str) {
        for c in more.chars() {
            let c = if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c };
            if self.out.len() + c.len_utf8() > self.bytes_max {
                self.is_cut = true;
                return;
            }
            self.out.push(c);
        }
    }

    /// A blank, unless there is one or the line is empty.
    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with([' ', '\n', '\t']) {
            self.push(" ");
        }
    }

    /// Ends the line, if it has begun.
    pub(super) fn line(&mut self) {
        let kept = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(kept);
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.push("\n");
        }
    }

    /// Whether a word was parted at the end of the line.
    pub(super) fn ends_parted(&self) -> bool {
        let before = self.out.strip_suffix('-').and_then(|rest| rest.chars().next_back());
        before.is_some_and(char::is_alphabetic)
    }

    /// No more fits: reading on is in vain.
    pub(super) fn is_full(&self) -> bool {
        self.is_cut
    }

    /// There was more than could be read in time.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    pub(super) fn is_blank(&self) -> bool {
        self.out.chars().all(char::is_whitespace)
    }

    /// The text, and whether there was more.
    pub(super) fn finish(mut self) -> (String, bool) {
        self.line();
        let kept = self.out.trim_end().len();
        self.out.truncate(kept);
        (self.out, self.is_cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_tidy_and_the_limit_holds() {
        let mut text = Text::new(12);
        text.line();
        text.push("one\u{1b}");
        text.blank();
        text.line();
        text.line();
        text.push("zwölf mehr");
        assert!(text.is_full());
        assert_eq!(text.finish(), ("one\nzwölf m".to_owned(), true));
    }
}
