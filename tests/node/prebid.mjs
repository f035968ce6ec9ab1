// A visit to a publisher's page in headless Chromium: Prebid.js asks the bidder for bids, shows them, and a person
// clicks. Nothing leaves the machine.
//
//     node prebid.mjs
//
// It prints a line with the addresses of the publisher and of the server that speaks TLS for the bidder,
// `{"publisher": ..., "front": ...}`, waits for one with the bidder's own on stdin, `{"bidder": ...}`, and prints a line
// with all that happened. What of that is right, the caller judges.
// ENCAN_SCREENSHOT names a file for a picture of the page, CHROMIUM the browser.
import readline from 'node:readline';
import { chromium } from 'playwright-core';
import { startSites } from './prebid/site.mjs';

/** Far above what anything takes. */
const PATIENCE_MS = 60_000;
/** No name leads anywhere, and no address but our own: nothing leaves the machine. */
const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

const say = (words) => process.stdout.write(`${JSON.stringify(words)}\n`);

/** The addresses of notices in a markup, as they stand there, without what follows the token. */
const noticesIn = (markup) => [...new Set(markup.match(/\/n\/\w+\/[\w-]+/g))];

/** What the browser called: the bidder's notices with their statuses, and whoever is not of this machine. */
class Calls {
  statuses = new Map();
  outside = [];
  errors = [];

  // Only listens: where Playwright routes requests, it answers preflights itself.
  constructor(context, bidder) {
    context.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (hostname !== '127.0.0.1' && protocol.startsWith('http')) this.outside.push(request.url());
    });
    context.on('response', (response) => {
      const { origin, pathname } = new URL(response.url());
      if (origin === bidder && pathname.startsWith('/n/')) this.statuses.set(pathname, response.status());
    });
    context.on('weberror', (error) => this.errors.push(String(error.error())));
    context.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
  }

  /** Waits until every notice of `paths` was called; gives those that were not. */
  async missing(paths) {
    const until = Date.now() + PATIENCE_MS / 2;
    const open = () => paths.filter((path) => !this.statuses.has(path));
    while (open().length > 0 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return open();
  }
}

/** The frame below the iframe `id` that holds the link of an ad, and the link. */
async function linkIn(page, id) {
  const top = await (await page.waitForSelector(`iframe[id="${id}"]`)).contentFrame();
  const below = (frame) => [frame, ...frame.childFrames().flatMap(below)];
  const until = Date.now() + PATIENCE_MS / 2;
  while (Date.now() < until) {
    for (const frame of below(top)) {
      const link = await frame.$('a[href*="/n/click/"]').catch(() => null);
      if (link) return link;
    }
    await page.waitForTimeout(20);
  }
  throw new Error(`the ad in ${id} has no link`);
}

/** What a person sees of an ad: the pictures that were loaded, and the size of the link. */
const seen = (link) => link.evaluate(async (element) => {
  const pictures = [...element.querySelectorAll('img')];
  await Promise.all(pictures.map((picture) => picture.decode()));
  const { width, height } = element.getBoundingClientRect();
  return { width: Math.round(width), height: Math.round(height), pictures: pictures.map((picture) => [picture.naturalWidth, picture.naturalHeight]) };
});

/** Clicks and follows to the landing page; gives its address and how the conversion was answered. */
async function click(context, link) {
  const opened = context.waitForEvent('page');
  await link.click();
  const landing = await opened;
  await landing.waitForSelector('body[data-status]');
  const { status } = await landing.evaluate(() => document.body.dataset);
  const url = landing.url();
  await landing.close();
  return { url, conversion: Number(status) };
}

async function visit(sites, context) {
  const calls = new Calls(context, sites.front);
  const page = await context.newPage();
  await page.goto(sites.publisher);
  await page.waitForFunction(() => window.isReady);
  const { bids, statusOfJson } = await page.evaluate(() => window.visit());
  const clicks = [];
  for (const bid of bids.filter((bid) => ['banner', 'native'].includes(bid.mediaType))) {
    const link = await linkIn(page, bid.adId);
    const sight = await seen(link);
    clicks.push({ id: bid.id, ...sight, ...(await click(context, link)) });
  }
  const due = bids.flatMap((bid) => noticesIn(bid.markup)).filter((path) => !path.startsWith('/n/click/'));
  const missing = await calls.missing(due);
  if (process.env.ENCAN_SCREENSHOT) {
    await page.screenshot({ path: process.env.ENCAN_SCREENSHOT, fullPage: true });
  }
  const rejected = await page.evaluate(() => window.pbjs.getEvents()
    .filter(({ eventType }) => ['bidRejected', 'bidderError', 'noBid', 'adRenderFailed'].includes(eventType))
    .map(({ eventType, args }) => `${eventType} ${args.bidder ?? args.bid?.bidder}: ${args.rejectionReason ?? args.message}`));
  const { outside, errors } = calls;
  const notices = [...calls.statuses].map(([path, status]) => ({ kind: path.split('/')[2], status }));
  return { bids, statusOfJson, clicks, missing, rejected, outside, errors, notices };
}

const timer = setTimeout(() => {
  process.stderr.write(`the visit took more than ${2 * PATIENCE_MS} ms\n`);
  process.exit(2);
}, 2 * PATIENCE_MS);
const sites = await startSites();
say({ publisher: sites.publisher, front: sites.front });
for await (const line of readline.createInterface({ input: process.stdin })) {
  sites.bidder = JSON.parse(line).bidder;
  break;
}
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ARGUMENTS, timeout: PATIENCE_MS });
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 1000 } });
  context.setDefaultTimeout(PATIENCE_MS);
  say(await visit(sites, context));
} finally {
  await browser.close();
  sites.close();
  process.stdin.destroy();
  clearTimeout(timer);
}
