// SPDX-License-Identifier: MIT
// The panel in real Chromium, against the real contactd: every view and every action, on a phone and on a desk.
// Any message on the console, and so any report of the policy, is a failure. Screenshots go to build/panel/.
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MODULES, ROOT, load, runCases, startChromium, startContactd, startPages } from '../clients/world.mjs';

const SHOTS = join(ROOT, 'build/panel');
mkdirSync(SHOTS, { recursive: true });
const AXE = readFileSync(join(MODULES, 'axe-core/axe.min.js'), 'utf8');
const NAUGHTY = load('big-list-of-naughty-strings').filter((text) => text.trim());
const WIDTHS = [1280, 390];
const SLOWNESS = Number(process.env.CONTACTD_TEST_CPU ?? 1); // so many times slower than it is runs the browser's processor
const PATIENCE = 90_000;

const contactd = await startContactd();
const { url } = contactd;
const site = await startPages({});
const browser = await startChromium();
const passwordOf = (server) => Buffer.from(server.authorization.slice(6), 'base64').toString().split(/:(.*)/s)[1];
const PASSWORD = passwordOf(contactd);

// --- what is there ---

const post = async (form, fields, headers = {}, at = url) => {
  const answer = await fetch(`${at}/f/${form}`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': AGENT, ...headers }, body: JSON.stringify(fields) });
  return (await answer.json()).id;
};
const AGENT = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15';
const SHOP = 'https://www.tulpenhof.example';

await contactd.addForm('shop', { title: 'Tulpenhof', origins: [SHOP] });
await contactd.addForm('jobs', { title: 'Jobs', schema: { type: 'object', properties: { email: { type: 'string', format: 'email' }, message: { type: 'string' }, start: { enum: ['now', 'in spring'] } }, required: ['email'] } });
for (let i = 60; i > 0; i--) await post('jobs', { name: `Applicant ${i}`, email: `a${i}@example.org`, message: `I would like to work with you, from week ${i} on. My garden has ${i * 3} roses.` });
const PEOPLE = [
  ['Jörg Ostermann', 'joerg@example.org', 'Guten Tag,\n\nkönnen Sie am Samstag zwölf rote Tulpen in die Lindenstraße liefern? Wir feiern den achtzigsten Geburtstag meiner Mutter, und Tulpen sind ihre Lieblingsblumen.\n\nViele Grüße\nJörg Ostermann'],
  ['Amélie Rousseau', 'amelie@example.org', 'Bonjour, livrez-vous aussi à Strasbourg ? J\'aimerais commander un bouquet pour le 14 février.'],
  ['山田 花子', 'hanako@example.jp', 'はじめまして。貴店の球根を日本に送ることは可能でしょうか。'],
  ['نور الهاشمي', 'noor@example.org', 'مرحبا، هل يمكنني طلب باقة زفاف لشهر مايو؟ أحب الألوان الهادئة.'],
];
for (const [name, email, message] of PEOPLE) await post('shop', { name, email, message }, { origin: SHOP, referer: `${SHOP}/contact` });
const ADA = await post('shop', {
  name: 'Ada Lovelace', email: 'ada@example.org', message: 'Hello,\n\nI am planning an evening at the Engines Ltd. hall and need flowers for fifteen tables.\nCould you make an offer by Friday?\n\nKind regards,\nAda',
  company: 'Engines Ltd', delivery: { date: '2026-12-05', place: { street: '12 St James\'s Square', city: 'London' } }, colours: ['white', 'violet', 'a little green'], newsletter: '',
}, { origin: SHOP, referer: `${SHOP}/contact` });
await post('shop', { name: 'SEO Expert', email: 'rank@example.net', message: 'Dear sir, <a href="http://rank.example">cheap links</a> http://rank.example http://more.example', _gotcha: 'x' }, { origin: SHOP });
for (let i = 0; i < 3; i++) await post('shop', { email: 'x@example.org', message: 'refused' }, { origin: 'https://staging.tulpenhof.example' });
await post('shop', { email: 'x@example.org', message: 'refused' }, { origin: 'https://stranger.example' });

// --- a browser ---

async function visit(width, hash = '', { at = url, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 844 : 860 }, deviceScaleFactor: width < 500 ? 2 : 1, hasTouch: width < 500, isMobile: width < 500, locale: 'en-GB', timezoneId: 'Europe/Berlin', permissions: ['clipboard-read', 'clipboard-write'], ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  if (SLOWNESS > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWNESS });
  hear(page);
  await page.goto(`${at}/admin/${hash}`);
  return page;
}

function hear(page) {
  page.failures = [];
  page.on('pageerror', (error) => page.failures.push(String(error)));
  page.on('console', (message) => page.failures.push(message.text()));
}

// Waits for what is true sooner or later, however slow the machine.
async function until(what, is) {
  const end = Date.now() + PATIENCE;
  while (!await is()) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise((done) => setTimeout(done, 40));
  }
}
async function equals(wanted, get) {
  let got;
  await until(JSON.stringify(wanted), async () => JSON.stringify(got = await get()) === JSON.stringify(wanted)).catch(() => assert.deepEqual(got, wanted));
}

// The browser has its own line for what the server refuses; it comes when it likes, but it comes.
async function forgive(page, pattern) {
  await until(`a line ${pattern} on the console`, () => page.failures.some((text) => pattern.test(text)));
  page.failures = page.failures.filter((text) => !pattern.test(text));
}

async function signIn(page, name = 'admin', password = PASSWORD) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.inbox, .page, .one').first().waitFor();
}

const settled = async (page) => {
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  await page.waitForTimeout(80);
};
// The panel hears first that the address has changed, since it listens since its start.
const to = async (page, hash) => {
  await page.evaluate((where) => new Promise((done) => {
    if (location.hash === where) return done();
    window.addEventListener('hashchange', () => setTimeout(done), { once: true });
    location.hash = where;
    return undefined;
  }), hash);
  await settled(page);
};
const isQuiet = (page, forgiven = /^$/) => assert.deepEqual(page.failures.filter((text) => !forgiven.test(text)), []);

// --- looking at a view ---

const axe = (page, rules) => page.evaluate(async (only) => {
  const found = await window.axe.run(document, only ? { runOnly: { type: 'rule', values: only } } : { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} (${node.any.map((any) => any.message).join('; ')})`).join(' | ')}`);
}, rules);

// Both colours, the page as it is and at 200 %: readable, nothing beyond the edge, no message on the console.
async function look(page, name, forgiven) {
  const { width, height } = page.viewportSize();
  await settled(page);
  await page.evaluate(() => document.getElementById('toasts').replaceChildren());
  await page.mouse.move(0, 0);
  isQuiet(page, forgiven);
  if (!await page.evaluate(() => !!window.axe)) await page.evaluate(AXE);
  assert.equal(await page.evaluate(() => visualViewport.scale), 1, 'not zoomed to fit');
  const wrong = await axe(page);
  const overflow = () => page.evaluate((wide) => document.documentElement.scrollWidth - wide, page.viewportSize().width);
  await page.screenshot({ path: join(SHOTS, `${name}-${width}-light.png`) });
  if (await overflow() > 0) wrong.push(`${await overflow()} pixels too wide`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: join(SHOTS, `${name}-${width}-dark.png`) });
  wrong.push(...(await axe(page, ['color-contrast'])).map((text) => `dark: ${text}`));
  await page.emulateMedia({ colorScheme: 'light' });
  if (width > 1000) {
    await page.setViewportSize({ width: width / 2, height: height / 2 });
    if (await overflow() > 0) wrong.push(`at 200 %: ${await overflow()} pixels too wide`);
    await page.setViewportSize({ width, height });
  }
  assert.deepEqual(wrong, [], name);
  isQuiet(page, forgiven);
}

const rows = (page) => page.locator('.row');
const rowOf = (page, name) => page.locator('.row', { hasText: name });
const toast = (page) => page.locator('.toast > span');
const openMenu = async (page) => { if (page.viewportSize().width < 900) await page.getByRole('button', { name: 'Menu' }).click(); };
const stateOf = async (id) => (await contactd.api(`/admin/submissions/${id}`)).state;
const becomesStarred = (id, isStarred) => equals(isStarred, async () => (await contactd.api(`/admin/submissions/${id}`)).starred);
const becomes = (id, state) => equals(state, () => stateOf(id));

// --- the cases ---

const cases = {
  'the whole panel is under 47 KB': async () => {
    let bytes = 0;
    for (const file of ['', ...['panel.css', 'main.js', 'kit.js', 'api.js', 'inbox.js', 'message.js', 'forms.js', 'people.js'].map((name) => `panel/${name}`)]) {
      const answer = await fetch(`${url}/admin/${file}`);
      assert.equal(answer.status, 200, file);
      bytes += gzipSync(Buffer.from(await answer.arrayBuffer()), { level: 9 }).length;
    }
    console.log(`# ${bytes} bytes compressed`);
    assert.ok(bytes < 47_000, `${bytes} bytes`);
  },
};

