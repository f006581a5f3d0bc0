//! Characters that a reader of the policy may not see, or may take for others.

use toml::Spanned;

use crate::policy::draft::{Draft, DraftAspect, DraftCondition};
use crate::policy::problem::{Code, Problem};

/// Warns of characters outside ASCII in operations and patterns: what Docker calls things is ASCII,
/// and letters of other scripts look like Latin ones. Names may be in any script, but not look like others.
pub(in crate::policy) fn find_odd_characters(draft: &Draft, problems: &mut Vec<Problem>) {
    for client in &draft.clients {
        let names = std::iter::once(&client.name).chain(client.listener.iter().flatten());
        names.for_each(|name| check_name(name, problems));
    }
    for rule in draft.allow.iter().chain(&draft.forbid) {
        let names = rule.name.iter().chain(rule.clients.iter().flatten()).chain(&rule.own);
        names.for_each(|name| check_name(name, problems));
        for (_, condition) in rule.things.iter().flat_map(|thing| &thing.properties) {
            check_condition(condition, problems);
        }
        for operation in &rule.operations {
            check(operation, problems);
        }
        for (_, condition) in
            rule.query.iter().chain(&rule.body).chain(&rule.require).chain(&rule.require_query)
        {
            check_condition(condition, problems);
        }
        for (_, said) in &rule.aspects {
            match said.get_ref() {
                DraftAspect::Texts(texts) => texts.iter().for_each(|text| check(text, problems)),
                DraftAspect::Regex(regex) => check(regex, problems),
                DraftAspect::Paths { read_write, read_only } => {
                    read_write.iter().chain(read_only).for_each(|text| check(text, problems));
                }
                DraftAspect::Any(_) | DraftAspect::Amount(_) => {}
            }
        }
    }
}

fn check_condition(condition: &Spanned<DraftCondition>, problems: &mut Vec<Problem>) {
    match condition.get_ref() {
        DraftCondition::Texts(texts) => texts.iter().for_each(|text| check(text, problems)),
        DraftCondition::Regex(regex) => check(regex, problems),
        DraftCondition::Elements(_, inner) => check_condition(inner, problems),
        DraftCondition::Used(_) | DraftCondition::Numbers(_) | DraftCondition::Range { .. } => {}
    }
}

fn check(text: &Spanned<String>, problems: &mut Vec<Problem>) {
    if let Some(odd) = text.get_ref().chars().find(|character| !character.is_ascii()) {
        problems.push(
            Problem::new(Code::NonAscii, text.span(), "this holds a character outside ASCII")
                .label(in_words(odd))
                .help("if it only looks like a Latin letter, type that"),
        );
    }
}

/// A name with a letter that passes for a Latin one, beside Latin ones or alone: it would be taken for another name.
fn check_name(name: &Spanned<String>, problems: &mut Vec<Problem>) {
    if name.get_ref().is_ascii() {
        return;
    }
    if let Some(odd) = name.get_ref().chars().find(|character| latin_like(*character).is_some()) {
        problems.push(
            Problem::new(Code::Confusable, name.span(), "this can be taken for another name")
                .label(in_words(odd))
                .help("type the Latin letter, if that is what was meant"),
        );
    }
}

/// `U+0430, which looks like "a"`
fn in_words(character: char) -> String {
    let code = format!("U+{:04X}", u32::from(character));
    match latin_like(character) {
        Some(latin) => format!("{code}, which looks like `{latin}`"),
        None => code,
    }
}

/// The Latin letter that a letter of another script looks like (Unicode's confusables.txt, the commonest).
fn latin_like(character: char) -> Option<char> {
    const CYRILLIC: &str = "аaеeоoрpсcуyхxіiјjѕsԁdһhԛqԝwАAВBЕEЗ3КKМMНHОOРPСCТTУYХXІIЈJЅS";
    const GREEK: &str = "οoαaνvρpιiκkυuτtΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX";
    const OTHER: &str = "օoսuոnհhց9ɡgıiⅼlⅰi";
    if character.is_ascii() {
        return None;
    }
    let pairs = [CYRILLIC, GREEK, OTHER].into_iter().flat_map(|pairs| {
        let odd = pairs.chars().step_by(2);
        odd.zip(pairs.chars().skip(1).step_by(2))
    });
    let full_width = ('\u{ff01}'..='\u{ff5e}').contains(&character);
    let ascii = || u32::from(character).checked_sub(0xfee0).and_then(char::from_u32);
    pairs
        .into_iter()
        .find(|(odd, _)| *odd == character)
        .map(|(_, latin)| latin)
        .or_else(|| full_width.then(ascii).flatten())
}

/// Warns of characters anywhere in the file that have no width, or turn the direction of the text so
/// that it is read otherwise than it is written.
pub(in crate::policy) fn find_invisible_characters(source: &str, problems: &mut Vec<Problem>) {
    if source.is_ascii() {
        return;
    }
    // An editor may put a mark of byte order at the very beginning; TOML passes over it.
    let characters =
        source.char_indices().filter(|(start, character)| *start > 0 || *character != '\u{feff}');
    for (start, character) in characters.filter(|(_, character)| is_invisible(*character)) {
        let end = start.saturating_add(character.len_utf8());
        let message = format!("here stands U+{:04X}, which cannot be seen", u32::from(character));
        problems.push(
            Problem::new(Code::InvisibleCharacter, start..end, message)
                .help("remove it: with it the text may be read otherwise than it is written"),
        );
    }
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_pass_for_latin_ones_are_told_from_others() {
        assert_eq!(latin_like('\u{430}'), Some('a'));
        assert_eq!(latin_like('\u{3bf}'), Some('o'));
        assert_eq!(latin_like('\u{ff52}'), Some('r'));
        for other in ['a', 'é', 'ж', '中', '9'] {
            assert_eq!(latin_like(other), None, "{other}");
        }
    }

    #[test]
    fn characters_that_turn_or_hide_text_are_found_in_comments_too() {
        let mut problems = Vec::new();
        find_invisible_characters("# a\u{202e}b\nversion\u{200b} = 1 # é", &mut problems);
        let found: Vec<_> = problems.iter().map(|problem| problem.places[0].span.clone()).collect();
        assert_eq!(found, [3..6, 15..18]);
    }
}
