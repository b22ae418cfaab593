//! The options of a run, made from the table of settings: each command offers those it needs.

use super::steering::{class_number, class_over_time, read_guidance, read_window};
use super::{Failure, output};
use crate::denoiser::guided::{ByLevel, LevelMode};
use crate::model::cascade_folder::CascadePackage;
use crate::sampler::SamplerChoice;
use crate::session::RunSettings;
use crate::session::schedule_file::{self, ScheduleFile};
use crate::session::setting::{DEFAULT_STEPS, Section, Setting, ValueKind};
use crate::session::settings::ModelSource;
use crate::words;
use crate::words::voice::Voice;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use std::ffi::{OsStr, OsString};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// Which settings a command offers.
pub(super) trait Offer {
    /// Whether this one is offered.
    fn offers(setting: Setting) -> bool;
}

/// All settings of a run, except the number of samples and noise from files.
#[derive(Debug)]
pub(super) enum OfRun {}
/// The same without the steps to decode.
#[derive(Debug)]
pub(super) enum OfSamples {}
/// Number of images, and noise from files.
#[derive(Debug)]
pub(super) enum OfImages {}
/// The settings of a run whose schedule is optimised.
#[derive(Debug)]
pub(super) enum OfFit {}
/// How a network is interpreted, and where it runs.
#[derive(Debug)]
pub(super) enum OfNetwork {}

impl Offer for OfRun {
    fn offers(setting: Setting) -> bool {
        setting.declaration().section != Section::Images
    }
}

impl Offer for OfSamples {
    fn offers(setting: Setting) -> bool {
        OfRun::offers(setting) && setting != Setting::Decode
    }
}

impl Offer for OfImages {
    fn offers(setting: Setting) -> bool {
        setting.declaration().section == Section::Images
    }
}

impl Offer for OfFit {
    fn offers(setting: Setting) -> bool {
        matches!(setting.declaration().section, Section::Model | Section::Steering | Section::Network)
            && setting != Setting::Decode
    }
}

impl Offer for OfNetwork {
    fn offers(setting: Setting) -> bool {
        // The check of a conditioned network needs what it is conditioned on.
        setting.declaration().section == Section::Network || setting == Setting::HiddenStates
    }
}

/// The given values of the settings that a command offers, in the order of the table.
#[derive(Debug)]
pub(super) struct RunOptions<S> {
    said: Vec<(Setting, OsString)>,
    offer: PhantomData<S>,
}

/// The offered settings, with their options.
fn offered<S: Offer>() -> impl Iterator<Item = (Setting, &'static str)> {
    let option = |setting: Setting| Some((setting, setting.declaration().option?));
    Setting::ALL.iter().copied().filter(|setting| S::offers(*setting)).filter_map(option)
}

fn argument<S: Offer>(setting: Setting, option: &'static str) -> Arg {
    let declared = setting.declaration();
    let beside = |other: &Setting| S::offers(*other).then(|| other.declaration().option).flatten();
    let mut help = setting.help(Voice::CommandLine);
    if !declared.default.is_empty() {
        help = format!("{help} [default: {}]", declared.default);
    }
    let argument = Arg::new(option)
        .long(option)
        .short(declared.letter)
        .help(help)
        .conflicts_with_all(declared.excludes.iter().filter_map(beside));
    let argument = if declared.needs.is_empty() { argument } else { argument.requires(declared.name) };
    if let ValueKind::Switch { .. } = declared.kind {
        return argument.action(ArgAction::SetTrue);
    }
    let action = if declared.repeats { ArgAction::Append } else { ArgAction::Set };
    let argument = argument.action(action).value_name(declared.value).allow_negative_numbers(true);
    let argument = match declared.without_value {
        Some(value) => argument.num_args(0..=1).default_missing_value(value),
        None => argument,
    };
    // Words may begin with a dash.
    let words = matches!(setting, Setting::Prompt | Setting::Negative | Setting::PromptsByLevel);
    let argument = argument.allow_hyphen_values(words);
    match declared.kind {
        ValueKind::File { .. } => argument.value_parser(value_parser!(PathBuf)),
        ValueKind::Own if matches!(setting, Setting::Images | Setting::Schedule) => {
            argument.value_parser(value_parser!(PathBuf))
        }
        ValueKind::Own => argument,
        // It has other names too, and parameters.
        kind if setting == Setting::Sampler => argument.value_parser(SamplerText(kind)),
        _ if !(declared.choices)().is_empty() => argument.value_parser(PossibleValuesParser::new((declared.choices)())),
        kind => argument.value_parser(move |text: &str| {
            kind.read(text, &mut RunSettings::new(ModelSource::Model(String::new()))).map(|()| text.to_owned())
        }),
    }
}

