//! What a refusal repeats of a text from outside. Deliberately absent: escaping, which is for whoever shows it.

/// Characters of what was sent that a refusal repeats.
const CHARS_MAX: usize = 80;

/// The first 80 characters of `text` without control characters: enough to find it by, too little to flood a log.
#[must_use]
pub fn echo(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(CHARS_MAX).collect()
}
