// What Dailymotion's VAST client, which players are built on, makes of the markup of a video or an audio: an inline ad
// of files, an overlay, or a wrapper around another server's tag; with companions, icons and trackers.
//
// The client reports what the schema requires and is missing, and silently leaves out what it cannot use. What a player
// needs beyond that, and what the bid says of the markup, is compared here.
import { DOMParser } from '@xmldom/xmldom';
import { VASTParser } from '@dailymotion/vast-client';
import { isAddress } from './address.mjs';

/** The forms that `bid.protocol` numbers (AdCOM 1.0, "List: Creative Subtypes - Audio/Video"). */
const INLINE = 'INLINE';
const WRAPPER = 'WRAPPER';
const PROTOCOLS = {
  1: ['1.0', INLINE], 4: ['1.0', WRAPPER],
  2: ['2.0', INLINE], 5: ['2.0', WRAPPER],
  3: ['3.0', INLINE], 6: ['3.0', WRAPPER],
  7: ['4.0', INLINE], 8: ['4.0', WRAPPER],
  11: ['4.1', INLINE], 12: ['4.1', WRAPPER],
  13: ['4.2', INLINE], 14: ['4.2', WRAPPER],
  15: ['4.3', INLINE], 16: ['4.3', WRAPPER],
};
const VIDEO = 2;
const AUDIO = 3;
const NATIVE = 4;
/** "Skip button" (AdCOM 1.0, "List: Creative Attributes"). */
const SKIP_BUTTON = 16;

/** What the client misses in every VAST, and the version that brought it. */
const SINCE = { AdServingId: 4.1, UniversalAdId: 4.0 };

/** What a player tells of a linear ad (VAST 3.0, "Tracking Event Elements"): by these the plays are counted. */
const STEPS = ['start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete'];
/** What else it may be asked to tell of one. */
const MORE = /^(skip|progress-\d+)$/;
/** All that it tells of an overlay, which has no length of its own. */
const SHOWN = ['creativeView'];

/** How streams name their manifests: their media is told inside. */
const MANIFEST = /^application\/(x-mpegurl|vnd\.apple\.mpegurl|dash\+xml)$/i;

/** `about:blank` stands where an `Impression` is required and there is none to call (VAST 4.1, `Impression`). */
const isImpression = (text) => isAddress(text) || text === 'about:blank';
const isWhole = (number) => Number.isInteger(number) && number > 0;
const hasSize = ({ width, height }) => isWhole(Number(width)) && isWhole(Number(height));
/** HTML brings its links along, with the macros replaced. */
const isHtml = (text) => /href="https?:\/\//.test(text) && !text.includes('${');

/** Reads XML; throws at the first thing that is none. */
function readXml(text) {
  const fail = (level, message) => {
    throw new Error(`VAST: ${level}: ${message}`);
  };
  return new DOMParser({ onError: fail }).parseFromString(text, 'text/xml');
}

/** Writes down what does not hold. */
class Faults {
  list = [];

  must(holds, fault) {
    if (!holds) this.list.push(`VAST: ${fault}`);
  }

  /** Every one of `texts` is an address, and there are `least` of them. */
  mustBeAddresses(texts, name, least = 1) {
    this.must(texts.length >= least, `no ${name}`);
    this.must(texts.every(isAddress), `a ${name} without an address`);
  }
}

/**
 * What the client makes of `document`: the ads, as `vast`, and by which element each was written, as `forms`. It has
 * no fetcher, so it follows no wrapper: the next tag's address is left in `VASTAdTagURI`.
 */
async function read(document, version, faults) {
  const parser = new VASTParser({ fetcher: null });
  const forms = [];
  parser.on('VAST-ad-parsed', ({ type }) => forms.push(type));
  parser.on('VAST-resolving', ({ url }) => faults.must(false, `the wrapper is followed to ${url}`));
  parser.on('VAST-warning', ({ message }) => {
    const missed = /missing required sub element\(s\) '(.*)'/.exec(message)?.[1].split(', ');
    const tooEarly = missed?.every((name) => version < (SINCE[name] ?? 0));
    faults.must(tooEarly, message.trim());
  });
  return { vast: await parser.parseVAST(document), forms };
}

