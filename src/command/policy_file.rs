//! Reading policy files that the command line names.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::policy::case::{Files, Suite, unreadable_file};
use crate::policy::problem::Problem;

/// A policy file, by what it is called, with its text.
pub(super) struct PolicyFile {
    pub(super) name: String,
    /// Where it lies; the paths that stand in it begin there.
    directory: PathBuf,
    pub(super) source: io::Result<String>,
}

impl PolicyFile {
    /// Reads a file; `-` is the standard input.
    pub(super) fn read(file: &Path, input: &mut dyn Read) -> Self {
        if file == Path::new("-") {
            let mut source = String::new();
            let source = input.read_to_string(&mut source).map(|_| source);
            return Self { name: "<stdin>".to_owned(), directory: PathBuf::new(), source };
        }
        Self {
            name: file.display().to_string(),
            directory: file.parent().map(Path::to_path_buf).unwrap_or_default(),
            source: fs::read_to_string(file),
        }
    }

    /// The files that its cases name, and a problem for each that cannot be read.
    pub(super) fn bodies(&self, suite: &Suite) -> (Files, Vec<Problem>) {
        let mut files = Files::new();
        let mut problems = Vec::new();
        for (file, span) in suite.files() {
            match fs::read(self.directory.join(file)) {
                Ok(bytes) => drop(files.insert(file.to_owned(), bytes)),
                Err(error) => problems.push(unreadable_file(file, span, &error.to_string())),
            }
        }
        (files, problems)
    }
}
