//! The user that a command runs as.

use std::borrow::Cow;

/// A user, and behind a colon a group, with numbers in plain decimal: the daemon takes `+0`, `00` and `-0` for 0
/// (moby `vendor/github.com/moby/sys/user`, by Go's `strconv.Atoi`). Names are what the image makes of them; where none is
/// said, the image decides, and in an exec the container.
pub(super) fn canonical(text: &str) -> String {
    match text.split_once(':') {
        Some((user, group)) => [&*number_or_name(user), ":", &*number_or_name(group)].concat(),
        None => number_or_name(text).into_owned(),
    }
}

fn number_or_name(text: &str) -> Cow<'_, str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return text.into();
    }
    let digits = digits.trim_start_matches('0');
    match (digits, text.starts_with('-')) {
        ("", _) => "0".into(),
        (digits, true) => format!("-{digits}").into(),
        (digits, false) => digits.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn root_has_one_spelling_among_numbers() {
        for text in ["0", "00", "+0", "-0", "000"] {
            assert_eq!(canonical(text), "0", "{text}");
            assert_eq!(canonical(&format!("{text}:{text}")), "0:0");
        }
        for (text, expected) in [
            ("", ""),
            ("image", "image"),
            ("root", "root"),
            ("0x0", "0x0"),
            ("0 ", "0 "),
            ("+1000:staff", "1000:staff"),
            ("007", "7"),
            ("-1", "-1"),
            (":5", ":5"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }
}
