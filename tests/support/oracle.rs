//! A bid request read a second time, from a tree, by the rules that `src/openrtb` documents and with none of its
//! code: what a field means when its type deviates, which of two places counts, what is dropped. It shares the
//! types, so that a new field without a rule here does not compile, and the arithmetic of decimals.

use std::collections::HashSet;

use bumpalo::Bump;
use encan::openrtb::{
    Av, Banner, BidRequest, BrandVersion, Broadcaster, Channel, Content, Deal, Device, Dsa, DurFloor, Eid,
    Format, Gender, Geo, Imp, Metric, Native, NativeAsset, NativeKind, Outlet, ParseError, Pod, Regs,
    Segment, SizeRange, Source, Sua, SupplyChain, SupplyNode, User,
};
use encan::units::limits::{CHAIN_NODES_MAX, IMPS_MAX, JSON_DEPTH_MAX, LIST_MAX};
use encan::units::{Cpm, Decimal, Multiplier, Rounding};

use crate::tree::Tree;

/// A text that is there and cannot be read.
const UNREADABLE: &str = "\0";

/// Why a body is refused, without the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NotUtf8,
    NotJson,
    /// Against the grammar behind a bracket that goes too far: either may be told.
    NotJsonOrTooDeep,
    TooDeep,
    RootNotAnObject,
    IdNotAString,
    ImpNotAnArray,
    ImpEmpty,
}

impl Refusal {
    /// True if `error` says the same.
    pub fn is(self, error: ParseError) -> bool {
        match error {
            ParseError::NotUtf8 { .. } => self == Self::NotUtf8,
            ParseError::NotJson { .. } => matches!(self, Self::NotJson | Self::NotJsonOrTooDeep),
            ParseError::TooDeep { .. } => matches!(self, Self::TooDeep | Self::NotJsonOrTooDeep),
            ParseError::RootNotAnObject => self == Self::RootNotAnObject,
            ParseError::IdNotAString => self == Self::IdNotAString,
            ParseError::ImpNotAnArray => self == Self::ImpNotAnArray,
            ParseError::ImpEmpty => self == Self::ImpEmpty,
        }
    }
}

/// The tree of a body that is JSON of a depth that is read.
pub fn tree(body: &[u8]) -> Result<Tree, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::NotUtf8)?;
    match (serde_json::from_str::<serde::de::IgnoredAny>(text), depth(text) > JSON_DEPTH_MAX) {
        (Ok(_), false) => Ok(Tree::read(text).expect("JSON is read as a tree")),
        (Ok(_), true) => Err(Refusal::TooDeep),
        (Err(_), false) => Err(Refusal::NotJson),
        (Err(_), true) => Err(Refusal::NotJsonOrTooDeep),
    }
}

