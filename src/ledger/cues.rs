//! What a sentence's words say plainly, beside the reader's opinion.
//!
//! Short lists of phrases in English, German, French, Spanish and Dutch. They give log-odds that are
//! added to the reader's, so neither decides alone: a question mark in a headline is no ask, and a
//! request the reader has not met before is still one.

use super::cue_words::{
    APPROVALS, CAUTIONS, CONDITIONS, DECIDED, DECISIONS, FUTURES, NEEDS, NO_PROMISE, NOT_ASKED,
    OFFERS, OFFERS_NOT, ORDERS, PROMISES, REQUESTS, UNDECIDED, WISHES, YOU,
};
use super::phrases::Folded;

/// Where the words leave no doubt, whatever the reader says.
const DECISIVE: f32 = 8.0;

/// Log-odds for and against each label of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cues {
    pub(crate) ask: f32,
    pub(crate) promise: f32,
    pub(crate) deadline: f32,
    pub(crate) decision: f32,
}

/// The cues of one sentence; `time` says that a time was read in it, and whether a word makes it a
/// limit.
pub(crate) fn cues(sentence: &str, time: Option<bool>) -> Cues {
    let folded = Folded::new(sentence);
    let question = sentence.contains(['?', '？', '¿']);
    let deadline = match time {
        Some(true) => 2.4,
        Some(false) => 0.8,
        None => -1.5,
    };
    Cues {
        ask: ask(sentence, &folded, question, time.is_some()),
        promise: promise(&folded, question, time == Some(true)),
        deadline,
        decision: decision(&folded, question),
    }
}

fn ask(sentence: &str, folded: &Folded, question: bool, timed: bool) -> f32 {
    if !question && (offers(folded) || folded.any(CAUTIONS)) {
        return -DECISIVE;
    }
    let mut odds: f32 = 0.0;
    if question {
        odds += if folded.any(YOU) { 3.2 } else { 2.2 };
    }
    if folded.any(REQUESTS) {
        odds += 2.6;
    } else if folded.any(NEEDS) {
        odds += 2.0;
    }
    if odds < 2.0 && begins_with_order(sentence, folded) {
        odds += 1.9;
    }
    if odds > 0.0 && timed {
        odds += 0.5;
    }
    if folded.any(NOT_ASKED) {
        odds -= 4.0;
    }
    let wish = folded.begins_any(WISHES) && !folded.any(REQUESTS);
    if !question && !timed && (wish || odds == 0.0 && is_labelled(sentence)) {
        odds -= 4.0;
    }
    if !question && folded.begins_any(CONDITIONS) && !folded.any(REQUESTS) && odds > 0.0 && !timed {
        odds -= 2.6;
    }
    if odds == 0.0 { -0.6 } else { odds.clamp(-4.0, 3.5) }
}

/// `Let me look into it`: the writer will do it.
fn offers(folded: &Folded) -> bool {
    folded.begins_any(OFFERS) && !folded.any(OFFERS_NOT)
}

/// `Place: the old mill`, `Time: 11:00`: a fact with its name before it.
fn is_labelled(sentence: &str) -> bool {
    sentence.split_once(':').is_some_and(|(name, rest)| {
        rest.starts_with(char::is_whitespace)
            && name.split_whitespace().count() <= 2
            && name.trim_start().starts_with(char::is_uppercase)
    })
}

/// An order at the start (`Send me…`), also after a name (`Ada, send me…`) or a word like `and`.
fn begins_with_order(sentence: &str, folded: &Folded) -> bool {
    if folded.begins_any(ORDERS) {
        return true;
    }
    let head: String = sentence.chars().take(24).collect();
    head.split_once([',', ':']).is_some_and(|(name, _)| {
        name.split_whitespace().count() <= 2
            && Folded::new(&sentence[name.len() + 1..]).begins_any(ORDERS)
    }) || folded
        .words()
        .next()
        .is_some_and(|first| ["and", "also", "then", "und", "et"].contains(&first))
        && Folded::new(sentence.split_once(' ').map_or("", |(_, rest)| rest)).begins_any(ORDERS)
}

