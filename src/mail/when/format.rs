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
    let near = at.0.abs_diff(now.0) < 31 * 86_400;
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

/// A time in at most eleven columns, for a table: `14:00` today, `Thu 17:30` within six days,
/// `31 Dec`, `12 Jan 2027`.
pub fn short(at: UnixSeconds, now: UnixSeconds, zone: &Zone) -> String {
    let day = short_day(at, now, zone);
    if WEEKDAYS.contains(&day.as_str()) {
        let civil = zone.civil(at);
        return format!("{day} {:02}:{:02}", civil.hour(), civil.minute());
    }
    day
}

/// The same without the clock on another day than today: `14:00`, `Thu`, `31 Dec`, `12 Jan 2027`.
pub fn short_day(at: UnixSeconds, now: UnixSeconds, zone: &Zone) -> String {
    let (civil, today) = (zone.civil(at), zone.civil(now).date());
    let date = civil.date();
    if date == today {
        return format!("{:02}:{:02}", civil.hour(), civil.minute());
    }
    if at.0.abs_diff(now.0) < 6 * 86_400 {
        return WEEKDAYS[date.weekday().to_monday_zero_offset() as usize].to_owned();
    }
    let month = MONTHS[(date.month() - 1) as usize];
    if date.year() == today.year() {
        return format!("{} {month}", date.day());
    }
    format!("{} {month} {}", date.day(), date.year())
}

/// A time that stays true when it is read later: `Thu 5 Mar 2026, 17:30`.
pub fn full(at: UnixSeconds, zone: &Zone) -> String {
    let civil = zone.civil(at);
    let weekday = WEEKDAYS[civil.date().weekday().to_monday_zero_offset() as usize];
    let month = MONTHS[(civil.month() - 1) as usize];
    let (day, year, hour, minute) = (civil.day(), civil.year(), civil.hour(), civil.minute());
    format!("{weekday} {day} {month} {year}, {hour:02}:{minute:02}")
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

    #[track_caller]
    fn check_short(at: &str, expected: &str, day: &str) {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let now = parse_rfc3339("2026-03-03T10:00:00+01:00").unwrap();
        let at = parse_rfc3339(at).unwrap();
        assert_eq!(
            (short(at, now, &zone), short_day(at, now, &zone)),
            (expected.into(), day.into())
        );
        assert!(short(at, now, &zone).len() <= 11);
    }

    #[test]
    fn a_table_has_room_for_eleven_columns() {
        check_short("2026-03-03T14:00:00+01:00", "14:00", "14:00");
        check_short("2026-03-03T23:30:00Z", "Wed 00:30", "Wed");
        check_short("2026-03-09T09:00:00+01:00", "Mon 09:00", "Mon");
        // A weekday that is today's would be taken for today.
        check_short("2026-03-10T09:00:00+01:00", "10 Mar", "10 Mar");
        check_short("2026-02-26T09:00:00+01:00", "Thu 09:00", "Thu");
        check_short("2026-01-12T09:00:00+01:00", "12 Jan", "12 Jan");
        check_short("2027-01-12T09:00:00+01:00", "12 Jan 2027", "12 Jan 2027");
    }

    #[test]
    fn a_full_time_is_true_on_any_day() {
        let at = parse_rfc3339("2026-03-05T16:30:00Z").unwrap();
        assert_eq!(full(at, &Zone::parse("Europe/Berlin").unwrap()), "Thu 5 Mar 2026, 17:30");
    }

    #[test]
    fn a_day_of_next_year_has_its_year() {
        let now = parse_rfc3339("2026-11-22T10:00:00Z").unwrap();
        let at = parse_rfc3339("2027-01-15T10:00:00Z").unwrap();
        assert_eq!(human(at, now, &Zone::utc()), "15 Jan 2027");
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