/// The most brackets open at once, outside of texts.
fn depth(text: &str) -> usize {
    let (mut open, mut most, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => open += 1,
            b'}' | b']' if !in_text => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// The request that `root` is.
pub fn request<'a>(root: &'a Tree, arena: &'a Bump) -> Result<BidRequest<'a>, Refusal> {
    if !root.is_object() {
        return Err(Refusal::RootNotAnObject);
    }
    let Tree::Text(id) = root.get("id") else { return Err(Refusal::IdNotAString) };
    let Tree::List(imps) = root.get("imp") else { return Err(Refusal::ImpNotAnArray) };
    if imps.is_empty() {
        return Err(Refusal::ImpEmpty);
    }
    let looked_at = &imps[..imps.len().min(IMPS_MAX)];
    let id_of = |imp: &'a Tree| text(imp.get("id"));
    let firsts = looked_at
        .iter()
        .enumerate()
        .filter(|(at, imp)| looked_at[..*at].iter().all(|earlier| id_of(earlier) != id_of(imp)));
    let kept = firsts.filter_map(|(_, tree)| imp(tree, arena)).collect();
    let [app, site, dooh] = ["app", "site", "dooh"].map(|name| outlet(root.get(name), arena));
    let allowed_of = |name| keep(arena, allowed_texts(root.get(name)));
    let all_texts_of = |name| keep(arena, texts(root.get(name), usize::MAX));
    Ok(BidRequest {
        id,
        imp: keep(arena, kept),
        channel: match (app, site, dooh) {
            (Some(app), _, _) => Channel::App(app),
            (None, Some(site), _) => Channel::Site(site),
            (None, None, Some(dooh)) => Channel::Dooh(dooh),
            (None, None, None) => Channel::Unknown,
        },
        device: device(root.get("device"), arena),
        user: user(root.get("user"), arena),
        regs: regs(root.get("regs"), arena),
        source: source(root, arena),
        at: code(root.get("at")).unwrap_or(2),
        test: strict_flag(root.get("test")) == Some(true),
        tmax: code(root.get("tmax")),
        cur: allowed_of("cur"),
        wseat: allowed_of("wseat"),
        bseat: all_texts_of("bseat"),
        wlang: allowed_of("wlang"),
        wlangb: allowed_of("wlangb"),
        acat: allowed_of("acat"),
        bcat: all_texts_of("bcat"),
        cattax: code(root.get("cattax")).unwrap_or(1),
        badv: all_texts_of("badv"),
        bapp: all_texts_of("bapp"),
    })
}

/// `source`, and the chains of all three places.
fn source<'a>(root: &'a Tree, arena: &'a Bump) -> Source<'a> {
    let source = root.get("source");
    let places = [source.get("schain"), source.get("ext").get("schain"), root.get("ext").get("schain")];
    Source {
        fd: flag(source.get("fd")),
        tid: text(source.get("tid")),
        pchain: text(source.get("pchain")),
        chains: places.map(|place| chain(place, arena)),
    }
}

fn chain<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<SupplyChain<'a>> {
    if matches!(tree, Tree::Null) {
        return None;
    }
    let Tree::List(nodes) = tree.get("nodes") else {
        let complete = whole(tree.get("complete")) == Some(1);
        return Some(SupplyChain { complete, ver: text(tree.get("ver")), nodes: &[] });
    };
    let node = |node: &'a Tree| SupplyNode {
        asi: text(node.get("asi")).unwrap_or_default(),
        sid: text(node.get("sid")).unwrap_or_default(),
        hp: flag(node.get("hp")),
        rid: text(node.get("rid")),
        name: text(node.get("name")),
        domain: text(node.get("domain")),
    };
    Some(SupplyChain {
        complete: whole(tree.get("complete")) == Some(1),
        ver: text(tree.get("ver")),
        // One more than any rule takes tells that there are too many.
        nodes: keep(arena, nodes.iter().take(CHAIN_NODES_MAX as usize + 1).map(node).collect()),
    })
}

// Impressions and what they offer.

fn imp<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<Imp<'a>> {
    let pmp = tree.get("pmp");
    let imp = Imp {
        id: text(tree.get("id"))?,
        banner: banner(tree.get("banner"), arena),
        video: av(tree.get("video"), arena),
        audio: av(tree.get("audio"), arena),
        native: native(tree.get("native"), arena),
        instl: flag(tree.get("instl")).unwrap_or(false),
        rwdd: [tree.get("rwdd"), tree.get("ext").get("prebid").get("is_rewarded_inventory")]
            .into_iter()
            .any(|place| flag(place) == Some(true)),
        tagid: text(tree.get("tagid")),
        metric: listed(tree.get("metric"), arena, |metric| {
            let (kind, value) = (text(metric.get("type"))?, number(metric.get("value"))?);
            Some(Metric { r#type: kind, value, vendor: text(metric.get("vendor")) })
        }),
        bidfloor: floor(tree.get("bidfloor")).unwrap_or(Cpm::ZERO),
        bidfloorcur: floor_currency(tree.get("bidfloorcur")),
        secure: strict_flag(tree.get("secure")),
        exp: whole(tree.get("exp")),
        private_auction: strict_flag(pmp.get("private_auction")) == Some(true),
        deals: deals(pmp.get("deals"), arena),
        multiplier: match tree.get("qty") {
            Tree::Null => Multiplier::ONE,
            qty => multiplier(qty.get("multiplier"))?,
        },
    };
    let media = [imp.banner.is_some(), imp.video.is_some(), imp.audio.is_some(), imp.native.is_some()];
    media.contains(&true).then_some(imp)
}

fn multiplier(tree: &Tree) -> Option<Multiplier> {
    let millionths = Decimal::parse(spelt(tree)?.trim()).ok()?.scaled(6, Rounding::Up).ok()?;
    Multiplier::from_millionths(u64::try_from(millionths).ok()?)
}

/// Of those with the same id, the first.
fn deals<'a>(tree: &'a Tree, arena: &'a Bump) -> &'a [Deal<'a>] {
    let mut seen = HashSet::new();
    let read = listed(tree, arena, |tree| deal(tree, arena));
    keep(arena, read.iter().filter(|deal| seen.insert(deal.id)).copied().collect())
}

fn deal<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<Deal<'a>> {
    Some(Deal {
        id: text(tree.get("id"))?,
        bidfloor: floor(tree.get("bidfloor")).unwrap_or(Cpm::ZERO),
        mincpmpersec: floor(tree.get("mincpmpersec")),
        durfloors: listed(tree.get("durfloors"), arena, durfloor),
        bidfloorcur: floor_currency(tree.get("bidfloorcur")),
        at: code(tree.get("at")),
        wseat: keep(arena, allowed_texts(tree.get("wseat"))),
        wadomain: keep(arena, allowed_texts(tree.get("wadomain"))),
        guar: flag(tree.get("guar")).unwrap_or(false),
    })
}

