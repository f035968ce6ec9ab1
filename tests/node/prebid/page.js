// What a publisher writes: places for ads, adapters with the bidder's address, and what to do with the bids.
import { VASTParser, VASTTracker } from '/vast-client.js';

const { bidder } = await (await fetch('/setup.json')).json();

/** The adapters, each on an exchange profile of its own. */
const adapters = {
  conversant: { site_id: 'site-1', white_label_url: `${bidder}/openrtb2/conversant` },
  billow_rtb25: { placementId: 'place-1', endpoint: `${bidder}/openrtb2/billow` },
  aniview: { AV_PUBLISHERID: 'publisher-1', AV_CHANNELID: 'channel-1', dev: { endpoint: `${bidder}/openrtb2/aniview` } },
};

/** A place for an ad, offered through the adapters `names`. */
function place(code, mediaTypes, names, more) {
  return { code, mediaTypes, bids: names.map((name) => ({ bidder: name, params: adapters[name] })), ...more };
}

const video = {
  playerSize: [[640, 360]], mimes: ['video/mp4'], protocols: [2, 3, 7, 11, 13], minduration: 5, maxduration: 30,
  startdelay: 0, linearity: 1, skip: 0, playbackmethod: [1], delivery: [2], boxingallowed: 1,
};
const native = {
  ortb: {
    assets: [
      { id: 1, required: 1, title: { len: 90 } },
      { id: 2, required: 1, img: { type: 3, wmin: 300, hmin: 150 } },
      { id: 3, required: 0, img: { type: 1, wmin: 40, hmin: 40 } },
      { id: 4, required: 1, data: { type: 1, len: 40 } },
      { id: 5, required: 0, data: { type: 2, len: 200 } },
    ],
    eventtrackers: [{ event: 1, methods: [1] }],
  },
};
const every = Object.keys(adapters);
/** The publisher's own player, for a place without content. */
const renderer = { url: '/player.js', render: (bid) => bid.renderer.push(() => play(bid)) };
const deals = [{ id: 'private-1', bidfloor: 5, bidfloorcur: 'USD', at: 1 }];
const places = [
  place('banner', { banner: { sizes: [[300, 250]] } }, every),
  place('deal', { banner: { sizes: [[728, 90]] } }, ['conversant'], { ortb2Imp: { pmp: { private_auction: 0, deals } } }),
  place('native', { native }, ['conversant', 'billow_rtb25']),
  place('instream', { video: { ...video, context: 'instream', plcmt: 1 } }, every),
  place('outstream', { video: { ...video, context: 'outstream', plcmt: 4 } }, every, { renderer }),
];

/** What the publisher lays a native ad out with. */
const template = `<a href="##hb_native_linkurl##" target="_blank" rel="noopener" style="display:block;width:298px">
  <img src="##hb_native_asset_id_3##" width="40" height="40"> <b>##hb_native_asset_id_1##</b>
  <img src="##hb_native_asset_id_2##" width="298" height="156"> ##hb_native_asset_id_4##: ##hb_native_asset_id_5##</a>`;

/** Asks for bids on every place; gives what Prebid.js accepted. */
function askForBids() {
  const pbjs = window.pbjs;
  return new Promise((resolve) => pbjs.que.push(() => {
    // Prebid.js takes video as a text only from a page that caches it.
    pbjs.setConfig({ cache: { useLocal: true }, userSync: { syncEnabled: false }, bidderTimeout: 20_000 });
    pbjs.requestBids({ adUnits: places, bidsBackHandler: () => resolve(accepted()) });
  }));
}

function accepted() {
  return places.flatMap(({ code }) => window.pbjs.getBidResponsesForAdUnitCode(code).bids);
}

/** Shows `bid` in an iframe of its own, as Prebid.js shows it. */
function show(bid) {
  const box = document.createElement('section');
  const frame = document.createElement('iframe');
  const [width, height] = bid.mediaType === 'banner' ? [bid.width, bid.height] : [300, 250];
  Object.assign(frame, { id: bid.adId, width, height, scrolling: 'no' });
  box.append(`${bid.adUnitCode} of ${bid.bidder}`, frame);
  document.querySelector('#places').append(box);
  if (bid.mediaType === 'native') {
    frame.contentDocument.body.innerHTML = template;
  }
  window.pbjs.renderAd(frame.contentDocument, bid.adId);
}

/** Does all that a player does with VAST but decode pictures: reads it, shows it, tells how far it has come. */
async function play(bid) {
  const vast = await new VASTParser().parseVAST(new DOMParser().parseFromString(bid.vastXml, 'text/xml'));
  const [ad] = vast.ads;
  const [creative] = ad.creatives;
  const tracker = new VASTTracker(null, ad, creative);
  tracker.trackImpression();
  tracker.load?.();
  for (let second = 0; second <= creative.duration; second += 1) {
    tracker.setProgress(second);
  }
  tracker.trackViewableImpression();
  tracker.complete();
}

/** What the test compares with the ledger. */
function told(bid) {
  const { bidder, adUnitCode, mediaType, seatBidId, cpm, currency, creativeId, dealId, adId } = bid;
  const { width, height, ttl, duration, meta } = bid;
  const markup = bid.ad ?? bid.vastXml ?? JSON.stringify(bid.native?.ortb);
  return {
    bidder, place: adUnitCode, mediaType, id: seatBidId, cpm, currency, creativeId, dealId, adId, width, height, ttl,
    duration, advertiserDomains: meta.advertiserDomains, markup,
  };
}

/** A browser asks first before it sends JSON with credentials to another origin. */
async function asksFirst() {
  const headers = { 'content-type': 'application/json', 'x-openrtb-version': '2.6' };
  const body = '{"id":"nothing fits","imp":[{"id":"1","banner":{"w":1,"h":7}}]}';
  const url = `${bidder}/openrtb2/conversant`;
  return (await fetch(url, { method: 'POST', headers, body, credentials: 'include' })).status;
}

/** Everything, in the order of a page's life. The driver calls it. */
window.visit = async () => {
  const bids = await askForBids();
  const instream = bids.filter((bid) => bid.adUnitCode === 'instream');
  bids.filter((bid) => !instream.includes(bid)).forEach(show);
  await Promise.all(instream.map(play));
  return { bids: bids.map(told), statusOfJson: await asksFirst() };
};
window.isReady = true;
