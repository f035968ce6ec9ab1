//! A change as JSON: what the log keeps and the command line prints. Ids are 16 hexadecimal digits, amounts and factors
//! decimal text, instants milliseconds since 1970.

use serde::{Deserialize, Serialize};

use crate::campaign::Factor;
use crate::feedback::{By, Change, Evidence, Placement, Rule, Setting, State, Target, Value};
use crate::units::{CampaignId, ChangeId, Decimal, ExchangeId, LineItemId, Nanos, Rounding, UnixMillis};

/// A change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the field of `Change`, `Target` or `Placement` of its name")]
pub struct ChangeForm {
    pub id: u64,
    pub at: i64,
    pub campaign: String,
    #[serde(default)]
    pub line_item: Option<String>,
    /// `calibrate`, `placement`, `pause`, `raise_budget`.
    pub what: String,
    #[serde(default)]
    pub placement: Option<PlacementForm>,
    pub from: String,
    pub to: String,
    /// `proposed`, `made`, `undone`, `rejected`.
    pub state: String,
    /// `automatic`, `person`.
    pub by: String,
    pub evidence: EvidenceForm,
}

/// A placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementForm {
    /// As the bid path has it.
    pub key: String,
    /// Where it is bought.
    pub exchange: String,
    /// Its domain or bundle.
    pub outlet: String,
}

/// The evidence of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the field of `Evidence` of its name")]
pub struct EvidenceForm {
    pub rule: String,
    pub from: i64,
    pub to: i64,
    pub impressions: u64,
    pub spend: String,
    pub clicks: u64,
    pub conversions: u64,
    pub value: String,
    pub observed: f64,
    pub expected: f64,
    #[serde(default)]
    pub interval: Option<[f64; 2]>,
    pub probability: f64,
    pub sentence: String,
}

impl ChangeForm {
    /// The form of `change`.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        let Target { campaign, line_item, setting } = &change.target;
        Self {
            id: change.id.raw(),
            at: change.at.raw(),
            campaign: campaign.to_string(),
            line_item: line_item.map(|id| id.to_string()),
            what: setting.name().to_owned(),
            placement: setting.placement().map(|placement| PlacementForm {
                key: format!("{:016x}", placement.key),
                exchange: placement.exchange.to_string(),
                outlet: placement.outlet.clone(),
            }),
            from: change.from.to_string(),
            to: change.to.to_string(),
            state: change.state.name().to_owned(),
            by: change.by.name().to_owned(),
            evidence: EvidenceForm::of(&change.evidence),
        }
    }

    /// The change; what is wrong with the form if it is none.
    ///
    /// # Errors
    ///
    /// The name of the field.
    pub fn change(self) -> Result<Change, &'static str> {
        let line_item = self.line_item.as_deref().map(|id| hex(id).ok_or("line_item")).transpose()?;
        let placement = self.placement.map(PlacementForm::placement).transpose()?;
        let setting = match (self.what.as_str(), placement) {
            ("calibrate", None) => Setting::Calibrate,
            ("placement", Some(placement)) => Setting::Placement(placement),
            ("pause", placement) => Setting::Pause(placement),
            ("raise_budget", None) => Setting::RaiseBudget,
            _ => return Err("what"),
        };
        let (from, to) = (value(&setting, &self.from).ok_or("from")?, value(&setting, &self.to).ok_or("to")?);
        let campaign = CampaignId::from_raw(hex(&self.campaign).ok_or("campaign")?);
        Ok(Change {
            id: ChangeId::from_raw(self.id),
            at: UnixMillis::from_raw(self.at),
            target: Target { campaign, line_item: line_item.map(LineItemId::from_raw), setting },
            from,
            to,
            evidence: self.evidence.evidence()?,
            state: State::ALL.into_iter().find(|state| state.name() == self.state).ok_or("state")?,
            by: By::ALL.into_iter().find(|by| by.name() == self.by).ok_or("by")?,
        })
    }
}

impl PlacementForm {
    fn placement(self) -> Result<Placement, &'static str> {
        let exchange = ExchangeId::from_raw(hex(&self.exchange).ok_or("placement.exchange")?);
        Ok(Placement { key: hex(&self.key).ok_or("placement.key")?, exchange, outlet: self.outlet })
    }
}

impl EvidenceForm {
    fn of(evidence: &Evidence) -> Self {
        Self {
            rule: evidence.rule.name().to_owned(),
            from: evidence.from.raw(),
            to: evidence.to.raw(),
            impressions: evidence.impressions,
            spend: evidence.spend.to_string(),
            clicks: evidence.clicks,
            conversions: evidence.conversions,
            value: evidence.value.to_string(),
            observed: finite(evidence.observed),
            expected: finite(evidence.expected),
            interval: evidence.interval.map(|(low, high)| [finite(low), finite(high)]),
            probability: finite(evidence.probability),
            sentence: evidence.sentence.clone(),
        }
    }

