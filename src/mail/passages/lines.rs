//! Lines of a message with what can be told from each alone.

/// One line, its end of line included in `end` and left out of `text`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Without the line end and without white space at the right.
    pub(super) text: &'a str,
    /// First byte in the message.
    pub(super) start: usize,
    /// Byte after the line and its end.
    pub(super) end: usize,
    /// How the line is marked as somebody else's.
    pub(super) prefix: Prefix,
}

/// A mark of quoting at the left edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    None,
    /// `>`, `> >`, `|>`.
    Arrow,
    /// `| `: a quote in some newsreaders, a table or a drawing elsewhere; settled by the neighbours.
    Bar,
    /// `AB> `: the quoted writer's initials.
    Initials,
}

impl<'a> Line<'a> {
    /// The text without white space at either side.
    pub(super) fn trimmed(&self) -> &'a str {
        self.text.trim_start()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.prefix != Prefix::None
    }
}

/// Cuts `text` into lines at `\n`; together they cover it.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive('\n') {
        let end = start + piece.len();
        let text = piece.trim_end();
        found.push(Line { text, start, end, prefix: prefix(text) });
        start = end;
    }
    settle_bars(&mut found);
    settle_mbox_from(&mut found);
    found
}

fn prefix(text: &str) -> Prefix {
    // Four columns of indent are code or a shell session, not a quote.
    let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
    let inner = &text[indent..];
    if inner.starts_with('>') && indent <= 3 {
        return Prefix::Arrow;
    }
    if inner.starts_with("|>") && indent <= 3 {
        return Prefix::Arrow;
    }
    if indent == 0 && (text == "|" || text.starts_with("| ")) && !text[1..].ends_with('|') {
        return Prefix::Bar;
    }
    let capitals = inner.bytes().take_while(u8::is_ascii_uppercase).count();
    if (1..=3).contains(&capitals) && inner[capitals..].starts_with("> ") && indent <= 1 {
        return Prefix::Initials;
    }
    Prefix::None
}

/// Bars are quotes only where at least two of them stand together and none draws a box.
fn settle_bars(lines: &mut [Line<'_>]) {
    let mut from = 0;
    while from < lines.len() {
        if lines[from].prefix != Prefix::Bar {
            from += 1;
            continue;
        }
        let mut to = from;
        while to < lines.len() && lines[to].prefix == Prefix::Bar {
            to += 1;
        }
        let next_draws = lines.get(to).is_some_and(|line| line.text.starts_with(['|', '+', '\\']));
        let before_draws = from > 0 && lines[from - 1].text.starts_with(['|', '+', '\\']);
        let table = lines[from..to].iter().any(|line| line.text[1..].contains(" | "));
        if to - from < 2 || next_draws || before_draws || table {
            for line in &mut lines[from..to] {
                line.prefix = Prefix::None;
            }
        }
        from = to;
    }
}

/// `>From ` alone is how an mbox file protects the writer's own line (RFC 4155), not a quote.
fn settle_mbox_from(lines: &mut [Line<'_>]) {
    for at in 0..lines.len() {
        let alone = (at == 0 || lines[at - 1].prefix == Prefix::None)
            && lines.get(at + 1).is_none_or(|line| line.prefix == Prefix::None);
        if alone && lines[at].text.starts_with(">From ") {
            lines[at].prefix = Prefix::None;
        }
    }
}

/// The next line from `at` on that is not blank.
pub(super) fn next_filled(lines: &[Line<'_>], at: usize) -> Option<usize> {
    (at..lines.len()).find(|&index| !lines[index].is_blank())
}

/// Words as white space parts them.
pub(super) fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Whether `text` begins with `prefix`, ASCII case and beyond ignored.
pub(super) fn starts_folded(text: &str, prefix: &str) -> bool {
    if begins_otherwise(text, prefix) {
        return false;
    }
    let mut have = text.chars().flat_map(char::to_lowercase);
    prefix.chars().all(|wanted| have.next() == Some(wanted))
}

/// Whether the first bytes tell the two apart, ASCII case ignored: almost always they do.
pub(super) fn begins_otherwise(one: &str, other: &str) -> bool {
    match (one.as_bytes().first(), other.as_bytes().first()) {
        (Some(one), Some(other)) => {
            one.is_ascii() && other.is_ascii() && !one.eq_ignore_ascii_case(other)
        }
        _ => false,
    }
}

/// `10:30`, `10.30`, `10h30`: a clock time somewhere in the text.
pub(super) fn has_clock(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(4).any(|w| {
        w[0].is_ascii_digit()
            && matches!(w[1], b':' | b'h')
            && w[2].is_ascii_digit()
            && w[3].is_ascii_digit()
    })
}

/// A calendar date in figures (`04/12/2001`, `2.4.2012`, `2011-03-01`, `2012年4月2日`) or a year
/// between 1970 and 2099.
pub(super) fn has_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut parts = 0;
    let mut separator = 0u8;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            if !(matches!(bytes[at], b'/' | b'.' | b'-') && parts > 0) {
                parts = 0;
            }
            at += 1;
            continue;
        }
        let from = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let digits = &text[from..at];
        let year = digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"));
        let joined = bytes.get(at).copied().unwrap_or(0);
        if year && !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
            return true;
        }
        if digits.len() <= 2 || year {
            parts =
                if parts > 0 && from > 0 && bytes[from - 1] == separator { parts + 1 } else { 1 };
            if parts == 3 {
                return true;
            }
            separator = joined;
        } else {
            parts = 0;
        }
    }
    text.contains('年') && text.contains('月')
}
