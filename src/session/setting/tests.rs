use super::*;
use crate::denoiser::guided::{ByLevel, GuidanceScale, LevelMode};
use crate::denoiser::{Upsample, WindowSize};
use crate::sampler::SamplerKind;
use crate::session::settings::{ModelSource, ProviderChoice};

fn open() -> RunSettings {
    RunSettings::new(ModelSource::Model("emoji-unet".into()))
}

/// Sets everything that can be set by a text.
fn decided() -> RunSettings {
    let mut run = RunSettings {
        source: ModelSource::Images("images".into()),
        schedule: Some(Box::new("karras".parse().unwrap())),
        local: Some(WindowSize::PerSigma(8.0)),
        label: Some(3),
        by_level: Some(ByLevel { labels: vec![1], mode: LevelMode::Blend, factor: 2 }),
        guidance: Some(GuidanceScale::Constant(3.0)),
        upsample: Some(Upsample::by(2)),
        ..open()
    };
    let texts = ["2", "1", "0.5", "8x8", "heun", "karras", "epsilon", "every:2", "name", "name=1"];
    for setting in Setting::ALL {
        let declared = setting.declaration();
        let read = |text: &&str| declared.kind.read(text, &mut run).is_ok();
        let choices = (declared.choices)();
        let chosen = choices.last().map_or(&texts[..], std::slice::from_ref);
        assert!(chosen.iter().any(read), "no text is understood for {setting:?}");
    }
    run
}

#[test]
fn every_field_is_declared_once() {
    let (decided, open) = (decided(), open());
    let mut copied = open.clone();
    for setting in Setting::ALL {
        let before = copied.clone();
        setting.copy(&decided, &mut copied);
        let has_place = setting.declaration().place.is_some();
        assert_eq!(
            setting.differs(&before, &copied),
            has_place,
            "{setting:?} has another's fields, or was not decided"
        );
    }
    assert_eq!(copied, decided, "a field belongs to no setting");
}

#[test]
fn nobody_shares_a_name_or_an_option() {
    for (index, one) in Setting::ALL.iter().enumerate() {
        for other in &Setting::ALL[..index] {
            let (one, other) = (one.declaration(), other.declaration());
            assert_ne!(one.name, other.name);
            assert!(one.option.is_none() || one.option != other.option, "{:?}", one.option);
            assert!(one.letter.is_none() || one.letter != other.letter, "{:?}", one.letter);
        }
    }
}

#[test]
fn defaults_are_those_of_new_settings() {
    let of_parts = RunSettings { upsample: Some(Upsample::by(2)), ..open() };
    for setting in Setting::ALL.iter().filter(|setting| !setting.declaration().default.is_empty()) {
        let mut run = of_parts.clone();
        setting.declaration().kind.read(setting.declaration().default, &mut run).unwrap();
        assert_eq!(run, of_parts, "{setting:?}");
    }
}

#[test]
fn changes_are_told_once_by_the_whole_they_belong_to() {
    let run = RunSettings { tf32: true, threads: Some(2), steps: 7, label: Some(1), ..open() };
    assert_eq!(run.changes(&open()), ["steps", "class", "provider"]);
    assert!(run.changes(&run).is_empty());
    let rest = run.without(|declared| declared.effect == Effect::Levels);
    assert_eq!(rest, RunSettings { steps: DEFAULT_STEPS, ..run });
}

#[test]
fn numbers_are_kept_in_range_and_refused_out_of_it() {
    let mut run = RunSettings { sampler: SamplerKind::Ddim.into(), provider: ProviderChoice::Cpu, ..open() };
    let eta = Setting::Eta.declaration().kind;
    eta.put(Value::Number(Some(7.0)), &mut run);
    eta.put(Value::Number(Some(f64::NAN)), &mut run);
    eta.put(Value::Switch(true), &mut run);
    assert_eq!(run.eta, Some(1.0));
    assert_eq!(eta.read("1.5", &mut run), Err("use a number from 0 to 1".into()));
    run.eta = Some(f64::NAN);
    assert_eq!(eta.out_of_range(&run), Some(("NaN".into(), "a number from 0 to 1".into())));
    let steps = Setting::Steps.declaration().kind;
    assert_eq!(steps.read("0", &mut run), Err("use a whole number of at least 1".into()));
}

#[test]
fn help_names_options_as_the_reader_knows_them() {
    assert!(Setting::Local.help(Voice::CommandLine).starts_with("With --images, "));
    assert!(Setting::Local.help(Voice::Window).starts_with("With images, "));
    for setting in Setting::ALL {
        assert!(!setting.help(Voice::Window).contains(['{', '}']), "{setting:?}");
    }
}