fn durfloor(tree: &Tree) -> Option<DurFloor> {
    tree.is_object().then(|| DurFloor {
        mindur: whole(tree.get("mindur")).unwrap_or(0),
        maxdur: whole_up(tree.get("maxdur")),
        bidfloor: floor(tree.get("bidfloor")).unwrap_or(Cpm::ZERO),
    })
}

fn banner<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<Banner<'a>> {
    if !tree.is_object() {
        return None;
    }
    let formats = listed(tree.get("format"), arena, |format| size(format, true));
    let own = size(tree, false).map(|own| keep(arena, vec![own]));
    Some(Banner {
        format: if formats.is_empty() { own.unwrap_or(&[]) } else { formats },
        range: if formats.is_empty() { range(tree).map(|range| &*arena.alloc(range)) } else { None },
        btype: numbers(tree.get("btype"), usize::MAX, arena),
        battr: numbers(tree.get("battr"), usize::MAX, arena),
        mimes: keep(arena, allowed_texts(tree.get("mimes"))),
        api: numbers(tree.get("api"), LIST_MAX, arena),
        pos: whole(tree.get("pos")),
        expdir: numbers(tree.get("expdir"), LIST_MAX, arena),
        topframe: flag(tree.get("topframe")),
    })
}

/// The ends of the sides that are not told exactly; nothing if none is told.
fn range(tree: &Tree) -> Option<SizeRange> {
    let ends = |exact: &str, least: &str, most: &str| match code(tree.get(exact)) {
        Some(_) => (0, None),
        None => (whole_up(tree.get(least)).unwrap_or(0), code(tree.get(most))),
    };
    let ((wmin, wmax), (hmin, hmax)) = (ends("w", "wmin", "wmax"), ends("h", "hmin", "hmax"));
    let is_told = wmin > 0 || hmin > 0 || wmax.is_some() || hmax.is_some();
    is_told.then_some(SizeRange { wmin, wmax, hmin, hmax })
}

/// A size that says something; flexible ones stand in `format` alone.
fn size(tree: &Tree, may_flex: bool) -> Option<Format> {
    let side = |name| whole(tree.get(name)).unwrap_or(0);
    let flex = |name| if may_flex { side(name) } else { 0 };
    let wmin = if may_flex { whole_up(tree.get("wmin")).unwrap_or(0) } else { 0 };
    let size = Format { w: side("w"), h: side("h"), wratio: flex("wratio"), hratio: flex("hratio"), wmin };
    [size.w, size.h, size.wratio, size.hratio, size.wmin].iter().any(|side| *side > 0).then_some(size)
}

fn av<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<Av<'a>> {
    let numbers_of = |name| numbers(tree.get(name), LIST_MAX, arena);
    let allowed_of = |name| keep(arena, allowed_codes(tree.get(name)));
    let pod = Pod {
        podid: text(tree.get("podid")),
        podseq: signed(tree.get("podseq")).unwrap_or(0),
        slotinpod: signed(tree.get("slotinpod")).unwrap_or(0),
        poddur: code(tree.get("poddur")),
        maxseq: code(tree.get("maxseq")),
        poddedupe: numbers_of("poddedupe"),
    };
    let is_pod = pod.podid.is_some() || pod.poddur.is_some() || pod.slotinpod != 0;
    tree.is_object().then(|| Av {
        mimes: keep(arena, allowed_texts(tree.get("mimes"))),
        protocols: match (allowed_of("protocols"), allowed_of("protocol")) {
            ([], [0]) => &[],
            ([], single) => single,
            (several, _) => several,
        },
        minduration: whole_up(tree.get("minduration")).unwrap_or(0),
        maxduration: code(tree.get("maxduration")),
        rqddurs: allowed_of("rqddurs"),
        w: code(tree.get("w")),
        h: code(tree.get("h")),
        startdelay: signed(tree.get("startdelay")),
        linearity: code(tree.get("linearity")),
        plcmt: code(tree.get("plcmt")),
        placement: code(tree.get("placement")),
        skip: flag(tree.get("skip")),
        skipmin: whole(tree.get("skipmin")).unwrap_or(0),
        skipafter: whole_up(tree.get("skipafter")).unwrap_or(0),
        maxextended: match signed(tree.get("maxextended")) {
            Some(-1) => u32::MAX,
            seconds => u32::try_from(seconds.unwrap_or(0)).unwrap_or(0),
        },
        companionad: listed(tree.get("companionad"), arena, |companion| banner(companion, arena)),
        companiontype: allowed_of("companiontype"),
        minbitrate: whole_up(tree.get("minbitrate")).unwrap_or(0),
        maxbitrate: code(tree.get("maxbitrate")),
        battr: numbers(tree.get("battr"), usize::MAX, arena),
        api: numbers_of("api"),
        delivery: allowed_of("delivery"),
        pos: whole(tree.get("pos")),
        pod: is_pod.then_some(pod),
        boxingallowed: flag(tree.get("boxingallowed")).unwrap_or(true),
        mincpmpersec: floor(tree.get("mincpmpersec")),
        durfloors: listed(tree.get("durfloors"), arena, durfloor),
    })
}

