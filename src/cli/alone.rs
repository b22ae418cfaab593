//! Options that read a whole run from a file. Other settings would be ignored, and are refused instead.

use super::run_options::{OfImages, OfRun, OfSamples, RunOptions};
use super::spectrum;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, Error};

/// An option that reads a run from a file, and with it all settings of the run.
struct Alone {
    command: &'static str,
    option: &'static str,
    /// Whether the file sets this option.
    decides: fn(&str) -> bool,
}

/// The settings of a run are those of its option structs, so none can be forgotten.
const ALONE: [Alone; 2] = [
    Alone {
        command: "spectrum",
        option: "add",
        decides: |id| is_of::<RunOptions<OfSamples>>(id) || is_of::<spectrum::MeasureOptions>(id),
    },
    Alone {
        command: "sample",
        option: "replay",
        decides: |id| is_of::<RunOptions<OfRun>>(id) || is_of::<RunOptions<OfImages>>(id),
    },
];

/// Whether an option is one of these.
fn is_of<A: clap::Args>(id: &str) -> bool {
    A::augment_args(Command::new("any")).get_arguments().any(|argument| argument.get_id() == id)
}

/// Refuses options that would be ignored. `command` is that of the whole program.
pub(super) fn check(command: &mut Command, matches: &ArgMatches) -> Result<(), Error> {
    let Some((name, given)) = matches.subcommand() else { return Ok(()) };
    let is_said = |id: &str| given.value_source(id) == Some(ValueSource::CommandLine);
    for Alone { option, decides, .. } in ALONE.iter().filter(|alone| alone.command == name) {
        let Some(of) = command.find_subcommand_mut(name).filter(|_| is_said(option)) else { continue };
        let ignored: Vec<String> = of
            .get_arguments()
            .filter(|argument| given.ids().any(|id| id == argument.get_id()) && is_said(argument.get_id().as_str()))
            .filter(|argument| decides(argument.get_id().as_str()))
            .map(|argument| format!("'{argument}'"))
            .collect();
        if !ignored.is_empty() {
            let own = of.get_arguments().find(|argument| argument.get_id() == option).map(ToString::to_string);
            let own = own.unwrap_or_default();
            let text = format!(
                "the argument '{own}' cannot be used with {}: the run is read from the file, so other options have no \
                 effect",
                ignored.join(", ")
            );
            return Err(of.error(ErrorKind::ArgumentConflict, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Arguments;
    use super::*;
    use clap::CommandFactory;

    fn read(line: &[&str]) -> Result<(), Error> {
        let mut command = Arguments::command();
        let matches = command.try_get_matches_from_mut(line)?;
        check(&mut command, &matches)
    }

    /// Every option, now and later, is either allowed beside it or refused.
    #[test]
    fn no_option_is_ignored_without_a_word() {
        let mut refused = 0;
        for Alone { command: name, option, decides } in ALONE {
            let mut command = Arguments::command();
            command.build();
            let of = command.find_subcommand(name).unwrap();
            for argument in of.get_arguments().filter(|argument| argument.get_id() != option) {
                let Some(long) = argument.get_long().filter(|long| !["help", "version"].contains(long)) else {
                    continue;
                };
                let taker = format!("--{option}=file");
                let offered = argument.get_possible_values();
                let values =
                    ["1", "2", "8x8", "ddim", "karras", "epsilon", "a=1", "last", "every:2"].map(str::to_owned);
                let values = offered.iter().map(|value| value.get_name().to_owned()).chain(values);
                let tried = values.map(|value| format!("--{long}={value}")).chain([format!("--{long}")]);
                let results: Vec<_> = tried.map(|said| read(&["chromascope", name, &taker, &said])).collect();
                if !decides(argument.get_id().as_str()) {
                    assert!(results.iter().any(Result::is_ok), "{name} --{option} refuses --{long}");
                    continue;
                }
                let kinds: Vec<_> = results.iter().map(|result| result.as_ref().map_err(Error::kind)).collect();
                let conflicts = |kind: &Result<&(), ErrorKind>| {
                    matches!(kind, Err(ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument))
                };
                assert!(kinds.iter().all(Result::is_err), "{name} --{option} ignores --{long}: {kinds:?}");
                assert!(kinds.iter().any(conflicts), "no value of --{long} was understood: {kinds:?}");
                refused += 1;
            }
        }
        assert!(refused > 55, "only {refused} were tried");
    }

    #[test]
    fn what_is_refused_is_named() {
        let error = read(&["chromascope", "spectrum", "--add", "a.npz", "--guidance", "3", "--tf32"]).unwrap_err();
        let text = error.to_string();
        let expected = "the argument '--add <FILE.npz>' cannot be used with '--guidance <W|FILE>', '--tf32'";
        assert!(text.starts_with(&format!("error: {expected}: ")), "{text}");
        assert_eq!(error.exit_code(), 2);
        read(&["chromascope", "spectrum", "--add", "a.npz", "--samples", "3", "--json"]).unwrap();
    }
}
