//! Tests of the problems that are reported, and of their verdicts.

use super::*;

fn verdict(judged: &Judged) -> Verdict {
    judged.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Ok)
}

#[test]
fn whoever_gives_no_sign_of_life_fails_even_if_nothing_lags() {
    assert_eq!(verdict(&judge_beats(&[])), Verdict::Failing);
    assert_eq!(verdict(&judge_beats(&[7.5, 40.0])), Verdict::Failing);
    assert_eq!(verdict(&judge_beats(&[3.0])), Verdict::Ok);
    assert_eq!(verdict(&judge_beats(&[0.5, 40.0])), Verdict::Degraded);
}

#[test]
fn whoever_lives_but_stays_behind_is_reported_within_ten_seconds() {
    let behind = |lag_seconds| ConsumerLag { lag_seconds, ..ConsumerLag::default() };
    assert_eq!(verdict(&judge_reading(&behind(2.0), "")), Verdict::Ok);
    assert_eq!(verdict(&judge_reading(&behind(10.0), "")), Verdict::Degraded);
    assert_eq!(verdict(&judge_reading(&behind(31.0), "")), Verdict::Failing);
}

#[test]
fn every_event_of_the_log_must_be_accounted_for() {
    let reading = |applied, parked, dropped, expected| ConsumerLag {
        applied,
        parked,
        dropped,
        counted: Some(Counted { lag_events: 0, expected }),
        ..ConsumerLag::default()
    };
    assert_eq!(verdict(&judge_reading(&reading(10, 0, 0, 10), "")), Verdict::Ok);
    assert_eq!(verdict(&judge_reading(&reading(8, 2, 0, 10), "")), Verdict::Degraded);
    assert_eq!(verdict(&judge_reading(&reading(9, 0, 1, 10), "")), Verdict::Degraded);
    assert_eq!(verdict(&judge_reading(&reading(9, 0, 0, 10), "")), Verdict::Failing);
    assert_eq!(verdict(&judge_reading(&reading(11, 0, 0, 10), "")), Verdict::Failing);
}
