//! A request's supply chains against the rules. Runs once a request on the bid path and allocates nothing.

use crate::openrtb::{Channel, Source, SupplyChain, SupplyNode};
use crate::supply::{AdsTxt, Check, Lists, Policy, SellerKind, SupplyFault};
use crate::units::{host, limits};

/// Holds the chains of `source`, sold on `channel`, against `policy`.
///
/// Each chain that was sent must keep every rule. Without one, only what must have a chain is broken, and
/// lists are asked for the publisher's id at the exchange, if the policy knows its domain.
///
/// # Errors
///
/// The first rule that is broken.
pub fn judge(
    source: &Source<'_>,
    channel: &Channel<'_>,
    policy: &Policy,
    lists: &Lists,
) -> Result<(), SupplyFault> {
    if *policy == Policy::default() {
        return Ok(());
    }
    let mut chains = source.chains.iter().flatten().peekable();
    if chains.peek().is_none() {
        return judge_chainless(channel, policy, lists);
    }
    chains.try_for_each(|chain| judge_chain(chain, channel, policy, lists))
}

fn judge_chain(
    chain: &SupplyChain<'_>,
    channel: &Channel<'_>,
    policy: &Policy,
    lists: &Lists,
) -> Result<(), SupplyFault> {
    let nodes = chain.nodes;
    if policy.require_complete && !chain.complete {
        return Err(SupplyFault::ChainIncomplete);
    }
    let Some(last) = nodes.last() else { return Err(SupplyFault::ChainIncomplete) };
    // The limit bounds what every rule below may cost.
    let most = limits::CHAIN_NODES_MAX as usize;
    if nodes.len() > policy.hops_max.map_or(most, |hops_max| hops_max.min(most)) {
        return Err(SupplyFault::TooManyHops);
    }
    if policy.asi.as_deref().is_some_and(|asi| !same_host(last.asi, asi)) {
        return Err(SupplyFault::SenderNotLast);
    }
    for node in nodes {
        if policy.sellers_blocked.hold(node.asi, node.sid) {
            return Err(SupplyFault::SellerBlocked);
        }
        let allowed = &policy.sellers_allowed;
        if !allowed.is_empty() && !allowed.hold(node.asi, node.sid) {
            return Err(SupplyFault::SellerNotAllowed);
        }
    }
    judge_ads_txt(nodes, channel, policy.ads_txt, lists)?;
    if policy.require_owner && chain.complete {
        judge_owner(&nodes[0], channel, lists)?;
    }
    judge_sellers_json(nodes, policy.sellers_json, lists)
}

fn judge_chainless(channel: &Channel<'_>, policy: &Policy, lists: &Lists) -> Result<(), SupplyFault> {
    if policy.require_chain || !policy.sellers_allowed.is_empty() {
        return Err(SupplyFault::ChainMissing);
    }
    let publisher = match channel {
        Channel::Site(outlet) | Channel::App(outlet) | Channel::Dooh(outlet) => outlet.publisher_id,
        Channel::Unknown => None,
    };
    let Some((asi, sid)) = policy.asi.as_deref().zip(publisher) else {
        let required = policy.ads_txt == Check::Required || policy.sellers_json == Check::Required;
        return if required { Err(SupplyFault::ChainMissing) } else { Ok(()) };
    };
    let seller = [SupplyNode { asi, sid, ..SupplyNode::default() }];
    judge_ads_txt(&seller, channel, policy.ads_txt, lists)?;
    judge_sellers_json(&seller, policy.sellers_json, lists)
}

fn judge_ads_txt(
    nodes: &[SupplyNode<'_>],
    channel: &Channel<'_>,
    check: Check,
    lists: &Lists,
) -> Result<(), SupplyFault> {
    // Screens in public have no such file.
    if check == Check::Off || matches!(channel, Channel::Dooh(_)) {
        return Ok(());
    }
    match file_of(channel, lists) {
        Some(file) if nodes.iter().all(|node| file.relation(node.asi, node.sid).is_some()) => Ok(()),
        Some(_) => Err(SupplyFault::NotAuthorised),
        None if check == Check::Required => Err(SupplyFault::AdsTxtUnknown),
        None => Ok(()),
    }
}

/// Whether the first seller is whom the outlet's file names as its owner or sales house.
fn judge_owner(first: &SupplyNode<'_>, channel: &Channel<'_>, lists: &Lists) -> Result<(), SupplyFault> {
    let sellers = lists.sellers_json(first.asi);
    let known = sellers.and_then(|sellers| Some((sellers.kind(first.sid)?, sellers.domain(first.sid)?)));
    let (Some((kind, seller)), Some(file), Some(outlet)) =
        (known, file_of(channel, lists), domain_of(channel))
    else {
        return Ok(());
    };
    let is_right = kind == SellerKind::Intermediary || file.belongs_to(seller, outlet);
    if is_right { Ok(()) } else { Err(SupplyFault::NotTheOwner) }
}

/// The list of who may sell what is on `channel`, if we have it.
fn file_of<'l>(channel: &Channel<'_>, lists: &'l Lists) -> Option<&'l AdsTxt> {
    match channel {
        Channel::Site(_) => lists.ads_txt(domain_of(channel)?),
        Channel::App(_) => lists.app_ads_txt(domain_of(channel)?),
        Channel::Dooh(_) | Channel::Unknown => None,
    }
}

/// The domain or page of a site, the domain of an app.
fn domain_of<'a>(channel: &Channel<'a>) -> Option<&'a str> {
    match channel {
        Channel::Site(site) => site.domain.or(site.page),
        Channel::App(app) => app.domain,
        Channel::Dooh(_) | Channel::Unknown => None,
    }
}

fn judge_sellers_json(nodes: &[SupplyNode<'_>], check: Check, lists: &Lists) -> Result<(), SupplyFault> {
    if check == Check::Off {
        return Ok(());
    }
    for (at, node) in nodes.iter().enumerate() {
        match lists.sellers_json(node.asi).map(|sellers| sellers.kind(node.sid)) {
            Some(None) => return Err(SupplyFault::SellerNotListed),
            Some(Some(SellerKind::Publisher)) if at > 0 => return Err(SupplyFault::PublisherResells),
            Some(Some(_)) => {}
            None if check == Check::Required => return Err(SupplyFault::SellersJsonUnknown),
            None => {}
        }
    }
    Ok(())
}

fn same_host(one: &str, other: &str) -> bool {
    host(one).eq_ignore_ascii_case(host(other))
}

#[cfg(test)]
mod tests;
