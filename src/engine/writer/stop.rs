//! Words at which an answer ends: held back until it is clear that they do not come.

/// Text on its way out.
pub(super) struct Gate<'a> {
    stops: &'a [&'a str],
    held: String,
}

/// What may go out now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// Text that no stop begins in.
    Text(String),
    /// The last of it: a stop came, which is left out. It is the one at this place of the list.
    Stopped(String, usize),
}

impl<'a> Gate<'a> {
    /// Empty stops are no stops.
    pub(super) fn new(stops: &'a [&'a str]) -> Self {
        Self { stops, held: String::new() }
    }

    /// Takes in more text.
    pub(super) fn push(&mut self, text: &str) -> Passed {
        self.held.push_str(text);
        let stops = || self.stops.iter().enumerate().filter(|(_, stop)| !stop.is_empty());
        let found = stops().filter_map(|(place, stop)| Some((self.held.find(stop)?, place)));
        if let Some((at, place)) = found.min() {
            self.held.truncate(at);
            return Passed::Stopped(std::mem::take(&mut self.held), place);
        }
        let begun = |at: &usize| stops().any(|(_, stop)| stop.starts_with(&self.held[*at..]));
        let places = self.held.char_indices().map(|(at, _)| at);
        let keep = places.into_iter().find(begun).unwrap_or(self.held.len());
        let rest = self.held.split_off(keep);
        Passed::Text(std::mem::replace(&mut self.held, rest))
    }

    /// What was held back and no stop came of.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stops: &[&str], parts: &[&str], expected: &[&str], last: &str) {
        let mut gate = Gate::new(stops);
        let passed: Vec<Passed> = parts.iter().map(|part| gate.push(part)).collect();
        let expected: Vec<Passed> = expected
            .iter()
            .map(|text| match text.strip_suffix('|') {
                Some(text) => Passed::Stopped(text.to_owned(), 0),
                None => Passed::Text((*text).to_owned()),
            })
            .collect();
        assert_eq!(passed, expected);
        assert_eq!(gate.finish(), last);
    }

    #[test]
    fn text_without_a_stop_goes_out_at_once() {
        check(&[], &["a", "b"], &["a", "b"], "");
        check(&["", "###"], &["Dear", " all,"], &["Dear", " all,"], "");
    }

    #[test]
    fn what_may_become_a_stop_is_held_back() {
        check(&["\n\nFrom:"], &["Bye\n", "\nF", "red"], &["Bye", "", "\n\nFred"], "");
        check(&["\n\nFrom:"], &["Bye\n", "\nFro"], &["Bye", ""], "\n\nFro");
        check(&["aab"], &["aa", "a", "b!"], &["", "a", "|"], "");
    }

    #[test]
    fn a_stop_and_what_follows_are_left_out() {
        check(&["END"], &["the EN", "D and more"], &["the ", "|"], "");
        check(&["é!"], &["caf", "é", "!"], &["caf", "", "|"], "");
    }

    #[test]
    fn the_first_stop_of_several_counts() {
        let mut gate = Gate::new(&["later", "now"]);
        assert_eq!(gate.push("do it now or later"), Passed::Stopped("do it ".to_owned(), 1));
    }
}
