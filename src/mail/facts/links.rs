//! Links and addresses in running text, with or without `https://`.

/// Longest ending of a domain name (RFC 1035 allows 63; none in use is longer than this).
const ENDING_MAX: usize = 24;
/// What stands behind the dot of a file's name.
const FILES: &[&str] = &[
    "bmp", "csv", "doc", "docx", "eml", "exe", "gif", "gz", "htm", "html", "ics", "jpeg", "jpg",
    "js", "json", "log", "mbox", "md", "mp3", "mp4", "odp", "ods", "odt", "pdf", "png", "ppt",
    "pptx", "py", "rs", "rtf", "svg", "tar", "toml", "txt", "vcf", "wav", "xls", "xlsx", "xml",
    "yaml", "yml", "zip",
];

/// Whether a word, without the marks around it, leads somewhere: a mail address, a link, a bare
/// domain with or without a path. Names of files do not.
pub fn is_link(word: &str) -> bool {
    let lower = word.to_lowercase();
    if lower.contains("://") || lower.starts_with("www.") {
        return true;
    }
    if let Some((_, domain)) = lower.split_once('@') {
        return domain.contains('.');
    }
    let host_end = word.find(['/', ':', '?', '#']).unwrap_or(word.len());
    let (host, rest) = word.split_at(host_end);
    let labels: Vec<&str> = host.split('.').collect();
    let spelled =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let [first @ .., ending] = labels.as_slice() else { return false };
    if first.is_empty() || !labels.iter().all(spelled) {
        return false;
    }
    let numbers = |label: &&str| label.chars().all(|c| c.is_ascii_digit());
    if labels.iter().all(numbers) {
        return labels.len() == 4 && !rest.is_empty();
    }
    // `done.Then` lacks a blank; `e.g` and `z.B` are no domains.
    let sentences =
        ending.starts_with(char::is_uppercase) && ending.chars().any(char::is_lowercase);
    let letters = ending.starts_with("xn--") || ending.chars().all(char::is_alphabetic);
    let long = (2..=ENDING_MAX).contains(&ending.chars().count());
    let file = FILES.contains(&ending.to_lowercase().as_str()) && !rest.starts_with('/');
    let short = first.iter().all(|label| label.chars().count() == 1);
    letters
        && long
        && !sentences
        && !file
        && !(short && rest.is_empty() && ending.chars().count() == 2)
}

/// Whether a link or an address stands in `text` as a whole word; a domain alone also where it is
/// that of a link or an address there.
pub(super) fn link_stands(link: &str, text: &str) -> bool {
    let wanted = plain(link);
    let cuts = |c: char| {
        c.is_whitespace()
            || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | ',' | ';' | '|' | '“' | '”')
    };
    text.split(cuts).any(|word| {
        let word = plain(word);
        word == wanted || !word.is_empty() && host(&word) == wanted
    })
}

fn plain(link: &str) -> String {
    let lower = link.to_lowercase();
    let lower = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let rest = lower.strip_prefix("mailto:").unwrap_or(lower);
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    rest.strip_prefix("www.").unwrap_or(rest).to_owned()
}

fn host(plain: &str) -> &str {
    let host = plain.split(['/', '?', '#']).next().unwrap_or_default();
    host.rsplit_once('@').map_or(host, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: bool) {
        assert_eq!(is_link(word), expected, "{word}");
    }

    #[test]
    fn what_leads_somewhere_is_known_without_a_scheme() {
        check("https://example.org", true);
        check("www.example.org", true);
        check("eve@example.org", true);
        check("evil-bank.example/pay", true);
        check("example.org", true);
        check("EXAMPLE.ORG", true);
        check("192.0.2.7/pay", true);
        check("x.example", true);
        check("report.zip/open", true);
        for plain in [
            "report.pdf",
            "e.g",
            "z.B",
            "a.m",
            "U.S",
            "1.5",
            "3.2026",
            "done.Then",
            "and/or",
            "@ben",
            "v1.2",
            "Ada",
            "…",
        ] {
            check(plain, false);
        }
    }

    #[track_caller]
    fn check_stands(link: &str, text: &str, expected: bool) {
        assert_eq!(link_stands(link, text), expected, "{link} in {text}");
    }

    #[test]
    fn a_link_stands_where_all_of_it_stands() {
        check_stands("eve@example.org", "Write to <eve@example.org>.", true);
        check_stands("eve@example.org", "Write to steve@example.org.", false);
        check_stands("eve@example.org", "Write to ann.eve@example.org.", false);
        check_stands("example.org/pay", "See https://www.example.org/pay.", true);
        check_stands("example.org/pay", "See https://example.org/other", false);
        check_stands("example.org", "Write to eve@example.org", true);
        check_stands("example.org", "See example.org.evil.example", false);
    }
}
