//! A sentence on one line.

/// White space folded to single blanks, cut at a word so that at most `chars_max` characters stay;
/// what was cut shows as `…`.
pub fn shorten(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(chars_max * 4));
    let mut chars_count = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let blank = usize::from(!line.is_empty());
        if chars_count + blank + length > chars_max {
            if line.is_empty() {
                line.extend(word.chars().take(chars_max.saturating_sub(1)));
            }
            while line.ends_with([',', ';', ':', '-', '–']) || line.ends_with(' ') {
                line.pop();
            }
            if chars_count >= chars_max {
                line.pop();
            }
            line.push('…');
            return line;
        }
        if blank == 1 {
            line.push(' ');
        }
        line.push_str(word);
        chars_count += blank + length;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn lines_are_cut_at_words() {
        assert_eq!(shorten("  one\n two ", 20), "one two");
        assert_eq!(shorten("one two three", 9), "one two…");
        assert_eq!(shorten("one, two three", 6), "one…");
        assert_eq!(shorten("abcdefghij", 5), "abcd…");
        assert_eq!(shorten("", 5), "");
    }
}
