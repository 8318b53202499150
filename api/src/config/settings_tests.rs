//! The settings as a whole: the secrets among them, and values that are blank.

use clap::{
    Args as _, Command, FromArgMatches as _,
    builder::{Resettable, ValueParser},
};

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

#[test]
fn a_blank_value_is_as_good_as_none() {
    let command = Settings::augment_args(Command::new("ayushma")).mut_args(|argument| argument.env(Resettable::Reset));
    let shown = |arguments: &[String]| {
        let arguments = std::iter::once("ayushma").chain(arguments.iter().map(String::as_str));
        let matches = command.clone().try_get_matches_from(arguments).ok()?;
        let settings = Settings::from_arg_matches(&matches).ok()?;
        Some(format!("{:?}", settings.without_blanks()))
    };
    let nothing = shown(&[]).expect("nothing is required");
    let names_files = |argument: &clap::Arg| {
        let of_files = [ValueParser::path_buf().type_id(), ValueParser::os_string().type_id()];
        of_files.contains(&argument.get_value_parser().type_id())
    };
    let optional =
        command.get_arguments().filter(|argument| argument.get_default_values().is_empty() && !names_files(argument));
    let names: Vec<&str> = optional.filter_map(clap::Arg::get_long).collect();
    // Numbers are refused; a blank is the name of a file.
    let texts = names.iter().filter(|name| {
        // One setting cannot be given without this one.
        let blank = shown(&[format!("--{name}= "), "--pinecone-api-key= ".to_owned()]);
        assert!(blank.as_ref().is_none_or(|blank| *blank == nothing), "--{name}");
        blank.is_some()
    });
    assert!(texts.count() >= 15, "{names:?}");
}
