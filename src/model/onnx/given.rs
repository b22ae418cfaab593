//! The tensors of what a network is told besides noisy image and time. They are made once and fed again, since embeddings
//! are large and the same at every step.

use super::conditioning::{Conditioning, class_of};
use super::feeding::{numbers, scalars};
use crate::denoiser::{DenoiseError, NULL_INPUTS};
use crate::model::contract::{Contract, Port};
use ndarray::Axis;
use ort::memory::AllocationDevice;
use ort::value::DynTensor;

/// Most tensors that are kept of one input: the calls of a step, if its batch is split, differ in the rows they are given.
const MOST_KEPT: usize = 4;

/// The samples of a call.
pub(super) struct Call<'a> {
    /// Which sample each place of the batch has.
    pub(super) samples: &'a [usize],
    /// The classes of the samples.
    pub(super) classes: &'a [i64],
    /// Height and width of the state.
    pub(super) size: (usize, usize),
}

/// An input that is given.
#[derive(Clone, Copy)]
enum Slot {
    Class,
    Input(usize),
    HiddenStates,
    ImageIds,
    TextIds,
}

impl Slot {
    fn port(self, contract: &Contract) -> Option<&Port> {
        match self {
            Self::Class => contract.class_labels.as_ref(),
            Self::Input(index) => contract.inputs.get(index),
            Self::HiddenStates => contract.hidden_states.as_ref(),
            Self::ImageIds => contract.image_ids.as_ref(),
            Self::TextIds => contract.text_ids.as_ref(),
        }
    }
}

/// The tensors of one input, by what they are made of; the last is the latest used.
struct Kept<T = DynTensor> {
    slot: Slot,
    made: Vec<(Vec<i64>, T)>,
}

impl<T> Kept<T> {
    /// Puts the tensor made of `key` last; it is made only where it is not kept.
    fn take<E>(&mut self, key: Vec<i64>, make: impl FnOnce(&[i64]) -> Result<T, E>) -> Result<(), E> {
        if let Some(at) = self.made.iter().position(|(known, _)| *known == key) {
            self.made[at..].rotate_left(1);
        } else {
            let tensor = make(&key)?;
            if self.made.len() == MOST_KEPT {
                self.made.remove(0);
            }
            self.made.push((key, tensor));
        }
        Ok(())
    }
}

/// Everything given, with its tensors.
pub(super) struct Given {
    pub(super) conditioning: Conditioning,
    kept: Vec<Kept>,
    /// Where the graph runs, if its inputs are to be kept there.
    device: Option<AllocationDevice<'static>>,
}

impl Given {
    pub(super) fn new(
        conditioning: Conditioning,
        contract: &Contract,
        device: Option<AllocationDevice<'static>>,
    ) -> Self {
        let inputs = contract.inputs.iter().zip(&conditioning.inputs).enumerate().map(|(index, _)| Slot::Input(index));
        let slots = [
            contract.class_labels.is_some().then_some(Slot::Class),
            (contract.hidden_states.is_some() && conditioning.hidden_states.is_some()).then_some(Slot::HiddenStates),
            contract.image_ids.is_some().then_some(Slot::ImageIds),
            contract.text_ids.is_some().then_some(Slot::TextIds),
        ];
        let slots = slots.into_iter().flatten().chain(inputs);
        let kept = slots.map(|slot| Kept { slot, made: Vec::new() }).collect();
        Self { conditioning, kept, device }
    }

    /// Makes ready what a call needs.
    pub(super) fn make_ready(
        &mut self,
        contract: &Contract,
        call: &Call,
        failed: impl Fn(&ort::Error) -> DenoiseError,
    ) -> Result<(), DenoiseError> {
        let Self { conditioning, kept, device } = self;
        for kept in kept {
            let slot = kept.slot;
            let Some(port) = slot.port(contract) else { continue };
            let key = key_of(slot, port, (contract, conditioning), call)?;
            kept.take(key, |key| {
                let tensor = tensor_of(slot, port, (contract, conditioning), key, call.samples.len());
                match device {
                    // Small ones are needed beside the processor, if by anything: shapes follow from them.
                    Some(device) if port.element.is_float() => tensor.and_then(|tensor| tensor.to(device.clone(), 0)),
                    _ => tensor,
                }
                .map_err(|error| failed(&error))
            })?;
        }
        Ok(())
    }

    /// Names and tensors of the call that was made ready last.
    pub(super) fn tensors<'a>(&'a self, contract: &'a Contract) -> impl Iterator<Item = (&'a str, &'a DynTensor)> {
        let named = |kept: &'a Kept| Some((kept.slot.port(contract)?.name.as_str(), &kept.made.last()?.1));
        self.kept.iter().filter_map(named)
    }
}

