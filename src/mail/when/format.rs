//! Times as programs and people read them.

use jiff::Timestamp;

use super::{Zone, plus_days, stamp};
use crate::mail::types::UnixSeconds;

/// Reads an RFC 3339 time with `Z` or an offset; `None` for anything else.
pub fn parse_rfc3339(text: &str) -> Option<UnixSeconds> {
    let text = text.trim();
    // The time crate reads more (bracketed zones, week dates); a contract reads one form.
    let shape = text.len() >= 20
        && text.is_ascii()
        && text.as_bytes()[4] == b'-'
        && text.as_bytes()[7] == b'-'
        && matches!(text.as_bytes()[10], b'T' | b't' | b' ')
        && text.as_bytes()[13] == b':'
        && text.as_bytes()[16] == b':'
        && !text.contains('[');
    if !shape {
        return None;
    }
    text.parse::<Timestamp>().ok().map(|stamp| UnixSeconds(stamp.as_second()))
}

/// Writes RFC 3339 in UTC: `2026-03-02T09:00:00Z`.
pub fn format_rfc3339(at: UnixSeconds) -> String {
    let civil = jiff::tz::TimeZone::UTC.to_datetime(stamp(at));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

/// A time for people, short: `today 14:00`, `tomorrow`, `yesterday`, `Thu 5 Mar`, `12 Jan 2025`.
pub fn human(at: UnixSeconds, now: UnixSeconds, zone: &Zone) -> String {
    let (civil, today) = (zone.civil(at), zone.civil(now).date());
    let date = civil.date();
    if date == today {
        return format!("today {:02}:{:02}", civil.hour(), civil.minute());
    }
    if date == plus_days(today, 1) {
        return "tomorrow".to_owned();
    }
    if date == plus_days(today, -1) {
        return "yesterday".to_owned();
    }
    let month = MONTHS[(date.month() - 1) as usize];
    // The weekday says more than the year while the day is near.
    let near = at.0.abs_diff(now.0) < 300 * 86_400;
    if date.year() == today.year() || near && date.year() == today.year() + 1 {
        let weekday = WEEKDAYS[date.weekday().to_monday_zero_offset() as usize];
        return format!("{weekday} {} {month}", date.day());
    }
    format!("{} {month} {}", date.day(), date.year())
}

/// The same with the clock time on every day: `tomorrow 12:00`, `Thu 5 Mar 17:30`.
pub fn human_with_time(at: UnixSeconds, now: UnixSeconds, zone: &Zone) -> String {
    let day = human(at, now, zone);
    if day.starts_with("today") {
        return day;
    }
    let civil = zone.civil(at);
    format!("{day} {:02}:{:02}", civil.hour(), civil.minute())
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(at: &str, expected: &str) {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let now = parse_rfc3339("2026-03-03T10:00:00+01:00").unwrap();
        assert_eq!(human(parse_rfc3339(at).unwrap(), now, &zone), expected, "{at}");
    }

    #[test]
    fn people_read_short_times() {
        check("2026-03-03T14:00:00+01:00", "today 14:00");
        check("2026-03-03T00:05:00+01:00", "today 00:05");
        check("2026-03-03T23:30:00Z", "tomorrow");
        check("2026-03-02T23:59:00+01:00", "yesterday");
        check("2026-03-05T09:00:00+01:00", "Thu 5 Mar");
        check("2026-12-31T09:00:00+01:00", "Thu 31 Dec");
        check("2025-01-12T09:00:00+01:00", "12 Jan 2025");
        check("2027-01-12T09:00:00+01:00", "12 Jan 2027");
    }

    #[test]
    fn near_days_of_next_year_keep_their_weekday() {
        let now = parse_rfc3339("2026-12-30T10:00:00Z").unwrap();
        let at = parse_rfc3339("2027-01-04T10:00:00Z").unwrap();
        assert_eq!(human(at, now, &Zone::utc()), "Mon 4 Jan");
        assert_eq!(human_with_time(at, now, &Zone::utc()), "Mon 4 Jan 10:00");
        assert_eq!(human_with_time(now, now, &Zone::utc()), "today 10:00");
    }

    #[test]
    fn rfc3339_is_read_and_written() {
        for (text, written) in [
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
            ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
            ("2026-03-02 10:00:00.5+01:00", "2026-03-02T09:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(parse_rfc3339(text).map(format_rfc3339).as_deref(), Some(written));
        }
        for bad in [
            "",
            "2026-03-02",
            "2026-03-02T09:00:00",
            "2026-13-02T09:00:00Z",
            "2026-03-02T09:00Z",
            "yesterday",
            "2026-03-02T09:00:00Z[UTC]",
            "ü026-03-02T09:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(bad), None, "{bad:?}");
        }
    }
}
