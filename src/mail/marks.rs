//! What a copy of a message is marked with: Maildir's letters and labels (IMAP's keywords, Gmail's
//! labels), and how two sides that changed them come together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Characters of a label.
const LABEL_CHARS_MAX: usize = 100;

/// Letters and labels. As text: the letters, sorted, then each label behind a tab. Labels that differ in
/// upper and lower case alone are one (RFC 9051, 2.3.2).
#[derive(Clone, Debug, Default)]
pub struct Marks {
    letters: BTreeSet<char>,
    /// As written, by its lower case.
    labels: BTreeMap<String, String>,
}

impl Marks {
    /// Reads what `to_string` wrote.
    pub fn of(text: &str) -> Self {
        let mut parts = text.split('\t');
        let letters = parts.next().unwrap_or_default().chars().collect();
        let mut marks = Self { letters, labels: BTreeMap::new() };
        parts.for_each(|label| marks.add_label(label));
        marks
    }

    /// Those of several copies together.
    pub fn of_all<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for marks in texts.map(Self::of) {
            all.letters.extend(marks.letters);
            all.labels.extend(marks.labels);
        }
        all
    }

    /// The letters, sorted.
    pub fn letters(&self) -> String {
        self.letters.iter().collect()
    }

    /// The labels, in the order of the alphabet.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.values().map(String::as_str)
    }

    /// Whether it has this letter.
    pub fn has_letter(&self, letter: char) -> bool {
        self.letters.contains(&letter)
    }

    /// Whether it has this label, however it is capitalised.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.contains_key(&label.to_lowercase())
    }

    /// Sets a letter or takes it away.
    pub fn set_letter(&mut self, letter: char, on: bool) {
        if on {
            self.letters.insert(letter);
        } else {
            self.letters.remove(&letter);
        }
    }

    /// Sets a label. What is none is passed over.
    pub fn add_label(&mut self, label: &str) {
        if is_label(label) {
            self.labels.insert(label.to_lowercase(), label.to_owned());
        }
    }

    /// Takes a label away.
    pub fn remove_label(&mut self, label: &str) {
        self.labels.remove(&label.to_lowercase());
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut marks = self.clone();
        marks.letters.retain(|letter| !other.letters.contains(letter));
        marks.labels.retain(|key, _| !other.labels.contains_key(key));
        marks
    }

    /// Mark by mark: where `mine` differs from `base` mine, else `theirs`.
    pub fn merged(base: &Self, mine: &Self, theirs: &Self) -> Self {
        let mut merged = theirs.clone();
        merged.letters.extend(mine.without(base).letters);
        for letter in base.without(mine).letters {
            merged.letters.remove(&letter);
        }
        for (key, label) in mine.without(base).labels {
            merged.labels.entry(key).or_insert(label);
        }
        for key in base.without(mine).labels.into_keys() {
            merged.labels.remove(&key);
        }
        merged
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.labels.is_empty()
    }
}

/// By the labels' lower case.
impl PartialEq for Marks {
    fn eq(&self, other: &Self) -> bool {
        self.letters == other.letters && self.labels.keys().eq(other.labels.keys())
    }
}

impl Eq for Marks {}

impl fmt::Display for Marks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.letters())?;
        self.labels.values().try_for_each(|label| write!(out, "\t{label}"))
    }
}

/// Whether the text may be a label: it is not blank, does not begin with a backslash as a server's own
/// flags do, holds no control character, and is not long.
pub fn is_label(text: &str) -> bool {
    !text.trim().is_empty()
        && text.trim() == text
        && !text.starts_with('\\')
        && !text.chars().any(char::is_control)
        && text.chars().count() <= LABEL_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_merged(base: &str, mine: &str, theirs: &str, expected: &str) {
        let merged = Marks::merged(&Marks::of(base), &Marks::of(mine), &Marks::of(theirs));
        assert_eq!(merged.to_string(), expected, "{base:?} {mine:?} {theirs:?}");
    }

    #[test]
    fn what_the_user_changed_stays_and_the_rest_is_the_sources() {
        check_merged("", "F", "", "F");
        check_merged("", "F", "S", "FS");
        check_merged("FS", "S", "FS", "S");
        check_merged("FS", "S", "F", "");
        check_merged("S", "S", "", "");
        check_merged("R", "FR", "FRS", "FRS");
    }

    #[test]
    fn labels_are_merged_one_by_one_and_spelled_as_the_source_does() {
        check_merged("", "\twork", "S\tplans", "S\tplans\twork");
        check_merged("\twork", "", "\tWork\tplans", "\tplans");
        check_merged("", "\twork", "\tWork", "\tWork");
        check_merged("\told", "\told", "", "");
    }

    #[test]
    fn what_is_no_label_is_passed_over() {
        for text in ["", " ", " a", "\\Seen", "a\nb", &"a".repeat(101)] {
            assert!(!is_label(text), "{text:?}");
            let mut marks = Marks::default();
            marks.add_label(text);
            assert!(marks.is_empty(), "{text:?}");
        }
        assert_eq!(Marks::of("S\tbig plans\ta").to_string(), "S\ta\tbig plans");
        assert_eq!(Marks::of_all(["S\ta", "FS\tA\tb"].into_iter()).to_string(), "FS\tA\tb");
    }
}