/// Not a medium unless its request asks for something.
fn native<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<Native<'a>> {
    let root: &'a Tree = match tree.get("request") {
        Tree::Text(inner) => arena.alloc(self::tree(inner.as_bytes()).ok()?),
        object => object,
    };
    let assets = |root: &'a Tree| {
        let mut kept: Vec<NativeAsset<'a>> = Vec::new();
        for asset in root.get("assets").elements().iter().filter_map(|tree| asset(tree, arena)) {
            match kept.iter().any(|earlier| earlier.id == asset.id) {
                _ if kept.len() == LIST_MAX => break,
                false => kept.push(asset),
                true if asset.required => kept.push(NativeAsset { kind: NativeKind::Other, ..asset }),
                true => {}
            }
        }
        keep(arena, kept)
    };
    let inner = assets(root.get("native"));
    let wrapped = !inner.is_empty();
    let (root, assets) = if wrapped { (root.get("native"), inner) } else { (root, assets(root)) };
    let trackers = root.get("eventtrackers").elements().iter().take(LIST_MAX);
    let trackers =
        trackers.filter_map(|tracker| Some((whole(tracker.get("event"))?, tracker.get("methods"))));
    let trackers = trackers.flat_map(|(event, methods)| {
        numbers(methods, LIST_MAX, arena).iter().map(move |method| (event, *method))
    });
    (!assets.is_empty()).then(|| Native {
        assets,
        eventtrackers: keep(arena, trackers.collect()),
        battr: numbers(tree.get("battr"), usize::MAX, arena),
        api: numbers(tree.get("api"), LIST_MAX, arena),
        ver: text(root.get("ver")).unwrap_or("1.2"),
        privacy: flag(root.get("privacy")).unwrap_or(false),
        wrapped,
    })
}

/// Without id it cannot be answered, which matters if it is required.
fn asset<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<NativeAsset<'a>> {
    let required = flag(tree.get("required")).unwrap_or(false);
    let id = integer(tree.get("id"), Rounding::Down).and_then(|id| u32::try_from(id).ok());
    match id.filter(|id| *id < u32::MAX) {
        Some(id) => Some(NativeAsset { id, required, kind: asset_kind(tree, arena) }),
        None => required.then_some(NativeAsset { id: 0, required, kind: NativeKind::Other }),
    }
}

