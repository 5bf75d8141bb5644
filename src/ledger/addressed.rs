//! To whom a sentence speaks.
//!
//! A mail to four people that opens "Ben," speaks to Ben; a line in it that opens "Cleo, could you…"
//! speaks to Cleo, and "Dan tells the customers" gives Dan a task. On a list nobody is addressed; there
//! the user is known by the first name of their address.

use crate::mail::Person;
use crate::store::Header;

/// The people of one message, and whom its greeting names.
#[derive(Debug)]
pub(crate) struct Addressees {
    named: Vec<(String, Person)>,
    greeted: Vec<Person>,
}

impl Addressees {
    pub(crate) fn of(header: &Header, own: &[String], greeting: Option<&str>) -> Self {
        let people = &header.people;
        let mut present: Vec<Person> =
            people.to.iter().chain(&people.cc).chain(&people.bcc).cloned().collect();
        if !header.own && !present.iter().any(|person| own.contains(&person.address)) {
            let user = |address: &String| Person { name: String::new(), address: address.clone() };
            present.extend(own.iter().map(user));
        }
        let named: Vec<(String, Person)> = present
            .into_iter()
            .filter(|person| person.address != header.from.address)
            .filter_map(|person| first_name(&person).map(|name| (name, person)))
            .collect();
        let mut greeted = Vec::new();
        for word in greeting.unwrap_or_default().split(|c: char| !c.is_alphanumeric()) {
            let word = word.to_lowercase();
            for (name, person) in &named {
                if *name == word && !greeted.contains(person) {
                    greeted.push(person.clone());
                }
            }
        }
        Self { named, greeted }
    }

    /// The one a sentence speaks to or gives a task to by opening with their name; else those the
    /// greeting names; else nobody in particular.
    pub(crate) fn whom(&self, sentence: &str) -> Vec<Person> {
        let opening = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
        let word: String = opening
            .chars()
            .take_while(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        if let Some((_, person)) = self.named.iter().find(|(name, _)| *name == word) {
            return vec![person.clone()];
        }
        self.greeted.clone()
    }
}

/// The folded first name, from the display name, else from the address.
fn first_name(person: &Person) -> Option<String> {
    let from_name = person.name.rsplit_once(',').map_or(person.name.as_str(), |(_, first)| first);
    let name = from_name
        .split_whitespace()
        .find(|word| !word.ends_with('.') && !TITLES.contains(&word.to_lowercase().as_str()))
        .unwrap_or_else(|| {
            let local = person.address.split('@').next().unwrap_or_default();
            local.split(['.', '_', '-']).next().unwrap_or_default()
        });
    let folded: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    (folded.chars().count() >= 2).then_some(folded)
}

const TITLES: &[&str] = &["dr", "mr", "mrs", "ms", "prof", "herr", "frau", "mme", "sr", "sra"];

#[cfg(test)]
mod tests {
    use super::first_name;
    use crate::mail::Person;

    #[test]
    fn first_names_are_found() {
        for (name, address, expected) in [
            ("Ada Example", "ada@example.org", "ada"),
            ("Example, Ada", "x@example.org", "ada"),
            ("Dr. Ben Sample", "x@example.org", "ben"),
            ("", "cleo.muster@example.org", "cleo"),
        ] {
            let person = Person { name: name.to_owned(), address: address.to_owned() };
            assert_eq!(first_name(&person).as_deref(), Some(expected), "{name:?} {address}");
        }
    }
}
