//! By which name a letter greets: mail of a company is signed by somebody.

use crate::mail::{self, Person};

/// Words of a signed name.
const NAME_WORDS_MAX: usize = 3;

/// The recipients as a greeting names them: where `from`, whose mail is answered, is called by a
/// company's name, the name under the mail stands in for it, else no name at all.
pub(super) fn greeted(to: &[Person], from: &Person, own_words: &str) -> Vec<Person> {
    let mut to = to.to_vec();
    if let [person] = to.as_mut_slice()
        && is_company(person)
    {
        let signed = (person.address == from.address).then(|| signed_name(own_words)).flatten();
        person.name = signed.unwrap_or_default();
        // Whose address it is says nothing of who signs.
        person.address.clear();
    }
    to
}

/// Whether a display name cannot be a person's: it opens with an article, has digits or signs in it,
/// a legal form, or is the name of the domain.
fn is_company(person: &Person) -> bool {
    // `Les` and `La` open names of people, too.
    const ARTICLES: &[&str] = &["the", "der", "die", "das"];
    const FORMS: &[&str] = &[
        "ltd", "limited", "inc", "llc", "llp", "plc", "corp", "gmbh", "sarl", "team", "support",
        "service", "services",
    ];
    // Small letters make some of these a surname.
    const CAPITALS: &[&str] = &["AG", "KG", "UG", "SA", "SAS", "SRL", "BV", "NV", "AB", "OY", "AS"];
    let capitals = person.name.replace('.', "");
    let capitals = capitals.split_whitespace().next_back().is_some_and(|w| CAPITALS.contains(&w));
    let lower = person.name.to_lowercase().replace('.', "");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let [first, rest @ ..] = words.as_slice() else { return false };
    let domain = person.address.split_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    let label = domain.split('.').next().unwrap_or_default();
    let joined = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    ARTICLES.contains(first) && !rest.is_empty()
        || lower.contains(['&', '|']) && !lower.contains(',')
        || lower.chars().any(|c| c.is_ascii_digit())
        || !rest.is_empty() && capitals
        || rest.last().is_some_and(|last| FORMS.contains(last))
        || joined(&lower) == joined(label)
}

/// The name in a mail's sign-off: its last line that looks like a person's.
fn signed_name(own_words: &str) -> Option<String> {
    let sign_off = mail::sign_off(own_words)?;
    let name = |line: &str| -> Option<String> {
        let line = line.trim().trim_matches(|c: char| !c.is_alphanumeric() && c != '.');
        let words: Vec<&str> = line.split_whitespace().collect();
        let spelled = |word: &&str| {
            word.starts_with(char::is_uppercase)
                && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
        };
        let short = (1..=NAME_WORDS_MAX).contains(&words.len()) && words[0].chars().count() > 1;
        let person = Person { name: line.to_owned(), address: String::new() };
        (short && words.iter().all(spelled) && !is_company(&person)).then(|| line.to_owned())
    };
    // `Best regards,⏎Jo`: the first line closes, unless it is all there is.
    let lines: Vec<&str> = sign_off.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.as_slice() {
        [] => None,
        [only] => only.rsplit(',').next().and_then(name),
        [_, rest @ ..] => rest.iter().find_map(|line| name(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, address: &str, mail: &str, expected: &str) {
        let from = Person { name: name.to_owned(), address: address.to_owned() };
        let greeted = greeted(std::slice::from_ref(&from), &from, mail);
        assert_eq!(greeted[0].name, expected, "{name}");
    }

    #[test]
    fn a_company_is_greeted_by_who_signs() {
        let signed = "The rope is here.\n\nBest regards,\nJo Miller\n";
        check("The Old Ropery", "post@ropery.example", signed, "Jo Miller");
        check("Ropery", "post@ropery.example", signed, "Jo Miller");
        check("Old Ropery Ltd.", "post@example.org", signed, "Jo Miller");
        check("The Old Ropery", "post@ropery.example", "The rope is here.", "");
        check("Grace Hopper", "grace@example.net", signed, "Grace Hopper");
        check("Hopper, Grace", "grace@example.net", signed, "Hopper, Grace");
        check("", "grace@example.net", signed, "");
        check("jo.roe@example.org", "jo.roe@example.org", signed, "jo.roe@example.org");
        check("Paulo de Sa", "p@example.org", signed, "Paulo de Sa");
        check("Seil AG", "p@example.org", signed, "Jo Miller");
        check("Die Seilerei", "post@seil.example", "Es ist da.\n\nViele Grüße\nUte\n", "Ute");
    }
}
