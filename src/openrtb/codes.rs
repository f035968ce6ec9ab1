//! Lists of codes: why nobody bid, and why a bid lost.

/// `bidresponse.nbr`: why there is no bid. Source: OpenRTB 3.0, List: No-Bid Reason Codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoBidCode {
    /// 0: nothing to say.
    Unknown = 0,
    /// 1: we failed.
    TechnicalError = 1,
    /// 2: the request is not one.
    InvalidRequest = 2,
    /// 3: a known crawler.
    Crawler = 3,
    /// 4: suspected not to be human.
    SuspectedNonHuman = 4,
    /// 5: from a cloud, a data centre or a proxy.
    ProxyAddress = 5,
    /// 6: a device we do not serve.
    UnsupportedDevice = 6,
    /// 7: a publisher or site that we block.
    BlockedPublisher = 7,
    /// 8: a user we do not know.
    UnmatchedUser = 8,
    /// 9: the user has seen enough today.
    DailyUserCap = 9,
    /// 10: the domain has shown enough today.
    DailyDomainCap = 10,
    /// 11: no ads.txt to check the seller with.
    AdsTxtUnavailable = 11,
    /// 12: ads.txt does not name the seller.
    AdsTxtViolation = 12,
    /// 13: no ads.cert to check the seller with.
    AdsCertUnavailable = 13,
    /// 14: ads.cert does not fit.
    AdsCertViolation = 14,
    /// 15: not enough time left.
    InsufficientTime = 15,
    /// 16: the supply chain is incomplete.
    IncompleteSupplyChain = 16,
    /// 17: a node of the supply chain is blocked.
    BlockedSupplyChainNode = 17,
}

impl NoBidCode {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }
}

/// What a loss code (`${AUCTION_LOSS}`) means. Source: OpenRTB 3.0, List: Loss Reason Codes.
#[must_use]
pub const fn loss_name(code: u32) -> &'static str {
    match code {
        0 => "bid won",
        1 => "internal error",
        2 => "impression opportunity expired",
        3 => "invalid bid response",
        4 => "invalid deal id",
        5 => "invalid auction id",
        6 => "invalid advertiser domain",
        7 => "missing markup",
        8 => "missing creative id",
        9 => "missing bid price",
        10 => "missing minimum creative approval data",
        100 => "bid was below auction floor",
        101 => "bid was below deal floor",
        102 => "lost to higher bid",
        103 => "lost to a bid for a deal",
        104 => "buyer seat blocked",
        200 => "creative filtered, general reason unknown",
        201 => "creative filtered, pending processing by exchange",
        202 => "creative filtered, disapproved by exchange",
        203 => "creative filtered, size not allowed",
        204 => "creative filtered, incorrect creative format",
        205 => "creative filtered, advertiser exclusions",
        206 => "creative filtered, app bundle exclusions",
        207 => "creative filtered, not secure",
        208 => "creative filtered, language exclusions",
        209 => "creative filtered, category exclusions",
        210 => "creative filtered, creative attribute exclusions",
        211 => "creative filtered, ad type exclusions",
        212 => "creative filtered, animation too long",
        213 => "creative filtered, not allowed in deal",
        214 => "creative filtered, invalid SKAdNetwork",
        215 => "creative filtered, app bundle not allowed",
        500.. => "exchange-specific reason",
        _ => "unknown reason",
    }
}

#[cfg(test)]
mod tests {
    use super::{NoBidCode, loss_name};

    #[test]
    fn a_no_bid_code_is_its_number_in_the_list() {
        assert_eq!(NoBidCode::Unknown.code(), 0);
        assert_eq!(NoBidCode::UnmatchedUser.code(), 8);
        assert_eq!(NoBidCode::BlockedSupplyChainNode.code(), 17);
    }

    #[test]
    fn every_loss_code_has_a_name_even_those_of_an_exchange() {
        assert_eq!(loss_name(102), "lost to higher bid");
        assert_eq!(loss_name(500), "exchange-specific reason");
        assert_eq!(loss_name(99), "unknown reason");
    }
}
