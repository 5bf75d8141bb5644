//! What might come next, for nothing: text that stood in the prompt comes again in answers that
//! quote it.
//!
//! Prompt lookup (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding): the last tokens are
//! looked for earlier on, and what followed them there is tried. A guess is checked in one pass and
//! dropped where it is wrong, so it changes how quickly tokens come and never which.

/// Tokens that must match, the more the better.
const MATCH_TOKENS: [usize; 3] = [4, 3, 2];
/// Tokens that are looked back over.
const LOOK_TOKENS: usize = 16_384;

/// Up to `count` tokens that followed the last ones when they stood in `history` before.
pub(super) fn guess(history: &[u32], count: usize) -> &[u32] {
    let history = &history[history.len().saturating_sub(LOOK_TOKENS)..];
    if count == 0 {
        return &[];
    }
    for length in MATCH_TOKENS {
        let Some(start) = history.len().checked_sub(length).filter(|start| *start > 0) else {
            continue;
        };
        let (before, last) = (&history[..history.len() - 1], &history[start..]);
        if let Some(at) = before.windows(length).rposition(|window| window == last) {
            let from = at + length;
            return &history[from..history.len().min(from + count)];
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn what_followed_last_time_is_the_guess() {
        assert_eq!(guess(&[1, 2, 3, 4, 5, 9, 2, 3], 2), [4, 5]);
        assert_eq!(guess(&[1, 2, 3, 4, 5, 9, 2, 3], 9), [4, 5, 9, 2, 3]);
        assert_eq!(guess(&[7, 7, 7], 5), [7]);
    }

    #[test]
    fn longer_and_later_matches_come_first() {
        assert_eq!(guess(&[8, 1, 2, 3, 50, 1, 2, 60, 8, 1, 2], 1), [3]);
        assert_eq!(guess(&[1, 2, 50, 1, 2, 60, 1, 2], 1), [60]);
    }

    #[test]
    fn nothing_known_is_no_guess() {
        assert!(guess(&[], 4).is_empty());
        assert!(guess(&[1], 4).is_empty());
        assert!(guess(&[1, 2, 3], 4).is_empty());
        assert!(guess(&[1, 2, 3, 1, 2], 0).is_empty());
    }
}
