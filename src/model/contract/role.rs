//! Which port plays a role.

use super::ContractError;
use super::port::{Port, PortRole};

/// A role, and the names of the ports that usually play it.
pub(super) struct Role {
    of: PortRole,
    known: &'static [&'static str],
}

impl Role {
    pub(super) const fn new(of: PortRole, known: &'static [&'static str]) -> Self {
        Self { of, known }
    }

    /// Whether a port that the user names for it can play it. What its free axes will be is not known.
    fn is_possible(&self, port: &Port) -> bool {
        let mut port = port.clone();
        match self.of {
            PortRole::Timestep | PortRole::ClassLabels => {
                port.shape.iter_mut().skip(1).for_each(|side| *side = side.or(Some(1)));
                port.is_number() && (self.of == PortRole::Timestep || port.element.is_integer())
            }
            PortRole::Sample | PortRole::Output => port.is_image(),
            PortRole::HiddenStates => true,
        }
    }

    /// The port the user named, else one with a known name and the right form, else the only one of the right form.
    pub(super) fn take(
        &self,
        rest: &mut Vec<&Port>,
        named: Option<&str>,
        fits: impl Fn(&Port) -> bool,
    ) -> Result<Option<Port>, ContractError> {
        if let Some(port) = self.take_named(rest, named, &fits)? {
            return Ok(Some(port));
        }
        let candidates: Vec<usize> = (0..rest.len()).filter(|&index| fits(rest[index])).collect();
        match candidates.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(rest.remove(*only).clone())),
            several => Err(ContractError::Ambiguous {
                what: self.of.what(),
                role: self.of,
                candidates: several.iter().map(|&index| rest[index].describe()).collect::<Vec<_>>().join(", "),
                names: several.iter().map(|&index| rest[index].name.clone()).collect(),
            }),
        }
    }

    pub(super) fn take_named(
        &self,
        rest: &mut Vec<&Port>,
        named: Option<&str>,
        fits: impl Fn(&Port) -> bool,
    ) -> Result<Option<Port>, ContractError> {
        if let Some(name) = named {
            let index = rest.iter().position(|port| port.name == name).ok_or_else(|| ContractError::Unnamed {
                what: self.of.what(),
                name: name.into(),
                there: rest.iter().map(|port| port.describe()).collect::<Vec<_>>().join(", "),
            })?;
            let port = rest.remove(index).clone();
            if !self.is_possible(&port) {
                let port = port.describe();
                return Err(ContractError::Unfit { what: self.of.what(), role: self.of, port, needs: self.of.needs() });
            }
            return Ok(Some(port));
        }
        for known in self.known {
            if let Some(index) = rest.iter().position(|port| port.name.eq_ignore_ascii_case(known) && fits(port)) {
                return Ok(Some(rest.remove(index).clone()));
            }
        }
        Ok(None)
    }
}
