//! What a question wants to know: a time, a number, a person, or something else.

use crate::mail::UnixSeconds;
use crate::mail::when::{Zone, mentions};

/// What an answer has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// When, by when, how long.
    Time,
    /// How many, how much.
    Number,
    /// Who.
    Person,
    /// Anything.
    Other,
}

#[rustfmt::skip]
const TIME: &[&str] = &[
    "when", "by when", "until when", "what time", "what date", "what day", "which day", "which date",
    "how long", "deadline", "wann", "bis wann", "um wie viel uhr", "welchem tag", "wie lange", "quand",
    "à quelle heure", "quel jour", "cuándo", "cuando", "qué día", "wanneer", "quando",
];
#[rustfmt::skip]
const NUMBER: &[&str] = &[
    "how much", "how many", "what price", "which price", "what number", "what amount", "the price",
    "the cost", "phone number", "wie viel", "wie viele", "wieviel", "wieviele", "combien", "cuánto",
    "cuanto", "cuántos", "hoeveel", "quanto", "quanti",
];
#[rustfmt::skip]
const PERSON: &[&str] = &["who", "whom", "whose", "wer", "wen", "wem", "qui", "quién", "quien", "wie heet", "chi"];

impl Kind {
    pub(super) fn of(question: &str) -> Self {
        let words: Vec<String> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let folded = format!(" {} ", words.join(" "));
        // The phrase that comes first says it: "who agreed to the price" asks for a person.
        let first = |phrases: &[&str]| {
            phrases.iter().filter_map(|phrase| folded.find(&format!(" {phrase} "))).min()
        };
        [(Self::Time, TIME), (Self::Number, NUMBER), (Self::Person, PERSON)]
            .into_iter()
            .filter_map(|(kind, phrases)| first(phrases).map(|at| (at, kind)))
            .min_by_key(|(at, _)| *at)
            .map_or(Self::Other, |(_, kind)| kind)
    }

    /// Whether a sentence holds what is asked for, 0..1; half where anything will do.
    pub(super) fn is_met(self, sentence: &str, sent: UnixSeconds) -> f32 {
        let met = match self {
            Self::Time => !mentions(sentence, sent, &Zone::utc()).is_empty(),
            Self::Number => sentence.chars().any(|c| c.is_ascii_digit()),
            Self::Person => names_somebody(sentence),
            Self::Other => return 0.5,
        };
        f32::from(u8::from(met))
    }
}

/// A word written large inside the sentence.
fn names_somebody(sentence: &str) -> bool {
    let is_name = |word: &str| {
        word.chars().count() > 1
            && word != "I'm"
            && word.chars().next().is_some_and(char::is_uppercase)
    };
    sentence.split_whitespace().skip(1).any(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(question: &str, expected: Kind) {
        assert_eq!(Kind::of(question), expected, "{question}");
    }

    #[test]
    fn a_question_says_what_it_wants() {
        check("When do we meet?", Kind::Time);
        check("Bis wann brauchen sie das?", Kind::Time);
        check("How much is the crane?", Kind::Number);
        check("Who agreed to the price of ink?", Kind::Person);
        check("Did Ben agree?", Kind::Other);
        check("Is the wholesale contract signed?", Kind::Other);
    }

    #[test]
    fn an_answer_holds_what_was_asked_for() {
        let sent = UnixSeconds(1_772_442_000);
        assert!(Kind::Time.is_met("We meet on Friday at ten.", sent) > 0.5);
        assert!(Kind::Time.is_met("We meet in the yard.", sent) < 0.5);
        assert!(Kind::Number.is_met("It costs 400.", sent) > 0.5);
        assert!(Kind::Person.is_met("The price is fine with Grace.", sent) > 0.5);
        assert!(Kind::Person.is_met("The price is fine.", sent) < 0.5);
    }
}