/** What is called of the ad as a whole. */
function judgeCalls(ad, faults) {
  const impressions = ad.impressionURLTemplates.map(({ url }) => url);
  faults.must(impressions.length > 0, 'no Impression');
  faults.must(impressions.every(isImpression), 'an Impression without an address');
  faults.mustBeAddresses(ad.errorURLTemplates, 'Error');
  faults.must(ad.errorURLTemplates.some((url) => url.includes('[ERRORCODE]')), 'no Error tells the code');
  for (const { viewable } of ad.viewableImpression) faults.mustBeAddresses(viewable, 'Viewable');
}

/** The events of a creative: `steps` must be there, `more` may. */
function judgeEvents(creative, steps, more, faults) {
  const events = creative.trackingEvents ?? {};
  for (const step of steps) faults.must(events[step]?.length > 0, `no Tracking of ${step}`);
  for (const name of Object.keys(events)) {
    faults.must(steps.includes(name) || more?.test(name), `a Tracking of ${name}`);
  }
  faults.mustBeAddresses(Object.values(events).flat(), 'Tracking', 0);
}

/** The client leaves out a Tracking without an event, an address or, of progress, an offset. */
function judgeNoEventIsLost(ad, document, faults) {
  const read = ad.creatives.flatMap(({ trackingEvents }) => Object.values(trackingEvents ?? {}).flat());
  const written = document.getElementsByTagName('Tracking').length;
  faults.must(read.length === written, `${read.length} of ${written} Tracking are read`);
}

/** Who is behind the ad, where the bid says that the ad itself shows it (DSA Transparency 1.0, `adrender`). */
function judgeIcons({ icons }, bid, faults) {
  const told = bid.ext?.dsa;
  faults.must(icons.length === (told?.adrender === 1 ? 1 : 0), `${icons.length} icons, adrender ${told?.adrender}`);
  for (const icon of icons) {
    faults.must(icon.program === 'DSA', `an Icon of ${icon.program}`);
    faults.must(hasSize(icon), 'an Icon without size');
    const shown = icon.htmlResource ? readXml(icon.htmlResource).documentElement.textContent : '';
    faults.must([told?.behalf, told?.paid].every((name) => shown.includes(name)), `an Icon that shows '${shown}'`);
    const click = icon.iconClickThroughURLTemplate;
    faults.must(!click || isAddress(click), 'an IconClickThrough without an address');
  }
}

function judgeFile(file, bid, faults) {
  faults.must(isAddress(file.fileURL), 'a MediaFile without an address');
  const medium = bid.mtype === AUDIO ? /^audio\// : /^video\//;
  const streams = file.deliveryType === 'streaming';
  faults.must(streams || file.deliveryType === 'progressive', 'a MediaFile without delivery');
  faults.must(medium.test(file.mimeType) || (streams && MANIFEST.test(file.mimeType)), 'a MediaFile of another medium');
  faults.must(bid.mtype === AUDIO || hasSize(file), 'a MediaFile without size');
  const { bitrate, minBitrate, maxBitrate } = file;
  faults.must([bitrate, minBitrate, maxBitrate].every((rate) => rate >= 0), 'a MediaFile of no bit rate');
  faults.must(minBitrate <= maxBitrate, `a MediaFile of ${minBitrate} to ${maxBitrate} kbit/s`);
}

/** A skip button is declared where the markup brings it (OpenRTB 2.6, `video.skip`, and AdCOM 1.0, attribute 16). */
function judgeSkip({ skipDelay, duration, trackingEvents }, bid, faults) {
  const declared = (bid.attr ?? []).includes(SKIP_BUTTON);
  faults.must((skipDelay !== null) === declared, `skipoffset ${skipDelay} s, attr ${bid.attr ?? 'none'}`);
  if (skipDelay === null) return;
  faults.must(skipDelay >= 0 && skipDelay < duration, `can be skipped after ${skipDelay} s of ${duration}`);
  faults.must(trackingEvents.skip?.length > 0, 'no Tracking of skip');
}

