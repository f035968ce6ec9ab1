//! Native ads. Native 1.2, section 4.

use crate::campaign::NativeAd;
use crate::creative::assets::answer;
use crate::creative::{Misfit, NativePlacement};
use crate::openrtb::Native;

pub(super) fn fit_native<'a>(ad: &'a NativeAd, native: &Native<'a>) -> Result<NativePlacement<'a>, Misfit> {
    let mut answered = false;
    for asset in native.assets {
        match answer(ad, asset) {
            Some(_) => answered = true,
            None if asset.required => return Err(Misfit::RequiredAsset(asset.id)),
            None => {}
        }
    }
    if !answered {
        return Err(Misfit::NoAsset);
    }
    Ok(NativePlacement { ad, offer: *native })
}
