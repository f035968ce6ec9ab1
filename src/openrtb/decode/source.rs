//! `source`: who sold the impression. Supply chains stand in three places; all that are there are kept.

use bumpalo::collections::Vec as ArenaVec;

use crate::openrtb::json::{Fault, Reader};
use crate::openrtb::{Source, SupplyChain, SupplyNode};
use crate::units::limits;

/// `source` with the chains of 2.6 (`schain`) and 2.5 (`ext.schain`); nothing is known if it is not an object.
pub(crate) fn source<'a>(json: &mut Reader<'a>) -> Result<Source<'a>, Fault> {
    let mut source = Source::default();
    json.object(|json, key| {
        match key {
            b"fd" => source.fd = json.flag()?,
            b"tid" => source.tid = json.text()?,
            b"pchain" => source.pchain = json.text()?,
            b"schain" => source.chains[0] = chain(json)?,
            b"ext" => source.chains[1] = ext(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(source)
}

/// The chain of an `ext`: of `source` in 2.5, of the root in 2.4.
pub(crate) fn ext<'a>(json: &mut Reader<'a>) -> Result<Option<SupplyChain<'a>>, Fault> {
    let mut found = None;
    json.object(|json, key| {
        match key {
            b"schain" => found = chain(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}

/// A chain; `null` is none. What is there and cannot be read is a chain that is not complete, so that no rule
/// takes it for a good one.
fn chain<'a>(json: &mut Reader<'a>) -> Result<Option<SupplyChain<'a>>, Fault> {
    if json.peek() == Some(b'n') {
        json.skip()?;
        return Ok(None);
    }
    let mut chain = SupplyChain::default();
    json.object(|json, key| {
        match key {
            b"complete" => chain.complete = json.whole()? == Some(1),
            b"ver" => chain.ver = json.text()?,
            b"nodes" => chain.nodes = nodes(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(chain))
}

/// The nodes up to one more than any rule takes: a chain that is longer is refused for its length.
fn nodes<'a>(json: &mut Reader<'a>) -> Result<&'a [SupplyNode<'a>], Fault> {
    let mut nodes = ArenaVec::new_in(json.arena());
    json.array(limits::CHAIN_NODES_MAX as usize + 1, |json| {
        let mut node = SupplyNode::default();
        json.object(|json, key| {
            match key {
                b"asi" => node.asi = json.text()?.unwrap_or_default(),
                b"sid" => node.sid = json.text()?.unwrap_or_default(),
                b"hp" => node.hp = json.flag()?,
                b"rid" => node.rid = json.text()?,
                b"name" => node.name = json.text()?,
                b"domain" => node.domain = json.text()?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        nodes.push(node);
        Ok(())
    })?;
    Ok(nodes.into_bump_slice())
}
