//! Dates as people type them into a query: `2026-01`, `today`, `3m`, `monday`.

use jiff::Span;
use jiff::civil::Date;

use super::{Zone, parse_rfc3339, plus_days, words};
use crate::mail::types::UnixSeconds;

/// Reads a date of a query as the half-open range of instants it means.
///
/// `2026`, `2026-01` and `2026-01-05` are that year, month or day in `zone`; `today`, `yesterday`,
/// `tomorrow` and a weekday (the latest one, today included) are days; `10d`, `2w`, `3m`, `1y` are the
/// day so long ago, `6h` the hour; `now` and an RFC 3339 time are one second. `None` for anything else.
pub fn parse_query_date(
    text: &str,
    now: UnixSeconds,
    zone: &Zone,
) -> Option<(UnixSeconds, UnixSeconds)> {
    let text = text.trim().to_lowercase();
    let today = zone.civil(now).date();
    let days = |from: Date, to: Date| Some((zone.at_minute(from, 0), zone.at_minute(to, 0)));
    let one_day = |date: Date| days(date, plus_days(date, 1));
    match text.as_str() {
        "now" => return Some((now, UnixSeconds(now.0.saturating_add(1)))),
        "today" => return one_day(today),
        "yesterday" => return one_day(plus_days(today, -1)),
        "tomorrow" => return one_day(plus_days(today, 1)),
        _ => {}
    }
    if let Some(weekday) = words::weekday(&text) {
        let back = (today.weekday().to_monday_zero_offset() - weekday as i8).rem_euclid(7);
        return one_day(plus_days(today, -i32::from(back)));
    }
    if let Some(at) = parse_rfc3339(&text.to_uppercase()) {
        return Some((at, UnixSeconds(at.0.saturating_add(1))));
    }
    if let Some(range) = ago(&text, now, today, zone) {
        return Some(range);
    }
    let mut parts = text.split(['-', '/']);
    let year: i16 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let Some(month) = parts.next() else {
        return days(Date::new(year, 1, 1).ok()?, Date::new(year.checked_add(1)?, 1, 1).ok()?);
    };
    let month: i8 = month.parse().ok().filter(|_| month.len() <= 2)?;
    let first = Date::new(year, month, 1).ok()?;
    let Some(day) = parts.next() else {
        return days(first, first.saturating_add(Span::new().months(1)));
    };
    let day: i8 = day.parse().ok().filter(|_| day.len() <= 2 && parts.next().is_none())?;
    one_day(Date::new(year, month, day).ok()?)
}

/// `10d`, `2w`, `3m`, `1y`, `6h` ago.
fn ago(
    text: &str,
    now: UnixSeconds,
    today: Date,
    zone: &Zone,
) -> Option<(UnixSeconds, UnixSeconds)> {
    let (number, unit) =
        text.split_at(text.len().checked_sub(1).filter(|&at| text.is_char_boundary(at))?);
    let number: i32 = number
        .parse()
        .ok()
        .filter(|n| (0..=10_000).contains(n) && number.bytes().all(|b| b.is_ascii_digit()))?;
    let span = match unit {
        "h" => {
            let from = now.0.saturating_sub(i64::from(number) * 3600);
            return Some((UnixSeconds(from), UnixSeconds(from.saturating_add(3600))));
        }
        "d" => Span::new().days(number),
        "w" => Span::new().weeks(number),
        "m" => Span::new().months(number),
        "y" => Span::new().years(number.min(9_000)),
        _ => return None,
    };
    let date = today.saturating_sub(span);
    Some((zone.at_minute(date, 0), zone.at_minute(date, 1440)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::when::format_rfc3339;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let now = parse_rfc3339("2026-03-03T10:00:00+01:00").unwrap();
        let found = parse_query_date(text, now, &zone)
            .map(|(from, to)| (format_rfc3339(from), format_rfc3339(to)));
        let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn query_dates_are_ranges() {
        check("2026", Some(("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z")));
        check("2026-01", Some(("2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z")));
        check("2026-07-05", Some(("2026-07-04T22:00:00Z", "2026-07-05T22:00:00Z")));
        check("2026-3-29", Some(("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")));
        check("today", Some(("2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z")));
        check("Yesterday", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z")));
        check("tomorrow", Some(("2026-03-03T23:00:00Z", "2026-03-04T23:00:00Z")));
        check("tuesday", Some(("2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z")));
        check("monday", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z")));
        check("wed", Some(("2026-02-24T23:00:00Z", "2026-02-25T23:00:00Z")));
        check("10d", Some(("2026-02-20T23:00:00Z", "2026-02-21T23:00:00Z")));
        check("2w", Some(("2026-02-16T23:00:00Z", "2026-02-17T23:00:00Z")));
        check("3m", Some(("2025-12-02T23:00:00Z", "2025-12-03T23:00:00Z")));
        check("1y", Some(("2025-03-02T23:00:00Z", "2025-03-03T23:00:00Z")));
        check("6h", Some(("2026-03-03T03:00:00Z", "2026-03-03T04:00:00Z")));
        check("now", Some(("2026-03-03T09:00:00Z", "2026-03-03T09:00:01Z")));
        check("2026-03-02T09:00:00Z", Some(("2026-03-02T09:00:00Z", "2026-03-02T09:00:01Z")));
        check("2026-03-02t09:00:00z", Some(("2026-03-02T09:00:00Z", "2026-03-02T09:00:01Z")));
    }

    #[test]
    fn nonsense_is_no_date() {
        for bad in [
            "",
            "soon",
            "26",
            "2026-13",
            "2026-02-30",
            "2026-01-05-01",
            "-3d",
            "3",
            "d",
            "99999999999d",
            "3ü",
            "ü",
            "2026-1x",
            "20260105",
        ] {
            check(bad, None);
        }
    }
}
