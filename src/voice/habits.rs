//! What a person usually does, counted.

use std::collections::BTreeMap;

use super::greeting::Greeting;
use super::letters::{OwnLetter, domain_of};
use crate::mail::Person;

/// Letters from which on a narrower group speaks for itself.
const LETTERS_MIN: usize = 3;
/// Lines of a contact block kept.
const SIGNATURE_LINES_MAX: usize = 8;

/// Whose letters the habits rest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// Letters to this correspondent.
    Correspondent,
    /// Letters to people at their domain.
    Domain,
    /// Letters to anybody.
    Anybody,
    /// There are none.
    #[default]
    Nothing,
}

/// How one is addressed where a language has two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// du, tu
    Familiar,
    /// Sie, vous
    Polite,
}

/// Words a letter, greeting and sign-off left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// A quarter of the letters is shorter.
    pub lower: usize,
    /// Half of them are.
    pub median: usize,
    /// A quarter is longer.
    pub upper: usize,
}

/// What a person usually does in letters of one kind.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Whose letters these habits rest on.
    pub basis: Basis,
    /// How many letters.
    pub letters_count: usize,
    /// The usual language, empty when unsure.
    pub language: String,
    /// The usual greeting of one person; nothing when most letters have none.
    pub greeting: Option<Greeting>,
    /// The usual greeting of several.
    pub group_greeting: Option<Greeting>,
    /// The usual sign-off with the name under it; empty when most letters have none.
    pub sign_off: String,
    /// How long letters are.
    pub lengths: Lengths,
    /// 0 (a chat) to 1 (a formal letter); .5 when nothing tells.
    pub formality: f32,
    /// Which way they address the reader, where the language tells.
    pub address: Option<Address>,
    /// Whether replies usually carry the mail they answer below them.
    pub quotes_below: bool,
    /// Share of letters that say what happens without an answer.
    pub default_share: f32,
}

impl Habits {
    /// The greeting for these recipients; empty when they would not greet.
    pub fn greet(&self, to: &[Person]) -> String {
        match to {
            [person] => self.greeting.as_ref().map(|greeting| greeting.to(person)),
            _ => self.group_greeting.as_ref().map(|greeting| greeting.to(&Person::default())),
        }
        .unwrap_or_default()
    }
}

/// The habits in the narrowest group that is large enough.
pub(super) fn habits(letters: &[OwnLetter], correspondent: Option<&str>, language: &str) -> Habits {
    let domain = correspondent.and_then(domain_of);
    // A letter too short to tell its language fits every one.
    let fits = |letter: &&OwnLetter| {
        language.is_empty() || letter.language.is_empty() || letter.language == language
    };
    let to_them =
        |letter: &&OwnLetter| correspondent.is_some_and(|them| letter.everyone.contains(them));
    let to_domain = |letter: &&OwnLetter| {
        domain.is_some() && letter.everyone.iter().any(|address| domain_of(address) == domain)
    };
    let groups: [(Basis, Vec<&OwnLetter>); 3] = [
        (Basis::Correspondent, letters.iter().filter(to_them).filter(fits).collect()),
        (Basis::Domain, letters.iter().filter(to_domain).filter(fits).collect()),
        (Basis::Anybody, letters.iter().filter(fits).collect()),
    ];
    let chosen = groups.iter().find(|(_, group)| group.len() >= LETTERS_MIN);
    match chosen.or(groups.last()) {
        Some((basis, group)) if !group.is_empty() => counted(*basis, group),
        _ => Habits { formality: 0.5, ..Habits::default() },
    }
}