fn asset_kind<'a>(tree: &'a Tree, arena: &'a Bump) -> NativeKind<'a> {
    let [title, img, video, data] = ["title", "img", "video", "data"].map(|name| tree.get(name));
    let mimes = |kind: &'a Tree| keep(arena, allowed_texts(kind.get("mimes")));
    let side = |name| whole(img.get(name)).unwrap_or(0);
    let least = |name| whole_up(img.get(name)).unwrap_or(0);
    if title.is_object() {
        NativeKind::Title { len: code(title.get("len")).unwrap_or(u32::MAX) }
    } else if img.is_object() {
        let r#type = code(img.get("type"));
        let (w, h, wmin, hmin) = (side("w"), side("h"), least("wmin"), least("hmin"));
        NativeKind::Img { r#type, w, h, wmin, hmin, mimes: mimes(img) }
    } else if video.is_object() {
        NativeKind::Video {
            mimes: mimes(video),
            minduration: whole_up(video.get("minduration")).unwrap_or(0),
            maxduration: code(video.get("maxduration")).unwrap_or(u32::MAX),
            protocols: keep(arena, allowed_codes(video.get("protocols"))),
        }
    } else if let Some(r#type) = code(data.get("type")) {
        NativeKind::Data { r#type, len: whole(data.get("len")).unwrap_or(0) }
    } else {
        NativeKind::Other
    }
}

// Context.

fn outlet<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<Outlet<'a>> {
    let cat = ["cat", "sectioncat", "pagecat"].into_iter().flat_map(|name| texts(tree.get(name), LIST_MAX));
    tree.is_object().then(|| Outlet {
        id: text(tree.get("id")),
        name: text(tree.get("name")),
        domain: text(tree.get("domain")),
        bundle: text(tree.get("bundle")),
        storeurl: text(tree.get("storeurl")),
        ver: text(tree.get("ver")),
        paid: flag(tree.get("paid")),
        page: text(tree.get("page")),
        r#ref: text(tree.get("ref")),
        search: text(tree.get("search")),
        mobile: flag(tree.get("mobile")),
        venuetype: keep(arena, texts(tree.get("venuetype"), LIST_MAX)),
        venuetypetax: whole(tree.get("venuetypetax")).unwrap_or(1),
        cat: keep(arena, cat.collect()),
        cattax: code(tree.get("cattax")).unwrap_or(1),
        keywords: keywords(tree, arena),
        publisher_id: text(tree.get("publisher").get("id")),
        publisher_domain: text(tree.get("publisher").get("domain")),
        content: content(tree.get("content"), arena),
    })
}

fn content<'a>(content: &'a Tree, arena: &'a Bump) -> Content<'a> {
    let broadcaster = |tree: &'a Tree| {
        let told = ["id", "name", "domain"].map(|name| text(tree.get(name)));
        let [id, name, domain] = told;
        (told != [None; 3]).then(|| &*arena.alloc(Broadcaster { id, name, domain }))
    };
    Content {
        title: text(content.get("title")),
        series: text(content.get("series")),
        genre: text(content.get("genre")),
        genres: keep(arena, texts(content.get("genres"), LIST_MAX)),
        gtax: code(content.get("gtax")).unwrap_or(9),
        cat: keep(arena, texts(content.get("cat"), LIST_MAX)),
        cattax: code(content.get("cattax")).unwrap_or(1),
        language: text(content.get("language")).or(text(content.get("langb"))),
        contentrating: text(content.get("contentrating")),
        userrating: text(content.get("userrating")),
        qagmediarating: code(content.get("qagmediarating")),
        prodq: code(content.get("prodq")).or(code(content.get("videoquality"))),
        context: code(content.get("context")),
        len: code(content.get("len")),
        livestream: flag(content.get("livestream")),
        keywords: keywords(content, arena),
        channel: broadcaster(content.get("channel")),
        network: broadcaster(content.get("network")),
        segments: segments(content.get("data"), arena),
    }
}

fn device<'a>(tree: &'a Tree, arena: &'a Bump) -> Device<'a> {
    let sua = tree.get("sua");
    let platform = brand(sua.get("platform"), arena);
    let (os, osv) = match (text(tree.get("os")), platform) {
        (None, Some(platform)) => {
            let version = platform.version.join(".");
            let version = (!version.is_empty()).then(|| arena.alloc_str(&version) as &str);
            (Some(platform.brand), text(tree.get("osv")).or(version))
        }
        (os, _) => (os, text(tree.get("osv"))),
    };
    let protected = |name| strict_flag(tree.get(name)).unwrap_or(false);
    Device {
        geo: geo(tree.get("geo")),
        devicetype: code(tree.get("devicetype")),
        ua: text(tree.get("ua")),
        sua: sua.is_object().then(|| {
            &*arena.alloc(Sua {
                browsers: listed(sua.get("browsers"), arena, |browser| brand(browser, arena)),
                platform,
                mobile: flag(sua.get("mobile")),
                architecture: text(sua.get("architecture")),
                bitness: text(sua.get("bitness")),
                model: text(sua.get("model")),
                source: whole(sua.get("source")).unwrap_or(0),
            })
        }),
        ip: text(tree.get("ip")),
        ipv6: text(tree.get("ipv6")),
        make: text(tree.get("make")),
        model: text(tree.get("model")).or(text(sua.get("model"))),
        os,
        osv,
        language: text(tree.get("language")).or(text(tree.get("langb"))),
        carrier: text(tree.get("carrier")),
        mccmnc: text(tree.get("mccmnc")),
        connectiontype: code(tree.get("connectiontype")),
        ifa: id(tree.get("ifa")),
        lmt: protected("lmt"),
        dnt: protected("dnt"),
    }
}

fn brand<'a>(tree: &'a Tree, arena: &'a Bump) -> Option<BrandVersion<'a>> {
    let version = keep(arena, texts(tree.get("version"), LIST_MAX));
    Some(BrandVersion { brand: text(tree.get("brand"))?, version })
}

