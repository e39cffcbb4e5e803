// SPDX-License-Identifier: MIT
// form.js and the built-in pages in real Chromium, against the real contactd. Screenshots go to build/browser/.
import { strict as assert } from 'node:assert';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, load, runCases, startChromium, startContactd, startPages } from '../clients/world.mjs';

const SHOTS = join(ROOT, 'build/browser');
mkdirSync(SHOTS, { recursive: true });

const ADA = 'ada@example.org';
const contactd = await startContactd();
const { url } = contactd;

// --- the pages -------------------------------------------------------------

const html = (body, { lang = 'en', head = '' } = {}) => `<!doctype html><html lang="${lang}"><head><title>t</title>
  <meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">${head}<script src="${url}/form.js" defer></script></head><body>${body}</body></html>`;
const form = (inner, attributes = '', id = 'shop') => `<form method="post" action="${url}/f/${id}" ${attributes}>
  <input name="email" aria-describedby="hint"><span id="hint">We answer there.</span><textarea name="message"></textarea>${inner}</form>`;
const BUTTON = '<button>Send</button>';

const pages = {
  '/': html('Home'),
  '/plain.html': html(form(BUTTON)),
  '/german.html': html(form(BUTTON), { lang: 'de' }),
  '/names.html': html(form('<input type="hidden" name="action" value="x"><input type="hidden" name="method" value="y"><button name="submit" value="now">Send</button>')),
  '/two.html': html(form(BUTTON, 'id="first"') + form(BUTTON, 'id="second" data-success="Second!"')),
  '/later.html': html('<div id="place"></div>'),
  '/strict.html': html(form(BUTTON, '', 'strict')),
  '/guarded.html': html(form(BUTTON, '', 'guarded')),
  '/no-workers.html': html(form(BUTTON, '', 'guarded'), {
    head: `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${url}; connect-src ${url}; form-action ${url}">`,
  }),
  '/redirect.html': html(form(BUTTON, 'data-redirect="/thank-you.html"')),
  '/next.html': html(form('<input type="hidden" name="_next" value="/thank-you.html">' + BUTTON)),
  '/thank-you.html': '<!doctype html><title>t</title><h1>The page\'s own thanks</h1>',
  '/choices.html': html(`<form method="post" action="${url}/f/choices"><fieldset><legend>Size</legend>
    <label><input type="radio" name="size" value="XL">XL</label><label><input type="radio" name="size" value="S">S</label></fieldset>${BUTTON}</form>`),
};

const site = await startPages(pages);
const text = { type: 'string' };
await contactd.addForm('shop', { origins: [site.url, url], title: 'The flower shop' });
await contactd.addForm('strict', { schema: { type: 'object', properties: { email: text, message: text }, additionalProperties: false } });
await contactd.addForm('guarded', { token: 'required', proof: 'required' });
await contactd.addForm('choices', { schema: { type: 'object', properties: { size: { enum: ['S', 'M'] } } } });

const browser = await startChromium();
const withScript = await browser.newContext({ locale: 'en-GB' });
const noScript = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' });

