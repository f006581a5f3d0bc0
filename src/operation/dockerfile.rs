//! A Dockerfile: everything of it that reaches outside the build.
//!
//! It is read as the daemon's parsers read it (BuildKit, `frontend/dockerfile`, which both builders use), from that
//! of Docker 20.10 to the newest. Where these differ, or a name depends on what only the daemon knows, it is refused.

mod arguments;
mod flags;
mod heredoc;
mod instruction;
mod lines;
mod run;
mod stages;
mod syntax;
mod words;

use std::collections::HashSet;

use super::build::Builder;
use super::inside::Flaw;
use arguments::Arguments;
use heredoc::Reading;
use instruction::{Instruction, Step};
use lines::Lines;
use stages::{Numbers, Stages};

/// What a Dockerfile takes from outside, and what it asks for beyond a plain build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// Its instructions, in capitals; of one that is left to later builds both words.
    pub instructions: Vec<Mention>,
    /// The images that it builds upon, copies from and mounts.
    pub images: Vec<Mention>,
    /// The URLs and git repositories that `ADD` fetches.
    pub remotes: Vec<Mention>,
    /// The image that BuildKit runs to read the rest of it. To the classic builder it is a comment.
    pub syntax: Option<Mention>,
    /// The secrets of the client's that `RUN` is given, by their identifiers.
    pub secrets: Vec<Mention>,
    /// The SSH agents of the client's that `RUN` may use.
    pub ssh: Vec<Mention>,
    /// The networks, other than the default and none, that `RUN` asks for.
    pub networks: Vec<Mention>,
    /// The security modes, other than the sandbox, that `RUN` asks for.
    pub security: Vec<Mention>,
    /// The devices that `RUN` asks for.
    pub devices: Vec<Mention>,
    /// The instructions that may set labels of dockgate's own.
    pub marks: Vec<Mention>,
}

/// A name, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mention {
    /// The name.
    pub name: String,
    /// The line, from 1; 0 where it is the parameter `buildargs` that says it.
    pub line: usize,
}

impl Mention {
    /// Where it stands, in words.
    #[must_use]
    pub fn place(&self) -> String {
        match self.line {
            0 => "parameter buildargs".to_owned(),
            line => format!("line {line} of the Dockerfile"),
        }
    }
}

/// Whether instructions that are no whole Dockerfile may set labels of dockgate's own, which also those may that cannot be
/// read.
pub(super) fn may_mark(instructions: &str) -> bool {
    read_part(instructions).map_or(true, |part| !part.marks.is_empty())
}

/// Reads instructions that are no whole Dockerfile: those that are added to an image, or left to builds upon it.
///
/// # Errors
///
/// Whatever could be read in two ways.
pub(super) fn read_part(instructions: &str) -> Result<Dockerfile, Flaw> {
    let mut part = Dockerfile::default();
    let lines = Lines::read(instructions, Reading::Documents)?;
    part.read_added(&lines)?;
    if lines.has_documents {
        // Older daemons know none.
        part.read_added(&Lines::read(instructions, Reading::Instructions)?)?;
    }
    Ok(part)
}

/// The parameter `buildargs`: names, and their values where they have one.
pub type BuildArguments = [(String, Option<String>)];

impl Dockerfile {
    /// Reads the text of a Dockerfile, as `builder` does with these build arguments.
    ///
    /// # Errors
    ///
    /// Whatever could be read in two ways, and names that cannot be worked out.
    pub fn read(text: &[u8], given: &BuildArguments, builder: Builder) -> Result<Self, Flaw> {
        let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
        let lines = Lines::read(&text, Reading::Documents)?;
        let mut dockerfile = Self::default();
        dockerfile.read_lines(&lines, Arguments::new(given, builder))?;
        if lines.has_documents {
            // Older daemons know no here-documents: to them, what stands in one is instructions. Most often one
            // of those is unknown, and they refuse it all.
            let lines = Lines::read(&text, Reading::Instructions)?;
            if lines.may_be_instructions() {
                dockerfile.read_lines(&lines, Arguments::new(given, builder))?;
            }
        }
        // The same lines may have been read twice.
        let mut seen = HashSet::new();
        dockerfile.images.retain(|image| seen.insert(image.clone()));
        if builder == Builder::BuildKit {
            dockerfile.syntax = syntax::image(&text, given)?;
        }
        Ok(dockerfile)
    }

