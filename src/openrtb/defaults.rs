//! What an absent field means: the defaults of OpenRTB 2.6, in one place.

use crate::openrtb::{Av, Banner, BidRequest, Channel, Deal, Device, Imp, Native, Regs, Source, User};
use crate::units::{Cpm, Multiplier};

impl Default for BidRequest<'_> {
    /// A request that tells nothing: second price plus (`at` 2), categories in taxonomy 1.
    fn default() -> Self {
        Self {
            id: "",
            imp: &[],
            channel: Channel::Unknown,
            device: Device::default(),
            user: User::default(),
            regs: Regs::default(),
            source: Source::default(),
            at: 2,
            test: false,
            tmax: None,
            cur: &[],
            wseat: &[],
            bseat: &[],
            wlang: &[],
            wlangb: &[],
            acat: &[],
            bcat: &[],
            cattax: 1,
            badv: &[],
            bapp: &[],
        }
    }
}

impl Default for Imp<'_> {
    /// An impression that offers nothing, with a floor of zero US dollars.
    fn default() -> Self {
        Self {
            id: "",
            banner: None,
            video: None,
            audio: None,
            native: None,
            instl: false,
            rwdd: false,
            tagid: None,
            metric: &[],
            bidfloor: Cpm::ZERO,
            bidfloorcur: "USD",
            secure: None,
            exp: None,
            private_auction: false,
            deals: &[],
            multiplier: Multiplier::ONE,
        }
    }
}

impl Default for Banner<'_> {
    /// A banner of any size.
    fn default() -> Self {
        Self {
            format: &[],
            range: None,
            btype: &[],
            battr: &[],
            mimes: &[],
            api: &[],
            pos: None,
            expdir: &[],
            topframe: None,
        }
    }
}

impl Default for Av<'_> {
    /// A video or audio without restrictions; letterboxing is allowed.
    fn default() -> Self {
        Self {
            mimes: &[],
            protocols: &[],
            minduration: 0,
            maxduration: None,
            rqddurs: &[],
            w: None,
            h: None,
            startdelay: None,
            linearity: None,
            plcmt: None,
            placement: None,
            skip: None,
            skipmin: 0,
            skipafter: 0,
            maxextended: 0,
            companionad: &[],
            companiontype: &[],
            minbitrate: 0,
            maxbitrate: None,
            battr: &[],
            api: &[],
            delivery: &[],
            pos: None,
            pod: None,
            boxingallowed: true,
            mincpmpersec: None,
            durfloors: &[],
        }
    }
}

impl Default for Native<'_> {
    /// A native offer of version 1.2 that asks for nothing.
    fn default() -> Self {
        Self {
            assets: &[],
            eventtrackers: &[],
            battr: &[],
            api: &[],
            ver: "1.2",
            privacy: false,
            wrapped: false,
        }
    }
}

impl Default for Deal<'_> {
    /// A deal without a name, open to all, with a floor of zero US dollars whatever the imp's currency.
    fn default() -> Self {
        Self {
            id: "",
            bidfloor: Cpm::ZERO,
            mincpmpersec: None,
            durfloors: &[],
            bidfloorcur: "USD",
            at: None,
            wseat: &[],
            wadomain: &[],
            guar: false,
        }
    }
}
