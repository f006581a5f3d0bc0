//! The stages of a Dockerfile, and what a name that may be one of them stands for.

use std::collections::HashMap;

use super::instruction::Instruction;
use crate::operation::build::Builder;
use crate::operation::inside::Flaw;

/// The image that is empty.
const SCRATCH: &str = "scratch";

/// The stages, by their names, and how many have begun.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// How many come before each that has a name.
    named: HashMap<String, usize>,
    all: usize,
    begun: usize,
}

/// What a number stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// In `COPY --from`, a stage.
    AreStages,
    /// In a mount, a name like any other.
    AreNames,
}

impl Stages {
    /// The stages that these instructions will begin.
    pub(super) fn of(instructions: &[(usize, Instruction)]) -> Result<Self, Flaw> {
        let mut stages = Self::default();
        for (line, instruction) in instructions {
            if let Instruction::From { image: _, name } = instruction {
                if let Some(name) = name
                    && stages.named.insert(name.clone(), stages.all).is_some()
                {
                    return Err(Flaw::line(*line, "there is a stage of this name already"));
                }
                stages.all = stages.all.saturating_add(1);
            }
        }
        Ok(stages)
    }

    pub(super) fn is_before_first(&self) -> bool {
        self.begun == 0
    }

    /// Goes on to the next stage.
    pub(super) fn begin(&mut self) {
        self.begun = self.begun.saturating_add(1);
    }

    /// The image that a stage is built upon; none where it is an earlier stage, or empty.
    pub(super) fn base(&self, name: &str) -> Result<Option<String>, String> {
        if self.is_stage(name, self.begun) || name == SCRATCH {
            return Ok(None);
        }
        image(name).map(Some)
    }

    /// The image that something is copied from or mounted; none where it is a stage, or empty.
    pub(super) fn source(
        &self,
        name: &str,
        numbers: Numbers,
        builder: Builder,
    ) -> Result<Option<String>, String> {
        if numbers == Numbers::AreStages && is_number(name) {
            return match name.parse::<usize>() {
                Ok(number) if self.all == 0 || self.begun.checked_sub(1).is_some_and(|own| number < own) => {
                    Ok(None)
                }
                _ => Err(format!("there is no stage {name} before this one")),
            };
        }
        // BuildKit finds stages that come later, too.
        let known = match builder {
            Builder::Classic => self.begun.saturating_sub(1),
            Builder::BuildKit => self.all,
        };
        if self.is_stage(name, known) || name == SCRATCH {
            return Ok(None);
        }
        image(name).map(Some)
    }

    /// Whether it names one of the first `known` stages.
    fn is_stage(&self, name: &str, known: usize) -> bool {
        self.named.get(&name.to_ascii_lowercase()).is_some_and(|before| *before < known)
    }
}

/// Digits, with a sign perhaps.
fn is_number(name: &str) -> bool {
    let digits = name.strip_prefix(['+', '-']).unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name that can be an image's: as registries, repositories, tags and digests are written.
pub(super) fn image(name: &str) -> Result<String, String> {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b':' | b'@');
    if name.is_empty() || !name.bytes().all(is_plain) {
        return Err(format!("{name:?} is no name of an image"));
    }
    Ok(name.to_owned())
}
