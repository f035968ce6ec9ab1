//! Codes of AdCOM 1.0 and the names by which people write them.

use crate::document::{Faults, Node};

/// A list of codes: each name with its code, and the greatest code that may be written as a number.
pub(super) struct Codes {
    names: &'static [(&'static str, u32)],
    most: u32,
}

/// List: API Frameworks.
pub(super) const APIS: Codes = Codes {
    names: &[
        ("vpaid-1", 1),
        ("vpaid-2", 2),
        ("mraid-1", 3),
        ("ormma", 4),
        ("mraid-2", 5),
        ("mraid-3", 6),
        ("omid-1", 7),
        ("simid-1.0", 8),
        ("simid-1.1", 9),
    ],
    most: 500,
};

/// List: Creative Attributes.
pub(super) const ATTRIBUTES: Codes = Codes {
    names: &[
        ("audio-autoplay", 1),
        ("audio-on-click", 2),
        ("expandable-by-itself", 3),
        ("expandable-on-click", 4),
        ("expandable-on-rollover", 5),
        ("in-banner-video-autoplay", 6),
        ("in-banner-video-on-click", 7),
        ("pop", 8),
        ("provocative", 9),
        ("shaky", 10),
        ("survey", 11),
        ("text-only", 12),
        ("interactive", 13),
        ("alert-style", 14),
        ("audio-button", 15),
        ("skip-button", 16),
        ("flash", 17),
        ("responsive", 18),
        ("qr-code", 19),
        ("alpha-channel", 20),
        ("static", 21),
        ("limited-motion", 22),
        ("full-motion", 23),
    ],
    most: 500,
};

/// Versions of VAST, by the protocol of an inline answer.
pub(super) const VAST: Codes =
    Codes { names: &[("2.0", 2), ("3.0", 3), ("4.0", 7), ("4.1", 11), ("4.2", 13)], most: 0 };

/// The code here, as a name of `codes` or as a number.
pub(super) fn code(node: Node<'_>, codes: &Codes, faults: &mut Faults) -> Option<u32> {
    if codes.most > 0 && node.peek_text().is_none() {
        return node.integer(1..=codes.most, faults);
    }
    node.choice(codes.names, faults)
}
