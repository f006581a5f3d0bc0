//! The audit file, read as another program would read it.

use std::path::Path;

use serde_json::Value;

/// One line of the audit file.
#[derive(Clone, Debug)]
pub(crate) struct Record(Value);

impl Record {
    /// Every record of the file so far. A last line without its end is not a record yet.
    pub(crate) fn read_all(file: &Path) -> Vec<Self> {
        Self::read_lines(file).map(|line| line.expect("a JSON object per line")).collect()
    }

    /// Every record of a file in which lines may have been torn by a full disk.
    pub(crate) fn read_whole_ones(file: &Path) -> Vec<Self> {
        Self::read_lines(file).filter_map(Result::ok).collect()
    }

    fn read_lines(file: &Path) -> impl Iterator<Item = serde_json::Result<Self>> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines: Vec<_> = whole.lines().map(|line| serde_json::from_str(line).map(Self)).collect();
        lines.into_iter()
    }

    /// A field as text; empty where there is none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field as it stands.
    pub(crate) fn field(&self, field: &str) -> &Value {
        self.0.get(field).unwrap_or(&Value::Null)
    }

    pub(crate) fn is(&self, event: &str, operation: &str) -> bool {
        self.text("event") == event && self.text("operation") == operation
    }
}