const at = (name, walk) => { for (const width of WIDTHS) cases[`${width}: ${name}`] = () => walk(width); };

at('who is not signed in is asked for it, and a wrong password is told', async (width) => {
  const page = await visit(width, '#forms/shop');
  await look(page, 'sign-in');
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill('wrong password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByRole('alert').textContent(), 'Name and password do not belong together.');
  await forgive(page, /401/);
  await signIn(page);
  assert.equal(await page.evaluate(() => location.hash), '#forms/shop');
  await page.reload();
  await page.getByRole('heading', { name: 'Tulpenhof' }).waitFor();
  await openMenu(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  isQuiet(page);
  await page.context().close();
});

at('the inbox: list, paging, filters, search, export', async (width) => {
  const page = await visit(width);
  await signIn(page);
  await rowOf(page, 'Ada Lovelace').waitFor();
  await look(page, 'inbox');
  assert.ok(await rows(page).count() >= 50);
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await rowOf(page, 'Applicant 60').waitFor();
  assert.ok(await rows(page).count() > 60);
  await page.evaluate(() => window.scrollTo(0, 0));

  await page.getByRole('button', { name: /^Filter/ }).click();
  await look(page, 'filter');
  await page.locator('.filters').getByLabel('Form').selectOption('shop');
  await page.getByRole('button', { name: 'Show' }).click();
  await until('the form alone is shown', async () => await rows(page).count() > 0 && await rows(page).count() < 10);
  await page.getByRole('button', { name: /^Filter/ }).click();
  await page.getByLabel('From', { exact: true }).fill('2020-01-01');
  await page.getByLabel('Until', { exact: true }).fill('2020-01-02');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
  await look(page, 'nothing');
  await page.goBack();
  await rowOf(page, 'Ada Lovelace').waitFor();

  await to(page, '#inbox');
  await page.getByRole('searchbox').fill('fifteen tables');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
  await rowOf(page, 'Ada Lovelace').waitFor();
  await look(page, 'search');
  await page.getByRole('button', { name: 'Export' }).click();
  await look(page, 'export');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Spreadsheet' }).click()]);
  assert.match(readFileSync(await download.path(), 'utf8'), new RegExp(ADA));
  isQuiet(page);
  await page.context().close();
});

at('nothing moves while it loads', async (width) => {
  const page = await visit(width);
  await signIn(page);
  await page.addInitScript(() => {
    window.moved = 0;
    new PerformanceObserver((all) => all.getEntries().forEach((one) => { window.moved += one.value; })).observe({ type: 'layout-shift', buffered: true });
  });
  for (const hash of ['#inbox', '#forms', `#message/${ADA}`]) {
    await page.goto('about:blank');
    await page.goto(`${url}/admin/${hash}`);
    await page.locator('.row, .cards, .letter').first().waitFor();
    await page.locator('.side a').first().waitFor({ state: 'attached' });
    await settled(page);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    assert.ok(await page.evaluate(() => window.moved) < 0.01, `${hash}: ${await page.evaluate(() => window.moved)}`);
  }
  await page.context().close();
});

at('the folders: spam, stars, archive, trash, everything', async (width) => {
  const page = await visit(width);
  await signIn(page);
  for (const folder of ['Spam', 'Starred', 'Archive', 'Trash', 'Everything']) {
    await openMenu(page);
    if (folder === 'Spam') await look(page, 'menu');
    await page.locator('.side').getByRole('link', { name: folder }).click();
    await page.getByRole('heading', { level: 1, name: folder, includeHidden: true }).waitFor({ state: 'attached' });
    await look(page, folder.toLowerCase());
  }
  await page.context().close();
});

at('sorting one and many, and undoing it', async (width) => {
  const mark = `sort ${width}`;
  const ids = [];
  for (let i = 0; i < 4; i++) ids.push(await post('default', { name: `${mark} ${i}`, email: 'sort@example.org', message: `${mark} number ${i}` }));
  const page = await visit(width, '#inbox?form=default');
  await signIn(page);
  await rowOf(page, `${mark} 3`).waitFor();
  await rowOf(page, `${mark} 0`).getByRole('checkbox').check();
  await rowOf(page, `${mark} 3`).getByRole('checkbox').click({ modifiers: ['Shift'] });
  await page.locator('.tools .status', { hasText: '4 selected' }).waitFor();
  await look(page, 'selection');
  const sort = async (name, state, folder) => {
    await page.locator('.tools').getByRole('button', { name, exact: true }).click();
    await toast(page).filter({ hasText: '4 messages' }).waitFor();
    for (const id of ids) await becomes(id, state);
    if (folder) await equals(0, () => rowOf(page, mark).count());
  };
  await sort('Mark as read', 'read', false);
  await page.locator('.tools').getByRole('button', { name: 'Archive', exact: true }).click();
  await toast(page).filter({ hasText: '4 messages archived.' }).hover(); // it waits while it is looked at
  for (const id of ids) await becomes(id, 'archived');
  assert.equal(await rowOf(page, mark).count(), 0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await toast(page).filter({ hasText: 'Undone: 4 messages archived.' }).waitFor();
  for (const id of ids) await becomes(id, 'read');
  await rowOf(page, `${mark} 3`).waitFor();
  for (const [name, state, folder, back, after] of [['Spam', 'spam', 'spam', 'Not spam', 'new'], ['Trash', 'trash', 'trash', 'To the inbox', 'read'], ['Archive', 'archived', 'archived', 'To the inbox', 'read']]) {
    await to(page, '#inbox?form=default');
    for (let i = 0; i < 4; i++) await rowOf(page, `${mark} ${i}`).getByRole('checkbox').check();
    await sort(name, state, true);
    await to(page, `#inbox?form=default&state=${folder}`);
    for (let i = 0; i < 4; i++) await rowOf(page, `${mark} ${i}`).getByRole('checkbox').check();
    await sort(back, after, true);
  }
  await to(page, '#inbox?form=default');
  const star = rowOf(page, `${mark} 1`).getByRole('button', { name: /^Star/ });
  await star.click();
  await equals('true', () => star.getAttribute('aria-pressed'));
  await becomesStarred(ids[1], true);
  await to(page, '#inbox?starred=true');
  await rowOf(page, `${mark} 1`).waitFor();
  await rowOf(page, `${mark} 1`).getByRole('button', { name: /^Star/ }).click();
  await page.waitForFunction((text) => ![...document.querySelectorAll('.row')].some((row) => row.textContent.includes(text)), mark);
  isQuiet(page);
  await page.context().close();
});

at('what cannot be changed is put back and told, with a way to try again', async (width) => {
  const id = await post('default', { name: `stubborn ${width}`, email: 's@example.org', message: `stubborn ${width}` });
  const page = await visit(width, '#inbox?form=default');
  await signIn(page);
  await page.route('**/admin/submissions/*', (route) => (route.request().method() === 'PATCH' ? route.abort() : route.continue()), { times: 1 });
  await rowOf(page, `stubborn ${width}`).getByRole('checkbox').check();
  await page.locator('.tools').getByRole('button', { name: 'Archive' }).click();
  await page.locator('.toast.bad').waitFor();
  await rowOf(page, `stubborn ${width}`).waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await becomes(id, 'archived');

  // So it is when the list, as it was before, arrives while the change is on its way.
  const slow = await post('default', { name: `slow ${width}`, email: 's@example.org', message: `slow ${width}` });
  await rowOf(page, `slow ${width}`).waitFor();
  let refuse;
  let release;
  await page.route('**/admin/submissions/*', (route) => { refuse = () => route.abort(); });
  await page.route('**/admin/submissions?**', async (route) => {
    const response = await route.fetch();
    release = () => route.fulfill({ response });
  }, { times: 1 });
  await post('default', { name: `next ${width}`, email: 's@example.org', message: `next ${width}` });
  await until('the list is on its way', () => release);
  await rowOf(page, `slow ${width}`).getByRole('checkbox').check();
  await page.locator('.tools').getByRole('button', { name: 'Archive' }).click();
  await until('the change is on its way', () => refuse);
  await Promise.all([page.waitForResponse(/submissions\?/), release()]);
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
  refuse();
  await page.locator('.toast.bad').waitFor();
  await page.unroute('**/admin/submissions/*');
  await rowOf(page, `slow ${width}`).waitFor();
  await rowOf(page, `next ${width}`).waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await becomes(slow, 'archived');
  await equals(0, () => rowOf(page, `slow ${width}`).count());
  await page.route('**/admin/submissions?**', (route) => route.abort(), { times: 1 });
  await to(page, '#inbox?state=archived');
  await page.getByRole('heading', { name: 'That did not work' }).waitFor();
  await forgive(page, /ERR_FAILED/);
  await look(page, 'failure');
  await page.getByRole('button', { name: 'Try again' }).click();
  await rowOf(page, `stubborn ${width}`).waitFor();
  isQuiet(page);
  await page.context().close();
});

at('everything by keyboard', async (width) => {
  const mark = `keys ${width}`;
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(await post('default', { name: `${mark} ${i}`, email: 'keys@example.org', message: `${mark} number ${i}` }));
  const page = await visit(width);
  const press = (...all) => all.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  assert.equal(await page.evaluate(() => document.activeElement.name), 'username');
  await page.keyboard.type('admin');
  await press('Tab');
  await page.keyboard.type(PASSWORD);
  await press('Enter');
  await rowOf(page, `${mark} 2`).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.closest('.row')?.querySelector('.who').textContent.replace('Unread: ', ''));
  await press('j');
  await equals(`${mark} 2`, focused);
  await press('j', 'j', 'k');
  await equals(`${mark} 1`, focused);
  await press('s', 'x');
  await page.locator('.tools .status', { hasText: '1 selected' }).waitFor();
  await equals(`${mark} 1`, focused);
  await press('x', 'o');
  await page.getByRole('heading', { name: `${mark} 1` }).waitFor();
  await becomes(ids[1], 'read');
  await page.getByRole('link', { name: 'Older message' }).waitFor();
  await press('j');
  await page.getByRole('heading', { name: `${mark} 0` }).waitFor();
  await page.getByRole('link', { name: 'Newer message' }).waitFor();
  await press('k');
  await page.getByRole('heading', { name: `${mark} 1` }).waitFor();
  await press('u');
  await rowOf(page, `${mark} 1`).waitFor();
  await equals(`${mark} 1`, focused);
  await press('e');
  await becomes(ids[1], 'archived');
  await equals(`${mark} 0`, focused);
  await press('z');
  await becomes(ids[1], 'read');
  await press('#');
  await becomes(ids[0], 'trash');
  await press('k', 'k', 'k', '!');
  await becomes(ids[2], 'spam');
  await press('z');
  await becomes(ids[2], 'new');
  await press('/');
  await equals('search', () => page.evaluate(() => document.activeElement.type));
  await press('Escape', 'Tab');
  await press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await look(page, 'keys');
  for (let i = 0; i < 5; i++) {
    await press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest('dialog')), 'a dialog keeps the focus');
  }
  await page.getByLabel('Single keys do something').uncheck();
  await press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await press('j', '?');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await page.evaluate(() => document.activeElement.blur());
  isQuiet(page);
  await page.context().close();
});