/// Stands for the null value among rows.
const NULL_ROW: i64 = -1;

/// What the tensor of a call is made of: classes, rows or sizes.
fn key_of(
    slot: Slot,
    port: &Port,
    (contract, conditioning): (&Contract, &Conditioning),
    call: &Call,
) -> Result<Vec<i64>, DenoiseError> {
    let Call { samples, classes, size: (height, width) } = *call;
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    let batch = number(port.shape.first().copied().flatten().unwrap_or(samples.len()));
    match slot {
        Slot::Class => {
            let label = |&sample: &usize| match class_of(sample, classes) {
                Some(NULL_INPUTS) => conditioning.null_class,
                class => class,
            };
            Ok(samples.iter().map(|sample| label(sample).unwrap_or(0)).collect())
        }
        Slot::Input(index) => {
            let given = &conditioning.inputs[index];
            let shared = port.is_shared() || !contract.is_per_sample(port);
            let places = if shared { &samples[..1] } else { samples };
            let row = |&sample: &usize| Ok(conditioning.row_of(given, sample, classes)?.map_or(NULL_ROW, number));
            places.iter().map(row).collect()
        }
        Slot::HiddenStates => {
            let Some(states) = &conditioning.hidden_states else { return Ok(Vec::new()) };
            let row = |&sample: &usize| conditioning.row_of_states(states, sample, classes).map(number);
            samples.iter().map(row).collect()
        }
        Slot::ImageIds => Ok(vec![batch, number(height), number(width)]),
        Slot::TextIds => Ok(vec![batch]),
    }
}

/// The tensor of a key.
fn tensor_of(
    slot: Slot,
    port: &Port,
    (contract, conditioning): (&Contract, &Conditioning),
    key: &[i64],
    samples: usize,
) -> ort::Result<DynTensor> {
    let side = |value: i64| usize::try_from(value).unwrap_or_default();
    match slot {
        Slot::Class => scalars(port, &key.iter().map(|&label| label as f64).collect::<Vec<_>>()),
        Slot::Input(index) => {
            let given = &conditioning.inputs[index];
            let rows = key.iter().flat_map(|&row| match &given.null {
                Some(null) if row == NULL_ROW => null.index_axis(Axis(0), 0),
                _ => given.values.index_axis(Axis(0), side(row)),
            });
            let mut shape = given.values.shape()[1..].to_vec();
            if contract.is_per_sample(port) {
                shape.insert(0, key.len());
            }
            numbers(port.element, shape, rows.copied())
        }
        Slot::HiddenStates => {
            let Some(states) = &conditioning.hidden_states else {
                return numbers(port.element, vec![0], std::iter::empty());
            };
            let (_, tokens, width) = states.values.dim();
            let rows = key.iter().flat_map(|&row| states.values.index_axis(Axis(0), side(row)));
            numbers(port.element, vec![key.len(), tokens, width], rows.map(|&value| f64::from(value)))
        }
        Slot::ImageIds => {
            let (rows, columns) = (side(key[1]) / 2, side(key[2]) / 2);
            let place = |token: usize| [0.0, (token / columns) as f64, (token % columns) as f64];
            ids(port, rows * columns, place, samples)
        }
        Slot::TextIds => {
            let tokens = conditioning.hidden_states.as_ref().map_or(0, |states| states.values.dim().1);
            ids(port, tokens, |_| [0.0; 3], samples)
        }
    }
}

/// Positions of tokens, `[tokens, 3]`, or `[B, tokens, 3]` from older exports.
fn ids(port: &Port, tokens: usize, of: impl Fn(usize) -> [f64; 3], samples: usize) -> ort::Result<DynTensor> {
    let by_sample = port.shape.len() == 3;
    let batch = if by_sample { port.shape[0].unwrap_or(samples) } else { 1 };
    let mut shape = vec![tokens, 3];
    if by_sample {
        shape.insert(0, batch);
    }
    numbers(port.element, shape, (0..batch * tokens).flat_map(|index| of(index % tokens)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_is_made_once_and_the_oldest_goes() {
        let mut kept = Kept { slot: Slot::Class, made: Vec::new() };
        let mut made = Vec::new();
        let mut take = |key: i64| {
            let make = |key: &[i64]| {
                made.push(key[0]);
                Ok::<_, DenoiseError>(10 * key[0])
            };
            kept.take(vec![key], make).unwrap();
            assert_eq!(kept.made.last().unwrap(), &(vec![key], 10 * key));
        };
        for key in [1, 2, 1, 2, 3, 4, 1, 5, 1, 2] {
            take(key);
        }
        // 2 was used before 3, 4 and 1 when 5 came.
        assert_eq!(made, [1, 2, 3, 4, 5, 2]);
    }
}
