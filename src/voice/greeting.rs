//! Greetings as patterns: what opens them, how they name somebody, what closes them.

use crate::mail::Person;

/// How a greeting names the reader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameForm {
    /// Not at all: `Hello,`.
    None,
    /// `Hi Anna,`
    First,
    /// `Dear Mr. Smith,`
    Last,
    /// `Dear Anna Smith,`
    Full,
    /// By a name that is not in the address: `Hi Bob,` to Robert.
    Nickname(String),
}

/// A greeting without the name in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Greeting {
    /// `Hi`, `Dear Mr.`, `Hello all`; empty for the name alone.
    pub opener: String,
    /// How it names the reader.
    pub name: NameForm,
    /// `,`, `!`, ` -`, or nothing.
    pub end: String,
}

/// Openers that fit one gender or one title: not handed on to other people.
const PERSONAL: &[&str] = &[
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "frau", "herr", "herrn", "liebe",
    "lieber", "geehrte", "geehrter", "monsieur", "madame", "cher", "chère", "señor", "señora",
    "estimado", "estimada", "querido", "querida", "caro", "cara", "gentile", "signor", "signora",
    "geachte",
];
/// Words that greet several.
const GROUP: &[&str] = &[
    "all",
    "everyone",
    "everybody",
    "team",
    "folks",
    "guys",
    "both",
    "zusammen",
    "alle",
    "tous",
    "toutes",
    "todos",
    "todas",
    "tutti",
    "allemaal",
    "colleagues",
    "kollegen",
    "ladies",
    "gentlemen",
    "damen",
];

impl Greeting {
    /// The pattern of `text`, written to `to`.
    pub fn of(text: &str, to: &[Person]) -> Self {
        let text = text.trim();
        let words_end = text.trim_end_matches([',', '!', ':', ';', '-', '–', '—', ' ']).len();
        let (words, end) = text.split_at(words_end);
        let words: Vec<&str> = words.split_whitespace().collect();
        let opening = words.iter().take_while(|word| is_opening(word)).count();
        let (opener, named) = words.split_at(opening);
        let named = named.iter().map(|word| word.trim_matches(',')).collect::<Vec<_>>().join(" ");
        let name = match to {
            _ if named.is_empty() => NameForm::None,
            [person] => name_form(&named, person),
            _ => NameForm::Nickname(named),
        };
        let opener = opener.join(" ").trim_end_matches(',').to_owned();
        Self { opener, name, end: end.trim_end().to_owned() }
    }

    /// Whether it greets several.
    pub fn is_for_group(&self) -> bool {
        self.opener.split_whitespace().any(|word| GROUP.contains(&bare(word).as_str()))
    }

    /// Whether it would fit somebody else.
    pub fn is_general(&self) -> bool {
        let personal =
            self.opener.split_whitespace().any(|word| PERSONAL.contains(&bare(word).as_str()));
        !personal && !matches!(self.name, NameForm::Nickname(_) | NameForm::Last)
    }

    /// The greeting for `person`; without a name where none is known.
    pub fn to(&self, person: &Person) -> String {
        let name = match &self.name {
            NameForm::None => String::new(),
            NameForm::First => first_name(person),
            NameForm::Last => last_name(person),
            NameForm::Full => full_name(person),
            NameForm::Nickname(name) => name.clone(),
        };
        let words = [self.opener.as_str(), name.as_str()];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return String::new();
        }
        format!("{}{}", words.join(" "), self.end)
    }
}

