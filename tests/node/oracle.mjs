// What others make of our answers: the types of npm's `iab-openrtb` and `iab-native`, as JSON Schema, and Dailymotion's
// VAST client, which players are built on.
//
//     node oracle.mjs < lines
//
// A line is `{"wrapped": [...], "answer": ...}`: the imps whose native request was wrapped in `native`, and the body as
// it was sent. For each line it prints `{"faults": [...], "markups": [...]}`: what is wrong, and what was read.
import readline from 'node:readline';
import { DOMParser } from '@xmldom/xmldom';
import { VASTParser } from '@dailymotion/vast-client';
import { answerFaults, nativeFaults } from './oracle/schema.mjs';

/** How VAST names what `bid.protocol` numbers (AdCOM 1.0, "Creative Subtypes - Audio/Video"). */
const VERSIONS = { 1: '1.0', 2: '2.0', 3: '3.0', 7: '4.0', 11: '4.1', 13: '4.2', 15: '4.3' };
const BANNER = 1;
const VIDEO = 2;
const AUDIO = 3;
const NATIVE = 4;

/** What the client misses in every VAST, and the version that brought it. */
const SINCE = { AdServingId: 4.1, UniversalAdId: 4.0 };

const isAddress = (text) => URL.canParse(text) && /^(https?:\/\/|about:blank$)/.test(text);

/** Reads XML; throws at the first thing that is none. */
function readXml(text) {
  const fail = (level, message) => {
    throw new Error(`VAST: ${level}: ${message}`);
  };
  return new DOMParser({ onError: fail }).parseFromString(text, 'text/xml');
}

/** What a player finds wrong with the ad of `bid`. */
async function vastFaults(bid) {
  const faults = [];
  const must = (holds, fault) => holds || faults.push(`VAST: ${fault}`);
  const parser = new VASTParser();
  parser.on('VAST-warning', ({ message }) => {
    const missed = /missing required sub element\(s\) '(.*)'/.exec(message)?.[1].split(', ');
    const tooEarly = missed?.every((name) => VERSIONS[bid.protocol] < (SINCE[name] ?? 0));
    must(tooEarly, message.trim());
  });
  const vast = await parser.parseVAST(readXml(bid.adm));
  must(vast.version === VERSIONS[bid.protocol], `version ${vast.version}, protocol ${bid.protocol}`);
  must(vast.ads.length === 1, `${vast.ads.length} ads`);
  const [ad] = vast.ads;
  must(ad?.system?.value === 'encan', 'no AdSystem');
  must(ad?.title, 'no AdTitle');
  must(ad?.impressionURLTemplates?.length > 0, 'no Impression');
  must(ad?.impressionURLTemplates?.every(({ url }) => isAddress(url)), 'an Impression without an address');
  must(ad?.creatives.length === 1, `${ad?.creatives.length} creatives`);
  const [creative] = ad?.creatives ?? [];
  must(creative?.type === 'linear', `a creative of type ${creative?.type}`);
  must(creative?.duration === bid.dur, `lasts ${creative?.duration} s, the bid says ${bid.dur}`);
  must(isAddress(creative?.videoClickThroughURLTemplate?.url), 'no ClickThrough');
  const tracked = Object.values(creative?.trackingEvents ?? {}).flat();
  must(tracked.every(isAddress), 'a Tracking without an address');
  const files = creative?.mediaFiles ?? [];
  must(files.length > 0, 'no MediaFile');
  const medium = bid.mtype === VIDEO ? /^video\// : /^audio\//;
  must(files.every(({ fileURL }) => isAddress(fileURL)), 'a MediaFile without an address');
  must(files.every(({ mimeType }) => medium.test(mimeType)), 'a MediaFile of another medium');
  must(files.every(({ deliveryType }) => deliveryType === 'progressive'), 'a MediaFile without delivery');
  must(bid.mtype === AUDIO || files.every(({ width, height }) => width > 0 && height > 0), 'a MediaFile without size');
  return faults;
}

/** What a page finds wrong with the native ad of `bid`. It is wrapped where the request was (Native 1.2, 5). */
function nativeAdFaults(bid, wrapped) {
  const root = JSON.parse(bid.adm);
  const ad = wrapped.includes(bid.impid) ? root.native : root;
  const faults = nativeFaults(ad);
  const addresses = [ad?.link?.url, ...(ad?.imptrackers ?? []), ...(ad?.eventtrackers ?? []).map(({ url }) => url)];
  return addresses.every(isAddress) ? faults : [...faults, 'native: a link without an address'];
}

async function bidFaults(bid, wrapped) {
  try {
    switch (bid.mtype) {
      case BANNER: return [];
      case VIDEO: case AUDIO: return await vastFaults(bid);
      case NATIVE: return nativeAdFaults(bid, wrapped);
      default: return [`mtype ${bid.mtype}`];
    }
  } catch (error) {
    return [`the markup of mtype ${bid.mtype} cannot be read: ${error.message}`];
  }
}

async function judge({ wrapped, answer }) {
  let response;
  try {
    response = JSON.parse(answer);
  } catch (error) {
    return { faults: [`no JSON: ${error.message}`], markups: [] };
  }
  const faults = answerFaults(response);
  const bids = (response.seatbid ?? []).flatMap((seat) => seat.bid ?? []);
  for (const bid of bids) {
    faults.push(...(await bidFaults(bid, wrapped)));
  }
  return { faults, markups: bids.map(({ mtype }) => mtype) };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await judge(JSON.parse(line)))}\n`);
}
