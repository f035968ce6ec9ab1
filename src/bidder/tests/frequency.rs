//! Frequency caps in the decision: what each level leaves out, and what it does not.

use bumpalo::Bump;

use crate::audience::Profile;
use crate::bidder::tests::{NOON, campaign, decided, plan};
use crate::bidder::{Ask, NoBidReason, Snapshot};
use crate::budget::Book;
use crate::campaign::{CapLevel, CountBy};
use crate::document::Source;
use crate::frequency::{Counted, Exposure, Exposures, Seen};
use crate::openrtb::parse;
use crate::privacy::Permissions;
use crate::units::{AdvertiserId, BidId, CampaignId, CreativeId, HouseholdKey, LineItemId, UserKey};

/// What the creatives, or the reason, are for `imps` banners, after `user` and `household` saw some ads; the
/// second value tells for how many bids the ticket names a household.
fn answer(
    campaigns: &[Source],
    imps: usize,
    user: Option<&[&str]>,
    household: Option<&[&str]>,
) -> Result<(Vec<String>, usize), NoBidReason> {
    let snapshot = Snapshot::new(plan(campaigns), &Book::default(), NOON, None);
    let imps: Vec<String> =
        (0..imps).map(|id| format!(r#"{{"id": "{id}", "banner": {{"w": 300, "h": 250}}}}"#)).collect();
    let text = format!(r#"{{"id": "r", "imp": [{}], "cur": ["EUR"]}}"#, imps.join(","));
    let arena = Bump::new();
    let request = parse(text.as_bytes(), &arena).unwrap();
    let exchange = &snapshot.plan.exchanges[0];
    let (user, household) = (user.map(shown), household.map(shown));
    let ask = Ask {
        request: &request,
        exchange,
        permissions: &Permissions::of(&request, &exchange.privacy),
        user: user.as_ref().map(|_| UserKey::from_bytes([1; 16])),
        household: household.as_ref().map(|_| HouseholdKey::from_raw(1)),
        profile: &Profile::known([]),
        seen: Seen { user: user.as_ref(), household: household.as_ref() },
        agent: None,
        located: None,
        secure: false,
        now: NOON,
    };
    let decision = decided(&snapshot, &ask);
    if decision.bids.is_empty() {
        return Err(decision.reason);
    }
    let names = decision.bids.iter().map(|bid| bid.creative.crid.clone()).collect();
    Ok((names, decision.bids.iter().filter(|bid| bid.ticket.bid.household.is_some()).count()))
}

/// One exposure for each of `crids`, all of the line item `l`.
fn shown(crids: &[&str]) -> Exposures {
    let mut exposures = Exposures::new();
    for (number, crid) in (0..).zip(crids) {
        let campaign = crid.split('/').next().unwrap();
        exposures.record(Exposure {
            bid: BidId::mint(NOON, number),
            creative: CreativeId::from_slug(crid),
            line_item: LineItemId::from_slug(&format!("{campaign}/l")),
            campaign: CampaignId::from_slug(campaign),
            advertiser: AdvertiserId::from_slug("a"),
        });
    }
    exposures
}

#[track_caller]
fn check(campaigns: &[Source], user: &[&str], want: Result<&[&str], (CapLevel, CountBy)>) {
    let got = answer(campaigns, 1, Some(user), Some(&[])).map(|(crids, _)| crids);
    let want = want.map(|crids| crids.iter().map(|crid| (*crid).to_owned()).collect());
    assert_eq!(got, want.map_err(|(level, by)| NoBidReason::FrequencyCapped(Counted { level, by })));
}

/// The campaign with caps in the object that `place` opens.
fn capped(source: &Source, place: &str, caps: &str) -> Source {
    assert!(source.text.contains(place));
    let text = source.text.replacen(place, &format!(r#"{place} "frequency": [{caps}],"#), 1);
    Source::new(source.name.clone(), text)
}

const ONCE: &str = r#"{"impressions": 1, "per": "1d"}"#;
const ONCE_AT_HOME: &str = r#"{"impressions": 1, "per": "1d", "by": "household"}"#;

/// A campaign `c` with a second creative, `other`.
fn two_creatives() -> Source {
    let one = campaign("c", "1", "");
    let (head, creative) = one.text.split_once(r#""creatives": ["#).unwrap();
    let other = creative.replacen(r#""id": "k""#, r#""id": "other""#, 1);
    let other = other.strip_suffix("]}").unwrap();
    Source::new(one.name.clone(), format!(r#"{head}"creatives": [{other}, {creative}"#))
}

#[test]
fn a_creative_at_its_cap_leaves_out_that_creative_only() {
    let capped_k = capped(&two_creatives(), r#"{"id": "k","#, ONCE);
    check(std::slice::from_ref(&capped_k), &["c/k"], Ok(&["c/other"]));
    let both = capped(&capped_k, r#"{"id": "other","#, ONCE);
    check(std::slice::from_ref(&both), &["c/k"], Ok(&["c/other"]));
    check(std::slice::from_ref(&both), &["c/other"], Ok(&["c/k"]));
    check(&[both], &["c/k", "c/other"], Err((CapLevel::Creative, CountBy::User)));
}

#[test]
fn an_advertisers_cap_counts_all_of_its_campaigns() {
    let place = r#""advertiser": {"#;
    let two = ["c", "d"].map(|id| capped(&campaign(id, "1", ""), place, ONCE));
    check(&two, &[], Ok(&["c/k"]));
    check(&two, &["d/k"], Err((CapLevel::Advertiser, CountBy::User)));
}

#[test]
fn a_household_counts_what_any_of_its_users_saw() {
    let one = [campaign("c", "1", &format!(r#", "frequency": [{ONCE_AT_HOME}]"#))];
    let counted = Counted { level: CapLevel::LineItem, by: CountBy::Household };
    assert_eq!(answer(&one, 1, Some(&["c/k"]), Some(&[])).map(|(_, homes)| homes), Ok(1));
    assert_eq!(answer(&one, 1, None, Some(&[])).map(|(_, homes)| homes), Ok(1), "the user need not be known");
    assert_eq!(answer(&one, 1, Some(&[]), Some(&["c/k"])), Err(NoBidReason::FrequencyCapped(counted)));
    assert_eq!(answer(&one, 1, Some(&[]), None), Err(NoBidReason::ViewerUnknown(counted)));
}

#[test]
fn a_ticket_names_the_household_only_where_a_cap_counts_it() {
    let by_user = [campaign("c", "1", &format!(r#", "frequency": [{ONCE}]"#))];
    assert_eq!(answer(&by_user, 1, Some(&[]), Some(&[])).map(|(_, homes)| homes), Ok(0));
}

#[test]
fn several_impressions_of_one_request_count_each() {
    let once =
        |caps: &str| [campaign("c", "2", &format!(r#", "frequency": [{caps}]"#)), campaign("d", "1", "")];
    let crids = |caps: &str| answer(&once(caps), 3, Some(&[]), Some(&[])).map(|(crids, _)| crids);
    for caps in [ONCE, ONCE_AT_HOME] {
        assert_eq!(crids(caps), Ok(vec!["c/k".to_owned(), "d/k".to_owned(), "d/k".to_owned()]));
    }
    let of_advertiser = [capped(&campaign("c", "2", ""), r#""advertiser": {"#, ONCE)];
    assert_eq!(answer(&of_advertiser, 2, Some(&[]), None).map(|(crids, _)| crids.len()), Ok(1));
    let of_creative = [capped(&two_creatives(), r#"{"id": "k","#, ONCE)];
    let bids = answer(&of_creative, 4, Some(&[]), None).unwrap().0;
    assert!(bids.len() == 4 && bids.iter().filter(|crid| *crid == "c/k").count() <= 1, "{bids:?}");
}
