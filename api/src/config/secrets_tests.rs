//! Secrets among the settings.

use clap::{Args as _, Command, FromArgMatches as _, builder::Resettable};

use super::Settings;

#[test]
fn settings_whose_values_the_help_hides_are_in_no_debug_output() {
    let command = Settings::augment_args(Command::new("ayushma")).mut_args(|argument| argument.env(Resettable::Reset));
    let hidden = Settings::augment_args(Command::new("ayushma"));
    let hidden = hidden.get_arguments().filter(|argument| argument.is_hide_env_values_set());
    let given: Vec<_> = hidden.filter_map(|it| Some(format!("--{}=s3cret", it.get_long()?))).collect();
    assert!(given.len() >= 9, "{given:?}");
    let arguments = ["ayushma".to_owned()].into_iter().chain(given);
    let matches = command.try_get_matches_from(arguments).expect("every one of them takes a text");
    let settings = Settings::from_arg_matches(&matches).expect("the settings are complete");
    let shown = format!("{settings:?}");
    assert!(shown.contains("REDACTED") && !shown.contains("s3cret"), "{shown}");
}