fn promise(folded: &Folded, question: bool, limited: bool) -> f32 {
    // "If you send it, I'll sign": nobody waits for it before.
    if folded.begins_any(CONDITIONS) {
        return -DECISIVE;
    }
    let mut odds: f32 = 0.0;
    if folded.any(PROMISES) || offers(folded) {
        odds += 2.8;
    } else if folded.any(FUTURES) {
        odds += 1.7;
    }
    if folded.any(NO_PROMISE) {
        odds -= if odds > 2.0 { 2.5 } else { 6.0 };
    } else if odds > 2.0 && limited && !question {
        return DECISIVE;
    }
    if question {
        odds -= 2.0;
    }
    if odds == 0.0 { -1.0 } else { odds.clamp(-6.0, 3.5) }
}

fn decision(folded: &Folded, question: bool) -> f32 {
    if folded.any(DECIDED) && !folded.any(UNDECIDED) && !question {
        return DECISIVE;
    }
    let mut odds: f32 = 0.0;
    if folded.any(DECISIONS) {
        odds += 3.0;
    } else if folded.begins_any(APPROVALS) {
        odds += 1.8;
    }
    if folded.any(UNDECIDED) {
        odds -= 3.0;
    }
    if question {
        odds -= 2.5;
    }
    if odds == 0.0 { -1.2 } else { odds.clamp(-4.0, 3.5) }
}

#[cfg(test)]
mod tests {
    use super::cues;

    #[track_caller]
    fn check(sentence: &str, expected: &str) {
        let found = cues(sentence, None);
        let labels: String = [("a", found.ask), ("p", found.promise), ("d", found.decision)]
            .iter()
            .filter(|(_, odds)| *odds > 1.3)
            .map(|(label, _)| *label)
            .collect();
        assert_eq!(labels, expected, "{sentence:?}: {found:?}");
    }

    /// Prints the cues of the sentences in a file, one a line: what the weights of
    /// [`super::super::reading`] were fitted on, beside the reader's probabilities.
    #[test]
    fn cues_of_a_file() {
        let Some(path) = std::env::var_os("POSTROOM_SENTENCES") else { return };
        let clock = crate::ledger::testing::calendar();
        let at = crate::ledger::testing::at("2026-03-02T09:00:00Z");
        for line in std::fs::read_to_string(path).expect("a file of sentences").lines() {
            let due = crate::mail::when::deadline_in(line, at, &clock);
            let cue = cues(line, due.map(|due| due.cued));
            println!("CUES {} {} {} {}", cue.ask, cue.promise, cue.deadline, cue.decision);
        }
    }

    #[test]
    fn asks_are_heard() {
        for sentence in [
            "Could you send it over, together with the credit?",
            "Send me the list as one file.",
            "Ben, put the risk on the page too.",
            "And I need one answer today.",
            "Bitte nennen Sie uns die Kosten.",
            "Pourriez-vous me répondre avant midi ?",
            "If you could let me know once it is signed, that would help.",
            "If you could let me know once it is signed, I'll tell the porter.",
            "Let me know when it is signed.",
            "¿Puedes revisarlo?",
        ] {
            check(sentence, "a");
        }
    }

    #[test]
    fn politeness_is_no_ask() {
        for sentence in [
            "Please find the minutes attached.",
            "Let me know if you have any questions.",
            "No need to reply, just fix it!",
            "How are you?",
            "N'hésitez pas à revenir vers moi.",
            "The windows look lovely, by the way.",
            "Please do not write to the bank yet.",
            "I want to hear the story on the way.",
            "Time:  11:00 a.m. (CDT)",
            "If they go, I want the board to hear it from us.",
        ] {
            check(sentence, "");
        }
    }

    #[test]
    fn promises_are_heard() {
        for sentence in [
            "I'll send you the full protocol by Monday.",
            "You will have a draft tonight.",
            "Ich melde mich bis Freitag.",
            "Je vous envoie le plan demain.",
        ] {
            check(sentence, "p");
        }
        check("I will be away until Monday.", "");
        check("I will leave you alone.", "");
        check("Let me get some help on this and get back to you.", "p");
        check("Shall I send it, or will you?", "a");
    }

    #[test]
    fn a_promise_with_its_time_needs_no_reader() {
        for sentence in ["Next update from me by 21:15.", "You'll hear from me by 19:00."] {
            let found = cues(sentence, Some(true));
            assert!(found.promise >= 6.0, "{sentence:?}: {found:?}");
        }
    }

    #[test]
    fn decisions_are_heard() {
        check("We've decided: the office moves in May.", "d");
        check("Wir haben beschlossen, das Lager zu schließen.", "d");
        check("Nothing is decided until the board meets, and they haven't decided.", "");
        check("Will you decide?", "a");
    }
}
