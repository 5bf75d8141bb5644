//! Working hours.

use jiff::civil::Date;

use super::{Error, Zone, plus_days};
use crate::mail::types::UnixSeconds;

/// The hours somebody works, in their zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Where the clock hangs.
    pub zone: Zone,
    /// Working days, Monday first. None at all is read as every day.
    pub days: [bool; 7],
    /// Minute of the day at which work begins, 0..=1439.
    pub start_minute: u16,
    /// Minute of the day at which work ends, 1..=1440. One not after `start_minute` is read as a day
    /// without limits.
    pub end_minute: u16,
}

impl Default for Calendar {
    /// Monday to Friday, 9:00 to 17:30 UTC.
    fn default() -> Self {
        Self::office(Zone::utc())
    }
}

/// How far a search for working time goes. Nobody is given a norm of twenty years.
const DAYS_MAX: i32 = 7_400;

impl Calendar {
    /// Monday to Friday, 9:00 to 17:30 in `zone`.
    pub fn office(zone: Zone) -> Self {
        let days = [true, true, true, true, true, false, false];
        Self { zone, days, start_minute: 9 * 60, end_minute: 17 * 60 + 30 }
    }

    /// A calendar from the words of the configuration: `["mon", "tue"]` and `"09:00-17:30"`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDay`] and [`Error::UnknownHours`] name what could not be read.
    pub fn parse(zone: Zone, days: &[&str], hours: &str) -> Result<Self, Error> {
        let mut set = [false; 7];
        for day in days {
            let lower = day.to_lowercase();
            let weekday = super::words::weekday(&lower)
                .ok_or_else(|| Error::UnknownDay { text: (*day).to_owned() })?;
            set[usize::from(weekday)] = true;
        }
        let unknown = || Error::UnknownHours { text: hours.to_owned() };
        let (start, end) = hours.split_once(['-', '–']).ok_or_else(unknown)?;
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            (hour <= 24 && minute < 60 && hour * 60 + minute <= 1440).then(|| hour * 60 + minute)
        };
        let (start_minute, end_minute) = minute(start)
            .zip(minute(end))
            .filter(|(start, end)| start < end)
            .ok_or_else(unknown)?;
        Ok(Self { zone, days: set, start_minute, end_minute })
    }

    /// Working minutes of a full day.
    pub fn day_minutes(&self) -> i64 {
        let (start, end) = self.minutes();
        i64::from(end - start)
    }

    /// Whether somebody works at that instant.
    pub fn is_working(&self, at: UnixSeconds) -> bool {
        let date = self.zone.civil(at).date();
        self.works_on(date) && {
            let (start, end) = self.span(date);
            start <= at && at < end
        }
    }

    /// The earliest working instant that is not before `at`.
    pub fn next_working_start(&self, at: UnixSeconds) -> UnixSeconds {
        self.spans_from(at).next().map_or(at, |(start, _)| start.max(at))
    }

    /// The latest end of work that is not after `at`; `at` itself during work.
    pub fn previous_working_end(&self, at: UnixSeconds) -> UnixSeconds {
        self.spans_back(at).next().map_or(at, |(_, end)| end.min(at))
    }

    /// The end of the working day `at` lies in or before: of the next one, once work has ended.
    pub fn end_of_working_day(&self, at: UnixSeconds) -> UnixSeconds {
        self.spans_from(at).next().map_or(at, |(_, end)| end)
    }

    /// Goes on by so many working minutes, or back when they are negative.
    ///
    /// Outside working hours the count begins with the next ones. Zero gives the earliest working
    /// instant. Minutes are elapsed ones: a night with a change of clocks costs nothing.
    pub fn add_working_minutes(&self, from: UnixSeconds, minutes: i64) -> UnixSeconds {
        let mut left = minutes.unsigned_abs().saturating_mul(60).min(i64::MAX as u64 / 2) as i64;
        let mut last = from;
        if minutes >= 0 {
            for (start, end) in self.spans_from(from) {
                let start = start.max(from);
                if left < end.0 - start.0 || (left == end.0 - start.0 && left > 0) {
                    return UnixSeconds(start.0 + left);
                }
                left -= end.0 - start.0;
                last = end;
            }
        } else {
            for (start, end) in self.spans_back(from) {
                let end = end.min(from);
                if left <= end.0 - start.0 {
                    return UnixSeconds(end.0 - left);
                }
                left -= end.0 - start.0;
                last = start;
            }
        }
        last
    }

    /// Working minutes between two instants, negative when `to` is the earlier.
    pub fn working_minutes_between(&self, from: UnixSeconds, to: UnixSeconds) -> i64 {
        if to < from {
            return -self.working_minutes_between(to, from);
        }
        let mut seconds = 0;
        for (start, end) in self.spans_from(from) {
            if start >= to {
                break;
            }
            seconds += end.min(to).0 - start.max(from).0;
        }
        seconds / 60
    }

    /// The end of work on that day; on a day off the same minute.
    pub(super) fn day_end(&self, date: Date) -> UnixSeconds {
        self.zone.at_minute(date, self.minutes().1)
    }

    pub(super) fn works_on(&self, date: Date) -> bool {
        let none = self.days == [false; 7];
        none || self.days[date.weekday().to_monday_zero_offset() as usize]
    }

    fn minutes(&self) -> (u16, u16) {
        let (start, end) = (self.start_minute, self.end_minute.min(1440));
        if start < end { (start, end) } else { (0, 1440) }
    }

    fn span(&self, date: Date) -> (UnixSeconds, UnixSeconds) {
        let (start, end) = self.minutes();
        (self.zone.at_minute(date, start), self.zone.at_minute(date, end))
    }

    /// Spans of work that end after `at`, in order.
    fn spans_from(&self, at: UnixSeconds) -> impl Iterator<Item = (UnixSeconds, UnixSeconds)> + '_ {
        // A span up to midnight may end after a day that began before it.
        let first = plus_days(self.zone.civil(at).date(), -1);
        (0..DAYS_MAX)
            .map(move |day| plus_days(first, day))
            .filter(|date| self.works_on(*date))
            .map(|date| self.span(date))
            .filter(move |(start, end)| *end > at && end > start)
    }

    /// Spans of work that begin before `at`, latest first.
    fn spans_back(&self, at: UnixSeconds) -> impl Iterator<Item = (UnixSeconds, UnixSeconds)> + '_ {
        let first = plus_days(self.zone.civil(at).date(), 1);
        (0..DAYS_MAX)
            .map(move |day| plus_days(first, -day))
            .filter(|date| self.works_on(*date))
            .map(|date| self.span(date))
            .filter(move |(start, end)| *start < at && end > start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::when::{format_rfc3339, parse_rfc3339};

    fn berlin() -> Calendar {
        Calendar::office(Zone::parse("Europe/Berlin").unwrap())
    }

    fn at(text: &str) -> UnixSeconds {
        parse_rfc3339(text).unwrap()
    }

    #[track_caller]
    fn check_add(from: &str, minutes: i64, expected: &str) {
        let found = berlin().add_working_minutes(at(from), minutes);
        assert_eq!(format_rfc3339(found), format_rfc3339(at(expected)), "{from} + {minutes}");
    }

    #[test]
    fn working_minutes_are_counted() {
        check_add("2026-03-02T10:00:00+01:00", 30, "2026-03-02T10:30:00+01:00");
        check_add("2026-03-02T10:00:00+01:00", 450, "2026-03-02T17:30:00+01:00");
        check_add("2026-03-02T10:00:00+01:00", 480, "2026-03-03T09:30:00+01:00");
        check_add("2026-03-02T20:00:00+01:00", 60, "2026-03-03T10:00:00+01:00");
        check_add("2026-03-02T05:00:00+01:00", 60, "2026-03-02T10:00:00+01:00");
        check_add("2026-03-06T17:00:00+01:00", 60, "2026-03-09T09:30:00+01:00");
        check_add("2026-03-07T12:00:00+01:00", 0, "2026-03-09T09:00:00+01:00");
        check_add("2026-03-07T12:00:00+01:00", 510, "2026-03-09T17:30:00+01:00");
    }

    #[test]
    fn working_minutes_go_back() {
        check_add("2026-03-02T10:00:00+01:00", -30, "2026-03-02T09:30:00+01:00");
        check_add("2026-03-02T10:00:00+01:00", -90, "2026-02-27T17:00:00+01:00");
        check_add("2026-03-08T12:00:00+01:00", -510, "2026-03-06T09:00:00+01:00");
    }

    #[test]
    fn a_change_of_clocks_costs_no_work() {
        check_add("2026-03-27T17:00:00+01:00", 60, "2026-03-30T09:30:00+02:00");
        check_add("2026-10-23T17:00:00+02:00", 60, "2026-10-26T09:30:00+01:00");
        let mut night = berlin();
        night.days = [true; 7];
        (night.start_minute, night.end_minute) = (0, 1440);
        let found = night.add_working_minutes(at("2026-03-29T00:00:00+01:00"), 23 * 60 + 30);
        assert_eq!(format_rfc3339(found), "2026-03-29T22:30:00Z");
    }

    #[test]
    fn days_end_and_begin() {
        let calendar = berlin();
        let monday = at("2026-03-02T10:00:00+01:00");
        assert_eq!(calendar.end_of_working_day(monday), at("2026-03-02T17:30:00+01:00"));
        assert_eq!(
            calendar.end_of_working_day(at("2026-03-02T17:30:00+01:00")),
            at("2026-03-03T17:30:00+01:00")
        );
        assert_eq!(
            calendar.end_of_working_day(at("2026-03-06T19:00:00+01:00")),
            at("2026-03-09T17:30:00+01:00")
        );
        assert!(calendar.is_working(monday));
        assert!(!calendar.is_working(at("2026-03-02T17:30:00+01:00")));
        assert!(!calendar.is_working(at("2026-03-07T10:00:00+01:00")));
        assert_eq!(calendar.next_working_start(monday), monday);
        assert_eq!(
            calendar.next_working_start(at("2026-03-07T10:00:00+01:00")),
            at("2026-03-09T09:00:00+01:00")
        );
        assert_eq!(
            calendar.previous_working_end(at("2026-03-07T10:00:00+01:00")),
            at("2026-03-06T17:30:00+01:00")
        );
        assert_eq!(calendar.previous_working_end(monday), monday);
        assert_eq!(calendar.working_minutes_between(monday, at("2026-03-03T09:30:00+01:00")), 480);
        assert_eq!(calendar.working_minutes_between(at("2026-03-03T09:30:00+01:00"), monday), -480);
    }

    #[test]
    fn odd_calendars_still_work() {
        let mut never = berlin();
        never.days = [false; 7];
        assert_eq!(
            never.end_of_working_day(at("2026-03-07T10:00:00+01:00")),
            at("2026-03-07T17:30:00+01:00")
        );
        let mut reversed = berlin();
        (reversed.start_minute, reversed.end_minute) = (1020, 540);
        assert!(reversed.is_working(at("2026-03-02T23:00:00+01:00")));
    }

    #[test]
    fn the_configuration_is_read() {
        let calendar =
            Calendar::parse(Zone::utc(), &["mon", "Tuesday", "sun"], "08:30-16:00").unwrap();
        assert_eq!(calendar.days, [true, true, false, false, false, false, true]);
        assert_eq!((calendar.start_minute, calendar.end_minute), (510, 960));
        assert!(Calendar::parse(Zone::utc(), &["someday"], "09:00-17:00").is_err());
        for bad in ["", "9", "17:00-09:00", "09:00-25:00", "a-b", "09:70-10:00"] {
            assert!(Calendar::parse(Zone::utc(), &["mon"], bad).is_err(), "{bad:?}");
        }
    }
}
