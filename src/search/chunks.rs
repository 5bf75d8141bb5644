//! A message cut into pieces that fit the reader, each to become a vector.
//!
//! The reader sees 256 tokens and no more: of a longer mail it would know the beginning alone. So
//! the sender's own words are cut at sentence ends into pieces of up to [`PIECE_WORDS_MAX`] words,
//! each with the subject in front. Quotes are left out: they have vectors of their own where they
//! were first written.

use std::ops::Range;

/// Words a piece holds at most; with the subject they stay under 256 tokens of ordinary prose.
pub const PIECE_WORDS_MAX: usize = 180;
/// Bytes a piece holds at most: figures and codes take many tokens a word.
const PIECE_BYTES_MAX: usize = 1_100;
/// Pieces a message has at most; what comes after says little about what it is about.
pub const PIECES_MAX: usize = 6;
/// A last piece shorter than this joins the one before, where that has room.
const PIECE_WORDS_MIN: usize = 25;
/// Bytes of the subject that go in front.
const SUBJECT_BYTES_MAX: usize = 200;

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What to embed: subject, line break, words.
    pub text: String,
    /// Where its words stand in the text handed in.
    pub span: Range<usize>,
}

/// Cuts `text` into pieces. `sentences` are its sentences in order ([`crate::mail::sentences`]);
/// what lies between them belongs to the one before. Empty when neither subject nor text holds a
/// letter or digit.
pub fn pieces(subject: &str, text: &str, sentences: &[Range<usize>]) -> Vec<Piece> {
    let subject = start_of(subject.trim(), SUBJECT_BYTES_MAX);
    let mut spans: Vec<Range<usize>> = Vec::new();
    for part in sentences.iter().flat_map(|sentence| halves(text, sentence.clone())) {
        if !has_word(&text[part.clone()]) {
            continue;
        }
        match spans.last_mut() {
            Some(last) if fits(&text[last.start..part.end], PIECE_WORDS_MAX) => last.end = part.end,
            _ => spans.push(part),
        }
    }
    if let [.., before, last] = &mut spans[..]
        && words_count(&text[last.clone()]) < PIECE_WORDS_MIN
        && fits(&text[before.start..last.end], PIECE_WORDS_MAX + PIECE_WORDS_MIN)
    {
        before.end = last.end;
        spans.pop();
    }
    spans.truncate(PIECES_MAX);
    if spans.is_empty() && has_word(subject) {
        spans.push(0..0);
    }
    spans
        .into_iter()
        .map(|span| {
            let words = text[span.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
            let text = match (subject.is_empty(), words.is_empty()) {
                (true, _) => words,
                (false, true) => subject.to_owned(),
                (false, false) => format!("{subject}\n{words}"),
            };
            Piece { text, span }
        })
        .collect()
}

/// A sentence too long for a piece, as parts that fit; cut at blanks where there are any.
fn halves(text: &str, sentence: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while !fits(&text[rest.clone()], PIECE_WORDS_MAX) && parts.len() < PIECES_MAX {
        let cut = cut_of(&text[rest.clone()]);
        parts.push(rest.start..rest.start + cut);
        rest.start += cut;
    }
    if parts.len() < PIECES_MAX {
        parts.push(rest);
    }
    parts
}

/// Where to cut a text that does not fit: behind the last word that does. Never 0.
fn cut_of(text: &str) -> usize {
    let mut cut = 0;
    let mut words = 0;
    for (at, c) in text.char_indices() {
        if at >= PIECE_BYTES_MAX || words >= PIECE_WORDS_MAX {
            break;
        }
        if c.is_whitespace() {
            cut = at + c.len_utf8();
            words += 1;
        }
    }
    if cut > 0 { cut } else { start_of(text, PIECE_BYTES_MAX).len() }
}

fn fits(text: &str, words_max: usize) -> bool {
    text.len() <= PIECE_BYTES_MAX && words_count(text) <= words_max
}

fn words_count(text: &str) -> usize {
    text.split_whitespace().count()
}

fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn start_of(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sentences end at full stops here.
    fn sentences(text: &str) -> Vec<Range<usize>> {
        let mut from = 0;
        text.split_inclusive('.')
            .map(|sentence| {
                let range = from..from + sentence.len();
                from = range.end;
                range
            })
            .collect()
    }

    fn cut(subject: &str, text: &str) -> Vec<Piece> {
        pieces(subject, text, &sentences(text))
    }

    fn sentence(words: usize) -> String {
        format!("{}.", vec!["word"; words].join(" "))
    }

    #[test]
    fn a_short_message_is_one_piece_with_its_subject() {
        let found = cut("Budget", "We need it. By Friday.");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text, "Budget\nWe need it. By Friday.");
        assert_eq!(found[0].span, 0..22);
    }

    #[test]
    fn long_text_is_cut_between_sentences() {
        let text = format!("{} {} {}", sentence(100), sentence(100), sentence(60));
        let found = cut("S", &text);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|piece| piece.text.starts_with("S\nword")));
        assert!(found[0].text.ends_with('.'));
        assert_eq!(found[1].span.end, text.len());
    }

    #[test]
    fn an_endless_sentence_is_cut_between_words() {
        for text in ["word ".repeat(1_000), "x".repeat(9_000), "ü".repeat(9_000)] {
            let found = cut("", &text);
            assert!((2..=PIECES_MAX).contains(&found.len()), "{}", found.len());
            assert!(found.iter().all(|piece| piece.text.len() <= PIECE_BYTES_MAX));
        }
    }

    #[test]
    fn a_short_end_joins_the_piece_before() {
        let text = format!("{} {}", sentence(175), sentence(10));
        assert_eq!(cut("", &text).len(), 1);
    }

    #[test]
    fn a_book_has_only_so_many_pieces() {
        assert_eq!(cut("", &sentence(150).repeat(50)).len(), PIECES_MAX);
    }

    #[test]
    fn nothing_to_say_makes_no_piece() {
        assert!(cut("", "").is_empty());
        assert!(cut(" -- ", "...").is_empty());
        assert_eq!(cut("Only a subject", "").len(), 1);
        assert_eq!(cut("Only a subject", "")[0].text, "Only a subject");
    }

    proptest::proptest! {
        #[test]
        fn pieces_lie_inside_the_text(text in "\\PC{0,300}", times in 1_usize..40) {
            let text = text.repeat(times);
            for piece in cut("Über", &text) {
                proptest::prop_assert!(text.get(piece.span.clone()).is_some());
            }
        }
    }
}
