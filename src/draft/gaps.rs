//! Old sentences made fit for a new letter: what was true then becomes a gap.

use super::GAP;
use super::facts::{spans, stands_in};

/// Gaps a sentence may have before it says nothing any more.
const GAPS_MAX: usize = 2;

/// `sentence` with every date, number, name and address that does not stand in `known` replaced by a
/// gap; nothing when too little is left of it.
pub(super) fn without_stale_facts(sentence: &str, known: &str) -> Option<String> {
    let mut text = String::new();
    let mut at = 0;
    let mut gaps = 0;
    for span in spans(sentence) {
        if stands_in(&sentence[span.clone()], known) {
            continue;
        }
        text.push_str(&sentence[at..span.start]);
        text.push_str(GAP);
        gaps += 1;
        at = span.end;
    }
    text.push_str(&sentence[at..]);
    let text = text.replace("[…] […]", GAP).replace("[…], […]", GAP);
    let words = text.split_whitespace().filter(|word| !word.contains(GAP)).count();
    (gaps <= GAPS_MAX && words >= 3).then_some(text)
}