/// The groups of options of which an offered one needs one, by its name for people, which no option has.
fn groups<S: Offer>() -> impl Iterator<Item = ArgGroup> {
    offered::<S>().map(|(setting, _)| setting.declaration()).filter(|declared| !declared.needs.is_empty()).map(
        |declared| {
            let needs = declared.needs.iter().filter(|needed| S::offers(**needed));
            ArgGroup::new(declared.name).args(needs.filter_map(|needed| needed.declaration().option)).multiple(true)
        },
    )
}

/// Reads a sampler; help lists the names alone.
#[derive(Clone)]
struct SamplerText(ValueKind);

impl TypedValueParser for SamplerText {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        let kind = self.0;
        let read = move |text: &str| {
            kind.read(text, &mut RunSettings::new(ModelSource::Model(String::new()))).map(|()| text.to_owned())
        };
        TypedValueParser::parse_ref(&read, command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(SamplerChoice::names().map(PossibleValue::new)))
    }
}

impl<S: Offer> clap::Args for RunOptions<S> {
    fn augment_args(command: Command) -> Command {
        command.args(offered::<S>().map(|(setting, option)| argument::<S>(setting, option))).groups(groups::<S>())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Offer> clap::FromArgMatches for RunOptions<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let said = |&(_, option): &(Setting, &str)| matches.value_source(option) == Some(ValueSource::CommandLine);
        let values = |(setting, option): (Setting, &str)| {
            let raw = matches.get_raw(option).into_iter().flatten().map(OsStr::to_owned);
            let mut values: Vec<OsString> = raw.collect();
            if !setting.declaration().repeats {
                // A switch has none, and a later value replaces an earlier one.
                values = vec![values.pop().unwrap_or_default()];
            }
            values.into_iter().map(move |value| (setting, value))
        };
        Ok(Self { said: offered::<S>().filter(said).flat_map(values).collect(), offer: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Offer> RunOptions<S> {
    fn is_said(&self, setting: Setting) -> bool {
        self.said.iter().any(|(said, _)| *said == setting)
    }

    /// These settings with the given values.
    pub(super) fn on(&self, mut run: RunSettings) -> Result<RunSettings, Failure> {
        for (setting, value) in &self.said {
            match setting.declaration().kind {
                ValueKind::Own => self.own(*setting, value, &mut run)?,
                ValueKind::File { at } => *at(&mut run) = Some(value.into()),
                // clap accepted the text, so it can be read.
                kind => kind.read(&value.to_string_lossy(), &mut run).unwrap_or_default(),
            }
        }
        Ok(run)
    }

    /// Settings with the given values, all else at its default.
    pub(super) fn settings(&self) -> Result<RunSettings, Failure> {
        self.on(RunSettings::new(ModelSource::Model(Setting::Model.declaration().default.into())))
    }

    /// Reads values that need more than their text.
    fn own(&self, setting: Setting, value: &OsStr, run: &mut RunSettings) -> Result<(), Failure> {
        let text = value.to_string_lossy();
        match setting {
            Setting::Model => run.source = ModelSource::Model(text.into_owned()),
            Setting::Cascade => {
                CascadePackage::find(&text)?.ok_or_else(|| super::steering::NoCascade(text.to_string()))?;
                run.source = ModelSource::Model(text.into_owned());
            }
            Setting::Images => run.source = ModelSource::Images(value.into()),
            Setting::Schedule => {
                let read = read_schedule(Path::new(value))?;
                run.steps = steps_on(&read, self.is_said(Setting::Steps).then_some(run.steps))?;
                run.schedule = Some(Box::new(read.source));
            }
            Setting::Local => run.local = Some(read_window(&text)?),
            Setting::Label => (run.label, run.label_switch) = class_over_time(&text, &run.source)?,
            Setting::LabelsByLevel => {
                let number = |label: &str| class_number(label.trim(), &run.source);
                let labels = text.split(',').map(number).collect::<Result<_, _>>()?;
                run.by_level = Some(ByLevel { labels, mode: LevelMode::default(), factor: 2 });
            }
            Setting::Guidance => run.guidance = Some(read_guidance(&text)?),
            _ => unreachable!("{setting:?} is read by its text"),
        }
        Ok(())
    }
}

/// The number of steps along a given schedule: from the option, else from the file.
fn steps_on(read: &ScheduleFile, asked: Option<usize>) -> Result<usize, Failure> {
    match (read.source.steps(), asked) {
        (Some(listed), Some(asked)) if listed != asked => Err(StepsAreListed { listed, asked }.into()),
        (Some(listed), _) => Ok(listed),
        (None, Some(asked)) => {
            if let Some(made_for) = read.steps.filter(|steps| *steps != asked) {
                let made_for = words::count(made_for, "step");
                output::message(&format!(
                    "the schedule was made for {made_for}; the run has {asked} as set by --steps"
                ));
            }
            Ok(asked)
        }
        (None, None) => {
            if let Some(steps) = read.steps {
                let steps = words::count(steps, "step");
                output::message(&format!("the run has {steps}, as in the schedule"));
            }
            Ok(read.steps.unwrap_or(DEFAULT_STEPS))
        }
    }
}

/// Parses a number of at least 1.
pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "use a whole number of at least 1".into())
}

/// Parses a seed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Reads a schedule and prints its warnings.
pub(super) fn read_schedule(path: &Path) -> Result<ScheduleFile, Failure> {
    let file = schedule_file::read(path)?;
    for note in &file.notes {
        output::message(note);
    }
    Ok(file)
}

/// A number of steps is given for a schedule that has its own.
#[derive(Debug, thiserror::Error)]
#[error("--schedule lists the noise levels of {}, so --steps cannot be {asked}; leave --steps out", words::count(*.listed, "step"))]
struct StepsAreListed {
    listed: usize,
    asked: usize,
}

#[cfg(test)]
mod tests {
    use super::super::Arguments;
    use super::*;
    use crate::denoiser::Upsample;
    use crate::model::inputs::InputValue;
    use crate::sampler::{Churn, SamplerKind};
    use clap::error::ErrorKind;
    use clap::{Args, CommandFactory, FromArgMatches};

    /// An option with a parsed value.
    fn said(setting: Setting) -> String {
        let declared = setting.declaration();
        let option = declared.option.unwrap();
        let mut run = RunSettings::new(ModelSource::Model(String::new()));
        let read = |text: &&&str| declared.kind.read(text, &mut run).is_ok();
        let choices = (declared.choices)();
        let texts =
            if choices.is_empty() { vec!["1", "2", "8x8", "karras", "epsilon", "a=1", "last"] } else { choices };
        match declared.kind {
            ValueKind::Switch { .. } => format!("--{option}"),
            _ => format!("--{option}={}", texts.iter().find(read).unwrap()),
        }
    }

    fn refused(options: &[String]) -> Option<ErrorKind> {
        let line = ["chromascope", "sample"].map(str::to_owned).into_iter().chain(options.iter().cloned());
        Arguments::command().try_get_matches_from(line).err().map(|error| error.kind())
    }

    #[test]
    fn words_may_begin_with_a_dash() {
        for (option, text) in [("--prompt", "-1girl"), ("--negative", "--"), ("--prompts-by-level", "- a|b")] {
            assert_eq!(refused(&[option.into(), text.into()]), None, "{option} {text}");
        }
    }

    #[test]
    fn every_setting_is_offered_and_told_of_what_it_goes_with() {
        let mut excluded = 0;
        for &setting in Setting::ALL.iter().filter(|setting| setting.declaration().option.is_some()) {
            let declared = setting.declaration();
            if !declared.needs.is_empty() {
                assert_eq!(refused(&[said(setting)]), Some(ErrorKind::MissingRequiredArgument), "{setting:?}");
            }
            for needed in declared.needs {
                let with = [said(*needed), said(setting)];
                assert_eq!(refused(&with), None, "{with:?}");
            }
            if declared.needs.is_empty() {
                assert_eq!(refused(&[said(setting)]), None, "{setting:?}");
            }
            for &other in declared.excludes {
                let both = [said(setting), said(other)];
                assert_eq!(refused(&both), Some(ErrorKind::ArgumentConflict), "{both:?}");
                excluded += 1;
            }
        }
        assert!(excluded > 8, "only {excluded} were tried");
    }

    #[test]
    fn what_is_said_is_what_the_run_gets() {
        let line = "sample --steps 7 --sampler heun --s-churn 2 --s-tmax 3 --label 3 --size 8x16 --upsample-guidance 3 \
                    --upsample-eta 0.5 --tf32 --batch 4 --init-noise noise.npy --input a=0.5 --input b=1,2 --input m=m.npy \
                    --concat low.png";
        let mut command =
            RunOptions::<OfImages>::augment_args(RunOptions::<OfRun>::augment_args(Command::new("sample")));
        let matches = command.try_get_matches_from_mut(line.split_whitespace()).unwrap();
        let run = RunOptions::<OfRun>::from_arg_matches(&matches).unwrap().settings().unwrap();
        let run = RunOptions::<OfImages>::from_arg_matches(&matches).unwrap().on(run).unwrap();
        let expected = RunSettings {
            steps: 7,
            sampler: SamplerKind::Heun.into(),
            churn: Churn { amount: 2.0, sigma_max: 3.0, ..Churn::default() },
            label: Some(3),
            size: Some((8, 16)),
            upsample: Some(Upsample { eta: 0.5, ..Upsample::by(3) }),
            tf32: true,
            batch: 4,
            init_noise: Some("noise.npy".into()),
            inputs: [
                ("a".to_owned(), InputValue::Number(0.5)),
                ("b".to_owned(), InputValue::Numbers(vec![1.0, 2.0])),
                ("m".to_owned(), InputValue::File("m.npy".into())),
            ]
            .into(),
            concat: Some("low.png".into()),
            ..RunSettings::new(ModelSource::Model("emoji-unet".into()))
        };
        assert_eq!(run, expected);
    }
}
