//! Asking somebody at a terminal what is not said by flags.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use super::ability::{Ability, Label};
use super::plan::{Plan, check_name, default_listen};
use super::{InitArguments, shipped};

/// Asks; the error says why there is no plan.
pub(super) fn ask(
    arguments: &InitArguments,
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<Result<Plan, String>> {
    let mut dialogue = Dialogue { answers, out };
    match dialogue.plan(arguments) {
        Ok(plan) => Ok(plan),
        // Who ends the input has answered enough.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Ok(Err("the answers ended; nothing is written".to_owned()))
        }
        Err(error) => Err(error),
    }
}

struct Dialogue<'d> {
    answers: &'d mut dyn BufRead,
    out: &'d mut dyn Write,
}

impl Dialogue<'_> {
    fn plan(&mut self, arguments: &InitArguments) -> io::Result<Result<Plan, String>> {
        writeln!(self.out, "dockgate has policies for these programs:\n")?;
        for name in shipped::names() {
            let summary = shipped::policy(name).map(shipped::summary).unwrap_or_default();
            writeln!(self.out, "  {name:20} {summary}")?;
        }
        writeln!(self.out)?;
        let client =
            self.until("Which program is to use Docker? One of these, or any name", None, |answer| {
                check_name(answer).map(|()| answer.to_owned())
            })?;
        let (abilities, label) =
            if shipped::policy(&client).is_some() { (Vec::new(), None) } else { self.abilities(&client)? };
        let listen = if let Some(listen) = &arguments.listen {
            listen.clone()
        } else {
            let default = default_listen(&client);
            self.until("Where does it connect", Some(&default), |answer| {
                Plan::new(client.clone(), &[Ability::Look], None, answer, None).map(|_| answer.to_owned())
            })?
        };
        let directory = if let Some(directory) = &arguments.directory {
            directory.clone()
        } else {
            let default = format!("dockgate-{client}");
            self.until("Into which directory", Some(&default), |answer| Ok(PathBuf::from(answer)))?
        };
        Ok(Plan::new(client, &abilities, label.as_ref(), &listen, Some(directory)))
    }

    fn abilities(&mut self, client: &str) -> io::Result<(Vec<Ability>, Option<Label>)> {
        writeln!(self.out, "There is no policy for {client} yet. May it …")?;
        let mut abilities = Vec::new();
        while abilities.is_empty() {
            for ability in Ability::ALL {
                let question = format!("  {}? y/n", ability.question());
                let may = self.until(&question, Some("n"), |answer| match answer {
                    "y" | "yes" => Ok(true),
                    "n" | "no" => Ok(false),
                    _ => Err("write y or n".to_owned()),
                })?;
                if may {
                    abilities.push(ability);
                }
            }
            if abilities.is_empty() {
                writeln!(self.out, "It may do nothing, then: it needs no socket. May it …")?;
            }
        }
        let label = self.until(
            "Only with containers that have a label? KEY=VALUE, or - for all",
            Some("-"),
            |answer| {
                if answer == "-" { Ok(None) } else { Label::read(answer).map(Some) }
            },
        )?;
        Ok((abilities, label))
    }

    /// Asks until the answer can be read.
    fn until<T>(
        &mut self,
        question: &str,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> io::Result<T> {
        loop {
            let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
            write!(self.out, "{question}{shown}: ")?;
            self.out.flush()?;
            let mut line = String::new();
            if self.answers.read_line(&mut line)? == 0 {
                writeln!(self.out)?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let answer = match (line.trim(), default) {
                ("", Some(default)) => default,
                (answer, _) => answer,
            };
            match read(answer) {
                Ok(read) => return Ok(read),
                Err(fault) => writeln!(self.out, "{fault}")?,
            }
        }
    }
}
