//! Sets of UIDs as commands take them.

use std::fmt::Write as _;

/// Longest set in one command, in bytes: Outlook refuses commands of 4 KB (Mailspring-Sync#5), others
/// of 1,000 bytes.
pub(super) const SET_BYTES_MAX: usize = 950;

/// The last of `uids`, which ascend: at most `count` of them, in a set of at most [`SET_BYTES_MAX`]
/// bytes that names no others. Gives back how many it names, and the set, ascending (QQ refuses
/// others, himalaya#572).
pub(super) fn newest(uids: &[u32], count: usize) -> (usize, String) {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let (mut taken, mut bytes) = (0, 0);
    for &uid in uids.iter().rev().take(count) {
        match runs.last_mut() {
            Some((first, _)) if *first == uid.saturating_add(1) => *first = uid,
            _ => {
                if bytes + text(uid, u32::MAX).len() > SET_BYTES_MAX {
                    break;
                }
                runs.push((uid, uid));
            }
        }
        taken += 1;
        // As long as any run with these ends can get.
        bytes = runs.iter().map(|(first, last)| text(*first, *last).len() + 1).sum();
    }
    let mut set = String::new();
    for (first, last) in runs.iter().rev() {
        if !set.is_empty() {
            set.push(',');
        }
        set.push_str(&text(*first, *last));
    }
    (taken, set)
}

fn text(first: u32, last: u32) -> String {
    let mut text = first.to_string();
    if last != first {
        let _ = write!(text, ":{last}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uids: &[u32], count: usize, expected: &str) {
        let (taken, set) = newest(uids, count);
        assert_eq!(set, expected);
        let named: Vec<u32> = set
            .split(',')
            .filter(|run| !run.is_empty())
            .flat_map(|run| {
                let (first, last) = run.split_once(':').unwrap_or((run, run));
                let number = |text: &str| text.parse::<u32>().expect("a number");
                number(first)..=number(last)
            })
            .collect();
        assert_eq!(named, uids[uids.len() - taken..], "a set names what it says and nothing else");
    }

    #[test]
    fn runs_are_joined_and_nothing_else_is_named() {
        check(&[], 5, "");
        check(&[7], 5, "7");
        check(&[1, 2, 3, 5, 8, 9], 10, "1:3,5,8:9");
        check(&[1, 2, 3, 5, 8, 9], 3, "5,8:9");
        check(&[u32::MAX - 1, u32::MAX], 3, "4294967294:4294967295");
    }

    #[test]
    fn a_set_fits_into_a_command() {
        let sparse: Vec<u32> = (0..2_000).map(|at| 4_000_000_000 + at * 3).collect();
        let (taken, set) = newest(&sparse, 500);
        assert!((70..500).contains(&taken) && set.len() <= SET_BYTES_MAX, "{taken}: {}", set.len());
        let dense: Vec<u32> = (1..=2_000).collect();
        assert_eq!(newest(&dense, 500), (500, "1501:2000".to_owned()));
    }
}
