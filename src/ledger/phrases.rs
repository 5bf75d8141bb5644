//! Looking for phrases in words as people write them.

/// A text folded for phrase search: lower case, straight apostrophes, words parted by one blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Words with a blank before and after each.
    words: String,
}

impl Folded {
    /// Folds `text`.
    pub fn new(text: &str) -> Self {
        let mut words = String::with_capacity(text.len() + 2);
        words.push(' ');
        for c in text.chars() {
            match c {
                '’' | '‘' | '`' | '´' | '\'' => words.push('\''),
                '%' | '$' | '€' | '£' => {
                    if !words.ends_with(' ') {
                        words.push(' ');
                    }
                    words.push(c);
                }
                _ if c.is_alphanumeric() => words.extend(c.to_lowercase()),
                _ if !words.ends_with(' ') => words.push(' '),
                _ => {}
            }
        }
        if !words.ends_with(' ') {
            words.push(' ');
        }
        Self { words }
    }

    /// Whether `phrase` stands in it as whole words; with a `*` at its end the last word may go on.
    pub fn has(&self, phrase: &str) -> bool {
        let (phrase, open) = match phrase.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (phrase, false),
        };
        self.words.match_indices(phrase).any(|(at, _)| {
            let before = self.words[..at].ends_with(' ');
            let after = open || self.words[at + phrase.len()..].starts_with(' ');
            before && after
        })
    }

    /// Whether any of `phrases` stands in it.
    pub fn any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    /// How many of `phrases` stand in it, each counted once.
    pub fn count(&self, phrases: &[&str]) -> usize {
        phrases.iter().filter(|phrase| self.has(phrase)).count()
    }

    /// The first of `phrases` that stands in it.
    pub fn first<'a>(&self, phrases: &[&'a str]) -> Option<&'a str> {
        phrases.iter().find(|phrase| self.has(phrase)).copied()
    }

    /// Whether it begins with `phrase`, as whole words.
    pub fn begins(&self, phrase: &str) -> bool {
        self.words[1..].strip_prefix(phrase).is_some_and(|rest| rest.starts_with(' '))
    }

    /// Whether it begins with one of `phrases`.
    pub fn begins_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.begins(phrase))
    }

    /// The words, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.split(' ').filter(|word| !word.is_empty())
    }

    /// How many words there are.
    pub fn words_count(&self) -> usize {
        self.words().count()
    }
}

#[cfg(test)]
mod tests {
    use super::Folded;

    #[test]
    fn phrases_are_whole_words() {
        let folded = Folded::new("Could\n you—please—send it? I’ll wait. 25 % off");
        for phrase in ["could you", "please send", "i'll", "25 % off", "sen*"] {
            assert!(folded.has(phrase), "{phrase}");
        }
        for phrase in ["ould you", "could yo", "end it", "will"] {
            assert!(!folded.has(phrase), "{phrase}");
        }
        assert!(folded.begins("could you") && !folded.begins("could yo"));
        assert_eq!(Folded::new("").words_count(), 0);
        assert!(!Folded::new("").has("a"));
    }
}
