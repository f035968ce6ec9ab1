//! A declaration as one HTML file: nothing from outside, readable without scripts, printable.

use maud::{Markup, html};

use crate::page::{Card, Column, Grid, Lang, Page, Phrase, cards};
use crate::shell::cli::tax::sheet::{Range, Written};

const DECLARATION: Phrase = Phrase::new("Tax declaration {}", "Déclaration de taxe {}");
const AS_KNOWN: Phrase = Phrase::new("as known on {}", "telle que connue le {}");
const OWED: Phrase = Phrase::new("{} owes", "{} doit");
const LINES: Phrase = Phrase::new("Lines", "Lignes");
const BOOKS: Phrase = Phrase::new("Against the ledger’s own books", "Rapprochement avec le grand livre");
const NOTHING: Phrase = Phrase::new("Nothing was billed.", "Rien n’a été facturé.");
const LEDGER: Phrase = Phrase::new("Ledger from {} to {}, BLAKE3 {}", "Grand livre du {} au {}, BLAKE3 {}");
const AFTER: Phrase = Phrase::new(
    "{} impressions of the period for {} were billed after it: {} {} go into the next declaration.",
    "{} impressions de la période pour {} ont été facturées après elle : {} {} vont à la déclaration suivante.",
);
const EQUAL: Phrase = Phrase::new("equal", "égal");
const DIFFERS: Phrase = Phrase::new("differs", "écart");
const HEADS: [(Phrase, bool); 14] = [
    (Phrase::new("Taxpayer", "Redevable"), true),
    (Phrase::new("To", "À"), true),
    (Phrase::new("Tax", "Taxe"), true),
    (Phrase::new("On", "Sur"), true),
    (Phrase::new("Rate", "Taux"), true),
    (Phrase::new("Impressions", "Impressions"), false),
    (Phrase::new("Base", "Base"), false),
    (Phrase::new("Tax, exact", "Taxe exacte"), false),
    (Phrase::new("Declared", "Déclaré"), false),
    (Phrase::new("Credit notes", "Avoirs"), false),
    (Phrase::new("Late", "Tardif"), false),
    (Phrase::new("Unresolved", "Non localisé"), false),
    (Phrase::new("Absorbed", "Absorbé"), false),
    (Phrase::new("Passed on", "Répercuté"), false),
];
const BOOKED: [(Phrase, bool); 8] = [
    (Phrase::new("To", "À"), true),
    (Phrase::new("Currency", "Devise"), true),
    (Phrase::new("Before", "Avant"), false),
    (Phrase::new("Declared", "Déclaré"), false),
    (Phrase::new("After", "Après"), false),
    (Phrase::new("Booked", "Comptabilisé"), false),
    (Phrase::new("Difference", "Écart"), false),
    (Phrase::new("Verdict", "Verdict"), true),
];

/// The page of a declaration. Amounts are those of the other forms, exact to the last digit: they are to be compared.
pub(in crate::shell) fn html(written: &Written, lang: Lang) -> String {
    let title = DECLARATION.with(lang, &[&written.period]);
    let subtitle = written.as_known.as_ref().map(|day| AS_KNOWN.with(lang, &[day]));
    let page = Page {
        lang,
        title: &title,
        subtitle: subtitle.as_deref().unwrap_or_default(),
        navigation: None,
        refresh_seconds: None,
        body: body(written, lang),
    };
    page.render()
}

/// What the page says, for pages that say more.
pub(in crate::shell) fn body(written: &Written, lang: Lang) -> Markup {
    let owed: Vec<Card> = written
        .totals
        .iter()
        .map(|total| Card {
            label: OWED.with(lang, &[&total.taxpayer]),
            value: format!("{} {}", total.declared, total.currency),
            note: String::new(),
        })
        .collect();
    html! {
        (cards(&owed))
        @if written.lines.is_empty() { p { (NOTHING.text(lang)) } }
        @else { (lines(written, lang).render()) }
        @for told in &written.told_after {
            p { (AFTER.with(lang, &[
                &told.part.impressions.to_string(), &told.jurisdiction, &told.part.tax, &told.currency,
            ])) }
        }
        (books(written, lang).render())
        @if let Some(Range { first_day, last_day, blake3 }) = &written.ledger {
            p { small { (LEDGER.with(lang, &[first_day, last_day, blake3])) } }
        }
    }
}

fn columns(heads: &[(Phrase, bool)], lang: Lang) -> Vec<Column> {
    let column = |(head, is_name): &(Phrase, bool)| {
        let head = head.text(lang);
        if *is_name { Column::name(head) } else { Column::number(head) }
    };
    heads.iter().map(column).collect()
}

fn lines(written: &Written, lang: Lang) -> Grid {
    let mut lines = Vec::new();
    for line in &written.lines {
        let rate = line.rate.clone().or_else(|| line.reason.clone()).unwrap_or_default();
        let cells = [
            line.taxpayer.clone(),
            line.jurisdiction.clone(),
            line.tax.clone(),
            format!("{} {}", line.kind, line.currency),
            rate,
            line.all.impressions.to_string(),
            line.all.base.clone(),
            line.all.tax.clone(),
            line.declared.clone(),
            line.credit_notes.tax.clone(),
            line.late.tax.clone(),
            line.unresolved.impressions.to_string(),
            line.absorbed.clone(),
            line.passed_on.clone(),
        ];
        lines.push(cells.into_iter().collect());
        for of in &line.campaigns {
            let name = format!("\u{a0}\u{a0}{}", of.campaign);
            let own = [of.impressions.to_string(), of.base.clone(), of.tax.clone(), of.declared.clone()];
            let empty = || std::iter::repeat_n(String::new(), 4);
            lines.push(
                std::iter::once(name)
                    .chain(empty())
                    .chain(own)
                    .chain(empty())
                    .chain([String::new()])
                    .collect(),
            );
        }
    }
    Grid { caption: LINES.text(lang).to_owned(), columns: columns(&HEADS, lang), lines, totals: Vec::new() }
}

fn books(written: &Written, lang: Lang) -> Grid {
    let line = |row: &crate::shell::cli::tax::sheet::Booked| {
        let verdict = if row.agrees { EQUAL } else { DIFFERS };
        [
            row.jurisdiction.clone(),
            row.currency.clone(),
            row.before.clone(),
            row.declared.clone(),
            row.after.clone(),
            row.booked.clone(),
            row.difference.clone(),
            verdict.text(lang).to_owned(),
        ]
        .into_iter()
        .collect()
    };
    let lines = written.reconciliation.iter().map(line).collect();
    Grid { caption: BOOKS.text(lang).to_owned(), columns: columns(&BOOKED, lang), lines, totals: Vec::new() }
}
