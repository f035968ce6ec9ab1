//! A declaration in words and decimal numbers, and its forms for people, spreadsheets and programs.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde::Serialize;

use crate::report::Names;
use crate::shell::taxes::Sheet;
use crate::ttf::{Jurisdiction, Line, Part, TaxKind, Taxpayer, Treatment, in_units};
use crate::units::{CampaignId, Day};

/// A declaration as it is written.
#[derive(Debug, Serialize)]
pub(in crate::shell) struct Written {
    pub(super) period: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) as_known: Option<String>,
    /// The days of the ledger, and the hash of their events.
    pub(super) ledger: Option<Range>,
    pub(super) lines: Vec<LineRow>,
    pub(super) totals: Vec<TotalRow>,
    pub(super) told_after: Vec<ToldAfter>,
    pub(super) reconciliation: Vec<Booked>,
}

#[derive(Debug, Serialize)]
pub(super) struct Range {
    pub(super) first_day: String,
    pub(super) last_day: String,
    pub(super) blake3: String,
}

/// Amounts are exact but for those declared, which are rounded.
#[derive(Debug, Serialize)]
pub(super) struct LineRow {
    pub(super) taxpayer: String,
    pub(super) jurisdiction: String,
    pub(super) tax: String,
    pub(super) kind: &'static str,
    /// `taxed` or `exempt`.
    pub(super) treatment: &'static str,
    pub(super) rate: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) currency: String,
    pub(super) all: PartRow,
    pub(super) declared: String,
    pub(super) credit_notes: PartRow,
    pub(super) late: PartRow,
    pub(super) unresolved: PartRow,
    pub(super) absorbed: String,
    pub(super) passed_on: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) campaigns: Vec<CampaignRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct PartRow {
    pub(super) entries: u64,
    pub(super) impressions: i64,
    pub(super) base: String,
    pub(super) tax: String,
}

#[derive(Debug, Serialize)]
pub(super) struct CampaignRow {
    pub(super) campaign: String,
    pub(super) impressions: i64,
    pub(super) base: String,
    pub(super) tax: String,
    pub(super) declared: String,
}

#[derive(Debug, Serialize)]
pub(super) struct TotalRow {
    pub(super) taxpayer: String,
    pub(super) currency: String,
    pub(super) declared: String,
}

/// Bids of the period that were billed after it.
#[derive(Debug, Serialize)]
pub(super) struct ToldAfter {
    pub(super) jurisdiction: String,
    pub(super) currency: String,
    #[serde(flatten)]
    pub(super) part: PartRow,
}

#[derive(Debug, Serialize)]
pub(super) struct Booked {
    pub(super) jurisdiction: String,
    pub(super) currency: String,
    pub(super) before: String,
    pub(super) declared: String,
    pub(super) after: String,
    pub(super) booked: String,
    pub(super) difference: String,
    pub(super) agrees: bool,
}

impl Written {
    /// `sheet` with the name of who owes what is ours; with the campaigns of each line if asked.
    pub(in crate::shell) fn new(
        sheet: &Sheet,
        taxpayer: &str,
        by_campaign: bool,
        as_known: Option<Day>,
    ) -> Self {
        let declared = &sheet.declared;
        let taxpayer = |of: Taxpayer| match of {
            Taxpayer::Buyer => taxpayer.to_owned(),
            Taxpayer::Advertiser(id) => {
                sheet.names.advertisers.get(&id).cloned().unwrap_or_else(|| id.to_string())
            }
        };
        let outside = declared.outside.iter().filter(|(_, outside)| outside.told_after.entries > 0);
        let ledger = declared.filed.zip(sheet.hash.clone());
        Self {
            period: declared.period.to_string(),
            as_known: as_known.map(|day| day.to_string()),
            ledger: ledger.map(|((first, last), blake3)| Range {
                first_day: first.to_string(),
                last_day: last.to_string(),
                blake3,
            }),
            lines: declared
                .lines
                .iter()
                .map(|line| line_row(line, sheet, taxpayer(line.key.taxpayer), by_campaign))
                .collect(),
            totals: declared
                .totals()
                .into_iter()
                .map(|((of, currency), cents)| TotalRow {
                    taxpayer: taxpayer(of),
                    currency: currency.to_string(),
                    declared: in_units(cents),
                })
                .collect(),
            told_after: outside
                .map(|((at, currency), outside)| ToldAfter {
                    jurisdiction: jurisdiction(*at),
                    currency: currency.to_string(),
                    part: part(&outside.told_after),
                })
                .collect(),
            reconciliation: sheet
                .reconciled
                .iter()
                .map(|row| Booked {
                    jurisdiction: jurisdiction(row.account.0),
                    currency: row.account.1.to_string(),
                    before: row.before.to_string(),
                    declared: row.declared.to_string(),
                    after: row.after.to_string(),
                    booked: row.booked.to_string(),
                    difference: row.difference().to_string(),
                    agrees: row.difference().raw() == 0,
                })
                .collect(),
        }
    }

