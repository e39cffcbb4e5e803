// SPDX-License-Identifier: MIT
// /openapi.json before an outside judge, and /docs in real Chromium. Screenshots go to build/openapi/.
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT, runCases, startContactd } from '../clients/world.mjs';

const FOLDER = join(ROOT, 'build/openapi');
mkdirSync(FOLDER, { recursive: true });
const require = createRequire(join(FOLDER, 'package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const contactd = await startContactd();
const { url } = contactd;
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// --- the document ------------------------------------------------------------

async function lint() {
  const path = join(FOLDER, 'openapi.json');
  writeFileSync(path, await (await fetch(`${url}/openapi.json`)).text());
  const config = join(ROOT, 'tests/openapi/redocly.yaml');
  const done = spawnSync(join(FOLDER, 'node_modules/.bin/redocly'), ['lint', '--format', 'json', '--config', config, path],
    { encoding: 'utf8', env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } });
  return JSON.parse(done.stdout).problems.map((problem) => ({
    rule: problem.ruleId,
    said: `${problem.ruleId}: ${problem.message} ${problem.location[0]?.pointer ?? ''}`,
  }));
}

const isLeftOver = (problem) => problem.rule === 'no-unused-components';
const problems = await lint();

// --- the page ----------------------------------------------------------------

async function open(options, run) {
  const context = await browser.newContext({ bypassCSP: false, ...options });
  const page = await context.newPage();
  const failures = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') failures.push(message.text()); });
  page.on('requestfailed', (request) => failures.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('request', (request) => { if (!request.url().startsWith(url) && !request.url().startsWith('data:')) failures.push(`it asked for ${request.url()}`); });
  await page.goto(`${url}/docs`);
  await run(page);
  await context.close();
  return failures;
}

async function look(colorScheme, width) {
  const failures = await open({ colorScheme, viewport: { width, height: 900 } }, async (page) => {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it is too wide');
    await page.screenshot({ path: join(FOLDER, `docs-${width}-${colorScheme}.png`) });
    await page.screenshot({ path: join(FOLDER, `docs-${width}-${colorScheme}-all.png`), fullPage: true });
    await page.locator('#route-submission_list summary').click();
    await tryOut(page, 'version');
    await page.evaluate(AXE); // through the debugger's door: the page's own policy lets nothing in
    const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const found = result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target).join(' | ')}`);
    assert.deepEqual(found, []);
  });
  assert.deepEqual(failures, []);
}

async function tryOut(page, route, values = {}) {
  const form = page.locator(`#route-${route} form`);
  await page.locator(`#route-${route} summary`).click();
  for (const [name, value] of Object.entries(values)) await form.locator(`[name="${name}"]`).fill(value);
  await form.locator('button').click();
  await page.waitForFunction((id) => /^\d|^no/.test(document.querySelector(`#route-${id} output`).textContent), route);
  return { said: await form.locator('output').textContent(), answer: await form.locator('.answer').textContent() };
}

const cases = {
  'the document is valid and as it is recommended': async () => {
    assert.deepEqual(problems.filter((problem) => !isLeftOver(problem)).map((problem) => problem.said), []);
  },
  'every shape is used': async () => {
    assert.deepEqual(problems.filter(isLeftOver).map((problem) => problem.said), []);
  },
  'every route, shape and problem has a place that links lead to': async () => {
    const document = await (await fetch(`${url}/openapi.json`)).json();
    const html = await (await fetch(`${url}/docs`)).text();
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    assert.equal(ids.size, [...html.matchAll(/ id="/g)].length, 'an id is there twice');
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(target), `#${target} leads nowhere`);
    for (const path of Object.values(document.paths))
      for (const operation of Object.values(path)) assert.ok(ids.has(`route-${operation.operationId}`), operation.operationId);
    for (const code of document.components.schemas.ProblemCode.enum) assert.ok(ids.has(`problem-${code}`), code);
  },
  'it reads without its script': async () => {
    await open({ javaScriptEnabled: false, viewport: { width: 390, height: 900 } }, async (page) => {
      assert.ok(await page.locator('#route-submission_list').isVisible());
      assert.ok(!await page.locator('#route-version details').isVisible());
    });
  },
  'an open route is tried out': async () => {
    const failures = await open({}, async (page) => {
      const { said, answer } = await tryOut(page, 'version');
      assert.equal(said, '200 application/json');
      assert.equal(JSON.parse(answer).name, 'contactd');
      assert.match(await page.locator('#route-version .curl').textContent(), new RegExp(`${url}/version`));
    });
    assert.deepEqual(failures, []);
  },
  'the pasted token is sent, and parameters are, and nothing else': async () => {
    const failures = await open({}, async (page) => {
      await page.route('**/admin/**', async (route) => {
        const { authorization, cookie } = route.request().headers();
        const target = new URL(route.request().url());
        const body = JSON.stringify({ authorization, cookie: cookie ?? null, asked: target.pathname + target.search });
        await route.fulfill({ status: 200, contentType: 'application/json', body });
      });
      await page.fill('#token', 'ctd_pasted');
      const list = await tryOut(page, 'submission_list', { limit: '2', form: 'a b' });
      assert.deepEqual(JSON.parse(list.answer), { authorization: 'Bearer ctd_pasted', cookie: null, asked: '/admin/submissions?limit=2&form=a+b' });
      const one = await tryOut(page, 'submission_get', { id: '../x' });
      assert.equal(JSON.parse(one.answer).asked, '/admin/submissions/..%2Fx');
    });
    assert.deepEqual(failures, []);
  },
};

for (const colorScheme of ['light', 'dark'])
  for (const width of [390, 1280]) cases[`it fits ${width} pixels, ${colorScheme}, and axe finds nothing`] = () => look(colorScheme, width);

await runCases(cases, { contactd, site: { stop() {} }, browser });