async function visit(context, path, values = {}) {
  const page = await context.newPage();
  page.failures = [];
  page.on('pageerror', (error) => page.failures.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') page.failures.push(message.text()); });
  await page.goto(site.url + path);
  for (const [name, value] of Object.entries(values)) await page.fill(`[name="${name}"]`, value);
  return page;
}

async function isStored(mark, expected = {}) {
  const rows = await contactd.stored(mark);
  assert.equal(rows.length, 1, `${rows.length} rows say ${mark}`);
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(rows[0][key], value, key);
  return rows[0];
}

const thanked = (page) => page.waitForSelector('[role=status]');
const pointsOf = (row) => Object.fromEntries((row.spamReasons ?? []).map((reason) => [reason.rule, reason.points]));

// Every POST of the page's gets `reply` instead, `times` times; returns the keys that were sent.
async function refuse(page, times, reply) {
  const keys = [];
  await page.route('**/f/**', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > times) return route.continue();
    return reply ? route.fulfill({ ...reply, headers: { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after', ...reply.headers } }) : route.abort();
  });
  return keys;
}

// --- looking at a page -------------------------------------------------------

// Runs in the page. The least contrast of any text, as WCAG 2.2 counts it (1.4.3), and the least of any control's edge (1.4.11).
function contrasts() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => rgba(color).slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return 'white';
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  let words = 21, edges = 21;
  for (const element of document.querySelectorAll('h1, p, a, label, input:not([type=hidden]), textarea, button'))
    words = Math.min(words, ratio(getComputedStyle(element).color, ground(element)));
  for (const element of document.querySelectorAll('input:not([type=hidden]), textarea'))
    edges = Math.min(edges, ratio(getComputedStyle(element).borderTopColor, ground(element.parentElement)));
  const isStyled = getComputedStyle(document.querySelector('main')).maxWidth === '544px';
  return { isStyled, words, edges, overflow: document.documentElement.scrollWidth > innerWidth };
}

// `open` leads a page to where it is looked at.
async function look(name, open) {
  for (const colorScheme of ['light', 'dark'])
    for (const [width, scale] of [[390, 2], [1280, 1], [640, 2]]) {
      // 640 pixels at double scale are a window of 1280 at 200 %.
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, deviceScaleFactor: scale, locale: 'de-DE' });
      const page = await context.newPage();
      await open(page);
      const seen = await page.evaluate(contrasts);
      assert.ok(seen.isStyled && seen.words >= 4.5 && seen.edges >= 3 && !seen.overflow, `${colorScheme} ${width}: ${JSON.stringify(seen)}`);
      assert.equal(await page.getAttribute('html', 'lang'), 'de');
      await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      await context.close();
    }
}

// Posts as a browser does that runs no script of the page's.
async function submitPlainly(page, id, values) {
  await page.goto(`${site.url}/thank-you.html`);
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate(([action, entries]) => {
      const made = document.createElement('form');
      made.method = 'post';
      made.action = action;
      for (const [name, value] of entries) {
        const area = document.createElement('textarea');
        area.name = name;
        area.value = value;
        made.append(area);
      }
      document.body.append(made);
      made.submit();
    }, [`${url}/f/${id}`, Object.entries(values)]),
  ]);
}

// --- the cases -------------------------------------------------------------