    /// True if the ledger's own books say the same.
    pub(super) fn agrees(&self) -> bool {
        self.reconciliation.iter().all(|row| row.agrees)
    }

    /// One JSON object.
    pub(in crate::shell) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers are JSON") + "\n"
    }

    /// A row for each line, and for each of its campaigns if those are asked for.
    pub(in crate::shell) fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(CSV).expect("memory takes every write");
        for line in &self.lines {
            let PartRow { entries, impressions, base, tax } = &line.all;
            let [entries, impressions] = [entries.to_string(), impressions.to_string()];
            let own = [&entries, &impressions, base, tax, &line.declared];
            writer.write_record(line.cells("", &own)).expect("every row has the columns of the header");
            for of in &line.campaigns {
                let (entries, impressions) = (String::new(), of.impressions.to_string());
                let own = [&entries, &impressions, &of.base, &of.tax, &of.declared];
                writer.write_record(line.cells(&of.campaign, &own)).expect("every row has its columns");
            }
        }
        let bytes = writer.into_inner().expect("memory takes every write");
        String::from_utf8(bytes).expect("written from text")
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("Declaration of {}", self.period);
        if let Some(day) = &self.as_known {
            text.push_str(&format!(", as known on {day}"));
        }
        text.push_str("\n\n");
        if self.lines.is_empty() {
            text.push_str("nothing was billed\n\n");
        } else {
            text.push_str(&format!("{}\n\n", self.lines_table()));
        }
        for total in &self.totals {
            text.push_str(&format!("{} owes {} {}\n", total.taxpayer, total.declared, total.currency));
        }
        for told in &self.told_after {
            text.push_str(&format!(
                "{} impressions of the period for {} were billed after it: {} {} go into the next declaration\n",
                told.part.impressions, told.jurisdiction, told.part.tax, told.currency
            ));
        }
        if let Some(Range { first_day, last_day, blake3 }) = &self.ledger {
            text.push_str(&format!("Ledger from {first_day} to {last_day}, BLAKE3 {blake3}\n"));
        }
        text.push_str(&format!("\n{}\n", self.booked_table()));
        text
    }

    fn lines_table(&self) -> Table {
        let heads = [
            "taxpayer",
            "to",
            "tax",
            "on",
            "rate",
            "impressions",
            "base",
            "tax exact",
            "declared",
            "credit notes",
            "late",
            "unresolved",
            "absorbed",
            "passed on",
        ];
        let mut table = table(&heads, 5);
        for line in &self.lines {
            let rate = line.rate.clone().or_else(|| line.reason.clone()).unwrap_or_default();
            let on = format!("{} {}", line.kind, line.currency);
            table.add_row([
                &line.taxpayer,
                &line.jurisdiction,
                &line.tax,
                &on,
                &rate,
                &line.all.impressions.to_string(),
                &line.all.base,
                &line.all.tax,
                &line.declared,
                &line.credit_notes.tax,
                &line.late.tax,
                &line.unresolved.impressions.to_string(),
                &line.absorbed,
                &line.passed_on,
            ]);
            for of in &line.campaigns {
                let name = format!("  {}", of.campaign);
                let impressions = of.impressions.to_string();
                let own = ["", "", "", "", &impressions, &of.base, &of.tax, &of.declared, "", "", "", "", ""];
                table.add_row(std::iter::once(name.as_str()).chain(own));
            }
        }
        table
    }

    fn booked_table(&self) -> Table {
        let heads = ["to", "currency", "before", "declared", "after", "booked", "difference", ""];
        let mut table = table(&heads, 2);
        for row in &self.reconciliation {
            let verdict = if row.agrees { "equal" } else { "differs" };
            table.add_row([
                &row.jurisdiction,
                &row.currency,
                &row.before,
                &row.declared,
                &row.after,
                &row.booked,
                &row.difference,
                verdict,
            ]);
        }
        table
    }
}

