// SPDX-License-Identifier: MIT
// What the client tests stand on: the real contactd, a web server of another origin with the pages, and Chromium.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize, resolve } from 'node:path';
import { createRequire } from 'node:module';

export const ROOT = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
export const MODULES = join(ROOT, 'build/clients/node_modules');
const require = createRequire(join(ROOT, 'build/clients/'));

// A package as pages get it: from the folder that npm filled.
export const load = (name) => require(name);

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// The server under test. `admin` is the first user's credentials, as it prints them.
export async function startContactd(options = []) {
  const directory = mkdtempSync(join(tmpdir(), 'contactd-clients-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child;
  let exited;
  let out = '';
  let log = '';
  const start = async () => {
    child = spawn(
      process.env.CONTACTD ?? join(ROOT, 'build/contactd'),
      ['serve', '--listen', `127.0.0.1:${port}`, '--database', join(directory, 'c.db'), ...options],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CONTACTD_RATE_LIMIT: 'off' } },
    );
    child.stdout.on('data', (piece) => { out += piece; });
    child.stderr.on('data', (piece) => { log += piece; });
    exited = new Promise((done) => child.once('exit', done));
    const end = Date.now() + 60_000;
    const isReady = () => fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    while (!/admin : (\S+)/.test(out) || !await isReady()) {
      if (Date.now() > end || child.exitCode !== null) throw new Error(`contactd did not start:\n${log}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const halt = () => {
    child.kill('SIGTERM');
    return exited;
  };
  await start();
  const authorization = `Basic ${Buffer.from(`admin:${/admin : (\S+)/.exec(out)[1]}`).toString('base64')}`;

  const api = async (path, init = {}) => {
    const response = await fetch(url + path, { ...init, headers: { authorization, ...init.headers } });
    const body = await response.json();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
    return body;
  };
  return {
    url,
    api,
    authorization,
    log: () => log,
    addForm: (name, settings = {}) => api(`/admin/forms/${name}`, {
      method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(settings),
    }),
    // Every stored message that says `mark` somewhere, whatever its state.
    stored: async (mark) => {
      const all = await api('/admin/submissions?limit=200&state=all');
      return all.submissions.filter((row) => JSON.stringify(row).includes(mark));
    },
    // Away for a while: its database stays.
    halt,
    start,
    stop: async () => {
      const code = await halt();
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8' };

// The landing pages' own server. `pages` maps a path to HTML or JavaScript; /nm/ serves npm's folder.
export async function startPages(pages) {
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    try {
      const body = path.startsWith('/nm/') ? readFileSync(join(MODULES, normalize(path.slice(3)))) : pages[path];
      if (body === undefined) throw new Error('no such page');
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? TYPES['.html'] }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  return { url: `http://localhost:${server.address().port}`, stop: () => server.close() };
}

export async function startChromium() {
  const { chromium } = load('playwright-core');
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

// Runs every case (or those whose name contains the first argument), tells in TAP how it went, and ends the process.
export async function runCases(cases, { contactd, site, browser }) {
  let failed = 0;
  let number = 0;
  const only = process.argv[2];
  for (const [name, test] of Object.entries(cases)) {
    if (only && !name.includes(only)) continue;
    number += 1;
    const before = new Set(browser.contexts());
    try {
      await test(randomUUID());
      console.log(`ok ${number} - ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${number} - ${name}\n# ${String(error.stack ?? error).replaceAll('\n', '\n# ')}`);
      // What it left open would disturb the cases after it.
      for (const context of browser.contexts()) if (!before.has(context)) await context.close().catch(() => {});
    }
  }
  console.log(`1..${number}`);

  await browser.close();
  site.stop();
  const code = await contactd.stop();
  if (code !== 0) console.log(`# contactd ended with ${code}:\n${contactd.log()}`);
  process.exit(failed || code !== 0 ? 1 : 0);
}