/// An id that is somebody's.
fn id(tree: &Tree) -> Option<&str> {
    const NOBODY: &str = " null (null) undefined unknown none nil nan n/a optout -1 ";
    text(tree).filter(|text| {
        let told = text.trim().to_ascii_lowercase();
        let within = |open, close| told.strip_prefix(open).is_some_and(|rest| rest.ends_with(close));
        let is_macro = within("[", "]") || within("{{", "}}") || within("${", "}") || within("%%", "%%");
        let is_word = !told.contains(' ') && NOBODY.contains(&format!(" {told} "));
        !is_macro && !is_word && !told.trim_matches(['0', '-']).is_empty()
    })
}

/// A finite float.
fn number(tree: &Tree) -> Option<f64> {
    spelt(tree)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn geo(tree: &Tree) -> Geo<'_> {
    let degrees = |name, most: f64| number(tree.get(name)).filter(|degrees| (-most..=most).contains(degrees));
    Geo {
        country: text(tree.get("country")),
        region: text(tree.get("region")),
        city: text(tree.get("city")),
        zip: text(tree.get("zip")),
        metro: text(tree.get("metro")),
        lat: degrees("lat", 90.0),
        lon: degrees("lon", 180.0),
        r#type: code(tree.get("type")),
        accuracy: whole(tree.get("accuracy")),
        utcoffset: signed(tree.get("utcoffset")),
    }
}

fn user<'a>(tree: &'a Tree, arena: &'a Bump) -> User<'a> {
    let (newer, older) = (strict_text(tree.get("consent")), strict_text(tree.get("ext").get("consent")));
    let eids = eids(tree.get("eids"), arena);
    User {
        id: id(tree.get("id")),
        buyeruid: id(tree.get("buyeruid")),
        geo: geo(tree.get("geo")),
        segments: segments(tree.get("data"), arena),
        eids: if eids.is_empty() { self::eids(tree.get("ext").get("eids"), arena) } else { eids },
        consent: newer.or(older),
        consent_ext: second(newer, older),
        yob: whole(tree.get("yob")).filter(|year| *year >= 1900 && *year < 2100),
        gender: text(tree.get("gender")).and_then(|text| {
            let text = text.trim().to_ascii_uppercase();
            match text.as_str() {
                "M" | "MALE" => Some(Gender::Male),
                "F" | "FEMALE" => Some(Gender::Female),
                "O" | "OTHER" => Some(Gender::Other),
                _ => None,
            }
        }),
        keywords: keywords(tree, arena),
    }
}

/// The older place's where both are there and differ.
fn second<'a>(newer: Option<&'a str>, older: Option<&'a str>) -> Option<&'a str> {
    if newer.is_some() && newer != older { older } else { None }
}

fn segments<'a>(data: &'a Tree, arena: &'a Bump) -> &'a [Segment<'a>] {
    let data = data.elements().iter().take(LIST_MAX);
    let segments = data.flat_map(|data| {
        let provider = text(data.get("name")).or(text(data.get("id")));
        let ext = data.get("ext");
        let segtax = whole(ext.get("segtax")).or(whole(data.get("segtax"))).unwrap_or(0);
        let segments = data.get("segment").elements().iter();
        let ids = segments.filter_map(|segment| text(segment.get("id")).or(text(segment.get("name"))));
        ids.map(move |id| Segment { provider, id, segtax, segclass: text(ext.get("segclass")) })
    });
    keep(arena, segments.take(LIST_MAX).collect())
}

fn eids<'a>(eids: &'a Tree, arena: &'a Bump) -> &'a [Eid<'a>] {
    let uids = eids.elements().iter().take(LIST_MAX).flat_map(|eid| {
        let uids = eid.get("uids").elements().iter();
        uids.filter_map(|uid| {
            Some(Eid {
                source: text(eid.get("source"))?,
                id: id(uid.get("id"))?,
                atype: code(uid.get("atype")),
                inserter: text(eid.get("inserter")),
                matcher: text(eid.get("matcher")),
                mm: code(eid.get("mm")),
            })
        })
    });
    keep(arena, uids.take(LIST_MAX).collect())
}

/// A text that protects somebody: what is there and is none cannot be read.
fn strict_text(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Bool(_) | Tree::List(_) | Tree::Object(_) => Some(UNREADABLE),
        told => text(told),
    }
}

