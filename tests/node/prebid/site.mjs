// The servers of a visit, each on a free port of this machine: publisher, advertiser and CDN in one, and what stands
// before the bidder to speak TLS. Prebid.js asks for ads for secure pages, so everything here is one.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import selfsigned from 'selfsigned';

const here = import.meta.dirname;
/** The folder of an installed package. */
const root = (name) => path.join(here, '../node_modules', name);

const FILES = {
  '/': ['text/html', path.join(here, 'page.html')],
  '/page.js': ['text/javascript', path.join(here, 'page.js')],
  '/landing': ['text/html', path.join(here, 'landing.html')],
  '/prebid.js': ['text/javascript', path.join(root('prebid.js'), 'dist/not-for-prod/prebid.js')],
  '/vast-client.js': ['text/javascript', path.join(root('@dailymotion/vast-client'), 'dist/vast-client.min.js')],
};

/** A picture that says its own size. */
function picture(width, height) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="#1b5e20"/>
    <text x="50%" y="50%" fill="#fff" font-family="sans-serif" font-size="${Math.round(Math.min(height, width / 2) / 5)}"
      text-anchor="middle" dominant-baseline="middle">encan ${width}x${height}</text></svg>`;
}

/** What stands at `url`: its type and its body. Pages learn that the bidder is at `bidder`. */
async function answer(url, bidder) {
  const size = /^\/(\d{1,4})x(\d{1,4})\.svg$/.exec(url.pathname);
  if (size) return ['image/svg+xml', picture(Number(size[1]), Number(size[2]))];
  if (url.pathname === '/setup.json') return ['application/json', JSON.stringify({ bidder })];
  if (url.pathname === '/player.js') return ['text/javascript', '// The page brings its player itself.'];
  const file = FILES[url.pathname];
  return file && [file[0], await readFile(file[1])];
}

/** Passes `request` on to the bidder at `url`, as a load balancer does. */
function passOn(request, response, url) {
  const { method, headers } = request;
  const onward = http.request(new URL(request.url, url), { method, headers }, (answered) => {
    response.writeHead(answered.statusCode, answered.headers);
    answered.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

/** Starts both; `bidder` is set later, to where the front passes on to. */
export async function startSites() {
  const { private: key, cert } = await selfsigned.generate(null, { keyType: 'ec', algorithm: 'sha256' });
  const servers = [];
  const start = async (answerer) => {
    const server = https.createServer({ key, cert }, answerer);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return `https://127.0.0.1:${server.address().port}`;
  };
  const sites = { bidder: null };
  sites.front = await start((request, response) => passOn(request, response, sites.bidder));
  sites.publisher = await start((request, response) => {
    answer(new URL(request.url, 'https://publisher'), sites.front).then(
      (found) => {
        if (!found) return response.writeHead(404).end();
        return response.writeHead(200, { 'content-type': `${found[0]}; charset=utf-8` }).end(found[1]);
      },
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  sites.close = () => servers.forEach((server) => server.close() && server.closeAllConnections());
  return sites;
}
