use std::time::Duration;

use gatepass_proto::Timestamp;

use super::span;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// When something was, as people say it: how long ago while that is short, the day (in UTC) after that.
pub(crate) fn past(at: Timestamp, now: Timestamp) -> String {
    let since = now.since(at).as_secs();
    match since {
        0..60 => "just now".to_owned(),
        60..DAY => {
            // Rounded down: nothing was longer ago than it was.
            let unit = if since < HOUR { 60 } else { HOUR };
            format!(
                "{} ago",
                span::in_words(Duration::from_secs(since / unit * unit))
            )
        }
        _ => day(at),
    }
}

/// The day in UTC: `3 May 2026`.
pub(crate) fn day(at: Timestamp) -> String {
    let (year, month, day) = civil(at.as_secs() / DAY);
    let name = usize::try_from(month - 1).ok().and_then(|n| MONTHS.get(n));
    format!("{day} {} {year}", name.copied().unwrap_or_default())
}

/// Year, month and day of a number of days since 1970. Years are counted from March on, so that the leap day is the last
/// of its year, and in eras of 400 years, which are all alike.
fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    // 719,468 days lie between 1 March of the year 0 and 1970.
    let days = days + 719_468;
    let of_era = days % ERA;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    let year = days / ERA * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Timestamp;

    use super::{day, past};

    #[test]
    fn days_have_their_names() {
        for (secs, name) in [
            (0, "1 January 1970"),
            (951_782_399, "28 February 2000"),
            (951_782_400, "29 February 2000"),
            (951_868_800, "1 March 2000"),
            (1_798_761_599, "31 December 2026"),
            (4_107_542_400, "1 March 2100"),
        ] {
            assert_eq!(day(Timestamp::from_secs(secs)), name);
        }
    }

    #[test]
    fn what_is_recent_is_counted() {
        let at = Timestamp::from_secs(1_800_000_000);
        for (later, words) in [
            (0, "just now"),
            (59, "just now"),
            (60, "60 seconds ago"),
            (600, "10 minutes ago"),
            (3599, "59 minutes ago"),
            (7300, "2 hours ago"),
            (86_400, "15 January 2027"),
        ] {
            let now = Timestamp::from_secs(1_800_000_000 + later);
            assert_eq!(past(at, now), words);
        }
        assert_eq!(past(at, Timestamp::from_secs(5)), "just now");
    }
}