/// Two places; the stricter holds.
fn regs<'a>(newer: &'a Tree, arena: &'a Bump) -> Regs<'a> {
    let older = newer.get("ext");
    let places = [newer, older];
    let raised = |name| places.iter().any(|place| strict_flag(place.get(name)) == Some(true));
    let told = |name| places.iter().any(|place| strict_flag(place.get(name)).is_some());
    let us_privacy = places.map(|place| strict_text(place.get("us_privacy")));
    let gpp = places.map(|place| strict_text(place.get("gpp")));
    Regs {
        coppa: raised("coppa"),
        gdpr: told("gdpr").then(|| raised("gdpr")),
        us_privacy: us_privacy[0].or(us_privacy[1]),
        us_privacy_ext: second(us_privacy[0], us_privacy[1]),
        gpp: gpp[0].or(gpp[1]),
        gpp_ext: second(gpp[0], gpp[1]),
        gpp_sid: keep(arena, places.iter().flat_map(|place| laws(place.get("gpp_sid"))).collect()),
        gpc: raised("gpc"),
        dsa: dsa(newer.get("dsa"), older.get("dsa")),
    }
}

/// Field by field, where both places say something.
fn dsa(newer: &Tree, older: &Tree) -> Dsa {
    let read = |tree: &Tree| Dsa {
        required: whole(tree.get("dsarequired")).unwrap_or(0).min(3),
        pubrender: signed(tree.get("pubrender"))
            .and_then(|code| u32::try_from(code).ok())
            .filter(|code| *code < 3)
            .unwrap_or(0),
        datatopub: whole(tree.get("datatopub")).unwrap_or(0).min(2),
    };
    let silent = Dsa { required: 0, pubrender: 0, datatopub: 0 };
    match (read(newer), read(older)) {
        (newer, older) if older == silent => newer,
        (newer, older) if newer == silent => older,
        (newer, older) => Dsa {
            required: newer.required.max(older.required),
            pubrender: newer.pubrender.min(older.pubrender),
            datatopub: newer.datatopub.max(older.datatopub),
        },
    }
}

// Scalars whose type deviates.

/// A number or a text, as it is spelt.
fn spelt(tree: &Tree) -> Option<&str> {
    if let Tree::Number(text) | Tree::Text(text) = tree { Some(text) } else { None }
}

fn text(tree: &Tree) -> Option<&str> {
    spelt(tree).filter(|text| !text.is_empty())
}

fn texts(tree: &Tree, most: usize) -> Vec<&str> {
    match tree {
        Tree::List(elements) => elements.iter().filter_map(text).take(most).collect(),
        alone => text(alone).into_iter().collect(),
    }
}

/// What is allowed: what cannot be read never leaves a list that allows everything. Null and "" say nothing.
fn allowed_texts(tree: &Tree) -> Vec<&str> {
    let told = texts(tree, LIST_MAX);
    let is_unreadable = |tree: &Tree| matches!(tree, Tree::Bool(_) | Tree::List(_) | Tree::Object(_));
    let lost = told.is_empty() && alone_or_elements(tree).iter().any(is_unreadable);
    if lost { vec![UNREADABLE] } else { told }
}

/// As texts are.
fn allowed_codes(tree: &Tree) -> Vec<u32> {
    let entries = alone_or_elements(tree).iter();
    let says_something = |tree: &&Tree| match tree {
        Tree::Null => false,
        Tree::Text(text) => !text.trim().is_empty(),
        _ => true,
    };
    let entries: Vec<Option<u32>> = entries.filter(says_something).map(named).collect();
    let told: Vec<u32> = entries.iter().flatten().copied().take(LIST_MAX).collect();
    if told.is_empty() && !entries.is_empty() { vec![u32::MAX] } else { told }
}

fn alone_or_elements(tree: &Tree) -> &[Tree] {
    if let Tree::List(elements) = tree { elements } else { std::slice::from_ref(tree) }
}

fn keywords<'a>(tree: &'a Tree, arena: &'a Bump) -> &'a [&'a str] {
    let words = ["keywords", "kwarray"].into_iter().flat_map(|name| {
        let words = texts(tree.get(name), LIST_MAX).into_iter().flat_map(|text| text.split(','));
        words.map(str::trim).filter(|word| !word.is_empty()).take(LIST_MAX)
    });
    keep(arena, words.collect())
}

fn integer(tree: &Tree, rounding: Rounding) -> Option<i64> {
    match tree {
        Tree::Bool(flag) => Some(i64::from(*flag)),
        other => {
            let number = spelt(other)?.trim();
            let end = if number.starts_with('-') { i64::MIN } else { i64::MAX };
            Some(Decimal::parse(number).ok()?.scaled(0, rounding).unwrap_or(end))
        }
    }
}

/// Nothing below zero; beyond the range its end.
fn from_zero(value: i64) -> Option<u32> {
    u32::try_from(value.min(u32::MAX.into())).ok()
}

