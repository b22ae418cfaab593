use super::*;
use crate::model::contract::{Declared, Element, Port, PortNames};
use std::path::Path;

fn contract(names: [&str; 3]) -> Contract {
    let port =
        |name: &str, shape: &[Option<usize>]| Port { name: name.into(), element: Element::F32, shape: shape.into() };
    let image = [None, Some(3), None, None];
    let inputs = [port(names[0], &image), port(names[1], &[None])];
    Contract::decide(&inputs, &[port(names[2], &image)], &PortNames::default(), &Declared::default()).unwrap()
}

fn words(convention: &Convention) -> [Option<(&'static str, WordSource)>; 3] {
    [
        convention.state.map(|word| (word.is.name(), word.source)),
        convention.time.map(|word| (word.is.name(), word.source)),
        convention.prediction.map(|word| (word.is.name(), word.source)),
    ]
}

fn config(text: &str) -> SchedulerConfig {
    SchedulerConfig::parse(text, Path::new("scheduler_config.json")).unwrap().0
}

const NAMES: WordSource = WordSource::Names;
const CONFIG: WordSource = WordSource::Configuration;

#[test]
fn names_alone_tell_a_denoiser_a_score_network_and_a_raw_edm_network() {
    let of = |names| words(&Convention::decide(Words::default(), None, None, &contract(names)));
    let all = |words: [&'static str; 3]| words.map(|word| Some((word, NAMES)));
    assert_eq!(of(["noisy", "sigma", "denoised"]), all(["ve", "sigma", "sample"]));
    assert_eq!(of(["x", "sigmas", "score"]), all(["ve", "sigma", "score"]));
    assert_eq!(of(["x", "c_noise", "F_x"]), all(["edm", "c-noise", "edm"]));
    assert_eq!(of(["sample", "timestep", "out_sample"]), [None; 3]);
    assert_eq!(of(["sample", "timestep", "noise_pred"]), [None, None, Some(("epsilon", NAMES))]);
    assert_eq!(of(["x", "log_snr", "out"]), [None, Some(("log-snr", NAMES)), None]);
}

#[test]
fn the_user_goes_before_the_card_and_the_card_before_the_files() {
    let euler = config(r#"{"_class_name": "EulerDiscreteScheduler", "prediction_type": "v_prediction"}"#);
    let card = Card { time: Some(NetworkTime::CNoise), prediction: Some(Prediction::Sample), ..Card::default() };
    let user = Words { prediction: Some(Prediction::Score), ..Words::default() };
    let plain = contract(["sample", "timestep", "out_sample"]);
    let decide = |user, card, config| words(&Convention::decide(user, card, config, &plain));
    let vp = Some(("vp", CONFIG));
    assert_eq!(
        decide(Words::default(), None, Some(&euler)),
        [vp, Some(("index", CONFIG)), Some(("v_prediction", CONFIG))]
    );
    assert_eq!(
        decide(user, Some(&card), Some(&euler)),
        [vp, Some(("c-noise", WordSource::Card)), Some(("score", WordSource::User))]
    );
    // What the input is called goes before what the class of the scheduler usually means.
    let edm = config(r#"{"_class_name": "EDMEulerScheduler", "sigma_data": 0.7}"#);
    let named = Convention::decide(Words::default(), None, Some(&edm), &contract(["noisy", "sigma", "denoised"]));
    assert_eq!(words(&named), ["ve", "sigma", "sample"].map(|word| Some((word, NAMES))));
    assert_eq!((named.sigma_data, &named.doubt), (0.7, &None));
    let raw = Convention::decide(Words::default(), None, Some(&edm), &contract(["sample", "timestep", "out"]));
    assert_eq!(words(&raw), ["edm", "c-noise", "edm"].map(|word| Some((word, CONFIG))));
}

/// A flow's configuration leaves open whether time runs to 1 or to 1000.
#[test]
fn the_time_of_a_flow_is_assumed_unless_it_is_said() {
    let flow = config(r#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#);
    let time = |user: Words, contract: &Contract| words(&Convention::decide(user, None, Some(&flow), contract))[1];
    let mut plain = contract(["sample", "timestep", "out_sample"]);
    plain.timestep.element = Element::F32;
    assert_eq!(time(Words::default(), &plain), Some(("flow-1000", WordSource::Custom)));
    let user = Words { time: Some(NetworkTime::Flow), ..Words::default() };
    assert_eq!(time(user, &plain), Some(("flow", WordSource::User)));
    plain.timestep.element = Element::I64;
    assert_eq!(time(Words::default(), &plain), Some(("flow-1000", CONFIG)));
}

#[test]
fn an_output_that_contradicts_the_configuration_is_a_doubt() {
    let epsilon = config(r#"{"_class_name": "DDIMScheduler", "prediction_type": "epsilon"}"#);
    let of = |names| Convention::decide(Words::default(), None, Some(&epsilon), &contract(names));
    let doubt = of(["x", "t", "denoised"]).doubt.unwrap();
    assert_eq!((doubt.word, doubt.suggests), (Prediction::Epsilon, Prediction::Sample));
    assert_eq!(of(["x", "t", "noise_pred"]).doubt, None);
    let user = Words { prediction: Some(Prediction::Epsilon), ..Words::default() };
    assert_eq!(Convention::decide(user, None, Some(&epsilon), &contract(["x", "t", "x0"])).doubt, None);
}

#[test]
fn a_schedule_is_assumed_where_the_words_allow_it() {
    let with = |state, time| {
        let user = Words { state: Some(state), time: Some(time), prediction: Some(Prediction::Sample) };
        let card = Card { sigma_max: Some(160.0), ..Card::default() };
        let convention = Convention::decide(user, None, None, &contract(["x", "t", "out"]));
        (convention.assumed_config(None), convention.assumed_config(Some(&card)))
    };
    let (usual, of_card) = with(NetworkState::Ve, NetworkTime::Sigma);
    assert_eq!(usual.unwrap().1, "σ from 0.002 to 80, EDM's usual range");
    let (config, words) = of_card.unwrap();
    assert_eq!(config.edm_range(), (0.002, 160.0));
    assert_eq!(words, "σ from 0.002 to 160, the card's range");
    assert!(with(NetworkState::Flow, NetworkTime::LogSnr).0.unwrap().0.is_flow());
    assert!(with(NetworkState::Vp, NetworkTime::Flow).0.unwrap().0.is_flow());
    assert_eq!(with(NetworkState::Vp, NetworkTime::Index), (None, None));
}
