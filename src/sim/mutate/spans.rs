//! Where the values of a JSON text stand, as far as it is one.

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Kind {
    Object,
    List,
    Text,
    Number,
    Word,
}

/// A value by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) struct Span {
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) start: usize,
    /// The byte behind it; the end of the text if it is not closed.
    pub(in crate::sim) end: usize,
    /// Where its key begins, in an object.
    pub(in crate::sim) key: Option<usize>,
    /// What it stands in, by its place in the list.
    pub(in crate::sim) parent: Option<usize>,
}

/// All values of `text`, those that hold others before them. What is no value is passed over.
pub(in crate::sim) fn spans(text: &[u8]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut key = None;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let start = at;
        let kind = match byte {
            b'{' => Kind::Object,
            b'[' => Kind::List,
            b'"' => Kind::Text,
            b'-' | b'0'..=b'9' => Kind::Number,
            b'a'..=b'z' => Kind::Word,
            b'}' | b']' => {
                at += 1;
                if let Some(closed) = open.pop() {
                    spans[closed].end = at;
                }
                key = None;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        at = end(text, start, kind);
        let parent = open.last().copied();
        let in_object = parent.is_some_and(|parent: usize| spans[parent].kind == Kind::Object);
        if kind == Kind::Text && in_object && key.is_none() {
            key = Some(start);
            continue;
        }
        let nests = matches!(kind, Kind::Object | Kind::List);
        if nests {
            open.push(spans.len());
        }
        spans.push(Span { kind, start, end: if nests { text.len() } else { at }, key: key.take(), parent });
    }
    spans
}

/// The byte behind a scalar, or behind the bracket that opens what is none.
fn end(text: &[u8], start: usize, kind: Kind) -> usize {
    let rest = text[start + 1..].iter();
    match kind {
        Kind::Object | Kind::List => start + 1,
        Kind::Text => {
            let mut escaped = false;
            let inner = rest.take_while(|byte| {
                let ends = **byte == b'"' && !escaped;
                escaped = **byte == b'\\' && !escaped;
                !ends
            });
            (start + 2 + inner.count()).min(text.len())
        }
        Kind::Number | Kind::Word => {
            let goes_on = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-');
            start + 1 + rest.take_while(goes_on).count()
        }
    }
}
