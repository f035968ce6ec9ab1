// Looks at the console in a browser: every page, in light and dark, wide and as narrow as a phone, in both languages, with
// a mouse, by keys alone, and without scripts. Nothing leaves the machine.
//
//     node console.mjs
//
// It waits for a line on stdin, `{"console": "http://...", "pages": ["/", ...], "exchange": "...", "request": "..."}`, and
// prints a line with all that it found. What of that is right, the caller judges.
// ENCAN_SCREENSHOTS names a folder for pictures of each page, CHROMIUM the browser.
import path from 'node:path';
import readline from 'node:readline';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

/** Far above what anything takes. */
const PATIENCE_MS = 120_000;
/** No name leads anywhere, and no address but our own. */
const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 780 };
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: WIDE, lang: 'en' },
  { name: 'dark', colorScheme: 'dark', viewport: WIDE, lang: 'en' },
  { name: 'phone', colorScheme: 'light', viewport: PHONE, lang: 'en' },
  { name: 'phone-dark-french', colorScheme: 'dark', viewport: PHONE, lang: 'fr' },
  { name: 'french', colorScheme: 'light', viewport: WIDE, lang: 'fr' },
];

/** What a page must not do: errors, calls of others. */
function listen(context, found) {
  context.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== '127.0.0.1' && protocol.startsWith('http')) found.outside.push(request.url());
  });
  context.on('weberror', (error) => found.errors.push(String(error.error())));
  context.on('console', (message) => message.type() === 'error' && found.errors.push(message.text()));
}

/** By how much the page is wider than its window, and what of it, if anything. */
const overflow = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  const inBox = (element) => element.closest('.scroll,.told,.skip');
  const wide = [...document.body.querySelectorAll('*')].filter((element) => !inBox(element) && element.getBoundingClientRect().right > width + 1);
  const name = (element) => `${element.tagName.toLowerCase()}#${element.id}.${element.getAttribute('class') ?? ''}`;
  return { by: document.documentElement.scrollWidth - width, what: wide.slice(0, 3).map(name) };
});

/** What axe finds, each with the first element. */
async function violations(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
}

async function look(browser, { console: site, pages }, found) {
  for (const { name, lang, ...how } of LOOKS) {
    const context = await browser.newContext({ ...how, locale: lang === 'fr' ? 'fr-FR' : 'en-GB', reducedMotion: 'reduce' });
    listen(context, found);
    const page = await context.newPage();
    for (const address of pages) {
      const answer = await page.goto(site + address);
      const { by, what } = await overflow(page);
      const spoken = await page.evaluate(() => document.documentElement.lang);
      found.looks.push({
        look: name, page: address, status: answer.status(), bytes: (await answer.body()).length,
        lang: spoken, wanted: lang, overflow: by, wide: what, violations: await violations(page),
      });
      if (process.env.ENCAN_SCREENSHOTS) {
        const file = `${name}${address.replace(/\W+/g, '-')}.png`;
        await page.screenshot({ path: path.join(process.env.ENCAN_SCREENSHOTS, file), fullPage: true });
      }
    }
    await context.close();
  }
}

/** Goes through the overview by the key Tab alone; what has the focus at each step, and whether that shows. */
async function walk(page, steps) {
  const seen = [];
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press('Tab');
    seen.push(await page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const text = (element.textContent || element.getAttribute('aria-label') || '').trim().slice(0, 40);
      return { tag: element.tagName.toLowerCase(), text, visible: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 };
    }));
    if (seen.at(-1).tag === 'body') break;
  }
  return seen;
}

/** What the script does: parts are replaced while focus and what is open stay. */
async function live(browser, { console: site, pages }, found) {
  const context = await browser.newContext({ viewport: WIDE, locale: 'en-GB' });
  listen(context, found);
  const page = await context.newPage();
  await page.goto(site + '/');
  found.keys = await walk(page, 14);
  const stop = page.locator('#stop');
  const fetched = page.waitForResponse((answer) => answer.request().resourceType() === 'fetch', { timeout: 15_000 });
  const first = await page.evaluate(() => document.getElementById('bids').textContent);
  const link = page.locator('main a').first();
  await link.focus();
  await fetched;
  await page.waitForFunction((before) => document.getElementById('bids').textContent !== before, first, { timeout: 20_000 });
  found.focusStays = await page.evaluate(() => document.activeElement.tagName === 'A' && document.activeElement.closest('main') !== null);
  await stop.click();
  found.paused = await stop.getAttribute('aria-pressed');
  // A campaign's page, with its charts' numbers opened.
  await page.goto(site + pages.find((address) => address.startsWith('/campaigns/')));
  found.heads = await page.evaluate(() => [...document.querySelectorAll('h1,h2,h3,h4')].map((head) => Number(head.tagName[1])));
  await page.goto(site + '/tax');
  await page.locator('#rate').fill('500');
  await page.waitForFunction(() => location.search.includes('rate=500'), null, { timeout: 10_000 });
  found.slider = await page.evaluate(() => ({ focus: document.activeElement.id, text: document.getElementById('what-if').textContent }));
  await context.close();
}

/** The same without scripts: forms and the refresh go on. */
async function plain(browser, { console: site, exchange, request }, found) {
  const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled: false, locale: 'en-GB' });
  listen(context, found);
  const page = await context.newPage();
  await page.goto(site + '/');
  found.refresh = await page.locator('noscript').innerHTML();
  await page.goto(site + '/explain');
  await page.locator('textarea').fill(request);
  await page.locator('input[name=exchange]').fill(exchange);
  await page.locator('button[type=submit]').click();
  found.explained = await page.locator('#answer').innerText();
  await page.goto(site + '/tax');
  await page.locator('#what-if button').click();
  found.reckoned = page.url();
  await context.close();
}

const timer = setTimeout(() => {
  process.stderr.write(`the look took more than ${PATIENCE_MS} ms\n`);
  process.exit(2);
}, PATIENCE_MS);
const lines = readline.createInterface({ input: process.stdin });
const task = await new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
lines.close();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS, headless: true });
const found = { looks: [], errors: [], outside: [] };
try {
  await look(browser, task, found);
  await live(browser, task, found);
  await plain(browser, task, found);
  process.stdout.write(`${JSON.stringify(found)}\n`);
} finally {
  await browser.close();
  clearTimeout(timer);
}
