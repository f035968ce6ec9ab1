//! One stream of auctions: request, answer, auction, notices, viewer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::bidder::Plan;
use crate::campaign::{Attribute, Test};
use crate::certify::{Terms, faults};
use crate::shell::clock;
use crate::shell::demo::caller::{CallError, Caller};
use crate::sim::{
    AuctionType, CampaignTruth, Market, Mix, Offer, Outcome, RequestFacts, Traffic, Truth, charged,
};
use crate::units::{Cpm, Currency, Rounding, SegmentId};

/// What the demo's traffic is made for: the campaigns at hand.
#[derive(Debug)]
pub struct Demand {
    plan: Arc<Plan>,
}

impl Demand {
    /// For the campaigns of `plan`.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan }
    }

    /// Traffic that offers the campaigns' deals, too.
    #[must_use]
    pub fn mix(&self, users: u64) -> Mix {
        let line_items = &self.plan.catalog.line_items;
        let mut deals: Vec<String> =
            line_items.iter().flat_map(|item| &item.deals).map(|deal| deal.slug.clone()).collect();
        deals.dedup();
        // One play, one impression: the truth of a multiplied play is the server's own rounding.
        Mix { deals, users, dooh: 0.0, test: 0.0, ..Mix::default() }
    }

    /// Every segment that some campaign asks for.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentId> {
        let tests = self.plan.catalog.line_items.iter().flat_map(|line_item| line_item.targeting.tests());
        let named = tests.filter(|test| test.attribute == Attribute::Segment).flat_map(Test::values);
        let mut segments: Vec<SegmentId> = named.map(SegmentId::from_slug).collect();
        segments.sort_unstable();
        segments.dedup();
        segments
    }
}

/// Counted by all streams together, for the live line and the reckoning.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Bids received.
    pub bids: u64,
    /// What happened.
    pub truth: Truth,
    /// Answers that no exchange should get, in words.
    pub complaints: Vec<String>,
}

/// One stream of auctions.
#[derive(Debug)]
pub struct Exchange {
    caller: Caller,
    traffic: Traffic,
    market: Market,
    plan: Arc<Plan>,
    counts: Arc<Mutex<Counts>>,
    number: u64,
    orders: u64,
}

impl Exchange {
    /// Stream `number` of the run of `seed`, against the server at `address`.
    #[must_use]
    pub fn new(
        address: SocketAddr,
        demand: &Demand,
        seed: u64,
        number: u64,
        users: u64,
        counts: Arc<Mutex<Counts>>,
    ) -> Self {
        let own = seed.wrapping_mul(1_000_003).wrapping_add(number);
        Self {
            caller: Caller::new(address),
            traffic: Traffic::new(own, demand.mix(users)),
            market: Market::new(own),
            plan: Arc::clone(&demand.plan),
            counts,
            number,
            orders: 0,
        }
    }

