//! Where one sentence of a mail ends and the next begins.
//!
//! Mail is not prose: lines are wrapped at some column or not at all, lists have no full stops, a
//! greeting has a comma. So lines are joined first where a program wrapped them, and the joined
//! stretches are then cut at full stops that end something.

use std::ops::Range;

use super::passages::letter_shape;

/// Longest sentence given back, in characters; a longer one is cut at a clause.
const CHARS_MAX: usize = 400;

/// The sentences of own words, as byte ranges in order.
///
/// Every character that is not white space lies in exactly one range, and no range begins or ends
/// with white space. Line ends may stand inside. Greeting and sign-off, list items and rows of a
/// table are sentences of their own.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let shape = letter_shape(text);
    let fixed: Vec<Range<usize>> = [shape.greeting, shape.sign_off].into_iter().flatten().collect();
    let mut found = Vec::new();
    for block in blocks(text, &fixed) {
        if fixed.contains(&block) {
            found.push(block);
        } else {
            split_block(text, block, &mut found);
        }
    }
    found.into_iter().flat_map(|range| bounded(text, range)).collect()
}

/// Lines joined where they were wrapped, cut around the fixed ranges.
fn blocks(text: &str, fixed: &[Range<usize>]) -> Vec<Range<usize>> {
    let width = wrap_width(text);
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut start = 0;
    for piece in text.split_inclusive('\n') {
        let line = trimmed(text, start..start + piece.len());
        start += piece.len();
        if line.is_empty() {
            blocks.extend(open.take());
            continue;
        }
        let held = fixed.iter().find(|range| range.start < line.end && line.start < range.end);
        if let Some(held) = held {
            if line.start < held.start {
                join(text, &mut blocks, &mut open, trimmed(text, line.start..held.start), width);
            }
            blocks.extend(open.take());
            if blocks.last() != Some(held) {
                blocks.push(held.clone());
            }
            let rest = trimmed(text, held.end.min(line.end)..line.end);
            open = (!rest.is_empty()).then_some(rest);
            continue;
        }
        join(text, &mut blocks, &mut open, line, width);
    }
    blocks.extend(open);
    blocks
}

fn join(
    text: &str,
    blocks: &mut Vec<Range<usize>>,
    open: &mut Option<Range<usize>>,
    line: Range<usize>,
    width: usize,
) {
    match open {
        Some(block) if continues(text, block, &line, width) => block.end = line.end,
        _ => {
            blocks.extend(open.take());
            *open = Some(line);
        }
    }
}

/// The column at which the writer's program wraps: the longest line, when lines are short at all.
fn wrap_width(text: &str) -> usize {
    const WRAPPED_MAX: usize = 100;
    let longest = text.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or(0);
    if longest <= WRAPPED_MAX { longest } else { 0 }
}

/// Whether `line` goes on where the block stopped: a wrapped line, not a new one.
fn continues(text: &str, block: &Range<usize>, line: &Range<usize>, width: usize) -> bool {
    const SLACK: usize = 10;
    const SHORTEST_WRAPPED: usize = 45;
    let above = text[block.clone()].rsplit('\n').next().unwrap_or_default().trim();
    let below = &text[line.clone()];
    if is_item(below) || is_row(above) || is_row(below) || above.ends_with(':') {
        return false;
    }
    let ended = above.ends_with(['.', '!', '?', '…', '"', '”', ')']);
    if below.starts_with(char::is_lowercase) && !ended {
        return true;
    }
    if width == 0 || width < SHORTEST_WRAPPED {
        return below.starts_with(char::is_lowercase) && !ended;
    }
    // The next word would not have fitted.
    let word = below.split_whitespace().next().unwrap_or_default().chars().count();
    above.chars().count() + 1 + word + SLACK > width
}

/// `- milk`, `* milk`, `• milk`, `1. milk`, `a) milk`.
fn is_item(line: &str) -> bool {
    let mut chars = line.chars();
    let Some(first) = chars.next() else { return false };
    let rest = chars.as_str();
    if matches!(first, '-' | '*' | '•' | '·' | '–' | '—' | '+' | '▪' | '►' | 'o')
        && rest.starts_with([' ', '\t'])
    {
        return true;
    }
    if matches!(first, '•' | '·' | '▪' | '►') {
        return true;
    }
    let line = line.strip_prefix('(').unwrap_or(line);
    let mark = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mark = if mark == 0 && first.is_ascii_alphabetic() { 1 } else { mark };
    (1..=3).contains(&mark)
        && line[mark..].starts_with(['.', ')'])
        && line[mark + 1..].starts_with([' ', '\t'])
}

