//! What of a body is used: the fields that are there and do something.

use super::{Field, FieldPath, Guard, Kind, Part, Place, Step, Way};
use crate::operation::json::{Json, Key};
use crate::operation::meaning::{Context, Enclosing, Meant, Read};

/// Why a field that is not in the table is guarded.
const UNKNOWN: &str = "is not known to dockgate, so what it does is not either";

/// A field that is used. A list or map is one field, but for the fields of structs in plain ones.
#[derive(Debug)]
pub struct UsedField {
    place: Place,
    /// Its row; none where it is unknown.
    pub field: Option<&'static Field>,
    /// Whether this value needs a grant here.
    pub guard: Guard,
    /// What it means, where its row says how to read that.
    pub(in crate::operation) read: Option<Read>,
}

impl UsedField {
    /// The way to it in canonical spelling, without indices and the keys of maps: `HostConfig.Binds`, also where it
    /// stands beside `HostConfig`. The last word is the client's where the field is unknown.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::with_capacity(64);
        self.write_path(&mut path);
        path
    }

    /// Writes the same into an empty text.
    pub fn write_path(&self, out: &mut String) {
        // Writing to a `String` cannot fail.
        self.place.write_path(out).unwrap_or_default();
    }

    /// Needs a grant as its row says, however harmless its value is by itself.
    pub(in crate::operation) fn guard_it(&mut self) {
        self.guard = self.field.map_or(self.guard, |field| field.guard);
    }

    /// Its place in this body: `HostConfig.Mounts[1].Source`.
    #[must_use]
    pub fn place(&self) -> String {
        self.place.to_string()
    }

    /// Its value in this body.
    pub(in crate::operation) fn value<'j>(&self, body: &'j Json) -> Option<&'j Json> {
        self.place.find(body)
    }

    /// Whether it is the field of this path, or stands in that.
    #[must_use]
    pub fn is_within(&self, path: &FieldPath) -> bool {
        self.place.is_within(path.steps())
    }

    /// Whether this is the path of the known field, and it stands there: not beside it, where only older daemons look,
    /// and not always.
    pub(in crate::operation) fn is_at(&self, path: &str) -> bool {
        self.field.is_some_and(|field| path.ends_with(field.name))
            && self.place.is_at(path)
            && !self.place.is_beside()
    }
}

/// The used fields of a body of this kind, in its order. What they mean is added to what is meant.
pub(in crate::operation) fn used_fields(
    kind: Kind,
    body: &Json,
    context: Context<'_>,
    meant: &mut Meant,
) -> Vec<UsedField> {
    // Few bodies use more, or mean more.
    meant.uses.reserve(16);
    let mut walk = Walk { found: Vec::with_capacity(48), only_unknown: false, context, meant };
    walk.within(None, kind, body);
    walk.found
}

/// A walk through a body.
struct Walk<'a> {
    found: Vec<UsedField>,
    /// Whether the walk is within a field that was taken as a whole. A grant of the whole does not grant
    /// what is unknown in it.
    only_unknown: bool,
    context: Context<'a>,
    meant: &'a mut Meant,
}

impl Walk<'_> {
    /// Looks for fields in a value.
    fn within(&mut self, above: Option<&Way<'_>>, kind: Kind, value: &Json) {
        if !kind.has_structs() {
            return;
        }
        let below = |step| Way::new(above, step);
        match (kind, value) {
            (Kind::Struct(_), Json::Object(fields)) => {
                for (number, (key, value)) in fields.iter().enumerate() {
                    match kind.field_of(key) {
                        Some((_, field)) if field.is_unused(value) => {}
                        Some((part, field)) => {
                            self.field(&below(Step::Field(number, part, field)), part, field, value, fields);
                        }
                        None if value.is_all_zero() => {}
                        None => {
                            let way = below(Step::Unknown(number, key.into()));
                            self.push(&way, None, Guard::Guarded(UNKNOWN), value, &[]);
                        }
                    }
                }
            }
            (Kind::List(inner), Json::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.within(Some(&below(Step::Index(index))), *inner, item);
                }
            }
            (Kind::Map(inner), Json::Object(fields)) => {
                for (number, (key, value)) in fields.iter().enumerate() {
                    self.within(Some(&below(Step::Key(number, key.into()))), *inner, value);
                }
            }
            _ => {}
        }
    }

    /// Looks at a field that is used.
    fn field(
        &mut self,
        way: &Way<'_>,
        part: &Part,
        field: &'static Field,
        value: &Json,
        around: &[(Key, Json)],
    ) {
        let guard = match part.guard_of(field) {
            Guard::Guarded(_) if part.is_harmless(field, value) => Guard::Plain,
            Guard::Plain => field.guard_of_text(value),
            guard @ Guard::Guarded(_) => guard,
        };
        if self.only_unknown {
            return self.within(Some(way), field.kind, value);
        }
        let is_row = |inner: &Kind| matches!(inner, Kind::Struct(_));
        match (field.kind, guard) {
            // What its fields are is what counts.
            (Kind::Struct(_), Guard::Plain) => self.within(Some(way), field.kind, value),
            (Kind::List(inner), Guard::Plain) if inner.has_structs() => {
                self.within(Some(way), field.kind, value);
            }
            // The keys say something, and so do the fields below them.
            (Kind::Map(inner), guard) if is_row(inner) => {
                self.push(way, Some(field), guard, value, around);
                self.within(Some(way), field.kind, value);
            }
            _ => {
                self.push(way, Some(field), guard, value, around);
                self.only_unknown = true;
                self.within(Some(way), field.kind, value);
                self.only_unknown = false;
            }
        }
    }

    fn push(
        &mut self,
        way: &Way<'_>,
        field: Option<&'static Field>,
        guard: Guard,
        value: &Json,
        around: &[(Key, Json)],
    ) {
        let read = field.and_then(|field| field.reading).map(|reading| {
            let around = Enclosing { fields: around, context: self.context };
            reading.read(value, way, around, self.meant)
        });
        self.found.push(UsedField { place: way.place(), field, guard, read });
    }
}
