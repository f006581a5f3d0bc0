//! Spelling a row: what is not said of a field is that it is plain, and in all versions.

use super::{ApiVersion, Field, Guard, Index, Kind, Part, Reading};

impl Field {
    pub(super) const fn plain(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self {
            name,
            kind,
            guard: Guard::Plain,
            harmless: &[],
            empty_counts: false,
            guarded_below: None,
            one_line: None,
            is_expanded: false,
            reading: None,
            since: None,
            until: None,
            summary,
        }
    }

    /// A guarded field; `reason` goes on from "it …".
    pub(super) const fn guarded(
        name: &'static str,
        kind: Kind,
        summary: &'static str,
        reason: &'static str,
    ) -> Self {
        Self { guard: Guard::Guarded(reason), ..Self::plain(name, kind, summary) }
    }

    pub(super) const fn harmless(self, harmless: &'static [&'static str]) -> Self {
        Self { harmless, ..self }
    }

    /// A path that is guarded below the directory `/NAME`; `reason` goes on from "it …".
    pub(super) const fn guarded_below(self, directory: &'static str, reason: &'static str) -> Self {
        Self { guarded_below: Some((directory, reason)), ..self }
    }

    /// A text that is guarded where it has more than one line; `reason` goes on from "it …".
    pub(super) const fn one_line(self, reason: &'static str) -> Self {
        Self { one_line: Some(reason), ..self }
    }

    /// A text in which Swarm puts something in place of Go's templates.
    pub(super) const fn expanded(self) -> Self {
        Self { is_expanded: true, ..self }
    }

    /// How it is read for what it means.
    pub(super) const fn means(self, reading: Reading) -> Self {
        Self { reading: Some(reading), ..self }
    }

    /// A directory to run in. In `/proc` a process finds handles that the runtime left open, some of them on
    /// directories of the host (CVE-2024-21626).
    pub(super) const fn working_directory(name: &'static str, summary: &'static str) -> Self {
        Self::plain(name, Kind::Text, summary).guarded_below(
            "/proc",
            "can lead out of the container, through a handle that the runtime left open",
        )
    }

    /// A zero value is not the same as none.
    pub(super) const fn empty_counts(self) -> Self {
        Self { empty_counts: true, ..self }
    }

    pub(super) const fn since(self, minor: u16) -> Self {
        Self { since: Some(ApiVersion::new(1, minor)), ..self }
    }

    pub(super) const fn until(self, minor: u16) -> Self {
        Self { until: Some(ApiVersion::new(1, minor)), ..self }
    }
}

impl Part {
    /// These fields, each guarded or plain as its own row says.
    pub(super) const fn of(fields: &'static [Field]) -> Self {
        Self { fields, index: Index::of(fields), guard: None, same_as: None }
    }

    /// These fields, all of them guarded here.
    pub(super) const fn guarded(fields: &'static [Field], reason: &'static str) -> Self {
        Self { guard: Some(reason), ..Self::of(fields) }
    }

    /// These fields, which say a second time what stands below the field `name`.
    pub(super) const fn same_as(fields: &'static [Field], name: &'static str) -> Self {
        Self { same_as: Some(name), ..Self::of(fields) }
    }
}

impl Kind {
    /// A list of texts.
    pub(super) const TEXTS: Self = Self::List(&Self::Text);
    /// A map of texts.
    pub(super) const TEXT_MAP: Self = Self::Map(&Self::Text);
    /// A struct without fields: that it stands there is all it says.
    pub(super) const EMPTY: Self = Self::Struct(&[]);
}