    fn read_lines(&mut self, lines: &Lines, mut arguments: Arguments<'_>) -> Result<(), Flaw> {
        let builder = arguments.builder;
        let mut instructions = Vec::new();
        for line in &lines.all {
            let instruction = Instruction::read(&line.text, lines.escape);
            instructions.push((line.number, instruction.map_err(|what| Flaw::line(line.number, what))?));
            let (keyword, rest) = instruction::split(&line.text);
            let left = keyword.eq_ignore_ascii_case("onbuild").then(|| instruction::split(rest).0);
            for word in [keyword].into_iter().chain(left) {
                self.instructions.push(Mention { name: word.to_ascii_uppercase(), line: line.number });
            }
        }
        let mut stages = Stages::of(&instructions)?;
        for (line, instruction) in instructions {
            let flaw = |what: String| Flaw::line(line, what);
            match instruction {
                Instruction::From { image, name: _ } => {
                    let name = arguments
                        .expand(&image, lines.escape)
                        .map_err(|what| flaw(format!("FROM {image}: {what}")))?;
                    self.add_image(stages.base(&name).map_err(flaw)?, line);
                    stages.begin();
                }
                Instruction::Arg(words) if stages.is_before_first() => {
                    arguments.define(&words, lines.escape).map_err(flaw)?;
                }
                Instruction::Arg(_) => {}
                Instruction::OnBuild(_) | Instruction::Step(_) if stages.is_before_first() => {
                    return Err(flaw("only ARG can come before the first FROM".to_owned()));
                }
                // It is run when others build upon this image, and their stages are others.
                Instruction::OnBuild(step) => self.read_step(step, line, &Stages::default(), builder)?,
                Instruction::Step(step) => self.read_step(step, line, &stages, builder)?,
            }
        }
        if stages.is_before_first() {
            return Err(Flaw::dockerfile("has no FROM"));
        }
        Ok(())
    }

    /// Reads instructions that come to an image. What others run when they build upon it knows no stages of theirs.
    fn read_added(&mut self, lines: &Lines) -> Result<(), Flaw> {
        for line in &lines.all {
            let instruction = Instruction::read(&line.text, lines.escape);
            match instruction.map_err(|what| Flaw::line(line.number, what))? {
                Instruction::OnBuild(step) | Instruction::Step(step) => {
                    self.read_step(step, line.number, &Stages::default(), Builder::Classic)?;
                }
                Instruction::From { .. } | Instruction::Arg(_) => {}
            }
        }
        Ok(())
    }

    fn read_step(&mut self, step: Step, line: usize, stages: &Stages, builder: Builder) -> Result<(), Flaw> {
        let mention = |name: String| Mention { name, line };
        let flaw = |what: String| Flaw::line(line, what);
        match step {
            Step::Copy { from: Some(name) } => {
                self.add_image(stages.source(&name, Numbers::AreStages, builder).map_err(flaw)?, line);
            }
            Step::Add { remotes } => self.remotes.extend(remotes.into_iter().map(mention)),
            Step::Run(run) => {
                for name in run.mounts {
                    self.add_image(stages.source(&name, Numbers::AreNames, builder).map_err(flaw)?, line);
                }
                self.secrets.extend(run.secrets.into_iter().map(mention));
                self.ssh.extend(run.ssh.into_iter().map(mention));
                self.networks.extend(run.network.into_iter().map(mention));
                self.security.extend(run.security.into_iter().map(mention));
                self.devices.extend(run.devices.into_iter().map(mention));
            }
            Step::Label { may_mark: true } => self.marks.push(mention("LABEL".to_owned())),
            Step::Copy { from: None } | Step::Label { may_mark: false } | Step::Other => {}
        }
        Ok(())
    }

    fn add_image(&mut self, name: Option<String>, line: usize) {
        self.images.extend(name.map(|name| Mention { name, line }));
    }
}

#[cfg(test)]
mod tests;