/// A row of a table: cells parted by tabs or wide gaps.
fn is_row(line: &str) -> bool {
    line.contains('\t') && line.split('\t').filter(|cell| !cell.trim().is_empty()).count() >= 2
        || line.matches("   ").count() >= 2
}

/// Cuts a block at the full stops that end a sentence.
fn split_block(text: &str, block: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut start = block.start;
    let stretch = &text[block.clone()];
    let mut at = 0;
    while let Some(step) = stretch[at..].find(['.', '!', '?', '…', '。', '！', '？', '\t']) {
        let mark = at + step;
        let mut end = mark;
        for (offset, c) in stretch[mark..].char_indices() {
            if !is_mark(c) && !is_closer(c) {
                break;
            }
            end = mark + offset + c.len_utf8();
        }
        if end == mark {
            // A tab alone: cells of one row stay together.
            at = mark + 1;
            continue;
        }
        if ends_here(stretch, start - block.start, mark, end) {
            push(text, start..block.start + end, found);
            start = block.start + end;
        }
        at = end;
    }
    push(text, start..block.end, found);
}

fn push(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let range = trimmed(text, range);
    if range.is_empty() {
        return;
    }
    // Marks alone (`!!`, `:-)`) belong to what stands before them.
    let bare = !text[range.clone()].contains(char::is_alphanumeric);
    match found.last_mut() {
        Some(last)
            if bare
                && text[last.end..range.start].trim().is_empty()
                && !text[last.end..range.start].contains('\n') =>
        {
            last.end = range.end;
        }
        _ => found.push(range),
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

fn is_closer(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '“' | '*' | '」')
}

/// Whether the marks at `mark..end` of the block end the sentence that began at `start`.
fn ends_here(block: &str, start: usize, mark: usize, end: usize) -> bool {
    let marks = &block[mark..end];
    if marks.contains(['。', '！', '？']) {
        return true;
    }
    let after = &block[end..];
    if after.is_empty() || !after.starts_with(char::is_whitespace) {
        return after.is_empty();
    }
    let next = after.trim_start();
    let next_word = next.split_whitespace().next().unwrap_or_default();
    let first = next_word.trim_start_matches(|c: char| is_opener(c) || is_closer(c)).chars().next();
    let lower = first.is_some_and(char::is_lowercase);
    let before = block[start..mark].split_whitespace().next_back().unwrap_or_default();
    let before = before.trim_start_matches(is_opener);
    if marks.contains('?') {
        return true;
    }
    if marks.contains('!') {
        // `Yahoo! mail` goes on; `thanks! see you` does not.
        return !(lower && before.eq_ignore_ascii_case("yahoo"));
    }
    let dots = marks.matches('.').count();
    if dots >= 2 || marks.contains('…') {
        return !lower && first.is_some_and(char::is_alphanumeric);
    }
    full_stop_ends(before, next_word, lower, block[start..mark].trim() == before)
}

fn is_opener(c: char) -> bool {
    matches!(c, '"' | '\'' | '(' | '[' | '“' | '‘' | '„' | '«' | '*' | '¿' | '¡')
}

/// One full stop after `before`: the end of a sentence, or part of an abbreviation or number?
fn full_stop_ends(before: &str, next: &str, lower: bool, alone: bool) -> bool {
    let word = before.to_lowercase();
    // `1. Do this`: the number opens the item.
    if alone && (word.len() <= 2 && word.chars().all(|c| c.is_ascii_alphanumeric())) {
        return false;
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty() {
        // `am 3. März`, `3. quarter`: an ordinal.
        return !(lower || (word.len() <= 2 && is_month(next)));
    }
    let single = word.chars().count() == 1 && before.starts_with(char::is_uppercase) && word != "i";
    if single {
        // An initial (`J. Smith`); a grade or a variable at the end of a sentence is rarer.
        return starts_afresh(next) && before != "J";
    }
    if ABBREVIATIONS.contains(&word.as_str()) {
        return false;
    }
    if CLOSING_ABBREVIATIONS.contains(&word.as_str()) || (word.contains('.') && word.len() <= 6) {
        return !lower && starts_afresh(next);
    }
    if lower {
        // Some write without capitals; a short word before the stop is likely an abbreviation.
        return word.chars().count() >= 4 && next.len() > 1;
    }
    true
}

/// Whether the next word looks like the start of a sentence rather than the rest of a name.
fn starts_afresh(next: &str) -> bool {
    const STARTS: &[&str] = &[
        "the", "a", "an", "i", "we", "you", "he", "she", "it", "they", "this", "that", "these",
        "those", "if", "please", "can", "could", "would", "will", "do", "does", "is", "are", "in",
        "on", "at", "for", "and", "but", "so", "as", "my", "our", "your", "there", "here", "what",
        "when", "where", "who", "why", "how", "let", "thanks", "thank", "also", "no", "yes", "not",
        "after", "before", "once", "since", "because", "however", "then", "to", "all", "any",
        "der", "die", "das", "ich", "wir", "bitte", "es", "le", "la", "les", "nous", "je", "el",
        "los", "por", "have", "has", "just", "with", "from", "should", "may", "some", "each",
        "both", "his", "her", "their", "its", "i'm", "i'll", "i've", "we'll", "we're", "it's",
        "don't",
    ];
    let bare = next
        .trim_matches(|c: char| !c.is_alphanumeric() && c != '\'')
        .replace('’', "'")
        .to_lowercase();
    STARTS.contains(&bare.as_str())
}

fn is_month(next: &str) -> bool {
    const MONTHS: &[&str] = &[
        "jan",
        "feb",
        "mär",
        "mar",
        "apr",
        "mai",
        "may",
        "jun",
        "jul",
        "aug",
        "sep",
        "okt",
        "oct",
        "nov",
        "dez",
        "dec",
        "janvier",
        "quartal",
        "kw",
        "halbjahr",
        "jahrhundert",
        "stock",
        "etage",
        "klasse",
        "platz",
    ];
    let lower = next.to_lowercase();
    MONTHS.iter().any(|month| lower.starts_with(month))
}

/// Abbreviations that stand before something.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "messrs", "mme", "mlle", "hr", "fr", "sr", "sra", "srta",
    "st", "rev", "gen", "col", "sen", "rep", "gov", "lt", "sgt", "capt", "hon", "vs", "v", "e.g",
    "i.e", "eg", "ie", "cf", "approx", "ca", "circa", "fig", "figs", "eq", "sec", "ch", "vol",
    "pp", "p", "no", "nr", "nos", "art", "abs", "tel", "ext", "fax", "dept", "attn", "re", "z.b",
    "d.h", "u.a", "o.ä", "s.o", "s.u", "i.d.r", "evtl", "ggf", "bzw", "inkl", "exkl", "vgl", "sog",
    "ehem", "geb", "str", "usf", "mio", "mrd", "tsd", "max", "min", "std", "lfd", "betr", "zzgl",
    "abzgl", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec",
    "okt", "dez", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "p.ej",
    "ej", "núm", "pág", "av", "avda", "c.-à-d", "par ex", "ex", "env", "m", "mm", "mt", "ft",
    "incl", "excl", "resp", "u", "ph.d", "ph", "al", "op", "cit", "bros", "gebr",
];

/// Abbreviations that may also close a sentence.
const CLOSING_ABBREVIATIONS: &[&str] = &[
    "inc", "corp", "co", "ltd", "llc", "l.p", "lp", "plc", "etc", "usw", "u.s", "u.k", "u.s.a",
    "a.m", "p.m", "am", "pm", "jr", "sr", "est", "ave", "blvd", "rd", "bldg", "ste", "apt", "hrs",
    "hr", "mins", "secs", "yr", "yrs", "mo", "mos", "wk", "wks", "qty", "assoc", "intl", "mgmt",
    "govt", "gmbh", "s.a", "s.l", "d.c", "n.y",
];

/// Cuts what is longer than [`CHARS_MAX`] at clauses, else at blanks, else anywhere between characters.
fn bounded(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut rest = range;
    while let Some((limit, _)) = text[rest.clone()].char_indices().nth(CHARS_MAX) {
        let window = &text[rest.start..rest.start + limit];
        let half = window.char_indices().nth(CHARS_MAX / 2).map_or(0, |(at, _)| at);
        let cut = ["; ", ": ", "\n", ", ", " – ", " - ", "\t", " "]
            .iter()
            .find_map(|mark| window.rfind(mark).filter(|&at| at >= half).map(|at| at + mark.len()))
            .unwrap_or(limit);
        let piece = trimmed(text, rest.start..rest.start + cut);
        if !piece.is_empty() {
            pieces.push(piece);
        }
        rest = trimmed(text, rest.start + cut..rest.end);
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    let end = range.start + piece.trim_end().len();
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = sentences(text)
            .into_iter()
            .map(|range| text[range].split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(found, expected, "in {text:?}");
    }

    #[test]
    fn full_stops_end_sentences() {
        check("One here. Two there! Three? Four", &["One here.", "Two there!", "Three?", "Four"]);
        check("He said \"stop.\" Then we left.", &["He said \"stop.\"", "Then we left."]);
        check("It works (mostly.) Good.", &["It works (mostly.)", "Good."]);
        check("Really?! Yes!! ok", &["Really?!", "Yes!!", "ok"]);
        check("i did it yesterday. please check it", &["i did it yesterday.", "please check it"]);
        check("今日は雨です。明日は晴れます。", &["今日は雨です。", "明日は晴れます。"]);
    }

    #[test]
    fn abbreviations_do_not() {
        check(
            "Mr. Muster met Dr. Sample at Example Inc. in Berlin.",
            &["Mr. Muster met Dr. Sample at Example Inc. in Berlin."],
        );
        check("Bring some, e.g. two. Or more.", &["Bring some, e.g. two.", "Or more."]);
        check("Wir nehmen z.B. den Zug. Gut.", &["Wir nehmen z.B. den Zug.", "Gut."]);
        check("We meet at 5 p.m. on Friday.", &["We meet at 5 p.m. on Friday."]);
        check("We meet at 5 p.m. Please come.", &["We meet at 5 p.m.", "Please come."]);
        check("Ask J. R. Muster first. He knows.", &["Ask J. R. Muster first.", "He knows."]);
        check("Am 3. März kommt er. Danke.", &["Am 3. März kommt er.", "Danke."]);
        check(
            "It is owned by Example Inc. We bought it.",
            &["It is owned by Example Inc.", "We bought it."],
        );
    }

    #[test]
    fn numbers_addresses_and_dots_do_not() {
        check("It costs 3.50 or 1.200,00. Fine.", &["It costs 3.50 or 1.200,00.", "Fine."]);
        check(
            "See https://www.example.org/a.b?c=d.e for more. Bye.",
            &["See https://www.example.org/a.b?c=d.e for more.", "Bye."],
        );
        check("Well... maybe. Or not.", &["Well... maybe.", "Or not."]);
        check("We waited... Nothing came.", &["We waited...", "Nothing came."]);
        check("Use v2.1 now.", &["Use v2.1 now."]);
        check("Yahoo! mail is down.", &["Yahoo! mail is down."]);
    }

    #[test]
    fn wrapped_lines_are_joined() {
        check(
            "We would like to meet you next week in order to go over the new\nplan for the harbor. Would Tuesday or Wednesday afternoon suit you, or\nThursday?\n",
            &[
                "We would like to meet you next week in order to go over the new plan for the harbor.",
                "Would Tuesday or Wednesday afternoon suit you, or Thursday?",
            ],
        );
        check("this is\nwrapped early.", &["this is wrapped early."]);
    }

    #[test]
    fn items_and_short_lines_stand_alone() {
        check(
            "We need:\n- milk\n- bread and\n  butter\n1. Do this\n2) Do that. Then rest.",
            &[
                "We need:",
                "- milk",
                "- bread and butter",
                "1. Do this",
                "2) Do that.",
                "Then rest.",
            ],
        );
        check("Date: 3 March\nPlace: Harbor", &["Date: 3 March", "Place: Harbor"]);
        check("Item\tPrice\nNails\t3.50", &["Item Price", "Nails 3.50"]);
    }

    #[test]
    fn greetings_and_sign_offs_are_sentences() {
        check(
            "Hi Anna,\n\nthe plan is done.\n\nBest regards,\nBen",
            &["Hi Anna,", "the plan is done.", "Best regards, Ben"],
        );
        check(
            "Hi Anna,  the plan is done. Thanks, Ben",
            &["Hi Anna,", "the plan is done.", "Thanks, Ben"],
        );
    }

    #[test]
    fn long_sentences_are_cut_at_clauses() {
        let clause = "and then we went on to the next place on the long list of places, ";
        let text = clause.repeat(20);
        let ranges = sentences(&text);
        assert!(ranges.len() >= 4);
        for range in &ranges {
            assert!(text[range.clone()].chars().count() <= CHARS_MAX);
            assert!(text[range.clone()].ends_with(','));
        }
        let solid = "ü".repeat(1000);
        assert_eq!(sentences(&solid).len(), 3);
    }

    #[test]
    fn nothing_is_lost() {
        use proptest::prelude::*;
        proptest!(|(text in "([A-Za-zäß.!?,:;'\"()0-9 \\t-]{0,20}\n?|Hi Anna,\n|Thanks,\nBen\n|> a\n|\u{3002}|…){0,30}")| {
            let ranges = sentences(&text);
            let mut at = 0;
            for range in &ranges {
                prop_assert!(range.start >= at && range.end > range.start, "{:?} in {:?}", ranges, text);
                prop_assert!(text[at..range.start].trim().is_empty(), "{:?} in {:?}", ranges, text);
                let piece = &text[range.clone()];
                prop_assert!(piece.trim() == piece && piece.chars().count() <= CHARS_MAX);
                at = range.end;
            }
            prop_assert!(text[at..].trim().is_empty());
        });
    }
}