fn name_form(named: &str, person: &Person) -> NameForm {
    let same = |name: String| !name.is_empty() && name.to_lowercase() == named.to_lowercase();
    if same(first_name(person)) {
        NameForm::First
    } else if same(full_name(person)) {
        NameForm::Full
    } else if same(last_name(person)) {
        NameForm::Last
    } else if person.name.trim().is_empty() && !named.contains(' ') {
        // Nothing to compare with: one word after a greeting is a first name.
        NameForm::First
    } else {
        NameForm::Nickname(named.to_owned())
    }
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

fn is_opening(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "hi",
        "hiya",
        "hello",
        "hey",
        "dear",
        "good",
        "morning",
        "afternoon",
        "evening",
        "day",
        "greetings",
        "howdy",
        "there",
        "again",
        "thanks",
        "hallo",
        "guten",
        "tag",
        "morgen",
        "abend",
        "sehr",
        "und",
        "and",
        "moin",
        "servus",
        "grüß",
        "dich",
        "bonjour",
        "bonsoir",
        "salut",
        "coucou",
        "à",
        "hola",
        "buenos",
        "buenas",
        "días",
        "tardes",
        "ciao",
        "buongiorno",
        "buonasera",
        "salve",
        "olá",
        "oi",
        "bom",
        "dia",
        "boa",
        "tarde",
        "dag",
        "hoi",
        "beste",
        "goedemorgen",
        "goedemiddag",
        "hej",
        "hei",
        "god",
        "kære",
        "kära",
    ];
    let word = bare(word);
    word.is_empty() || [WORDS, PERSONAL, GROUP].iter().any(|list| list.contains(&word.as_str()))
}

/// The name as written, `Last, First` turned round.
fn full_name(person: &Person) -> String {
    let name = person.name.trim().trim_matches(['"', '\'']);
    // A mail address is no name.
    if name.contains('@') {
        return String::new();
    }
    let name = match name.split_once(',') {
        Some((last, first)) if !first.trim().is_empty() => {
            // `Hopper, Grace (Navy)`
            let first = first.split('(').next().unwrap_or_default();
            format!("{} {}", first.trim(), last.trim())
        }
        _ => name.to_owned(),
    };
    name.split('(').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first name of a person, or nothing when neither their name nor an address like
/// `anna.smith@…` tells.
pub fn first_name(person: &Person) -> String {
    let name = full_name(person);
    let is_title = |word: &str| matches!(bare(word).as_str(), "dr" | "mr" | "mrs" | "ms" | "prof");
    let given = name.split_whitespace().find(|word| !is_title(word) && bare(word).len() > 1);
    if let Some(given) = given {
        return given.to_owned();
    }
    let user = person.address.split('@').next().unwrap_or_default();
    let Some((first, last)) = user.split_once(['.', '_']) else { return String::new() };
    let spelled = |part: &str| part.len() > 1 && part.chars().all(char::is_alphabetic);
    if !spelled(first) || !spelled(last) {
        return String::new();
    }
    let mut chars = first.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn last_name(person: &Person) -> String {
    let name = full_name(person);
    let words: Vec<&str> = name.split_whitespace().collect();
    if words.len() > 1 { words[words.len() - 1].to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, to_bert: &str, general: bool) {
        let anna = Person { name: "Anna Smith".into(), address: "anna.smith@example.org".into() };
        let greeting = Greeting::of(text, std::slice::from_ref(&anna));
        assert_eq!(greeting.to(&anna), text, "{greeting:?}");
        let bert = Person { name: "Brown, Bert".into(), address: "b@example.net".into() };
        assert_eq!(greeting.to(&bert), to_bert, "{greeting:?}");
        assert_eq!(greeting.is_general(), general, "{greeting:?}");
    }

    #[test]
    fn greetings_keep_their_pattern() {
        check("Hi Anna,", "Hi Bert,", true);
        check("Anna,", "Bert,", true);
        check("Anna -", "Bert -", true);
        check("Dear Anna Smith,", "Dear Bert Brown,", true);
        check("Good morning Anna!", "Good morning Bert!", true);
        check("Hello,", "Hello,", true);
        check("Hi Annie,", "Hi Annie,", false);
        check("Dear Ms. Smith:", "Dear Ms. Brown:", false);
        check("Liebe Anna,", "Liebe Bert,", false);
        check("Sehr geehrte Frau Smith,", "Sehr geehrte Frau Brown,", false);
    }

    #[track_caller]
    fn check_first(name: &str, address: &str, expected: &str) {
        assert_eq!(first_name(&Person { name: name.into(), address: address.into() }), expected);
    }

    #[test]
    fn names_come_from_the_address_only_when_it_spells_them() {
        check_first("", "grace.hopper@example.org", "Grace");
        check_first("", "ghopper@example.org", "");
        check_first("", "info.4@example.org", "");
        check_first("Dr. Grace Hopper", "g@example.org", "Grace");
        check_first("Hopper, Grace (Navy)", "g@example.org", "Grace");
        check_first("g@example.org", "g@example.org", "");
    }
}