at('z undoes the last twenty actions, one after the other', async (width) => {
  const mark = `undo ${width}`;
  const ids = [];
  for (let i = 0; i < 22; i++) ids.unshift(await post('default', { name: `${mark} ${i}.`, email: 'undo@example.org', message: `${mark} number ${i}` }));
  const page = await visit(width, '#inbox?form=default&state=new');
  await signIn(page);
  await rowOf(page, `${mark} 21.`).waitFor();
  await page.keyboard.press('z');
  await page.getByText('Nothing to undo.').waitFor();
  await page.keyboard.press('j');
  for (let i = 0; i < 22; i++) await page.keyboard.press(i % 2 ? 'e' : '#');
  await becomes(ids[21], 'archived');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await equals(0, () => rowOf(page, mark).count());
  await page.keyboard.press('z');
  await rowOf(page, `${mark} 0.`).waitFor();
  await becomes(ids[21], 'new');
  assert.equal(await rowOf(page, mark).count(), 1);
  await page.keyboard.press('z');
  await rowOf(page, `${mark} 1.`).waitFor();
  await toast(page).filter({ hasText: 'Undone: Message moved to the trash.' }).waitFor();
  for (let i = 2; i < 20; i++) await page.keyboard.press('z');
  await rowOf(page, `${mark} 19.`).waitFor();
  await page.keyboard.press('z');
  await page.getByText('Nothing to undo.').waitFor();
  for (const [i, id] of ids.entries()) await becomes(id, i > 1 ? 'new' : i ? 'archived' : 'trash');
  isQuiet(page);
  await page.context().close();
});

at('/ opens the search from anywhere, and a bulk action leaves the focus in the list', async (width) => {
  const mark = `bulk ${width}`;
  for (let i = 0; i < 3; i++) await post('default', { name: `${mark} ${i}`, email: 'bulk@example.org', message: `${mark} number ${i}` });
  const page = await visit(width, '#forms');
  await signIn(page);
  for (const hash of ['#forms', '#account', `#message/${ADA}`, '#inbox?state=spam']) {
    await to(page, hash);
    await page.keyboard.type('/fifteen');
    await equals('fifteen', () => page.getByRole('searchbox').inputValue());
  }
  await to(page, '#inbox?form=default');
  for (let i = 1; i < 3; i++) await rowOf(page, `${mark} ${i}`).getByRole('checkbox').check();
  await page.locator('.tools').getByRole('button', { name: 'Archive', exact: true }).click();
  await equals(`${mark} 0`, () => page.evaluate(() => document.activeElement.closest('.row a')?.querySelector('.who').textContent.replace('Unread: ', '')));
  isQuiet(page);
  await page.context().close();
});

at('how many there are is known where the counts tell it', async (width) => {
  const page = await visit(width, '#inbox?form=jobs');
  await signIn(page);
  const { counts } = (await contactd.api('/admin/stats?form=jobs')).forms.find((form) => form.name === 'jobs');
  await page.locator('.tools .status', { hasText: `${counts.new + counts.read} messages` }).waitFor();
  assert.equal(await rows(page).count(), 50);
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).check();
  await page.locator('.tools .status', { hasText: '50 selected' }).waitFor();
  await to(page, '#inbox?form=jobs&q=roses');
  await page.locator('.tools .status', { hasText: '50 and more' }).waitFor();
  isQuiet(page);
  await page.context().close();
});

at('a form that is not there, or not yours, is said to be so', async (width) => {
  const page = await visit(width, '#inbox?form=nowhere');
  await signIn(page);
  const words = 'There is no such form, or it is not yours to see.';
  await page.getByText(words).waitFor();
  await look(page, 'no-form');
  await to(page, '#forms/nowhere');
  await page.getByText(words).waitFor();
  assert.equal(await page.locator('main').getByRole('link', { name: 'Messages' }).count(), 0);
  await to(page, '#forms/default');
  await page.getByRole('heading', { name: 'On your page' }).waitFor();
  await page.context().close();
});

at('a note that is being written outlives the session', async (width) => {
  const [one, two] = [await post('default', { name: `Draft ${width}`, email: 'd@example.org', message: `draft ${width}` }), await post('default', { name: `Other ${width}`, email: 'd@example.org', message: `other ${width}` })];
  const page = await visit(width, `#message/${one}`);
  await signIn(page);
  const note = page.getByLabel('Add a note');
  await note.fill('half a thought');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('Your session has ended. Sign in to go on.').waitFor();
  await signIn(page);
  await equals('half a thought', () => note.inputValue());
  await forgive(page, /401/);
  await to(page, `#message/${two}`);
  await page.getByRole('heading', { name: `Other ${width}` }).waitFor();
  assert.equal(await note.inputValue(), '');
  await to(page, `#message/${one}`);
  await page.getByRole('heading', { name: `Draft ${width}` }).waitFor();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.notes li', { hasText: 'half a thought' }).waitFor();
  await page.reload();
  await page.locator('.notes li', { hasText: 'half a thought' }).waitFor();
  assert.equal(await note.inputValue(), '');
  isQuiet(page);
  await page.context().close();
});