fn counted(basis: Basis, group: &[&OwnLetter]) -> Habits {
    let letters = || group.iter().copied();
    let count = group.len();
    let replies = letters().filter(|letter| letter.is_reply).count();
    let quoting = letters().filter(|letter| letter.is_reply && letter.quotes_below).count();
    let defaults = letters().filter(|letter| says_default(&letter.body)).count();
    let languages = letters().map(|letter| letter.language.clone()).filter(|l| !l.is_empty());
    let group_greetings = letters()
        .filter(|letter| letter.to.len() > 1 && !letter.greeting.is_empty())
        .map(|letter| Greeting::of(&letter.greeting, &letter.to))
        .filter(Greeting::is_for_group);
    Habits {
        basis,
        letters_count: count,
        language: most_common(languages).unwrap_or_default(),
        greeting: usual_greeting(basis, group),
        group_greeting: most_common(group_greetings),
        sign_off: most_common(letters().map(|letter| tidy_lines(&letter.sign_off)))
            .unwrap_or_default(),
        lengths: lengths(letters().map(|l| l.body.split_whitespace().count()).collect()),
        formality: letters().map(formality).sum::<f32>() / count as f32,
        address: address(group),
        quotes_below: replies > 0 && quoting * 2 >= replies,
        default_share: defaults as f32 / count as f32,
    }
}

/// The most common greeting of a single reader; none counts as one.
fn usual_greeting(basis: Basis, group: &[&OwnLetter]) -> Option<Greeting> {
    let greetings = group.iter().filter(|letter| letter.to.len() == 1).map(|letter| {
        (!letter.greeting.is_empty()).then(|| Greeting::of(&letter.greeting, &letter.to))
    });
    let usable = greetings.filter(|greeting| {
        greeting.as_ref().is_none_or(|greeting| {
            !greeting.is_for_group() && (basis == Basis::Correspondent || greeting.is_general())
        })
    });
    most_common(usable).flatten()
}

/// The most common value; of equals the one met first, which is the newest.
fn most_common<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, (usize, usize)> = BTreeMap::new();
    for (at, value) in values.enumerate() {
        counts.entry(value).or_insert((0, at)).0 += 1;
    }
    let best = counts.into_iter().max_by_key(|(_, (count, first))| (*count, usize::MAX - first));
    best.map(|(value, _)| value)
}

/// The usual contact block: on a fifth of the letters at least.
pub(super) fn signature(letters: &[OwnLetter]) -> String {
    let signed = || {
        letters
            .iter()
            .map(|letter| tidy_lines(&letter.signature))
            .filter(|text| !text.is_empty() && text.lines().count() <= SIGNATURE_LINES_MAX)
    };
    let Some(usual) = most_common(signed()) else { return String::new() };
    let count = signed().filter(|text| *text == usual).count();
    if count >= LETTERS_MIN && count * 5 >= letters.len() { usual } else { String::new() }
}

fn tidy_lines(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn lengths(mut counts: Vec<usize>) -> Lengths {
    counts.sort_unstable();
    let last = counts.len().saturating_sub(1);
    let at = |quarter: usize| counts.get(last * quarter / 4).copied().unwrap_or(0);
    Lengths { lower: at(1), median: at(2), upper: at(3) }
}

/// Whether a text says what happens without an answer.
pub fn says_default(text: &str) -> bool {
    const MARKS: &[&str] = &[
        "if i don't hear",
        "if i do not hear",
        "if i hear nothing",
        "unless i hear",
        "unless you object",
        "if we don't hear",
        "by default",
        "wenn ich nichts",
        "falls ich nichts",
        "andernfalls",
        "ansonsten",
        "sans réponse",
        "sauf avis contraire",
        "sin respuesta",
        "si no recibo",
        "salvo indicación",
        "se non ricevo",
        "als ik niets hoor",
    ];
    let text = text.to_lowercase().replace('’', "'");
    MARKS.iter().any(|mark| text.contains(mark)) || says_otherwise(&text)
}

/// `Otherwise I go ahead`, `sonst nehme ich den alten`: the word, and soon after it who acts.
fn says_otherwise(lower: &str) -> bool {
    const OTHERWISE: &[&str] = &["otherwise", "sonst", "sinon", "anders"];
    const WHO: &[&str] =
        &["i", "i'll", "i'd", "we", "we'll", "we'd", "ich", "wir", "je", "nous", "ik", "wij"];
    const WORDS_BETWEEN_MAX: usize = 2;
    let words: Vec<&str> = lower
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let next = words[at + 1..].iter().take(WORDS_BETWEEN_MAX + 1);
        OTHERWISE.contains(word) && next.into_iter().any(|word| WHO.contains(word))
    })
}