    fn evidence(self) -> Result<Evidence, &'static str> {
        Ok(Evidence {
            rule: Rule::ALL.into_iter().find(|rule| rule.name() == self.rule).ok_or("evidence.rule")?,
            from: UnixMillis::from_raw(self.from),
            to: UnixMillis::from_raw(self.to),
            impressions: self.impressions,
            spend: nanos(&self.spend).ok_or("evidence.spend")?,
            clicks: self.clicks,
            conversions: self.conversions,
            value: nanos(&self.value).ok_or("evidence.value")?,
            observed: self.observed,
            expected: self.expected,
            interval: self.interval.map(|[low, high]| (low, high)),
            probability: self.probability,
            sentence: self.sentence,
        })
    }
}

/// JSON has no infinity.
fn finite(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(f64::MIN, f64::MAX) }
}

fn hex(text: &str) -> Option<u64> {
    let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| is_id)
}

fn nanos(text: &str) -> Option<Nanos> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let amount = Nanos::from_decimal(digits, Rounding::Exact).ok()?;
    amount.raw().checked_mul(sign).map(Nanos::from_raw)
}

fn value(setting: &Setting, text: &str) -> Option<Value> {
    match setting {
        Setting::Calibrate | Setting::Placement(_) => {
            let millionths = Decimal::parse(text).ok()?.scaled(6, Rounding::Exact).ok()?;
            u32::try_from(millionths).ok().and_then(Factor::from_millionths).map(Value::Factor)
        }
        Setting::Pause(_) => {
            [true, false].map(Value::Paused).into_iter().find(|value| value.to_string() == text)
        }
        Setting::RaiseBudget => nanos(text).map(Value::Money),
    }
}

#[cfg(test)]
pub(in crate::shell::feedback) mod tests {
    use super::ChangeForm;
    use crate::campaign::Factor;
    use crate::feedback::{By, Change, Evidence, Placement, Rule, Setting, State, Target, Value};
    use crate::units::{CampaignId, ChangeId, ExchangeId, LineItemId, Nanos, UnixMillis};

    /// One change of every kind.
    pub(in crate::shell::feedback) fn one_of_each() -> Vec<Change> {
        let placement = || Placement {
            key: u64::MAX - 7,
            exchange: ExchangeId::from_slug("north"),
            outlet: "news.example \"quoted\" é".to_owned(),
        };
        let factor = |millionths| Value::Factor(Factor::from_millionths(millionths).unwrap());
        let money = |raw| Value::Money(Nanos::from_raw(raw));
        [
            (Setting::Calibrate, factor(1_000_000), factor(865_123)),
            (Setting::Placement(placement()), factor(800_000), factor(640_000)),
            (Setting::Pause(None), Value::Paused(false), Value::Paused(true)),
            (Setting::Pause(Some(placement())), Value::Paused(false), Value::Paused(true)),
            (Setting::RaiseBudget, money(100_000_000_001), money(120_000_000_000)),
        ]
        .into_iter()
        .zip(1..)
        .map(|((setting, from, to), id)| Change {
            id: ChangeId::from_raw(id),
            at: UnixMillis::from_raw(1_780_000_000_000),
            target: Target {
                campaign: CampaignId::from_slug("spring"),
                line_item: (setting != Setting::RaiseBudget).then(|| LineItemId::from_slug("spring/all")),
                setting,
            },
            from,
            to,
            evidence: Evidence {
                rule: Rule::ALL[usize::try_from(id).unwrap() % 4],
                from: UnixMillis::from_raw(1_770_000_000_000),
                to: UnixMillis::from_raw(1_780_000_000_000),
                impressions: 30_000,
                spend: Nanos::from_raw(-1),
                clicks: 20,
                conversions: 1,
                value: Nanos::from_raw(20_000_000_000),
                observed: 20.0,
                expected: 60.5,
                interval: (id != 1).then_some((0.2, 0.5)),
                probability: 1e-9,
                sentence: "`news.example` brought less".to_owned(),
            },
            state: State::ALL[usize::try_from(id).unwrap() % 4],
            by: By::ALL[usize::try_from(id).unwrap() % 2],
        })
        .collect()
    }

    #[test]
    fn every_change_comes_back_as_it_was_written() {
        for change in one_of_each() {
            let text = serde_json::to_string(&ChangeForm::of(&change)).unwrap();
            let form: ChangeForm = serde_json::from_str(&text).unwrap();
            assert_eq!(form.change(), Ok(change), "{text}");
        }
    }

    #[test]
    fn a_form_that_fits_nothing_says_which_field() {
        let form = || ChangeForm::of(&one_of_each()[1]);
        for (wrong, field) in [
            (ChangeForm { placement: None, ..form() }, "what"),
            (ChangeForm { from: "-0.8".to_owned(), ..form() }, "from"),
            (ChangeForm { to: "11".to_owned(), ..form() }, "to"),
            (ChangeForm { to: "paused".to_owned(), ..form() }, "to"),
            (ChangeForm { campaign: "spring".to_owned(), ..form() }, "campaign"),
            (ChangeForm { state: "done".to_owned(), ..form() }, "state"),
        ] {
            assert_eq!(wrong.change(), Err(field));
        }
    }
}