/** What the bid tells of the files. It tells nothing of the video of a native ad. */
function judgeTold({ duration, mediaFiles }, bid, faults) {
  if (bid.mtype === NATIVE) {
    faults.must(isWhole(duration), `lasts ${duration} s`);
    return;
  }
  faults.must(duration === bid.dur, `lasts ${duration} s, the bid says ${bid.dur}`);
  const told = ({ width, height }) => width === bid.w && height === bid.h;
  faults.must(bid.mtype === AUDIO || mediaFiles.some(told), `no MediaFile of ${bid.w}x${bid.h}, as the bid says`);
}

/** Files of our own, in place of the content. */
function judgeLinear(creative, bid, faults) {
  faults.must(isAddress(creative.videoClickThroughURLTemplate?.url), 'no ClickThrough');
  faults.mustBeAddresses(creative.videoClickTrackingURLTemplates.map(({ url }) => url), 'ClickTracking', 0);
  judgeEvents(creative, STEPS, MORE, faults);
  judgeSkip(creative, bid, faults);
  judgeTold(creative, bid, faults);
  judgeIcons(creative, bid, faults);
  const files = creative.mediaFiles;
  faults.must(files.length > 0, 'no MediaFile');
  for (const file of files) judgeFile(file, bid, faults);
}

/** A picture or HTML over the content. */
function judgeOverlay(creative, bid, faults) {
  faults.must(bid.mtype === VIDEO, `an overlay, mtype ${bid.mtype}`);
  judgeEvents(creative, SHOWN, null, faults);
  faults.must(creative.variations.length === 1, `${creative.variations.length} NonLinear`);
  for (const shown of creative.variations) {
    const { staticResource, htmlResource, iframeResource } = shown;
    const resources = [staticResource, htmlResource, iframeResource].filter((resource) => resource !== null);
    faults.must(resources.length === 1, `a NonLinear of ${resources.length} resources`);
    if (htmlResource === null) {
      faults.must(isAddress(staticResource), 'a NonLinear without an address');
      faults.must(/^image\//.test(shown.type), `a NonLinear of ${shown.type}`);
      faults.must(isAddress(shown.nonlinearClickThroughURLTemplate), 'no NonLinearClickThrough');
    } else {
      faults.must(isHtml(htmlResource), 'a NonLinear of HTML that leads nowhere');
    }
    const clicks = shown.nonlinearClickTrackingURLTemplates.map(({ url }) => url);
    faults.mustBeAddresses(clicks, 'NonLinearClickTracking', 0);
    const size = `${shown.width}x${shown.height}`;
    faults.must(hasSize(shown) && size === `${bid.w}x${bid.h}`, `a NonLinear of ${size}, the bid says ${bid.w}x${bid.h}`);
    const { minSuggestedDuration: seconds } = shown;
    faults.must(seconds === bid.dur, `a NonLinear for ${seconds} s, the bid says ${bid.dur}`);
  }
}

/** What is added to another server's linear ad: how long it lasts, what it shows and where it leads is told there. */
function judgeWrapped(creative, bid, faults) {
  faults.must(bid.mtype === NATIVE || isWhole(bid.dur), `a Wrapper that lasts ${bid.dur} s`);
  faults.must(creative.duration === -1, 'a Wrapper that has a Duration');
  faults.must(creative.mediaFiles.length === 0, 'a Wrapper that has a MediaFile');
  faults.must(!creative.videoClickThroughURLTemplate, 'a Wrapper that has a ClickThrough');
  faults.must(creative.skipDelay === null, 'a Wrapper that has a skipoffset');
  faults.mustBeAddresses(creative.videoClickTrackingURLTemplates.map(({ url }) => url), 'ClickTracking');
  judgeEvents(creative, STEPS, MORE, faults);
  judgeIcons(creative, bid, faults);
}

function judgeCompanion(companion, faults) {
  faults.must(hasSize(companion), 'a Companion without size');
  const { staticResources, htmlResources, iframeResources } = companion;
  const resources = staticResources.length + htmlResources.length + iframeResources.length;
  faults.must(resources === 1, `a Companion of ${resources} resources`);
  for (const { url, creativeType } of staticResources) {
    faults.must(isAddress(url), 'a Companion without an address');
    faults.must(/^image\//.test(creativeType), `a Companion of ${creativeType}`);
    faults.must(isAddress(companion.companionClickThroughURLTemplate), 'no CompanionClickThrough');
  }
  faults.must(htmlResources.every(isHtml), 'a Companion of HTML that leads nowhere');
  const clicks = companion.companionClickTrackingURLTemplates.map(({ url }) => url);
  faults.mustBeAddresses(clicks, 'CompanionClickTracking', 0);
}

/** The ad that is played first, and what stands beside it, if anything. */
function judgeCreatives(ad, form, bid, faults) {
  const [played, beside, ...rest] = ad.creatives;
  faults.must(played && rest.length === 0, `${ad.creatives.length} creatives`);
  switch (played?.type) {
    case 'linear': (form === WRAPPER ? judgeWrapped : judgeLinear)(played, bid, faults); break;
    case 'nonlinear': {
      faults.must(form === INLINE, 'a Wrapper around an overlay');
      judgeOverlay(played, bid, faults);
      break;
    }
    default: faults.must(false, `a creative of type ${played?.type}`);
  }
  if (!beside) return;
  faults.must(beside.type === 'companion', `beside it a creative of type ${beside.type}`);
  faults.must(beside.variations?.length > 0, 'no Companion');
  for (const companion of beside.variations ?? []) judgeCompanion(companion, faults);
}

/** What the markup holds, to be counted. */
function formsOf(ad, form) {
  const [played, beside] = ad.creatives;
  const holds = {
    wrapper: form === WRAPPER,
    overlay: played?.type === 'nonlinear',
    companion: beside !== undefined,
    skip: Number.isFinite(played?.skipDelay),
    stream: played?.mediaFiles?.some(({ deliveryType }) => deliveryType === 'streaming'),
    icon: played?.icons?.length > 0,
  };
  return Object.keys(holds).filter((name) => holds[name]);
}

/** The version and the form that the bid tells; those of the video of a native ad are its own. */
function declared(bid, document) {
  if (bid.mtype !== NATIVE) return PROTOCOLS[bid.protocol] ?? [];
  const version = document.documentElement?.getAttribute('version');
  const form = document.getElementsByTagName('Wrapper').length > 0 ? WRAPPER : INLINE;
  return Object.values(PROTOCOLS).find(([own, ownForm]) => own === version && ownForm === form) ?? [];
}

/**
 * What a player finds wrong with `adm`, the ad of `bid`, and what it holds beyond a linear ad: `{ faults, forms }`.
 * Throws if it is no XML or no VAST.
 */
export async function judgeVast(adm, bid) {
  const faults = new Faults();
  const document = readXml(adm);
  const [version, form] = declared(bid, document);
  const { vast, forms } = await read(document, version, faults);
  faults.must(vast.version === version, `version ${vast.version}, protocol ${bid.protocol}`);
  faults.must(vast.ads.length === 1, `${vast.ads.length} ads`);
  const [ad] = vast.ads;
  if (!ad) return { faults: faults.list, forms: [] };
  faults.must(forms[0] === form, `written as ${forms[0]}, protocol ${bid.protocol}`);
  faults.must(ad.system?.value === 'encan', 'no AdSystem');
  judgeCalls(ad, faults);
  if (forms[0] === WRAPPER) {
    faults.must(isAddress(ad.VASTAdTagURI), 'a VASTAdTagURI without an address');
    faults.must(!/\$\{/.test(ad.VASTAdTagURI), 'a VASTAdTagURI with a macro');
    faults.must(ad.title === null, 'a Wrapper that has an AdTitle');
  } else {
    faults.must(ad.title, 'no AdTitle');
  }
  judgeCreatives(ad, forms[0], bid, faults);
  judgeNoEventIsLost(ad, document, faults);
  return { faults: faults.list, forms: formsOf(ad, forms[0]) };
}
