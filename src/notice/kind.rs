//! What tokens are good for: the kinds of notices, each with keys and an address of its own.

/// What a token is good for. Each kind has its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// `nurl`.
    Win,
    /// `burl`.
    Billing,
    /// `lurl`.
    Loss,
    /// The pixel of an impression that was shown, for an exchange that bills on it.
    Impression,
    /// The viewable impression's pixel.
    View,
    /// The click's redirect.
    Click,
    /// What the landing page gets, to report a conversion after a click.
    Clicked,
    /// How far a video or audio was played.
    Play,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Win,
        Self::Billing,
        Self::Loss,
        Self::Impression,
        Self::View,
        Self::Click,
        Self::Clicked,
        Self::Play,
    ];

    /// The kind's name, as in its URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Win => "win",
            Self::Billing => "bill",
            Self::Loss => "loss",
            Self::Impression => "imp",
            Self::View => "view",
            Self::Click => "click",
            Self::Clicked => "clicked",
            Self::Play => "play",
        }
    }
}