at('a new server has an empty inbox; when it is away that is said, and what was missed is there afterwards', async (width) => {
  const server = await startContactd();
  try {
    const page = await visit(width, '', { at: server.url });
    await signIn(page, 'admin', passwordOf(server));
    await page.getByRole('heading', { name: 'No messages yet' }).waitFor();
    await page.getByText('Open a form and copy its HTML to your page').waitFor();
    await look(page, 'empty');
    await page.getByRole('link', { name: 'See your forms' }).click();
    await page.locator('.cards', { hasText: 'default' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'No messages yet' }).waitFor();
    await server.addForm('first', {});
    const other = await page.context().newPage();
    hear(other);
    await other.goto(`${server.url}/admin/`);
    await other.getByRole('heading', { name: 'No messages yet' }).waitFor();
    const [kept, sorted] = [await post('first', { name: 'Kept', email: 'k@example.org', message: 'kept' }, {}, server.url), await post('first', { name: 'Sorted', email: 's@example.org', message: 'sorted' }, {}, server.url)];
    assert.ok(kept && sorted);
    for (const tab of [page, other]) await rowOf(tab, 'Sorted').waitFor();

    await server.halt();
    const line = (tab) => tab.getByRole('status', { name: 'Connection' });
    for (const tab of [page, other]) await line(tab).filter({ hasText: 'No connection to the server. Trying again' }).waitFor();
    await look(page, 'down', /ERR_/);
    await rowOf(page, 'Kept').waitFor();
    await server.start();
    await server.api(`/admin/submissions/${sorted}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"state":"archived"}' });
    await post('first', { name: 'Missed', email: 'm@example.org', message: 'missed' }, {}, server.url);
    for (const tab of [page, other]) {
      await rowOf(tab, 'Missed').waitFor();
      await rowOf(tab, 'Sorted').waitFor({ state: 'detached' });
      await equals('', () => line(tab).textContent());
      isQuiet(tab, /ERR_/);
    }
    await page.context().close();
  } finally {
    await server.stop();
  }
});

at('a message: fields, origin, spam, notes, reply, neighbours', async (width) => {
  const page = await visit(width, '#inbox?form=shop');
  await signIn(page);
  await rowOf(page, 'Ada Lovelace').getByRole('link').click();
  await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
  await settled(page);
  await becomes(ADA, 'read');
  const text = await page.locator('.one').innerText();
  for (const part of ['Engines Ltd', '12 St James\'s Square', 'a little green', `${SHOP}/contact`, 'Safari on macOS', '127.0.0.1', ADA]) assert.ok(text.includes(part), part);
  const mail = new URL(await page.getByRole('link', { name: 'Reply by mail' }).getAttribute('href'));
  assert.equal(mail.pathname, 'ada@example.org');
  assert.match(mail.searchParams.get('body'), /> Hello,\r\n> \r\n> I am planning/);
  await page.getByLabel('Add a note').fill('Offer sent on Tuesday.\nShe knows about the delivery.');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.notes li').waitFor();
  await look(page, 'message');
  await page.locator('.one').screenshot({ path: join(SHOTS, `message-whole-${width}.png`) });
  await page.getByRole('button', { name: 'Delete the note' }).click();
  await page.getByRole('dialog', { name: 'Delete the note?' }).waitFor();
  await look(page, 'ask');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.locator('.notes li').waitFor({ state: 'detached' });
  await page.locator('.tools').getByRole('button', { name: 'Star', exact: true }).click();
  await becomesStarred(ADA, true);
  await page.locator('.tools').getByRole('button', { name: 'Star', exact: true }).click();
  await becomesStarred(ADA, false);
  await page.getByRole('link', { name: 'Older message' }).click();
  await page.getByRole('heading', { name: PEOPLE[3][0] }).waitFor();
  await settled(page);
  await look(page, 'arabic');
  await page.goBack();
  await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
  await settled(page);
  await page.locator('.tools').getByRole('button', { name: 'Mark as unread' }).click();
  await becomes(ADA, 'new');
  await to(page, '#inbox?form=shop&state=spam');
  await rowOf(page, 'SEO Expert').getByRole('link').click();
  await page.getByText('A field is filled that people cannot see').waitFor();
  await look(page, 'spam-message');
  isQuiet(page);
  await page.context().close();
});

at('gone for good: one message, and one person', async (width) => {
  const [one, ...rest] = [await post('default', { name: `gone ${width}`, email: `gone${width}@example.org`, message: 'one' }), await post('shop', { name: `gone ${width}`, email: `gone${width}@example.org`, message: 'two' }, { origin: SHOP }), await post('default', { name: `gone ${width}`, email: `gone${width}@example.org`, message: 'three' })];
  const page = await visit(width, `#message/${one}`);
  await signIn(page);
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('Message deleted for good.').waitFor();
  await to(page, `#message/${rest[0]}`);
  await page.getByRole('button', { name: 'Erase this person' }).click();
  await page.getByText(`gone${width}@example.org: 2 messages on all forms together.`).waitFor();
  await page.getByRole('button', { name: 'Erase all' }).click();
  await page.getByText('2 messages erased.').waitFor();
  assert.deepEqual(await contactd.stored(`gone${width}@`), []);

  // Without opening a message, too.
  for (const message of ['one', 'two']) await post('default', { name: `gone ${width}`, email: `gone${width}@example.org`, message: `${message} again` });
  await to(page, '#people');
  await page.getByLabel('E-mail address').fill('nobody-at-all@example.org');
  await page.getByRole('button', { name: 'Look for messages' }).click();
  await page.getByText('No message has the address nobody-at-all@example.org.').waitFor();
  await page.getByLabel('E-mail address').fill(`gone${width}@example.org`);
  await page.getByRole('button', { name: 'Look for messages' }).click();
  await page.getByText(`gone${width}@example.org: 2 messages on all forms together.`).waitFor();
  await look(page, 'erase');
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await contactd.stored(`gone${width}@`)).length, 2);
  await page.getByRole('button', { name: 'Look for messages' }).click();
  await page.getByRole('button', { name: 'Erase all' }).click();
  await page.getByText('2 messages erased.').waitFor();
  assert.deepEqual(await contactd.stored(`gone${width}@`), []);
  isQuiet(page);
  await page.context().close();
});

at('what arrives is there without a reload', async (width) => {
  const page = await visit(width);
  await signIn(page);
  await rows(page).first().waitFor();
  await post('shop', { name: `Live ${width}`, email: 'live@example.org', message: `live ${width}` }, { origin: SHOP });
  await rowOf(page, `Live ${width}`).waitFor();
  await page.locator('#heard', { hasText: `New message from Live ${width}` }).waitFor({ state: 'attached' });
  await until('the title counts', async () => /^\(\d+\) Inbox – contactd$/.test(await page.title()));
  await page.evaluate(() => window.scrollTo(0, 600));
  await post('shop', { name: `Later ${width}`, email: 'live@example.org', message: `later ${width}` }, { origin: SHOP });
  await page.locator('.fresh').waitFor();
  assert.equal(await page.locator('.fresh').textContent(), '1 new message');
  await look(page, 'arrived');
  await page.locator('.fresh').click();
  await rowOf(page, `Later ${width}`).waitFor();
  const id = (await contactd.stored(`later ${width}`))[0].id;
  await contactd.api(`/admin/submissions/${id}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"state":"archived"}' });
  await rowOf(page, `Later ${width}`).waitFor({ state: 'detached' });
  isQuiet(page);
  await page.context().close();
});

// The number of unread messages that a tab shows beside the inbox.
const unreadIn = (tab) => tab.locator('.side a', { hasText: 'Inbox' }).locator('.count').evaluate((one) => Number(one.textContent)).catch(() => -1);

at('many tabs share one stream and one count, and the next one takes the stream over', async (width) => {
  const first = await visit(width, '#inbox?form=default');
  const context = first.context();
  const streams = new Map();
  context.on('request', (request) => { if (request.url().endsWith('/admin/events')) streams.set(request.frame().page(), true); });
  await signIn(first);
  await until('the first tab has its stream', () => streams.has(first));
  const tabs = [first];
  for (let i = 0; i < 8; i++) {
    const tab = await context.newPage();
    hear(tab);
    tabs.push(tab);
    await tab.goto(`${url}/admin/#inbox?form=default`);
    await tab.locator('.inbox .status:not(:empty)').waitFor();
  }
  assert.deepEqual([...streams.keys()], [first]);

  // Whatever happens, no tab is refused anything, and all know as much as the server.
  const unread = async () => (await contactd.api('/admin/stats?days=1')).forms.reduce((sum, form) => sum + form.counts.new, 0);
  const before = await unread();
  for (let i = 0; i < 6; i++) {
    await post('default', { name: `Tabs ${width} ${i}`, email: 'tabs@example.org', message: `tabs ${width} ${i}` });
    await contactd.addForm('tabbed', { title: `Tabbed ${width} ${i}` });
  }
  for (const tab of tabs) for (let i = 0; i < 6; i++) await rowOf(tab, `Tabs ${width} ${i}`).waitFor();
  await equals(before + 6, unread); // the server counts a little later than it stores
  await contactd.addForm('tabbed', { title: `Counted ${width}` });
  for (const tab of tabs) {
    await tab.locator('.side').getByText(`Counted ${width}`).waitFor({ state: 'attached' });
    await equals(before + 6, () => unreadIn(tab));
  }
  for (const tab of tabs) isQuiet(tab);

  await first.close();
  await until('another tab has the stream', () => streams.size === 2);
  const [, second] = streams.keys();
  assert.ok(tabs.slice(1).includes(second));
  await post('default', { name: `Taken ${width}`, email: 'tabs@example.org', message: `taken ${width}` });
  for (const tab of tabs.slice(1)) await rowOf(tab, `Taken ${width}`).waitFor();
  for (const tab of tabs.slice(1)) await equals(before + 7, () => unreadIn(tab));
  assert.equal(streams.size, 2);
  for (const tab of tabs.slice(1)) isQuiet(tab);
  await contactd.api('/admin/forms/tabbed', { method: 'DELETE' });
  await context.close();
});