const cases = {
  'form.js is ES2018': async () => {
    const code = readFileSync(join(ROOT, 'src/assets/form.js'), 'utf8');
    const [old, newest] = await Promise.all(['es2018', 'esnext'].map((target) => load('esbuild').transform(code, { target })));
    assert.equal(old.code, newest.code, 'esbuild has something to lower');
  },

  'a message is sent, and tells where it was written': async (mark) => {
    const page = await visit(withScript, '/plain.html?utm_source=news&utm_campaign=May%20days&email=private', { email: ADA, message: mark });
    await page.click('button');
    await thanked(page);
    assert.equal(await page.textContent('[role=status]'), 'Thank you! Your message has arrived.');
    assert.deepEqual(page.failures, []);
    const row = await isStored(mark, { email: ADA, fields: { _utm_source: 'news', _utm_campaign: 'May days' }, page: `${site.url}/plain.html` });
    assert.ok(!JSON.stringify(row).includes('private'));
  },
  'a strict form takes it as well': async (mark) => {
    const page = await visit(withScript, '/strict.html?utm_source=news', { email: ADA, message: mark });
    await page.click('button');
    await thanked(page);
    await isStored(mark, { form: 'strict', fields: { _utm_source: 'news' } });
  },
  'fields may be named action, method and submit, and the button that was pressed counts': async (mark) => {
    const page = await visit(withScript, '/names.html', { email: ADA, message: mark });
    await page.click('button');
    await thanked(page);
    await isStored(mark, { fields: { action: 'x', method: 'y', submit: 'now' } });
  },
  'two forms of a page do not mix': async (mark) => {
    const page = await visit(withScript, '/two.html');
    await page.fill('#second [name=email]', ADA);
    await page.fill('#second [name=message]', mark);
    await page.fill('#first [name=message]', 'still typing');
    await page.click('#second button');
    await thanked(page);
    assert.equal(await page.textContent('[role=status]'), 'Second!');
    assert.equal(await page.inputValue('#first [name=message]'), 'still typing');
    await isStored(mark);
  },
  'a form that comes later works': async (mark) => {
    const page = await visit(withScript, '/later.html');
    await page.evaluate((made) => { document.getElementById('place').innerHTML = made; }, form(BUTTON));
    await page.fill('[name=email]', ADA);
    await page.fill('[name=message]', mark);
    await page.click('button');
    await thanked(page);
    await isStored(mark);
  },
  'token and proof come along, found in a worker': async (mark) => {
    const page = await visit(withScript, '/guarded.html');
    let workers = 0;
    page.on('worker', () => { workers += 1; });
    await page.fill('[name=email]', ADA);
    await page.fill('[name=message]', mark);
    await page.waitForTimeout(2200); // a token's least age
    await page.click('button');
    await thanked(page);
    assert.equal(workers, 1);
    const points = pointsOf(await isStored(mark));
    assert.ok(points.proof < 0 && !('token' in points), JSON.stringify(points));
  },
  'where a policy forbids workers the page does it': async (mark) => {
    const page = await visit(withScript, '/no-workers.html');
    page.on('worker', () => assert.fail('a worker'));
    await page.fill('[name=email]', ADA);
    await page.fill('[name=message]', mark);
    await page.waitForTimeout(2200);
    await page.click('button');
    await thanked(page);
    const points = pointsOf(await isStored(mark));
    assert.ok(points.proof < 0 && !('token' in points), JSON.stringify(points));
  },
  'a corrected mistake still has its token and proof': async (mark) => {
    const page = await visit(withScript, '/guarded.html', { email: 'nobody', message: mark });
    await page.waitForTimeout(2200);
    await page.click('button');
    await page.waitForSelector('[aria-invalid]');
    await page.fill('[name=email]', ADA);
    await page.click('button');
    await thanked(page);
    const points = pointsOf(await isStored(mark));
    assert.ok(points.proof < 0 && !('token' in points), JSON.stringify(points));
  },

  'errors stand next to their fields, in the page\'s language, and leave no trace': async (mark) => {
    const page = await visit(withScript, '/german.html', { email: 'nobody', message: mark });
    await page.click('button');
    const note = page.locator('[role=alert]');
    await note.waitFor();
    assert.equal(await note.textContent(), 'Bitte geben Sie eine E-Mail-Adresse wie ada@example.org ein.');
    assert.equal(await page.getAttribute('[name=email]', 'aria-describedby'), `hint ${await note.getAttribute('id')}`);
    assert.equal(await page.evaluate(() => document.activeElement.name), 'email');
    assert.equal(await page.getAttribute('form', 'aria-busy'), 'false');
    await page.fill('[name=email]', ADA);
    await page.click('button');
    await thanked(page);
    assert.equal(await page.textContent('[role=status]'), 'Vielen Dank! Ihre Nachricht ist angekommen.');
    await isStored(mark);
  },
  'the error of a choice stands behind all of its options': async () => {
    const page = await visit(withScript, '/choices.html');
    await page.check('[value=XL]');
    await page.click('button');
    await page.waitForSelector('fieldset + [role=alert]');
    assert.equal(await page.textContent('fieldset + [role=alert]'), 'Please choose one of the given values.');
  },
  'what is wrong with no field in sight is told at the end': async () => {
    const page = await visit(withScript, '/plain.html');
    await page.click('button');
    await page.waitForSelector('form > [role=alert]:last-child');
    assert.equal(await page.textContent('form > [role=alert]:last-child'), 'Please fill in the form.');
  },

  'a page may handle both ends itself': async (mark) => {
    const page = await visit(withScript, '/plain.html', { email: 'nobody', message: mark });
    await page.evaluate(() => {
      window.seen = [];
      for (const name of ['contactd:success', 'contactd:error'])
        document.addEventListener(name, (event) => { event.preventDefault(); window.seen.push([name, event.detail.code]); });
    });
    await page.click('button');
    await page.waitForFunction(() => window.seen.length === 1);
    await page.fill('[name=email]', ADA);
    await page.click('button');
    await page.waitForFunction(() => window.seen.length === 2);
    assert.deepEqual(await page.evaluate(() => window.seen), [['contactd:error', 422], ['contactd:success', 200]]);
    assert.equal(await page.locator('[role=alert], [role=status], [aria-invalid]').count(), 0);
    assert.equal(await page.locator('form').count(), 1);
  },
  'a page may send its visitors on': async (mark) => {
    for (const path of ['/redirect.html', '/next.html']) {
      const page = await visit(withScript, path, { email: ADA, message: `${mark} ${path}` });
      await page.click('button');
      await page.waitForURL('**/thank-you.html');
      await isStored(`${mark} ${path}`);
    }
  },

  'without a connection nothing is lost, and one try later it is there once': async (mark) => {
    const page = await visit(withScript, '/german.html', { email: ADA, message: mark });
    await page.waitForTimeout(300); // the token's answer brings the sentence
    const keys = await refuse(page, 1);
    await page.click('button');
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.textContent('[role=alert]'), 'Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.');
    assert.equal(await page.inputValue('[name=message]'), mark);
    assert.equal(await page.isEnabled('button'), true);
    await page.click('button');
    await thanked(page);
    assert.equal(new Set(keys).size, 1);
    assert.ok(keys[0].length >= 16 && keys.length === 2);
    await isStored(mark);
  },
  'after two failures the browser\'s own way is taken': async (mark) => {
    const page = await visit(withScript, '/plain.html', { email: ADA, message: mark });
    await refuse(page, 2);
    for (let i = 0; i < 2; i++) {
      await page.click('button');
      await page.waitForSelector('form:not([aria-busy=true]) [role=alert]');
    }
    assert.equal(page.url(), `${site.url}/plain.html`);
    await page.click('button');
    await page.waitForURL('**/thanks?form=shop*');
    await isStored(mark);
  },
  'what is no answer of ours counts as a failure': async (mark) => {
    const page = await visit(withScript, '/plain.html', { email: ADA, message: mark });
    await refuse(page, 1, { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' });
    await page.click('button');
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.inputValue('[name=message]'), mark);
  },
  'a server that is busy for a moment is asked again, with the same key': async (mark) => {
    const page = await visit(withScript, '/plain.html', { email: ADA, message: mark });
    const keys = await refuse(page, 2, { status: 503, headers: { 'retry-after': '1' }, contentType: 'application/json', body: '{}' });
    await page.click('button');
    assert.equal(await page.isEnabled('button'), false);
    await thanked(page);
    assert.deepEqual(keys, [keys[0], keys[0], keys[0]]);
    await isStored(mark);
  },
  'a server that is busy for long is left alone': async () => {
    const page = await visit(withScript, '/plain.html', { email: ADA, message: 'x' });
    const keys = await refuse(page, 9, { status: 429, headers: { 'retry-after': '3600' }, contentType: 'application/json', body: '{"text":"Later."}' });
    await page.click('button');
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.textContent('[role=alert]'), 'Later.');
    assert.equal(keys.length, 1);
  },

  'a retry without JavaScript ends where the page wanted': async (mark) => {
    const page = await visit(noScript, '/next.html', { email: 'nobody', message: mark });
    await page.click('button');
    assert.equal(page.url(), `${url}/f/shop`);
    await page.fill('[name=email]', ADA);
    await page.click('button');
    await page.waitForURL(`${site.url}/thank-you.html`);
    await isStored(mark, { page: `${site.url}/` });
  },
  'a retry without JavaScript has a way back': async (mark) => {
    const page = await visit(noScript, '/plain.html', { email: 'nobody', message: mark });
    await page.click('button');
    await page.fill('[name=email]', ADA);
    await page.click('button');
    await page.click('a');
    await page.waitForURL(`${site.url}/`);
    await isStored(mark);
  },
  'the thank-you page can be read by everybody': () => look('thanks', (page) => page.goto(`${url}/thanks?form=shop`, { referer: `${site.url}/` })),
  'the page of a mistake can be read by everybody': () => look('mistake', async (page) => {
    await submitPlainly(page, 'shop', { name: 'Ada Lovelace', email: 'ada at example', message: 'Guten Tag,\n\nich hätte gern zwölf Tulpen für Samstag.\n\nGruß, Ada', delivery_day: 'Saturday' });
    assert.equal(await page.evaluate(() => document.activeElement.name), 'email');
    const names = await page.locator('label').allTextContents();
    assert.deepEqual(names, ['Name', 'E-Mail', 'Nachricht', 'Delivery day']);
    for (const name of names) await page.getByLabel(name, { exact: true }).inputValue(); // every label leads to its control
  }),
  'the page of a refusal can be read by everybody': () => look('refusal', (page) => submitPlainly(page, 'nobody', { email: ADA, message: 'Guten Tag' })),
};

await runCases(cases, { contactd, site, browser });
