//! "Did you mean": the member of a closed set that a misspelt word comes closest to.

/// The candidate closest to `word`, where one is close enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word_folded = word.to_lowercase();
    let limit = word_folded.chars().count().div_ceil(3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word_folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", or else what there is.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<String> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    (!all.is_empty()).then(|| format!("there is {}", list(&all, "and")))
}

/// Leaves the first words, and puts how many more there are in place of the others, where those are several.
pub(super) fn shorten(words: &mut Vec<String>, most: usize) {
    let more = words.len().saturating_sub(most);
    if more > 1 {
        words.truncate(most);
        words.push(format!("{more} more"));
    }
}

/// Words as a sentence lists them: `a, b and c`.
pub(super) fn list(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} {conjunction} {last}", front.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_closest_word_in_any_case() {
        assert_eq!(nearest("operation", ["operations", "name", "reason"]), Some("operations"));
        assert_eq!(nearest("Enforced", ["enforce", "observe"]), Some("enforce"));
        assert_eq!(nearest("xyzzy", ["enforce", "observe"]), None);
    }

    #[test]
    fn names_all_members_of_the_set_when_none_is_close() {
        let help = did_you_mean("strict", ["enforce", "observe"]);
        assert_eq!(help.as_deref(), Some("there is `enforce` and `observe`"));
        assert_eq!(did_you_mean("strict", []), None);
    }
}
