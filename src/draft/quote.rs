//! The mail answered, quoted below the answer.

use super::phrases::phrases;
use crate::mail::when::{Zone, local_date};
use crate::mail::{Person, UnixSeconds};

/// Lines quoted at most.
const LINES_MAX: usize = 200;

/// The attribution line and the mail's own text, each line marked.
pub(super) fn quoted(
    text: &str,
    from: &Person,
    sent: UnixSeconds,
    zone: &Zone,
    language: &str,
) -> String {
    let name = from.called();
    let local = local_date(sent, zone);
    let date = format!("{} {:02}:{:02}", day(sent, zone), local.hour, local.minute);
    let mut out = phrases(language).wrote.replace("{date}", &date).replace("{name}", name);
    for line in text.trim().lines().take(LINES_MAX) {
        out.push_str("\n>");
        if !line.is_empty() && !line.starts_with('>') {
            out.push(' ');
        }
        out.push_str(line.trim_end());
    }
    out
}

/// `2026-02-03`, by the clock of `zone`.
pub(super) fn day(at: UnixSeconds, zone: &Zone) -> String {
    let local = local_date(at, zone);
    format!("{:04}-{:02}-{:02}", local.year, local.month, local.day)
}
