//! Finding a field by its name without looking at all of them: a table that the compiler makes of each part of a struct.

use super::Field;

/// How many places the table has: more than any part has fields.
const PLACES: usize = 128;

/// Where the fields of a part are. Each is at the place that its name leads to, or at the next that was free: its number,
/// counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Index([u8; PLACES]);

impl Index {
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "done by the compiler, which says what goes wrong"
    )]
    pub(super) const fn of(fields: &[Field]) -> Self {
        assert!(fields.len() < PLACES, "some places must stay free, or nothing ends a search");
        let mut places = [0; PLACES];
        let mut number = 0;
        while number < fields.len() {
            let mut place = place_of(fields[number].name);
            while places[place] != 0 {
                place = (place + 1) % PLACES;
            }
            number += 1;
            places[place] = number as u8;
        }
        Self(places)
    }

    /// The number, from 0, of the first of the fields with this name, in any case.
    #[inline]
    pub(super) fn find(&self, fields: &[Field], key: &str) -> Option<usize> {
        let mut place = place_of(key);
        loop {
            let number = usize::from(*self.0.get(place)?).checked_sub(1)?;
            let name = fields.get(number)?.name;
            // Most are spelled as in the table, and all are once they have been read.
            if name == key || name.eq_ignore_ascii_case(key) {
                return Some(number);
            }
            place = place.wrapping_add(1) % PLACES;
        }
    }
}

/// A number below 128 that is the same for a name in any case.
#[inline]
pub(in crate::operation) fn trace(name: &str) -> usize {
    place_of(name)
}

/// The place that a name leads to, by its length and its first, middle and last letter, whatever their case.
const fn place_of(name: &str) -> usize {
    let name = name.as_bytes();
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    let (_, behind) = name.split_at(name.len() / 2);
    let middle = match behind.first() {
        Some(middle) => small(*middle),
        None => 0,
    };
    let mixed = name.len().wrapping_mul(7).wrapping_add(small(*first).wrapping_mul(31));
    mixed.wrapping_add(middle.wrapping_mul(5)).wrapping_add(small(*last).wrapping_mul(17)) % PLACES
}

#[expect(clippy::as_conversions, reason = "constant functions have no other way yet, and nothing is lost")]
const fn small(letter: u8) -> usize {
    (letter | 0x20) as usize
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, container, service};
    use crate::operation::table::{BodyKind, endpoints};

    /// Every field of a struct, and of those in it, is found as a look at all of them finds it.
    #[track_caller]
    fn assert_finds_all(kind: Kind) {
        for (_, field) in kind.fields() {
            let first = kind.fields().find(|(_, other)| other.name.eq_ignore_ascii_case(field.name)).unwrap();
            let (small, capital) = (field.name.to_ascii_lowercase(), field.name.to_ascii_uppercase());
            for spelling in [field.name, &small, &capital] {
                let found = kind.field(spelling).unwrap();
                assert_eq!((found.0.same_as, found.1), (first.0.same_as, first.1), "{spelling}");
            }
            assert_eq!(kind.field(&format!("{}x", field.name)), None);
            assert_finds_all(field.kind.innermost());
        }
    }

    /// No two fields of a struct have the same name, nor those of a struct in it; and they are counted, up to 128.
    fn assert_names_differ(kind: Kind) {
        for (number, (_, field)) in kind.fields().enumerate() {
            let same = kind.fields().filter(|(_, other)| other.name.eq_ignore_ascii_case(field.name));
            assert_eq!(same.count(), 1, "{}", field.name);
            assert_eq!(
                kind.find(field.name).map(|spot| spot.number),
                Some(number).filter(|number| *number < 128)
            );
            assert_names_differ(field.kind.innermost());
        }
    }

    /// So whichever part a name is looked for in first, the field is the same.
    #[test]
    fn no_name_stands_in_two_parts() {
        for endpoint in endpoints() {
            if let BodyKind::Json { kind, guard: _ } = endpoint.body {
                assert_names_differ(kind.innermost());
            }
        }
    }

    #[test]
    fn a_field_is_found_in_any_case() {
        assert_finds_all(container::CREATE);
        assert_finds_all(service::SPEC);
        assert_eq!(container::CREATE.field(""), None);
        assert_eq!(Kind::EMPTY.field("a"), None);
    }
}
