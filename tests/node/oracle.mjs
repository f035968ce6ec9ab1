// What others make of our answers: the types of npm's `iab-openrtb` and `iab-native`, as JSON Schema (schema.mjs), and
// Dailymotion's VAST client (vast.mjs).
//
//     node oracle.mjs < lines
//
// A line is `{"wrapped": [...], "answer": ...}`: the imps whose native request was wrapped in `native`, and the body as
// it was sent. For each line it prints `{"faults": [...], "markups": [...], "forms": [...]}`: what is wrong, the media that
// were read, and what of VAST beyond the plain linear ad was among them.
import readline from 'node:readline';
import { isAddress } from './oracle/address.mjs';
import { answerFaults, nativeFaults } from './oracle/schema.mjs';
import { judgeVast } from './oracle/vast.mjs';

const BANNER = 1;
const VIDEO = 2;
const AUDIO = 3;
const NATIVE = 4;

/** What a page finds wrong with the native ad of `bid`. It is wrapped where the request was (Native 1.2, 5). */
async function judgeNative(bid, wrapped) {
  const root = JSON.parse(bid.adm);
  const ad = wrapped.includes(bid.impid) ? root.native : root;
  const faults = nativeFaults(ad);
  const trackers = [...(ad?.imptrackers ?? []), ...(ad?.eventtrackers ?? []).map(({ url }) => url)];
  const privacy = ad?.privacy === undefined ? [] : [ad.privacy];
  if (![ad?.link?.url, ...(ad?.link?.clicktrackers ?? []), ...trackers, ...privacy].every(isAddress)) {
    faults.push('native: a link without an address');
  }
  if (bid.ext?.dsa?.adrender === 1 && privacy.length === 0) faults.push('native: no privacy link, adrender 1');
  const forms = [];
  for (const { video } of ad?.assets ?? []) {
    if (video === undefined) continue;
    const inner = await judgeVast(video.vasttag, bid);
    faults.push(...inner.faults);
    forms.push('video in native', ...inner.forms);
  }
  return { faults, forms };
}

/** `{ faults, forms }` of the markup of one bid. */
async function judgeBid(bid, wrapped) {
  try {
    switch (bid.mtype) {
      case BANNER: return { faults: [], forms: [] };
      case VIDEO: case AUDIO: return await judgeVast(bid.adm, bid);
      case NATIVE: return await judgeNative(bid, wrapped);
      default: return { faults: [`mtype ${bid.mtype}`], forms: [] };
    }
  } catch (error) {
    return { faults: [`the markup of mtype ${bid.mtype} cannot be read: ${error.message}`], forms: [] };
  }
}

async function judge({ wrapped, answer }) {
  let response;
  try {
    response = JSON.parse(answer);
  } catch (error) {
    return { faults: [`no JSON: ${error.message}`], markups: [], forms: [] };
  }
  const faults = answerFaults(response);
  const forms = [];
  const bids = (response.seatbid ?? []).flatMap((seat) => seat.bid ?? []);
  for (const bid of bids) {
    const verdict = await judgeBid(bid, wrapped);
    faults.push(...verdict.faults);
    forms.push(...verdict.forms);
  }
  return { faults, markups: bids.map(({ mtype }) => mtype), forms };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await judge(JSON.parse(line)))}\n`);
}
