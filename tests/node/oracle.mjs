// What others make of our answers: the types of npm's `iab-openrtb` and `iab-native`, as JSON Schema (schema.mjs), and
// Dailymotion's VAST client (vast.mjs).
//
//     node oracle.mjs < lines
//
// A line is `{"wrapped": [...], "answer": ...}`: the imps whose native request was wrapped in `native`, and the body as
// it was sent. For each line it prints `{"faults": [...], "markups": [...]}`: what is wrong, and what was read.
import readline from 'node:readline';
import { isAddress } from './oracle/address.mjs';
import { answerFaults, nativeFaults } from './oracle/schema.mjs';
import { vastFaults } from './oracle/vast.mjs';

const BANNER = 1;
const VIDEO = 2;
const AUDIO = 3;
const NATIVE = 4;

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
