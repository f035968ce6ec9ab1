//! Which of a request's floors holds for a bid (OpenRTB 2.6, 7.11). Where it cannot be told, the highest
//! that may, so that no bid slips under one.

use crate::openrtb::{Av, Deal, DurFloor, Imp};
use crate::units::Cpm;

impl<'a> Imp<'a> {
    /// The floor of a bid on this imp, and the currency it is in, which may be none.
    ///
    /// `deal` is the deal bid on, `av` the video or audio offer that the bid answers and `dur` the bid's
    /// duration in seconds, if known. Floors by duration, which hold for video and audio alone, come before plain ones,
    /// a deal's before the open market's; a deal without any has the open market's.
    #[must_use]
    pub fn floor(&self, deal: Option<&Deal<'a>>, av: Option<&Av<'a>>, dur: Option<u32>) -> (Cpm, &'a str) {
        if let Some(deal) = deal {
            // A banner and a native ad last no time that a floor could be counted by.
            let by_duration = av.and_then(|_| floor_by_duration(deal.mincpmpersec, deal.durfloors, dur));
            let floor = by_duration.unwrap_or(deal.bidfloor);
            if by_duration.is_some() || floor > Cpm::ZERO {
                return (floor, deal.bidfloorcur);
            }
        }
        let by_duration = av.and_then(|av| floor_by_duration(av.mincpmpersec, av.durfloors, dur));
        (by_duration.unwrap_or(self.bidfloor), self.bidfloorcur)
    }
}

/// The highest floor that holds for `dur` seconds; `None` if none does.
fn floor_by_duration(mincpmpersec: Option<Cpm>, durfloors: &[DurFloor], dur: Option<u32>) -> Option<Cpm> {
    let per_second = mincpmpersec.map(|per_second| match dur {
        Some(dur) => Cpm::from_micros(per_second.micros().saturating_mul(dur.into())).unwrap_or(Cpm::MAX),
        None => Cpm::MAX,
    });
    let holds = |durfloor: &&DurFloor| {
        dur.is_none_or(|dur| durfloor.mindur <= dur && durfloor.maxdur.is_none_or(|maxdur| dur <= maxdur))
    };
    let of_range = durfloors.iter().filter(holds).map(|durfloor| durfloor.bidfloor).max();
    per_second.max(of_range)
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use crate::openrtb::parse;

    /// The floor of a bid of `dur` seconds, on the deal if there is one: `1.50 USD`.
    #[track_caller]
    fn check(imp: &str, dur: Option<u32>, want: &str) {
        let body = format!(r#"{{"id":"r","imp":[{{"id":"1",{imp}}}]}}"#);
        let arena = Bump::new();
        let request = parse(body.as_bytes(), &arena).unwrap();
        let imp = &request.imp[0];
        let (floor, currency) = imp.floor(imp.deals.first(), imp.video.as_ref(), dur);
        assert_eq!(format!("{floor} {currency}"), want, "{body}");
    }

    #[test]
    fn the_open_market_has_the_floor_of_the_imp() {
        check(r#""banner":{},"bidfloor":1.5,"bidfloorcur":"EUR""#, None, "1.50 EUR");
        check(r#""banner":{}"#, None, "0.00 USD");
    }

    #[test]
    fn a_deal_has_its_own_floor_in_its_own_currency() {
        let deal =
            r#""banner":{},"bidfloor":9,"bidfloorcur":"EUR","pmp":{"deals":[{"id":"d","bidfloor":2}]}"#;
        check(deal, None, "2.00 USD");
    }

    #[test]
    fn a_deal_without_a_floor_has_the_open_markets() {
        let deal = r#""banner":{},"bidfloor":9,"bidfloorcur":"EUR","pmp":{"deals":[{"id":"d"}]}"#;
        check(deal, None, "9.00 EUR");
    }

    #[test]
    fn a_floor_per_second_counts_the_seconds() {
        let imp = r#""bidfloor":1,"video":{"mincpmpersec":0.5}"#;
        check(imp, Some(15), "7.50 USD");
        check(imp, None, "1000000.00 USD");
        check(r#""bidfloor":1,"video":{"mincpmpersec":999999}"#, Some(u32::MAX), "1000000.00 USD");
    }

    #[test]
    fn a_deals_floor_by_duration_holds_for_video_and_not_for_a_banner() {
        let imp = |medium: &str, deal: &str| {
            format!(r#"{medium},"bidfloor":1,"pmp":{{"deals":[{{"id":"d","mincpmpersec":0.5,{deal}}}]}}"#)
        };
        let own = r#""bidfloor":2,"bidfloorcur":"EUR","durfloors":[{"bidfloor":9}]"#;
        check(&imp(r#""video":{}"#, own), Some(15), "9.00 EUR");
        check(&imp(r#""video":{}"#, own), None, "1000000.00 EUR");
        check(&imp(r#""banner":{}"#, own), None, "2.00 EUR");
        check(&imp(r#""banner":{}"#, r#""durfloors":[{"bidfloor":9}]"#), None, "1.00 USD");
    }

    #[test]
    fn a_floor_by_duration_holds_in_its_range_with_both_ends() {
        let imp = r#""bidfloor":1,"video":{"durfloors":[{"mindur":1,"maxdur":15,"bidfloor":5},
            {"mindur":16,"maxdur":30,"bidfloor":8}]}"#;
        check(imp, Some(15), "5.00 USD");
        check(imp, Some(16), "8.00 USD");
        check(imp, Some(31), "1.00 USD");
        check(imp, None, "8.00 USD");
    }

    #[test]
    fn of_two_floors_by_duration_the_higher_holds() {
        let imp = r#""video":{"mincpmpersec":1,"durfloors":[{"bidfloor":5},{"maxdur":20,"bidfloor":6}]}"#;
        check(imp, Some(4), "6.00 USD");
        check(imp, Some(30), "30.00 USD");
    }
}