/// 0 to 1, from what greets, closes and shortens.
fn formality(letter: &OwnLetter) -> f32 {
    const FORMAL_STARTS: &[&str] =
        &["dear", "sehr geehrt", "madame", "monsieur", "estimad", "gentile", "geachte"];
    const EASY_STARTS: &[&str] = &["hi", "hey", "hallo", "salut", "ciao", "moin", "hoi"];
    const FORMAL_ENDS: &[&str] = &[
        "regards",
        "sincerely",
        "respectfully",
        "yours",
        "freundlichen grüßen",
        "cordialement",
        "salutations",
        "atentamente",
        "cordiali saluti",
        "hoogachtend",
        "vriendelijke groet",
    ];
    const EASY_ENDS: &[&str] = &["cheers", "lg", "bises", "abrazo"];
    const SHORTENED: &[&str] = &["'m", "'re", "'ll", "'ve", "n't", "'s", "'d"];
    let plain = |text: &str| text.to_lowercase().replace('’', "'");
    let has = |text: &str, marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    let (greeting, sign_off) = (plain(&letter.greeting), plain(&letter.sign_off));
    let body = plain(&letter.body);
    let mut score = 0.5f32;
    if has(&greeting, FORMAL_STARTS) {
        score += 0.2;
    } else if greeting.is_empty() || has(&greeting, EASY_STARTS) {
        score -= 0.1;
    }
    if has(&sign_off, FORMAL_ENDS) {
        score += 0.15;
    } else if sign_off.is_empty() || has(&sign_off, EASY_ENDS) {
        score -= 0.1;
    }
    let words = body.split_whitespace().count().max(1) as f32;
    let shortened: usize = SHORTENED.iter().map(|mark| body.matches(mark).count()).sum();
    score -= (shortened as f32 / words * 5.0).min(0.2);
    if has(&body, &["!", "thx", "btw", "lol", ":)", ";)", "gonna"]) {
        score -= 0.05;
    }
    if has(&body, &["please find", "would you be so kind", "i would be grateful", "herewith"]) {
        score += 0.1;
    }
    score.clamp(0.0, 1.0)
}

/// du or Sie, tu or vous: what most letters use.
fn address(group: &[&OwnLetter]) -> Option<Address> {
    const DU: &[&str] = &["du", "dich", "dir", "dein", "deine", "deinen", "euch", "eure"];
    const SIE: &[&str] = &["Sie", "Ihnen", "Ihre", "Ihren", "Ihr", "Ihrem"];
    const TU: &[&str] = &["tu", "te", "toi", "ton", "ta", "tes"];
    const VOUS: &[&str] = &["vous", "votre", "vos"];
    let (mut familiar, mut polite) = (0usize, 0usize);
    for letter in group {
        // In the middle of a sentence `Sie` is the polite one; at its start it may be `they`.
        let mut middle = false;
        for word in letter.body.split_whitespace() {
            let plain = word.trim_matches(|c: char| !c.is_alphabetic());
            let lower = plain.to_lowercase();
            match letter.language.as_str() {
                "de" => {
                    familiar += usize::from(DU.contains(&lower.as_str()));
                    polite += usize::from(middle && SIE.contains(&plain));
                }
                "fr" => {
                    familiar += usize::from(TU.contains(&lower.as_str()));
                    polite += usize::from(VOUS.contains(&lower.as_str()));
                }
                _ => {}
            }
            middle = !word.ends_with(['.', '!', '?', ':']);
        }
    }
    match familiar.cmp(&polite) {
        std::cmp::Ordering::Greater => Some(Address::Familiar),
        std::cmp::Ordering::Less => Some(Address::Polite),
        std::cmp::Ordering::Equal => None,
    }
}
