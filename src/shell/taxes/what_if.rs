//! The ledger's impressions under other taxes: events in, groups and plain rows out to the fold of `ttf`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::ledger::{Charge, Event, EventKind, Touch};
use crate::shell::figures::{self, Question, Section};
use crate::shell::store::{Store, StoreError};
use crate::shell::taxes::{charge, parties, tax_point};
use crate::ttf::{
    Booked, Bought, Case, Conversions, Evidence, Facts, Group, Others, Outcome, Parties, Place, Places,
    Scenario, WhatIf,
};
use crate::units::{AdvertiserId, Country, Day, Femtos, Nanos, RatePpm, UnixMillis};

/// Where advertisers reside: the ledger does not tell.
pub type Residents = HashMap<AdvertiserId, Country>;

/// Which impressions.
#[derive(Debug, Clone, Default)]
pub struct WhatIfAsk {
    /// The first day, of the campaign's, on which a bid was made.
    pub from: Option<Day>,
    /// The last one.
    pub to: Option<Day>,
    /// Where advertisers reside.
    pub residents: Residents,
    /// True if days that were archived are left out.
    pub without_archives: bool,
}

/// What each of `cases` comes to on the impressions of the ledger in `folder`.
///
/// # Errors
///
/// [`StoreError`].
pub fn what_if(folder: &Path, cases: &[Case<'_>], ask: &WhatIfAsk) -> Result<Vec<Outcome>, StoreError> {
    let mut store = Store::open(folder)?;
    if ask.without_archives {
        store = store.without_archives();
    }
    let question = Question {
        from: ask.from,
        to: ask.to,
        without_archives: ask.without_archives,
        ..Question::default()
    };
    let sections = [Section::Impression, Section::Conversion, Section::Correction];
    let asks_for_sellers = cases.iter().filter_map(|case| case.scenario).any(Scenario::knows_sellers);
    let empty =
        || Feed { whole: WhatIf::new(cases.to_vec()), groups: Groups::default(), asks_for_sellers, ask };
    let parts = figures::parts(&store, folder, (&question, &sections), empty, Feed::add)?;
    let mut feed = empty();
    parts.iter().for_each(|part| feed.merge(part));
    let fixed = crate::shell::cli::report::names(&store)?.fixed_costs;
    let mut costs = BTreeMap::new();
    for (campaign, cost) in fixed {
        let bought = feed.groups.keys().any(|group| group.parties.campaign == campaign);
        if bought {
            let sum: &mut Femtos = costs.entry(cost.currency).or_default();
            *sum = [*sum, cost.amount.to_femtos()].into_iter().sum();
        }
    }
    for (currency, cost) in costs {
        feed.whole.add_fixed(currency, cost);
    }
    Ok(feed.whole.outcomes())
}

/// The number of each group.
type Groups = HashMap<Group, u32, foldhash::fast::RandomState>;

struct Feed<'a, 'b> {
    whole: WhatIf<'a>,
    /// By all that they share, the instant held at the start of its span.
    groups: Groups,
    /// True if any case needs to know who sold: else thousands of publishers would be as many groups.
    asks_for_sellers: bool,
    ask: &'b WhatIfAsk,
}

impl Feed<'_, '_> {
    fn add(&mut self, event: &Event) {
        if let EventKind::Conversion(conversion) = &event.kind
            && conversion.touch != Touch::None
        {
            let (campaign, currency) = (event.bid.campaign, event.bid.currency);
            let acquisitions = conversion.acquisition.into();
            let one = Conversions { count: 1, acquisitions, value: conversion.value.to_femtos() };
            self.whole.add_conversions(campaign, currency, one);
        }
        let Some((charge, impressions)) = charge(event) else { return };
        let group = self.group(event, charge);
        self.whole.add(&Bought {
            group,
            impressions: i32::try_from(impressions).unwrap_or(0),
            media: charge.media,
            data: charge.data,
            bid: charge.bid,
            to_beat: charge.to_beat,
        });
    }

    /// Adds what another part came to.
    fn merge(&mut self, part: &Self) {
        let mut groups: Vec<(&Group, u32)> =
            part.groups.iter().map(|(group, number)| (group, *number)).collect();
        groups.sort_unstable_by_key(|(_, number)| *number);
        let mut numbers = Vec::with_capacity(groups.len());
        for (own, number) in groups {
            // Its instant is one of its span.
            let billed_at = part.whole.billed_at(number);
            numbers.push(match self.groups.get(own) {
                Some(number) => *number,
                None => {
                    let number = self.whole.group(Group { billed_at, ..*own });
                    self.groups.insert(*own, number);
                    number
                }
            });
        }
        self.whole.merge_as(&part.whole, numbers);
    }

    fn group(&mut self, event: &Event, charge: &Charge) -> u32 {
        let span = self.whole.span_of(tax_point(event));
        let parties = parties(event);
        let publisher = parties.publisher.filter(|_| self.asks_for_sellers);
        let own = Group {
            parties: Parties { publisher, ..parties },
            facts: self.facts(event, charge),
            currency: event.bid.currency,
            // A number of a span, not a time: only to tell groups apart.
            billed_at: UnixMillis::from_raw(i64::try_from(span).unwrap_or(i64::MAX)),
            fee: fee(charge),
            booked: booked(charge),
        };
        if let Some(number) = self.groups.get(&own) {
            return *number;
        }
        let number = self.whole.group(Group { billed_at: tax_point(event), ..own });
        self.groups.insert(own, number);
        number
    }

    /// What is known of where the parties of an impression are; of one that an older encan booked, what its place tells.
    fn facts(&self, event: &Event, charge: &Charge) -> Facts {
        let viewer = event.bid.setting.viewer;
        let mut facts = Facts {
            advertiser: self.ask.residents.get(&event.bid.advertiser).copied(),
            viewer_device: viewer.device,
            viewer_address: viewer.address,
            viewer_home: viewer.home,
            ..Facts::default()
        };
        let Place { jurisdiction, evidence } = charge.tax.place;
        let country = jurisdiction.and_then(|at| Country::from_code(at.code()));
        let told = match evidence {
            Evidence::ViewerDevice => Some(&mut facts.viewer_device),
            Evidence::ViewerAddress => Some(&mut facts.viewer_address),
            Evidence::ViewerHome => Some(&mut facts.viewer_home),
            Evidence::Advertiser => Some(&mut facts.advertiser),
            Evidence::Fallback | Evidence::Buyer | Evidence::Exchange | Evidence::Seller => None,
        };
        if let Some(told) = told {
            *told = told.or(country);
        }
        facts
    }
}

/// The fee as a share of media, of which it was made; nothing where that was free.
fn fee(charge: &Charge) -> RatePpm {
    let ppm = charge.fee.raw().checked_div(i128::from(charge.media.raw())).unwrap_or(0);
    RatePpm::from_ppm(u32::try_from(ppm).unwrap_or(0)).unwrap_or(RatePpm::ZERO)
}

/// How the impression was taxed: all places together by one rate of all of it, exact where they tax all of it.
fn booked(charge: &Charge) -> Booked {
    let tax = &charge.tax;
    let rate = |base: Nanos, owed: Femtos| {
        let ppm = owed.raw().checked_div(i128::from(base.raw())).unwrap_or(0);
        RatePpm::from_ppm(u32::try_from(ppm).unwrap_or(0)).unwrap_or(RatePpm::ONE)
    };
    let (space, data) = tax.levies().fold((Femtos::ZERO, Femtos::ZERO), |(space, data), levy| {
        ([space, levy.space.tax()].into_iter().sum(), [data, levy.data.tax()].into_iter().sum())
    });
    let divides = charge.is_divided();
    let others = tax.more.iter().take(Others::MOST).map(|levy| levy.place);
    Booked {
        scenario: tax.scenario,
        places: Places::several(tax.place, others, divides),
        space_rate: rate(charge.media, space),
        data_rate: rate(charge.data, data),
        bearer: charge.bearer,
    }
}