    /// Runs until `end`, with `per_second` requests on average; a call that has begun is finished.
    pub async fn run(mut self, end: tokio::time::Instant, per_second: f64) {
        let mut body = Vec::new();
        while tokio::time::Instant::now() < end {
            body.clear();
            let facts = self.traffic.next(clock::now(), &mut body);
            if let Err(error) = self.auction(&facts, body.clone()).await {
                self.complain(error.to_string());
            }
            let pause = self.market.pause(per_second).raw().unsigned_abs();
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        }
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn complain(&self, complaint: String) {
        self.count(|counts| counts.complaints.push(complaint));
    }

    async fn auction(&mut self, facts: &RequestFacts, body: Vec<u8>) -> Result<(), CallError> {
        self.count(|counts| counts.requests += 1);
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = self.caller.post("/openrtb2/demo", body).await?;
        match answer.status.as_u16() {
            204 => return Ok(()),
            200 => {}
            status => {
                self.complain(format!("request {}: answered {status}", facts.id));
                return Ok(());
            }
        }
        let findings = faults(&request, &answer.body, &Terms::default());
        let Ok(answer) = serde_json::from_slice::<Value>(&answer.body) else {
            self.complain(format!("request {}: the answer is not JSON", facts.id));
            return Ok(());
        };
        for finding in &findings {
            self.complain(format!("request {}: {}: {}", facts.id, finding.rule.id, finding.what));
        }
        let currency = answer["cur"].as_str().unwrap_or("USD").to_owned();
        for bid in bids_of(&answer) {
            self.count(|counts| counts.bids += 1);
            self.one_bid(facts, bid, &currency).await?;
        }
        Ok(())
    }

    async fn one_bid(&mut self, facts: &RequestFacts, bid: &Value, currency: &str) -> Result<(), CallError> {
        let text = |field: &str| bid[field].as_str().unwrap_or_default().to_owned();
        let price = Cpm::from_decimal(&bid["price"].to_string(), Rounding::Exact).unwrap_or(Cpm::ZERO);
        let Some(imp) = facts.imps.iter().find(|imp| imp.id == text("impid")) else {
            self.complain(format!("request {}: a bid on an imp that was not offered", facts.id));
            return Ok(());
        };
        let same = imp.floor_currency.code() == currency;
        let floor = if same { imp.floor.min(price) } else { Cpm::ZERO };
        let first_price = facts.auction == AuctionType::FirstPrice;
        let campaign = text("cid");
        match self.market.auction(Offer { price, floor, first_price }) {
            Outcome::Lost { reason, min_to_win } => {
                let lurl = text("lurl")
                    .replace("${AUCTION_LOSS}", &reason.to_string())
                    .replace("${AUCTION_MIN_TO_WIN}", &min_to_win.to_string());
                self.notify(&lurl).await?;
                self.happened(&campaign, |truth| truth.losses += 1);
                Ok(())
            }
            Outcome::Won(clearing) => self.won(facts, bid, &campaign, clearing, currency).await,
        }
    }

    async fn won(
        &mut self,
        facts: &RequestFacts,
        bid: &Value,
        campaign: &str,
        clearing: Cpm,
        currency: &str,
    ) -> Result<(), CallError> {
        let reaction = self.market.reaction();
        for field in ["nurl", "burl"] {
            let url = bid[field].as_str().unwrap_or_default();
            let url = url
                .replace("${AUCTION_PRICE}", &clearing.to_string())
                .replace("${AUCTION_CURRENCY}", currency)
                // This exchange does not say what would have been enough.
                .replace("${AUCTION_MIN_TO_WIN}", "");
            for _ in 0..=u8::from(reaction.notified_twice) {
                self.notify(&url).await?;
            }
        }
        let Some(charged) = self.charged(campaign, clearing, currency) else {
            self.complain(format!("a bid for `{campaign}` in {currency}, which no table converts"));
            return Ok(());
        };
        self.happened(campaign, |truth| {
            truth.impressions += 1;
            *truth.media.entry(facts.country).or_default() += charged;
        });
        let markup = bid["adm"].as_str().unwrap_or_default();
        if reaction.viewed
            && let Some(view) = link(markup, "/n/view/")
        {
            self.notify(view).await?;
            self.happened(campaign, |truth| truth.views += 1);
        }
        if reaction.clicked
            && let Some(click) = link(markup, "/n/click/")
        {
            self.clicked(campaign, click, reaction.converted, reaction.notified_twice).await?;
        }
        Ok(())
    }

    async fn clicked(
        &mut self,
        campaign: &str,
        click: &str,
        converts: bool,
        twice: bool,
    ) -> Result<(), CallError> {
        let answer = self.caller.get(click).await?;
        let token = answer.location.as_deref().and_then(|page| page.split_once("encan_click="));
        let Some((_, token)) = token else {
            self.complain(format!("a click for `{campaign}` led nowhere: {}", answer.status));
            return Ok(());
        };
        self.happened(campaign, |truth| truth.clicks += 1);
        let declared = self.plan.catalog.campaigns.iter().find(|known| known.slug == campaign);
        let kind = declared.and_then(|known| known.conversions.first());
        let (true, Some(kind)) = (converts, kind) else { return Ok(()) };
        let token = token.split(['&', '#']).next().unwrap_or_default();
        let value = self.market.conversion_value(kind.value);
        self.orders += 1;
        let order = format!("demo-{}-{}", self.number, self.orders);
        let report = json!({"click": token, "type": kind.name, "order": order, "value": value.to_string()});
        for _ in 0..=u8::from(twice) {
            let answer = self.caller.post("/c/s2s", report.to_string().into_bytes()).await?;
            if !answer.status.is_success() {
                self.complain(format!("a conversion for `{campaign}` was answered {}", answer.status));
                return Ok(());
            }
        }
        self.happened(campaign, |truth| {
            truth.conversions += 1;
            truth.value += i128::from(value.raw());
        });
        Ok(())
    }

    /// Calls a notice; anything but a success is a complaint.
    async fn notify(&mut self, url: &str) -> Result<(), CallError> {
        let answer = self.caller.get(url).await?;
        if !answer.status.is_success() {
            let words = String::from_utf8_lossy(&answer.body).trim().to_owned();
            self.complain(format!("a notice was answered {}: {words}", answer.status));
        }
        Ok(())
    }

    fn happened(&self, campaign: &str, change: impl FnOnce(&mut CampaignTruth)) {
        self.count(|counts| change(counts.truth.campaigns.entry(campaign.to_owned()).or_default()));
    }

    /// What the exchange charges in the campaign's currency, by its own arithmetic.
    fn charged(&self, campaign: &str, clearing: Cpm, currency: &str) -> Option<i128> {
        let campaign = self.plan.catalog.campaigns.iter().find(|known| known.slug == campaign)?;
        let from = Currency::from_code(currency)?;
        let (target, per) = self.plan.rates.rate(from, campaign.currency)?.parts();
        Some(charged(clearing, per, target))
    }
}

/// The bids of all seats of an answer.
fn bids_of(answer: &Value) -> Vec<&Value> {
    let seats = answer["seatbid"].as_array().map(Vec::as_slice).unwrap_or_default();
    seats.iter().filter_map(|seat| seat["bid"].as_array()).flatten().collect()
}

/// The first of our links of a kind in a markup: up to the end of its token.
fn link<'m>(markup: &'m str, kind: &str) -> Option<&'m str> {
    let at = markup.find(kind)?;
    let token = &markup[at + kind.len()..];
    let end =
        token.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(token.len());
    Some(&markup[at..at + kind.len() + end])
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn a_link_ends_where_its_token_ends() {
        let markup = r#"<a href="http://h:1/n/click/aB-9_z" target="_blank">"#;
        assert_eq!(link(markup, "/n/click/"), Some("/n/click/aB-9_z"));
        assert_eq!(link(markup, "/n/view/"), None);
    }
}