/// The columns of the CSV.
const CSV: [&str; 22] = [
    "taxpayer",
    "jurisdiction",
    "tax",
    "kind",
    "treatment",
    "rate",
    "reason",
    "currency",
    "campaign",
    "entries",
    "impressions",
    "base",
    "tax_exact",
    "tax_declared",
    "credit_notes",
    "credit_notes_base",
    "credit_notes_tax",
    "late_impressions",
    "late_tax",
    "unresolved_impressions",
    "absorbed",
    "passed_on",
];

impl LineRow {
    /// The line's cells, or those of one of its campaigns: `own` are entries, impressions, base, tax, declared.
    fn cells(&self, campaign: &str, own: &[&String; 5]) -> Vec<String> {
        let whole = |text: String| if campaign.is_empty() { text } else { String::new() };
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let names = [
            self.taxpayer.clone(),
            self.jurisdiction.clone(),
            self.tax.clone(),
            self.kind.to_owned(),
            self.treatment.to_owned(),
            optional(&self.rate),
            optional(&self.reason),
            self.currency.clone(),
            campaign.to_owned(),
        ];
        let rest = [
            self.credit_notes.entries.to_string(),
            self.credit_notes.base.clone(),
            self.credit_notes.tax.clone(),
            self.late.impressions.to_string(),
            self.late.tax.clone(),
            self.unresolved.impressions.to_string(),
            self.absorbed.clone(),
            self.passed_on.clone(),
        ];
        let own = own.iter().map(|cell| (*cell).clone());
        names.into_iter().chain(own).chain(rest.map(whole)).collect()
    }
}

fn line_row(line: &Line, sheet: &Sheet, taxpayer: String, by_campaign: bool) -> LineRow {
    let key = &line.key;
    let (treatment, rate, reason) = match key.treatment {
        Treatment::Taxed(rate) => ("taxed", Some(rate.to_string()), None),
        Treatment::Exempt(reason) => ("exempt", None, Some(reason.to_string())),
    };
    let campaigns = line.campaigns.iter().filter(|_| by_campaign);
    LineRow {
        taxpayer,
        jurisdiction: jurisdiction(key.jurisdiction),
        tax: sheet.scenarios.get(&key.scenario).cloned().unwrap_or_else(|| key.scenario.to_string()),
        kind: match key.kind {
            TaxKind::AdSpace => "ad_space",
            TaxKind::Data => "data",
        },
        treatment,
        rate,
        reason,
        currency: key.currency.to_string(),
        all: part(&line.all),
        declared: in_units(line.declared),
        credit_notes: part(&line.credits),
        late: part(&line.late),
        unresolved: part(&line.unresolved),
        absorbed: line.absorbed.to_string(),
        passed_on: line.passed_on.to_string(),
        campaigns: campaigns.map(|(id, own, cents)| campaign_row(*id, own, *cents, &sheet.names)).collect(),
    }
}

fn campaign_row(id: CampaignId, own: &Part, cents: i128, names: &Names) -> CampaignRow {
    CampaignRow {
        campaign: names.campaigns.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        impressions: own.impressions,
        base: own.base.to_string(),
        tax: own.tax.to_string(),
        declared: in_units(cents),
    }
}

fn part(part: &Part) -> PartRow {
    let Part { entries, impressions, base, tax } = part;
    PartRow { entries: *entries, impressions: *impressions, base: base.to_string(), tax: tax.to_string() }
}

fn jurisdiction(at: Option<Jurisdiction>) -> String {
    at.map_or_else(|| "nowhere".to_owned(), |at| at.to_string())
}

/// Two spaces between columns, a rule below the head, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// An empty table whose columns from `numbers` on stand to the right.
pub(super) fn table(heads: &[&str], numbers: usize) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_header(heads.to_vec());
    for column in numbers..heads.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