at('forms: list, new, snippet, chart, settings, refused pages, delete', async (width) => {
  const page = await visit(width, '#forms');
  await signIn(page);
  await page.locator('.cards').waitFor();
  await look(page, 'forms');
  await page.getByRole('link', { name: 'New form' }).click();
  await look(page, 'new-form');
  const name = `new-${width}`;
  await page.getByLabel('Name', { exact: true }).fill('Not A Name');
  await page.getByRole('button', { name: 'Make the form' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Title').fill('Brand new');
  await page.getByLabel('Pages that may post').fill(`${SHOP}\nhttps://b.example`);
  await page.getByRole('button', { name: 'Make the form' }).click();
  await page.getByRole('heading', { name: 'Brand new' }).waitFor();
  await settled(page);
  assert.deepEqual((await contactd.api(`/admin/forms/${name}`)).settings, { title: 'Brand new', origins: [SHOP, 'https://b.example'] });
  await page.getByRole('button', { name: 'Copy' }).click();
  const snippet = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(snippet, new RegExp(`<form action="${url}/f/${name}" method="post">`));
  assert.match(snippet, /<input name="_gotcha" [^>]*hidden>/);

  await page.getByLabel('After success').fill('nowhere at all');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.problem:not([hidden])').waitFor();
  assert.equal(await page.getByLabel('After success').getAttribute('aria-invalid'), 'true');
  await forgive(page, /422/);
  await page.getByLabel('After success').fill('/thanks');
  await page.getByLabel('Days to keep messages').fill('365');
  const rules = page.getByLabel('Rules for the fields');
  await rules.fill('{"type":"object",\n"properties":{"size":{"enum":["S","M"]}},\n}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.problem', { hasText: 'Rules for the fields: line 3 is not JSON.' }).waitFor();
  assert.equal(await rules.getAttribute('aria-invalid'), 'true');
  await rules.fill('{"type":"object","properties":{"size":{"enum":["S","M"]}}}');
  assert.equal(await page.locator('.settings textarea.json').count(), 1);
  await page.getByLabel('Language', { exact: true }).selectOption('de');
  await page.getByLabel('Trap for bots').fill('website');
  await page.getByLabel('Captcha').selectOption('hcaptcha');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.problem', { hasText: 'please give its secret' }).waitFor();
  await page.getByLabel('Its secret').fill('0x4AAAAAAAB-its-secret');
  await page.getByLabel('Form token').selectOption('required');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Settings saved. They are in force.').waitFor();
  const { settings } = await contactd.api(`/admin/forms/${name}`);
  assert.deepEqual([settings.language, settings.honeypot, settings.captcha], ['de', 'website', { kind: 'hcaptcha', secret: '…cret' }]);
  // The secret that was shown masked goes back as it came, and stays.
  await page.getByLabel('Days to keep messages').fill('366');
  await page.getByRole('button', { name: 'Save' }).click();
  await until('the second save', async () => (await contactd.api(`/admin/forms/${name}`)).settings.retentionDays === 366);
  assert.equal((await contactd.api(`/admin/forms/${name}`)).settings.captcha.secret, '…cret');
  assert.match(await page.locator('pre').textContent(), /<input name="website" [^>]*hidden>/);
  assert.deepEqual([settings.redirect, settings.retentionDays, settings.token, settings.schema.properties.size], ['/thanks', 365, 'required', { enum: ['S', 'M'] }]);
  assert.match(await page.locator('pre').textContent(), /<option>M<\/option>/);
  await page.getByRole('button', { name: 'Delete the form' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the form' }).click();
  await page.waitForFunction(() => location.hash === '#forms');

  await to(page, '#forms/shop');
  await page.locator('svg.chart').waitFor();
  await look(page, 'form');
  await page.locator('.page').screenshot({ path: join(SHOTS, `form-whole-${width}.png`) });
  await page.getByText('365 days').click();
  await settled(page);
  await page.getByText('As a table').click();
  await page.getByRole('columnheader', { name: 'Week from', includeHidden: true }).waitFor({ state: 'attached' });
  await look(page, 'form-year');

  await to(page, '#refusals');
  await page.getByText('https://stranger.example').waitFor();
  await look(page, 'refusals');
  const origin = 'https://staging.tulpenhof.example';
  await post('shop', { email: 'x@example.org', message: `refused ${width}` }, { origin: 'https://later.example' });
  if (width === WIDTHS[0]) {
    await page.getByRole('button', { name: `Allow ${origin}` }).click();
    await page.getByText(`${origin} may post to shop now.`).waitFor();
    assert.ok((await contactd.api('/admin/forms/shop')).settings.origins.includes(origin));
  }
  isQuiet(page);
  await page.context().close();
});

// --- deliveries ---

// A web server that hears of messages. `answers` says with what status a path is answered (200), `heard` what came.
async function startReceiver() {
  const heard = [];
  const answers = {};
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => {
      heard.push({ path: request.url, id: request.headers['webhook-id'], signature: request.headers['webhook-signature'], body });
      response.writeHead(answers[request.url] ?? 200).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const at = (path) => heard.filter((one) => one.path === path);
  return { url: `http://127.0.0.1:${server.address().port}`, answers, at, stop: () => { server.closeAllConnections(); server.close(); } };
}

// A server that may reach the receiver, and looks for alarms all the time.
async function startSender(...options) {
  process.env.CONTACTD_TEST_WATCH_MS = '300';
  try {
    return await startContactd(['--webhook-allow', '127.0.0.0/8', '--allow-plain', 'on', ...options]);
  } finally {
    delete process.env.CONTACTD_TEST_WATCH_MS;
  }
}

const withSender = (walk) => async (width) => {
  const [sender, receiver] = [await startSender(), await startReceiver()];
  try {
    await walk(width, sender, receiver);
  } finally {
    receiver.stop();
    assert.equal(await sender.stop(), 0, sender.log());
  }
};
// The words of these elements that are torn apart at the end of a line.
const torn = (page, which) => page.evaluate((selector) => [...document.querySelectorAll(selector)].flatMap((one) => {
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  const words = [];
  while (walker.nextNode()) {
    for (const { 0: word, index } of walker.currentNode.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(walker.currentNode, index);
      range.setEnd(walker.currentNode, index + word.length);
      if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) words.push(word);
    }
  }
  return words;
}), which);
const told = (page, destination) => page.locator('[data-id]', { hasText: destination }).locator('.told').first();
// By the keyboard alone.
const press = async (locator) => { await locator.focus(); await locator.press('Enter'); };

at('who is told of messages is set up in the form, by keyboard', withSender(async (width, sender, receiver) => {
  const page = await visit(width, '#deliveries', { at: sender.url });
  await signIn(page, 'admin', passwordOf(sender));
  await page.getByRole('heading', { name: 'Nobody is told yet' }).waitFor();
  await look(page, 'no-deliveries');
  await sender.addForm('shop', { title: 'Tulpenhof', captcha: { kind: 'hcaptcha', secret: '0xabc' } });
  await press(page.getByRole('link', { name: 'Choose a form' }));
  await press(page.locator('.cards a', { hasText: 'Tulpenhof' }));
  const settings = async () => (await sender.api('/admin/forms/shop')).settings;
  const save = async () => {
    await press(page.getByRole('button', { name: 'Save' }));
    await page.getByText('Settings saved. They are in force.').waitFor();
    await page.evaluate(() => document.getElementById('toasts').replaceChildren());
  };

  await press(page.getByRole('button', { name: 'Add an address' }));
  await page.keyboard.type('owner@example.org');
  await press(page.getByRole('button', { name: 'Add an address' }));
  await page.keyboard.type('sales@example.org');
  const second = page.getByRole('group', { name: 'Address 2' });
  await second.getByLabel('Mails').selectOption('hourly');
  await press(page.getByRole('button', { name: 'Add a webhook or chat' }));
  const hook = page.getByRole('group', { name: 'Webhook or chat 1' });
  assert.equal(await page.evaluate(() => document.activeElement.localName), 'select');
  await hook.getByLabel('Name').fill('crm');
  await hook.getByLabel('URL').fill('nowhere');
  await hook.getByLabel('Secret').fill('whsec_c2l4dHkgZm91ciBieXRlcyBvZiBub3RoaW5nIGF0IGFsbA==');
  await hook.getByRole('checkbox', { name: 'Spam, too' }).press('Space');
  await press(page.getByRole('button', { name: 'Add a webhook or chat' }));
  const chat = page.getByRole('group', { name: 'Webhook or chat 2' });
  await chat.getByLabel('Kind').selectOption('telegram');
  await chat.getByLabel('Token').fill('123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11');
  await chat.getByRole('textbox', { name: 'Chat' }).fill('@tulips');
  await page.getByRole('checkbox', { name: /^Answer whoever/ }).press('Space');
  const notices = page.locator('.notices');
  await notices.getByLabel('Subject').first().fill('Enquiry from {{name}}');
  await notices.getByLabel('Days of silence').fill('30');
  await press(page.getByRole('button', { name: 'Save' }));
  await page.locator('.problem', { hasText: 'Webhook or chat 1, URL: ' }).waitFor();
  assert.equal(await hook.getByLabel('URL').getAttribute('aria-invalid'), 'true');
  await look(page, 'notices-wrong', /422/);
  await forgive(page, /422/);
  await hook.getByLabel('URL').fill(`${receiver.url}/crm`);
  await press(page.getByRole('button', { name: 'Save' }));
  await page.locator('.problem', { hasText: 'Automatic reply, Text: please fill it in.' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.localName), 'textarea');
  await forgive(page, /422/);
  await page.keyboard.type('Thank you, {{name}}.');
  await save();
  const stored = (await settings()).notify;
  assert.deepEqual(stored.mail, ['owner@example.org', { to: 'sales@example.org', digest: 'hourly' }]);
  assert.deepEqual(stored.webhooks, [{ name: 'crm', url: `${receiver.url}/crm`, secret: 'whsec_…bA==', spam: true }]);
  assert.deepEqual([stored.telegram[0].chat, stored.autoreply, stored.subject, stored.silenceDays], ['@tulips', { text: 'Thank you, {{name}}.' }, 'Enquiry from {{name}}', 30]);

  // Shown masked, sent back as it is, and still the same: the receiver can tell by the signature.
  await page.reload();
  await notices.waitFor();
  assert.equal(await hook.getByLabel('Secret').inputValue(), 'whsec_…bA==');
  await settled(page);
  await notices.screenshot({ path: join(SHOTS, `notices-${width}.png`) });
  await look(page, 'notices');
  await press(chat.getByRole('button', { name: /^Remove/ }));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Add a webhook or chat');
  await press(page.getByRole('group', { name: 'Address 1' }).getByRole('button', { name: /^Remove/ }));
  await save();
  const { telegram, ...others } = stored;
  assert.equal(telegram.length, 1);
  assert.deepEqual((await settings()).notify, { ...others, mail: [stored.mail[1]] });
  await post('shop', { name: 'Ada', email: 'ada@example.org', message: 'signed' }, {}, sender.url);
  await until('the webhook is heard', () => receiver.at('/crm').length > 0);
  const [{ id, signature, body }] = receiver.at('/crm');
  assert.match(signature, /^v1,/);
  assert.match(id, /^msg_/);
  assert.match(body, /"signed"/);
  await press(hook.getByRole('button', { name: /^Remove/ }));
  await press(page.getByRole('group', { name: 'Address 1' }).getByRole('button', { name: /^Remove/ }));
  await page.getByRole('checkbox', { name: /^Answer whoever/ }).press('Space');
  await notices.getByLabel('Subject').first().fill('');
  await notices.getByLabel('Days of silence').fill('');
  await save();
  assert.equal((await settings()).notify, undefined);
  isQuiet(page);
  await page.context().close();
}));

at('deliveries: beside the message and all together, one that fails and recovers', withSender(async (width, sender, receiver) => {
  await sender.addForm('shop', { title: 'Tulpenhof', notify: { webhooks: [{ name: 'crm', url: `${receiver.url}/crm` }, { name: 'gone', url: `${receiver.url}/gone` }] } });
  await sender.addForm('agency', { notify: { mail: ['ops@agency.example'] } });
  Object.assign(receiver.answers, { '/crm': 503, '/gone': 410 });
  const id = await post('shop', { name: 'Ada', email: 'ada@example.org', message: 'flowers, please' }, {}, sender.url);
  const page = await visit(width, `#message/${id}`, { at: sender.url });
  await signIn(page, 'admin', passwordOf(sender));
  await told(page, 'Webhook crm').filter({ hasText: /^waiting, next try (at|within).*503/ }).waitFor();
  await told(page, 'Webhook gone').filter({ hasText: /^given up .*410/ }).waitFor();
  await press(page.locator('[data-id]', { hasText: 'Webhook gone' }).locator('summary'));
  await page.locator('ol', { hasText: 'it answered 410' }).waitFor();
  await page.locator('.deliveries').scrollIntoViewIfNeeded();
  await look(page, 'message-deliveries');

  await to(page, '#deliveries?state=failed');
  await told(page, 'Webhook gone').filter({ hasText: /^fails since/ }).waitFor();
  await page.getByRole('button', { name: 'Retry: Webhook gone' }).waitFor();
  await until('there is one to retry', async () => await page.getByRole('button', { name: /^Retry: / }).count() === 1);
  await look(page, 'deliveries-failed');
  await to(page, '#deliveries');
  await page.getByRole('button', { name: 'Retry: Webhook crm' }).waitFor();
  await look(page, 'deliveries');
  assert.deepEqual(await torn(page, '.table th, .table td, .table .button'), [], 'words are whole');
  await press(page.getByRole('link', { name: 'Waiting', exact: true }));
  await page.waitForFunction(() => location.hash.includes('state=waiting'));
  await settled(page);
  await page.getByRole('button', { name: 'Retry: Webhook crm' }).waitFor();
  await until('there is one to retry', async () => await page.getByRole('button', { name: /^Retry: / }).count() === 1);
  await press(page.getByRole('link', { name: 'Webhook gone' }));
  await page.getByRole('heading', { name: 'To Webhook gone, Tulpenhof' }).waitFor();
  await page.getByRole('button', { name: 'Retry: Webhook gone' }).waitFor();
  await until('the other is not listed', async () => await page.getByRole('button', { name: 'Retry: Webhook crm' }).count() === 0);
  assert.equal(await page.getByRole('table', { name: 'Destinations' }).locator('tbody tr').count(), 1, 'above the list stands what was asked for alone');

  // All of a destination, when it is back; what the receiver gets again has the same id.
  receiver.answers['/gone'] = 200;
  await press(page.getByRole('button', { name: /^Retry all 1 of Webhook gone/ }));
  await toast(page).filter({ hasText: '1 delivery is tried again.' }).waitFor();
  await page.getByRole('button', { name: 'Send again: Webhook gone' }).waitFor();
  assert.equal(new Set(receiver.at('/gone').map((one) => one.id)).size, 1);

  // One, beside its message: the end is there without a reload, and the focus where it was.
  await to(page, `#message/${id}`);
  await told(page, 'Webhook gone').filter({ hasText: /^delivered / }).waitFor();
  receiver.answers['/crm'] = 410; // so that it is not tried by itself meanwhile
  await press(page.getByRole('button', { name: 'Retry: Webhook crm' }));
  await told(page, 'Webhook crm').filter({ hasText: /^given up .*410/ }).waitFor();
  receiver.answers['/crm'] = 200;
  await press(page.getByRole('button', { name: 'Retry: Webhook crm' }));
  await told(page, 'Webhook crm').filter({ hasText: /^delivered / }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Send again: Webhook crm');
  await look(page, 'message-delivered');
  const before = receiver.at('/crm').length;
  await press(page.getByRole('button', { name: 'Send again: Webhook crm' }));
  await until('it is heard once more', () => receiver.at('/crm').length > before);
  assert.deepEqual(new Set(receiver.at('/crm').map((one) => one.id)), new Set([`msg_${id}`]));

  // A destination that was written wrong: what it did not get goes to the right one, singly and all together.
  receiver.answers['/gone'] = 410;
  const missed = [];
  for (const text of ['a bouquet', 'a wreath']) missed.push(await post('shop', { name: 'Ada', email: 'ada@example.org', message: text }, {}, sender.url));
  await to(page, `#message/${missed[0]}`);
  await told(page, 'Webhook gone').filter({ hasText: /^given up .*410/ }).waitFor();
  await sender.api('/admin/forms/shop', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ title: 'Tulpenhof', notify: { webhooks: [{ name: 'crm', url: `${receiver.url}/crm` }, { name: 'right', url: `${receiver.url}/right` }] } }) });
  await press(page.getByRole('button', { name: 'Send elsewhere: Webhook gone' }));
  await page.getByRole('dialog').getByLabel('To').selectOption('webhook:right');
  await look(page, 'send-elsewhere');
  await press(page.getByRole('dialog').getByRole('button', { name: 'Send' }));
  await toast(page).filter({ hasText: '1 message is sent to Webhook right.' }).waitFor();
  await told(page, 'Webhook right').filter({ hasText: /^delivered / }).waitFor();
  await told(page, 'Webhook gone').filter({ hasText: /^not sent.*sent to webhook:right instead/ }).waitFor();
  await to(page, '#deliveries');
  await press(page.getByRole('button', { name: /^Send elsewhere what Webhook gone did not get/ }));
  await page.getByRole('dialog').getByLabel('To').selectOption('webhook:right');
  await press(page.getByRole('dialog').getByRole('button', { name: 'Send' }));
  await toast(page).filter({ hasText: '1 message is sent to Webhook right.' }).waitFor();
  await until('both have arrived', () => receiver.at('/right').length === 2);
  assert.deepEqual(new Set(receiver.at('/right').map((one) => one.id)), new Set(missed.map((one) => `msg_${one}`)));

  // Spam waits until somebody says that it is none.
  const spam = await post('shop', { name: 'Held', email: 'held@example.org', message: 'held back', _gotcha: 'x' }, {}, sender.url);
  await to(page, `#message/${spam}`);
  await told(page, 'Webhook crm').filter({ hasText: 'held: the message is in spam' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Retry|Send again)/ }).count(), 0);
  await look(page, 'message-held');
  await sender.api(`/admin/submissions/${spam}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"state":"new"}' });
  await told(page, 'Webhook crm').filter({ hasText: /^delivered / }).waitFor();
  isQuiet(page);

  // Who only reads sees it, and has no buttons.
  await sender.api('/admin/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'reader', role: 'reader', forms: ['shop'], password: 'tulips in the wind' }) });
  const reader = await visit(width, '#deliveries', { at: sender.url });
  await signIn(reader, 'reader', 'tulips in the wind');
  await told(reader, 'Webhook crm').waitFor();
  await settled(reader);
  assert.equal(await reader.locator('main button').count(), 0);
  isQuiet(reader);
  await reader.context().close();
  await page.context().close();
}));

at('alarms stand above every view, and go by themselves', withSender(async (width, sender, receiver) => {
  await sender.addForm('shop', { title: 'Tulpenhof', notify: { silenceDays: 1, webhooks: [{ name: 'crm', url: `${receiver.url}/crm` }] } });
  const days = (n) => new Date(Date.now() - n * 864e5).toISOString();
  const file = join(SHOTS, `old-${width}.ndjson`);
  writeFileSync(file, `${JSON.stringify({ form: 'shop', name: 'Long ago', email: 'ago@example.org', message: 'long ago', receivedAt: days(6) })}\n`);
  execFileSync(process.env.CONTACTD ?? join(ROOT, 'build/contactd'), ['import', file, '--from', 'contactd', '--form', 'shop', '--database', sender.database]);
  await until('the alarm is raised', async () => (await sender.api('/admin/alarms')).alarms.length === 1);
  const page = await visit(width, '', { at: sender.url });
  await signIn(page, 'admin', passwordOf(sender));
  const banner = page.getByRole('region', { name: 'Alarms' });
  await banner.filter({ hasText: 'The form shop has had no message for' }).waitFor();
  await rows(page).first().waitFor();
  await look(page, 'alarm');
  await to(page, '#account');
  await press(banner.getByRole('link', { name: 'See the form' }));
  await page.getByRole('heading', { level: 1, name: 'Tulpenhof' }).waitFor();
  assert.equal(await banner.isVisible(), true);
  await sender.api('/admin/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'other', role: 'reader', forms: ['elsewhere'], password: 'tulips in the wind' }) });
  const other = await visit(width, '#account', { at: sender.url });
  await signIn(other, 'other', 'tulips in the wind');
  await other.locator('.table').waitFor();
  await settled(other);
  assert.equal(await other.getByRole('region', { name: 'Alarms' }).isVisible(), false);
  await other.context().close();
  await sender.addForm('shop', { title: 'Tulpenhof' });
  await until('the alarm is over', async () => (await sender.api('/admin/alarms')).alarms.length === 0);
  await sender.addForm('shop', { title: 'Tulpenhof' });
  await banner.waitFor({ state: 'hidden' });
  isQuiet(page);
  await page.context().close();
}));

at('more alarms than one are a line that opens, until the next view', withSender(async (width, sender) => {
  const days = (n) => new Date(Date.now() - n * 864e5).toISOString();
  for (const form of ['shop', 'jobs', 'events', 'spring', 'summer', 'autumn', 'winter', 'garden']) {
    await sender.addForm(form, { title: `Tulpenhof ${form}`, notify: { silenceDays: 1 } });
    const file = join(SHOTS, `old-${form}-${width}.ndjson`);
    writeFileSync(file, `${JSON.stringify({ form, name: 'Long ago', email: 'ago@example.org', message: `long ago ${form}`, receivedAt: days(6) })}\n`);
    execFileSync(process.env.CONTACTD ?? join(ROOT, 'build/contactd'), ['import', file, '--from', 'contactd', '--form', form, '--database', sender.database]);
  }
  await until('the alarms are raised', async () => (await sender.api('/admin/alarms')).alarms.length === 8);
  const page = await visit(width, '', { at: sender.url });
  await signIn(page, 'admin', passwordOf(sender));
  const banner = page.getByRole('region', { name: 'Alarms' });
  const line = banner.getByText('8 things need attention');
  await line.waitFor();
  const first = banner.locator('p').first();
  assert.equal(await first.isVisible(), false);
  await press(banner.locator('summary'));
  await first.waitFor();
  await look(page, 'alarms-open');
  assert.ok((await banner.boundingBox()).height < page.viewportSize().height * 0.6, 'the view is still there');
  await to(page, '#account');
  await first.waitFor({ state: 'hidden' });
  isQuiet(page);
  await page.context().close();
}));

at('a public address that leads elsewhere is told, with what mends it', async (width) => {
  const parked = await startReceiver();
  const sender = await startSender('--public-url', parked.url, '--canary-every', '50ms');
  try {
    const page = await visit(width, '', { at: sender.url });
    await signIn(page, 'admin', passwordOf(sender));
    const banner = page.getByRole('region', { name: 'Alarms' });
    await until('the alarm is raised', async () => (await sender.api('/admin/alarms')).alarms.length === 1);
    await page.reload();
    await banner.filter({ hasText: `Messages may not come through ${parked.url}, two test messages in a row did not: something else than contactd answers (200)` }).waitFor();
    await banner.filter({ hasText: 'let the proxy pass /contact on to contactd, or mend public-url.' }).waitFor();
    await look(page, 'alarm-canary');
    isQuiet(page);
    await page.context().close();
  } finally {
    parked.stop();
    assert.equal(await sender.stop(), 0, sender.log());
  }
});

at('people, invitations, tokens, sessions, history, password', async (width) => {
  const name = `eve${width}`;
  const page = await visit(width, '#people');
  await signIn(page);
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(name);
  await page.getByRole('dialog').getByLabel('Role').selectOption('manager');
  await page.getByRole('dialog').getByLabel('All forms').uncheck();
  await page.getByRole('dialog').getByLabel('shop').check();
  await look(page, 'invite');
  await page.getByRole('button', { name: 'Make the link' }).click();
  const link = await page.getByRole('dialog').locator('pre').textContent();
  await look(page, 'invited');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: `Withdraw the invitation of ${name}` }).waitFor();

  const hers = await visit(width, new URL(link).hash);
  await hers.getByRole('heading', { name: 'Welcome' }).waitFor();
  await look(hers, 'invitation');
  await hers.getByLabel('Password').fill('tulips in the rain');
  await hers.getByLabel('The same once more').fill('tulips in the rain');
  await hers.getByRole('button', { name: 'Start' }).click();
  await rowOf(hers, 'Jörg Ostermann').waitFor();
  const late = await visit(width, new URL(link).hash);
  await late.getByRole('heading', { name: 'This invitation is over' }).waitFor();
  assert.equal(await late.locator('input').count(), 0);
  await look(late, 'invitation-over', /404/);
  await late.getByRole('link', { name: 'To the sign-in' }).click();
  await late.getByRole('heading', { name: 'Sign in' }).waitFor();
  await late.context().close();
  assert.equal(await hers.locator('.side').getByText('Jobs').count(), 0);
  await to(hers, '#inbox?form=jobs');
  await hers.getByText('There is no such form, or it is not yours to see.').waitFor();
  assert.equal(await hers.locator('.side').getByText('People').count(), 0);
  await to(hers, '#people');
  await rowOf(hers, 'Jörg Ostermann').waitFor();
  await look(hers, 'manager');
  for (const [hash, there] of [['#forms', '.cards'], ['#forms/shop', 'svg.chart'], ['#refusals', '.table'], ['#account', '.table']]) {
    await to(hers, hash);
    await hers.locator(there).first().waitFor();
    assert.equal(await hers.getByRole('button', { name: /^(Save|Allow|Delete the form)/ }).count(), 0, hash);
  }
  await look(hers, 'account');
  await hers.getByLabel('Password now').fill('tulips in the rain');
  await hers.getByLabel('New password').fill('tulips in the snow');
  await hers.getByLabel('The same once more').fill('tulips in the snow');
  await hers.getByRole('button', { name: 'Change the password' }).click();
  await hers.getByText('Password changed.').waitFor();

  await page.reload();
  await page.getByRole('button', { name: `Change ${name}` }).waitFor();
  await look(page, 'people');
  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByRole('dialog').getByLabel('Role').selectOption('reader');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(`${name} is changed.`).waitFor();
  assert.equal((await contactd.api('/admin/users')).users.find((one) => one.name === name).role, 'reader');
  await page.getByRole('button', { name: `New password for ${name}` }).click();
  await page.getByRole('dialog').getByLabel('Password').fill('tulips in the sun');
  await page.getByRole('button', { name: 'Set it' }).click();
  await page.getByText('has a new password').waitFor();
  await to(page, '#account');
  await to(page, '#audit');
  await page.locator('.table').waitFor();
  await look(page, 'audit');
  await to(page, '#people');
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText(`${name} is removed.`).waitFor();
  await hers.context().close();

  await to(page, '#tokens');
  await look(page, 'no-tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(`report${width}`);
  await page.getByRole('dialog').getByLabel('Until').fill('2030-01-01');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByText('Please choose at least one form.').waitFor();
  await page.getByRole('dialog').getByLabel('All forms').check();
  await page.getByRole('button', { name: 'Make the token' }).click();
  const token = await page.getByRole('dialog').locator('pre').textContent();
  assert.equal((await fetch(`${url}/admin/submissions?limit=1`, { headers: { authorization: `Bearer ${token}` } })).status, 200);
  await look(page, 'token');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: `Revoke report${width}` }).waitFor();
  await look(page, 'tokens');
  await page.getByRole('button', { name: `Revoke report${width}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('is revoked').waitFor();

  await to(page, '#account');
  const other = await visit(width);
  await signIn(other);
  await page.reload();
  await page.getByRole('button', { name: /^End the session of admin/ }).last().click();
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByText('Session ended.').waitFor();
  isQuiet(page);
  await other.context().close();
  await page.context().close();
});

at('a reader reads, and is offered nothing else', async (width) => {
  const name = `reader${width}`;
  await contactd.api('/admin/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, role: 'reader', forms: ['shop'], password: 'tulips in the wind' }) });
  const page = await visit(width);
  await signIn(page, name, 'tulips in the wind');
  await rowOf(page, PEOPLE[1][0]).waitFor();
  assert.equal(await page.locator('.inbox input[type=checkbox], .inbox .star[aria-pressed]').count(), 0);
  assert.equal(await rowOf(page, 'Applicant').count(), 0);
  await look(page, 'reader');
  for (const key of ['j', 'e', '#', '!', 's', 'x', 'o']) await page.keyboard.press(key);
  await page.locator('.letter').waitFor();
  await settled(page);
  assert.deepEqual(await page.locator('main button').evaluateAll((all) => all.map((one) => one.title || one.textContent)), ['Copy the address']);
  await look(page, 'reader-message');
  await page.context().close();
});

at('a session that has ended leads to the sign-in and back', async (width) => {
  const page = await visit(width, '#forms');
  await signIn(page);
  await page.locator('.cards').waitFor();
  await page.context().clearCookies();
  await to(page, '#forms/shop');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByText('Your session has ended. Sign in to go on.').waitFor();
  await look(page, 'ended', /401/);
  await signIn(page);
  await page.getByRole('heading', { name: 'Tulpenhof' }).waitFor();
  await forgive(page, /401/);
  isQuiet(page);
  await page.context().close();
});

// What the page is made of, without its words.
const skeleton = (page, selector) => page.locator(selector).evaluate((root) => {
  const walk = (element) => `${element.localName}${element.getAttribute('role') ?? ''}(${[...element.children].map(walk).join(',')})`;
  return walk(root);
});

cases['naughty strings change no page'] = async () => {
  const fields = (text) => ({ name: `n ${text}`.slice(0, 200), email: 'naughty@example.org', message: `m ${text}`, [`k ${text}`.slice(0, 60)]: text, list: [text, text], nested: { [`x ${text}`.slice(0, 60)]: text } });
  const headers = { origin: SHOP };
  const plain = await post('shop', fields('plain'), headers);
  const page = await visit(1280, `#message/${plain}`);
  await signIn(page);
  await page.locator('.letter').waitFor();
  const shape = async (id) => {
    await to(page, `#message/${id}`);
    await page.locator('.letter').waitFor();
    await page.locator('.facts', { hasText: id }).waitFor();
    return skeleton(page, '.letter');
  };
  const wanted = await shape(plain);
  const ids = [];
  for (const text of NAUGHTY) ids.push([text, await post('shop', fields(text), headers)]);
  let stored = 0;
  for (const [text, id] of ids.filter(([, one]) => one)) {
    stored += 1;
    assert.equal(await shape(id), wanted, JSON.stringify(text));
    const shown = await page.locator('.letter .body').evaluate((element) => element.textContent);
    assert.equal(shown, (await contactd.api(`/admin/submissions/${id}`)).message);
  }
  console.log(`# ${stored} of ${NAUGHTY.length} strings are stored and shown`);
  assert.ok(stored > NAUGHTY.length * 0.9, String(stored));
  await page.screenshot({ path: join(SHOTS, 'naughty-message-1280.png') });
  for (const state of ['all', 'spam']) {
    await to(page, `#inbox?form=shop&state=${state}`);
    await rows(page).first().waitFor();
    const shapes = new Set(await rows(page).evaluateAll((all) => all.map((row) => [...row.querySelectorAll('*')].map((one) => one.localName).filter((name, i, names) => !(name === 'span' && names[i - 1] === 'span')).join())));
    assert.ok(shapes.size <= 2, [...shapes].join('\n')); // read and unread
  }
  await look(page, 'naughty');
  isQuiet(page);
  await page.context().close();
};

cases['naughty strings as notes and titles change no page'] = async () => {
  const id = await post('default', { name: 'Notes', email: 'notes@example.org', message: 'notes' });
  const send = (method, path, body) => contactd.api(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  for (const text of NAUGHTY.slice(0, 100)) await send('POST', `/admin/submissions/${id}/notes`, { text });
  const page = await visit(390, `#message/${id}`);
  await signIn(page);
  await page.locator('.notes li').first().waitFor();
  const shapes = await page.locator('.notes li').evaluateAll((all) => all.map((one) => [...one.querySelectorAll('*')].map((part) => part.localName).join()));
  assert.equal(shapes.length, 100);
  assert.equal(new Set(shapes).size, 1);
  assert.deepEqual(await page.locator('.notes li > .text').allTextContents(), NAUGHTY.slice(0, 100));
  await to(page, '#forms');
  await contactd.addForm('titled', { title: 'Plain' });
  const side = async (title) => {
    await page.locator('.cards b', { hasText: title }).first().waitFor();
    return `${await skeleton(page, '.side')} ${await skeleton(page, '.cards')}`;
  };
  await page.reload();
  const wanted = await side('Plain');
  let titles = 0;
  for (const title of NAUGHTY.filter((text, i) => i % 12 === 0 && text.length < 100)) {
    const isTaken = await contactd.addForm('titled', { title }).then(() => true, () => false);
    if (!isTaken) continue;
    titles += 1;
    await page.reload();
    await page.locator('.side a').first().waitFor({ state: 'attached' });
    assert.equal(await side(''), wanted, title);
    assert.ok((await page.locator('.cards b').allTextContents()).includes(title), title);
  }
  assert.ok(titles > 20, String(titles));
  isQuiet(page);
  await page.context().close();
};

await runCases(cases, { contactd, site, browser });
