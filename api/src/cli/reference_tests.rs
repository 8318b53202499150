//! The reference of settings and commands in `docs/reference.md`, made from what the program itself says of them.

use std::{env, fmt::Write as _, fs, path::Path};

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

/// The environment variable that makes the test write the reference anew.
const UPDATE: &str = "UPDATE_REFERENCE";
const HEAD: &str = "# Reference of settings and commands

`make reference` writes this page out of the program's own help; a test fails if the program has become another one.
[Settings](configuration.md) and [Commands](cli.md) say more of them.

## Settings

They hold for every command.

| variable | flag | default | meaning |
|---|---|---|---|
";

fn docs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))
}

/// A text of several lines as a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', r"\|").replace('<', r"\<")
}

fn help(arg: &Arg) -> String {
    arg.get_long_help().or_else(|| arg.get_help()).map_or_else(String::new, |text| cell(&text.to_string()))
}

fn defaults(arg: &Arg) -> String {
    let values = arg.get_default_values().iter().map(|value| value.to_string_lossy());
    values.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ")
}

fn is_setting(arg: &Arg) -> bool {
    arg.get_env().is_some()
}

fn flag(arg: &Arg) -> String {
    arg.get_long().map_or_else(String::new, |long| format!("--{long}"))
}

/// How an option or argument is given.
fn usage(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>"));
    let value = names.collect::<Vec<_>>().join(" ");
    match (arg.get_long(), arg.get_action().takes_values()) {
        (None, _) => value,
        (Some(long), true) => format!("--{long} {value}"),
        (Some(long), false) => format!("--{long}"),
    }
}

fn write_command(command: &Command, of: &str, text: &mut String) {
    let name = format!("{of} {}", command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    let about = about.split("\n\n").map(cell).collect::<Vec<_>>().join("\n\n");
    write!(text, "\n### `{name}`\n\n{about}\n").expect("a text can be written to");
    let own: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help").collect();
    if !own.is_empty() {
        text.push_str("\n| option | default | meaning |\n|---|---|---|\n");
    }
    for arg in own {
        let variable = arg.get_env().map_or_else(String::new, |name| format!(" or `{}`", name.to_string_lossy()));
        writeln!(text, "| `{}`{variable} | {} | {} |", usage(arg), defaults(arg), help(arg))
            .expect("a text can be written to");
    }
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
        write_command(inner, &name, text);
    }
}

fn reference() -> String {
    let cli = Cli::command();
    let mut text = HEAD.to_owned();
    for arg in cli.get_arguments().filter(|arg| is_setting(arg) && !arg.is_hide_set()) {
        let variable = arg.get_env().map(|name| name.to_string_lossy()).unwrap_or_default();
        writeln!(text, "| `{variable}` | `{}` | {} | {} |", flag(arg), defaults(arg), help(arg))
            .expect("a text can be written to");
    }
    text.push_str("\n## Commands\n");
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        write_command(command, cli.get_name(), &mut text);
    }
    text
}

#[test]
fn the_reference_is_what_the_program_says_of_itself() {
    let (file, reference) = (docs().join("reference.md"), reference());
    if env::var_os(UPDATE).is_some() {
        fs::write(&file, &reference).expect("the reference can be written");
    }
    let written = fs::read_to_string(&file).expect("the reference is there");
    assert!(written == reference, "docs/reference.md is of another program: run `make reference`");
}

#[test]
fn every_setting_and_its_default_is_explained_and_every_command_named() {
    let settings = fs::read_to_string(docs().join("configuration.md")).expect("the page is there");
    let commands = fs::read_to_string(docs().join("cli.md")).expect("the page is there");
    let cli = Cli::command();
    let of_commands = cli.get_subcommands().flat_map(Command::get_arguments);
    for arg in cli.get_arguments().chain(of_commands).filter(|arg| is_setting(arg) && !arg.is_hide_set()) {
        let variable = arg.get_env().map(|name| name.to_string_lossy()).unwrap_or_default();
        let (name, flag) = (format!("`{variable}`"), format!("`{}`", flag(arg)));
        let mut rows = settings.lines().filter_map(|line| line.strip_prefix("| "));
        let row = rows.find(|row| row.split(" | ").zip([&name, &flag]).all(|(cell, wanted)| cell.contains(wanted)));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row for {variable}"));
        for default in arg.get_default_values() {
            let default = default.to_string_lossy();
            assert!(row.contains(&*default), "docs/configuration.md has another default than {default} for {variable}");
        }
    }
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        assert!(commands.contains(&format!("`ayushma {}", command.get_name())), "docs/cli.md: {}", command.get_name());
    }
}
