//! The rules of privacy and supply in an exchange profile.

use crate::document::{Faults, Node};
use crate::privacy::{self, Outcome, Purposes, Unwaivable};
use crate::supply::{self, Check, SellerName, SellerNames};
use crate::units::limits::CHAIN_NODES_MAX;

/// Ids on the Global Vendor List have 16 bits.
const VENDOR_ID_MAX: u32 = 0xffff;
/// Purposes for which a vendor may declare legitimate interest; 1 and, from TCF 2.2 on, 3 to 6 are consent only.
const PURPOSE_MAX: u32 = 11;
const SELLER_CHARS_MAX: usize = 256;

/// `privacy`; what it leaves out is as [`privacy::Policy::default`] says.
pub(super) fn privacy(node: Node<'_>, faults: &mut Faults) -> Option<privacy::Policy> {
    let keys = ["vendor_id", "legitimate_interests", "children", "devices", "gdpr", "us", "gpp"];
    let object = node.object(&keys, faults)?;
    let usual = privacy::Policy::default();
    let outcomes =
        [("bid", Outcome::Bid), ("contextual_only", Outcome::ContextualOnly), ("no_bid", Outcome::NoBid)];
    let mut outcome = |key, usual| object.get(key).map_or(Some(usual), |node| node.choice(&outcomes, faults));
    let (gdpr, us, gpp) = (outcome("gdpr", usual.gdpr), outcome("us", usual.us), outcome("gpp", usual.gpp));
    // Nobody can vouch for a child, or for what a person set on the device.
    let strict = [("contextual_only", Unwaivable::ContextualOnly), ("no_bid", Unwaivable::NoBid)];
    let mut unwaivable =
        |key, usual| object.get(key).map_or(Some(usual), |node| node.choice(&strict, faults));
    let (children, devices) = (unwaivable("children", usual.children), unwaivable("devices", usual.devices));
    let vendor_id = match object.get("vendor_id") {
        Some(node) => Some(u16::try_from(node.integer(1..=VENDOR_ID_MAX, faults)?).ok()?),
        None => None,
    };
    let mut purposes = Vec::new();
    for node in object.get("legitimate_interests").and_then(|node| node.list(faults)).unwrap_or_default() {
        purposes.push(u8::try_from(node.integer(2..=PURPOSE_MAX, faults)?).ok()?);
    }
    Some(privacy::Policy {
        vendor_id,
        legitimate_interests: Purposes::new(purposes),
        children: children?,
        devices: devices?,
        gdpr: gdpr?,
        us: us?,
        gpp: gpp?,
    })
}

/// `supply`; without it there is no rule.
pub(super) fn supply(node: Node<'_>, faults: &mut Faults) -> Option<supply::Policy> {
    let keys = [
        "require_chain",
        "require_complete",
        "asi",
        "sellers_allowed",
        "sellers_blocked",
        "hops_max",
        "ads_txt",
        "require_owner",
        "sellers_json",
    ];
    let object = node.object(&keys, faults)?;
    let mut flag = |key| object.get(key).map_or(Some(false), |node| node.flag(faults));
    let (require_chain, require_complete) = (flag("require_chain"), flag("require_complete"));
    let require_owner = flag("require_owner");
    let checks = [("off", Check::Off), ("where_known", Check::WhereKnown), ("required", Check::Required)];
    let mut check = |key| object.get(key).map_or(Some(Check::Off), |node| node.choice(&checks, faults));
    let (ads_txt, sellers_json) = (check("ads_txt"), check("sellers_json"));
    let mut sellers = |key| {
        let nodes = object.get(key).map_or(Some(Vec::new()), |node| node.list(faults))?;
        nodes.into_iter().map(|node| seller(node, faults)).collect::<Option<SellerNames>>()
    };
    let (allowed, blocked) = (sellers("sellers_allowed"), sellers("sellers_blocked"));
    let asi = match object.get("asi") {
        Some(node) => Some(system(node, faults)?),
        None => None,
    };
    let hops_max = match object.get("hops_max") {
        Some(node) => Some(usize::try_from(node.integer(1..=CHAIN_NODES_MAX, faults)?).ok()?),
        None => None,
    };
    Some(supply::Policy {
        require_chain: require_chain?,
        require_complete: require_complete?,
        asi,
        sellers_allowed: allowed?,
        sellers_blocked: blocked?,
        hops_max,
        ads_txt: ads_txt?,
        require_owner: require_owner?,
        sellers_json: sellers_json?,
    })
}

fn seller(node: Node<'_>, faults: &mut Faults) -> Option<SellerName> {
    SellerName::parse(node.line(SELLER_CHARS_MAX, faults)?).or_else(|| {
        let fault = node.error(format!("is not a seller, got {}", node.echo()));
        faults.refuse(fault.hint("an advertising system, as `exchange.example`, or one of its sellers, as `exchange.example/pub-1`"))
    })
}

/// The domain of an advertising system, without a seller.
fn system(node: Node<'_>, faults: &mut Faults) -> Option<String> {
    let seller = seller(node, faults)?;
    if seller.sid.is_some() {
        let fault = node.error(format!("must be a domain alone, got {}", node.echo()));
        return faults.refuse(fault.hint("as `exchange.example`"));
    }
    Some(seller.asi)
}