/// A part of one is one.
fn whole(tree: &Tree) -> Option<u32> {
    match integer(tree, Rounding::Down)? {
        0 => whole_up(tree),
        value => from_zero(value),
    }
}

fn whole_up(tree: &Tree) -> Option<u32> {
    from_zero(integer(tree, Rounding::Up)?)
}

fn signed(tree: &Tree) -> Option<i32> {
    // Towards zero.
    let down = integer(tree, Rounding::Down)?;
    let value = if down < 0 { integer(tree, Rounding::Up)? } else { down };
    i32::try_from(value.clamp(i32::MIN.into(), i32::MAX.into())).ok()
}

/// A code or a length for which zero says nothing.
fn code(tree: &Tree) -> Option<u32> {
    whole(tree).filter(|code| *code > 0)
}

/// `Err` if it is there and cannot be read.
fn flag_of(tree: &Tree) -> Result<Option<bool>, ()> {
    match tree {
        Tree::Null => Ok(None),
        Tree::Bool(flag) => Ok(Some(*flag)),
        Tree::List(_) | Tree::Object(_) => Err(()),
        Tree::Number(text) | Tree::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            number if is_number(number) => {
                let digits = number.split('e').next().unwrap_or_default();
                Ok(Some(digits.contains(|digit: char| matches!(digit, '1'..='9'))))
            }
            _ => Err(()),
        },
    }
}

/// True for a decimal, of whatever size.
fn is_number(text: &str) -> bool {
    Decimal::parse(text).is_ok()
}

fn flag(tree: &Tree) -> Option<bool> {
    flag_of(tree).unwrap_or(None)
}

fn strict_flag(tree: &Tree) -> Option<bool> {
    flag_of(tree).unwrap_or(Some(true))
}

fn laws(tree: &Tree) -> Vec<u32> {
    let one = |tree: &Tree| -> Vec<u32> {
        match tree {
            Tree::Null => Vec::new(),
            Tree::Number(text) | Tree::Text(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                let law = |part: &str| Decimal::parse(part).ok()?.scaled(0, Rounding::Up).ok();
                parts
                    .map(|part| law(part).and_then(|law| u32::try_from(law).ok()).unwrap_or(u32::MAX))
                    .collect()
            }
            Tree::Bool(_) | Tree::List(_) | Tree::Object(_) => vec![u32::MAX],
        }
    };
    match tree {
        Tree::List(elements) => elements.iter().take(LIST_MAX).flat_map(one).collect(),
        alone => one(alone),
    }
}

fn floor(tree: &Tree) -> Option<Cpm> {
    let text = match tree {
        Tree::Null => return None,
        Tree::Bool(false) => return Some(Cpm::ZERO),
        Tree::Bool(true) | Tree::List(_) | Tree::Object(_) => return Some(Cpm::MAX),
        Tree::Number(text) | Tree::Text(text) => text.trim(),
    };
    if is_number(text) && text.starts_with('-') {
        return Some(Cpm::ZERO);
    }
    let micros = Decimal::parse(text).and_then(|decimal| decimal.scaled(6, Rounding::Up));
    Some(micros.ok().and_then(Cpm::from_micros).unwrap_or(Cpm::MAX))
}

fn floor_currency(tree: &Tree) -> &str {
    match tree {
        Tree::Null => "USD",
        Tree::Number(text) | Tree::Text(text) if text.is_empty() => "USD",
        Tree::Number(text) | Tree::Text(text) => text,
        Tree::Bool(_) | Tree::List(_) | Tree::Object(_) => "",
    }
}

/// A code; one that is out of range, on either side, is one that nobody knows.
fn named(tree: &Tree) -> Option<u32> {
    integer(tree, Rounding::Down).map(|code| u32::try_from(code).unwrap_or(u32::MAX))
}

fn numbers<'a>(tree: &Tree, most: usize, arena: &'a Bump) -> &'a [u32] {
    let numbers = match tree {
        Tree::List(elements) => elements.iter().filter_map(named).take(most).collect(),
        alone => named(alone).into_iter().collect(),
    };
    keep(arena, numbers)
}

/// The elements of a list that `read` makes something of.
fn listed<'a, T: Copy>(tree: &'a Tree, arena: &'a Bump, read: impl Fn(&'a Tree) -> Option<T>) -> &'a [T] {
    keep(arena, tree.elements().iter().filter_map(read).take(LIST_MAX).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "the list is made for it")]
fn keep<T: Copy>(arena: &Bump, list: Vec<T>) -> &[T] {
    arena.alloc_slice_copy(&list)
}
