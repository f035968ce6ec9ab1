//! The person: ids, segments, consent.

use crate::openrtb::Geo;

/// `User`, 3.2.20.
#[derive(Debug, Clone, Copy, Default)]
pub struct User<'a> {
    /// The exchange's id of the user. This, `buyeruid` and every id of `eids` are absent if they name nobody, by
    /// [`personal_id`](crate::openrtb::personal_id).
    pub id: Option<&'a str>,
    /// Our id of the user, by cookie match.
    pub buyeruid: Option<&'a str>,
    /// Home.
    pub geo: Geo<'a>,
    /// Segments: `data[].segment[]`, up to [`LIST_MAX`](crate::units::limits::LIST_MAX) in all.
    pub segments: &'a [Segment<'a>],
    /// Extended ids, of `user.eids`, else of `user.ext.eids`: every one of every source, up to
    /// [`LIST_MAX`](crate::units::limits::LIST_MAX) in all.
    pub eids: &'a [Eid<'a>],
    /// Year of birth, from 1900 to 2099.
    pub yob: Option<u32>,
    /// Gender.
    pub gender: Option<Gender>,
    /// TC string, from either place, `user.consent` first.
    pub consent: Option<&'a str>,
    /// `user.ext.consent` where it differs from `user.consent`: only what both permit is permitted.
    pub consent_ext: Option<&'a str>,
    /// Keywords, split at commas and trimmed.
    pub keywords: &'a [&'a str],
}

/// `user.gender`: `M`, `F` or `O`, in either case, or the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// `M`.
    Male,
    /// `F`.
    Female,
    /// `O`: known to be another.
    Other,
}

/// One id of `eids[].uids[]`, 3.2.28, with its `EID`, 3.2.27.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eid<'a> {
    /// Whose id it is, as a domain.
    pub source: &'a str,
    /// The id.
    pub id: &'a str,
    /// What it names: 1 a browser or device, 2 somebody in an app of one kind, 3 a person.
    pub atype: Option<u32>,
    /// The domain of who added it.
    pub inserter: Option<&'a str>,
    /// The domain of who matched it.
    pub matcher: Option<&'a str>,
    /// How it was matched: 1 not at all, 2 by cookie, 3 authenticated, 4 observed, 5 inferred.
    pub mm: Option<u32>,
}

/// One segment of a `data` of the user or the content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The provider: `data.name`, else `data.id`.
    pub provider: Option<&'a str>,
    /// `segment.id`, else its name.
    pub id: &'a str,
    /// The taxonomy of `id`: `data.ext.segtax`, else `data.segtax`, zero if absent.
    pub segtax: u32,
    /// Version of what classified, such as a browser's topics: `data.ext.segclass`.
    pub segclass: Option<&'a str>,
}
