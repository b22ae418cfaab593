//! Resolves the values of a network's further inputs, and the channels behind those of its image.

mod values;

use self::values::{Source, Wanted, value_of};
use super::arrays::Digests;
use super::open::OpenModel;
use super::{PrepareError, SettingError};
use crate::denoiser::ImageShape;
use crate::model::contract::{Contract, Layout, Port};
use crate::model::inputs::{InputCard, InputValue};
use crate::model::onnx::GivenInput;
use crate::session::setting::Setting;
use crate::session::settings::RunSettings;
use crate::words::joined;
use ndarray::{Array4, ArrayD, Ix4};
use std::collections::BTreeMap;

/// A further input, for people: its port, what the card declares, and what it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct InputInfo {
    /// Name, type and shape.
    pub port: Port,
    /// What the model's card declares.
    pub card: InputCard,
    /// Whether it takes one number, for all images or per image.
    pub is_number: bool,
}

/// The further inputs of a network.
pub(super) fn infos(model: &OpenModel) -> Vec<InputInfo> {
    let info = |port: &Port| InputInfo { port: port.clone(), card: card_of(model, port), is_number: port.is_number() };
    model.contract.inputs.iter().map(info).collect()
}

fn card_of(model: &OpenModel, port: &Port) -> InputCard {
    let card = model.package.card.as_ref().and_then(|card| card.inputs.get(&port.name));
    card.cloned().unwrap_or_default()
}

/// The conditioning of a run.
#[derive(Default)]
pub(super) struct Given {
    pub(super) inputs: Vec<GivenInput>,
    pub(super) concat: Option<Array4<f32>>,
    pub(super) notes: Vec<String>,
}

impl Given {
    /// Whether guidance can lead away from null values.
    pub(super) fn has_null(&self) -> bool {
        self.inputs.iter().any(|input| input.null.is_some())
    }
}

/// Resolves the values for images of this shape: the user's, else those that the program has `made`, else the card's.
pub(super) fn given(
    model: &OpenModel,
    settings: &RunSettings,
    image: ImageShape,
    made: Vec<(String, GivenInput)>,
    digests: &mut Digests,
) -> Result<Given, PrepareError> {
    let contract = &model.contract;
    let mut made: BTreeMap<String, GivenInput> = made.into_iter().collect();
    let mut notes = Vec::new();
    let mut inputs = Vec::with_capacity(contract.inputs.len());
    for port in &contract.inputs {
        let card = card_of(model, port);
        let said = settings.inputs.get(&port.name);
        if let Some(made) = made.remove(&port.name).filter(|_| said.is_none()) {
            inputs.push(made);
            continue;
        }
        let value = said.or(card.default.as_ref());
        let value = value.ok_or_else(|| PrepareError::NoInput { port: port.describe(), name: port.name.clone() })?;
        let wanted = Wanted::of(contract, port, image, settings.batch);
        let name = format!("input {}", port.name);
        let resolved = |value: &InputValue, card: &InputCard, source: &mut Source| {
            let values = value_of(value, &wanted, card, source);
            let values = values.map_err(|reason| PrepareError::InputValue {
                value: value.to_string(),
                name: port.name.clone(),
                reason,
            })?;
            Ok::<_, PrepareError>(in_the_graphs_order(values, contract.layout))
        };
        let mut source = Source { name: &name, digests: &mut *digests, notes: &mut notes };
        let values = resolved(value, &card, &mut source)?;
        // A null value may well lie outside the range.
        let null = card.null.as_ref().map(|null| resolved(null, &InputCard::default(), &mut source)).transpose()?;
        if null.as_ref().is_some_and(|null| null.shape()[1..] != values.shape()[1..]) {
            return Err(PrepareError::InputValue {
                value: card.null.map(|null| null.to_string()).unwrap_or_default(),
                name: port.name.clone(),
                reason: "it is the null value in the model's card, and has another shape than the value".into(),
            });
        }
        inputs.push(GivenInput { null, ..GivenInput::by_sample(values) });
    }
    let mut source = Source { name: "concat", digests, notes: &mut notes };
    let concat = concatenated(contract, settings, image, &mut source)?;
    Ok(Given { inputs, concat, notes })
}

/// Images with their channels last where the graph has them so.
fn in_the_graphs_order(values: ArrayD<f64>, layout: Layout) -> ArrayD<f64> {
    if layout == Layout::Nhwc && values.ndim() == 4 {
        return values.permuted_axes(vec![0, 2, 3, 1]).as_standard_layout().into_owned();
    }
    values
}

/// The channels behind those of the image.
fn concatenated(
    contract: &Contract,
    settings: &RunSettings,
    image: ImageShape,
    source: &mut Source,
) -> Result<Option<Array4<f32>>, PrepareError> {
    let channels = contract.concat_channels;
    match &settings.concat {
        None if channels == 0 => Ok(None),
        None => Err(PrepareError::NoConcat { channels, size: (image.height, image.width) }),
        Some(_) if channels == 0 => {
            let because = "the image input of this model has no channels behind those of the image".into();
            Err(SettingError::Useless { setting: Setting::Concat, value: None, because }.into())
        }
        Some(path) if !path.exists() => {
            let reason = "there is no such file or folder".into();
            Err(PrepareError::Array { path: path.clone(), what: CONCAT, reason })
        }
        Some(path) => {
            let wanted = Wanted::image(ImageShape { channels, ..image }, settings.batch);
            let fault = |reason| PrepareError::Array { path: path.clone(), what: CONCAT, reason };
            let value = InputValue::File(path.clone());
            let values = value_of(&value, &wanted, &InputCard::default(), source).map_err(fault)?;
            let values = values.into_dimensionality::<Ix4>().map_err(|error| fault(error.to_string()))?;
            Ok(Some(values.mapv(|value| value as f32)))
        }
    }
}

/// The purpose of the file with further channels.
pub(crate) const CONCAT: &str = "channels behind the image";

/// Refuses values for inputs that none of a model's networks has.
pub(super) fn check_names(settings: &RunSettings, model: &str, contracts: &[&Contract]) -> Result<(), PrepareError> {
    let further = |name: &str| contracts.iter().any(|contract| contract.inputs.iter().any(|port| port.name == name));
    let Some(name) = settings.inputs.keys().find(|name| !further(name)) else { return Ok(()) };
    let plays = |role: fn(&Contract) -> Option<&Port>| {
        contracts.iter().any(|contract| role(contract).is_some_and(|port| port.name == *name))
    };
    let because = if plays(|contract| Some(&contract.sample)) {
        "is the noisy image, which the run makes; leave it out".into()
    } else if plays(|contract| Some(&contract.timestep)) {
        "is the timestep, which the run sets; leave it out".into()
    } else if plays(|contract| contract.class_labels.as_ref()) {
        format!("is the class; set it with {}", Setting::Label)
    } else if plays(|contract| contract.hidden_states.as_ref()) {
        format!("takes embeddings; set them with {}", Setting::HiddenStates)
    } else {
        let names: Vec<String> =
            contracts.iter().flat_map(|contract| &contract.inputs).map(|port| format!("\"{}\"", port.name)).collect();
        match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => format!("does not exist: the model {model} has no further inputs; leave it out"),
            [only] => format!("does not exist: the model {model} has the further input {only}"),
            ref names => format!("does not exist: the model {model} has the further inputs {}", joined(names, "and")),
        }
    };
    Err(PrepareError::NoSuchInput { name: name.clone(), because })
}
