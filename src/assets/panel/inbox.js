// SPDX-License-Identifier: MIT
// The list of messages: folders, filters, paging, selection, what the keys do, and what arrives while one looks.
import { api, bump, can, counts, countSoon, get, isForm, on, session, titleOf, total, withQuery } from './api.js';
import { announce, button, dialog, empty, failure, field, h, icon, link, number, plural, select, time, toast, waiting } from './kit.js';

export const folders = [
  { pic: 'inbox', text: 'Inbox', query: {}, counted: 'new' },
  { pic: 'star', text: 'Starred', query: { starred: 'true' } },
  { pic: 'archive', text: 'Archive', query: { state: 'archived' } },
  { pic: 'spam', text: 'Spam', query: { state: 'spam' }, counted: 'spam' },
  { pic: 'trash', text: 'Trash', query: { state: 'trash' } },
  { pic: 'all', text: 'Everything', query: { state: 'all' } },
];

const PAGE = 50;

// The list that was shown last: whoever comes back finds it as it was.
const list = { key: null, query: {}, rows: [], next: null, isLoaded: false, isStale: false, chosen: new Set(), at: null, scroll: 0, arrived: [], view: null };

export const FILTERS = ['form', 'state', 'starred', 'q', 'since', 'until'];
const keep = (query) => Object.fromEntries(FILTERS.filter((key) => query[key]).map((key) => [key, query[key]]));

// Days are the reader's own.
function midnight(text, more = 0) {
  const [year, month, date] = text.split('-').map(Number);
  const at = new Date(year, month - 1, date + more);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

// What the server is asked: without a folder, the inbox; whoever searches or looks at stars means the archive, too.
export function asked(query) {
  const state = query.state || (query.starred || query.q ? undefined : 'inbox');
  return { form: query.form, state, starred: query.starred, q: query.q, since: query.since && midnight(query.since), until: query.until && midnight(query.until, 1) };
}

// Whether a message belongs to what is shown; a search only the server can tell.
function fits(row, query) {
  const { form, state, starred } = asked(query);
  const isOfState = state === 'inbox' ? ['new', 'read'].includes(row.state) : !state ? !['spam', 'trash'].includes(row.state) : state === 'all' || state === row.state;
  return isOfState && (!form || form === row.form) && (!starred || row.starred);
}

export const nameOf = (row) => row.name || row.email || 'Somebody';

function leaves(value) {
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(leaves) : [String(value)];
}
export const excerpt = (row) => (row.message || leaves(row.fields ?? {}).join(' · ')).slice(0, 300).replace(/\s+/g, ' ').trim() || '(no text)';

// --- loading ---

async function load(query) {
  const key = JSON.stringify(keep(query));
  if (list.key !== key) Object.assign(list, { key, query: keep(query), rows: [], next: null, isLoaded: false, isStale: false, chosen: new Set(), at: null, scroll: 0, arrived: [] });
  if (list.isLoaded) return;
  const told = await get('submissions', { ...asked(query), limit: String(PAGE) });
  if (list.key !== key) return;
  Object.assign(list, { rows: told.submissions, next: told.next, isLoaded: true });
  if (list.isStale) refreshSoon();
}

let isLoadingMore = false;
export async function more() {
  if (!list.next || isLoadingMore) return;
  isLoadingMore = true;
  const { key } = list;
  try {
    const told = await get('submissions', { ...asked(list.query), limit: String(PAGE), cursor: list.next });
    if (list.key !== key) return;
    const known = new Set(list.rows.map((row) => row.id));
    list.rows.push(...told.submissions.filter((row) => !known.has(row.id)));
    list.next = told.next;
    list.view?.append();
  } finally {
    isLoadingMore = false;
  }
}

// The newest page once more: what is new stands in front of what is there.
let timer;
function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, 300);
}

// What is shown becomes what the server says of the newest; whatever is older stays.
function renew(told) {
  const now = new Map(told.submissions.map((row) => [row.id, row]));
  const oldest = told.next ? told.submissions.at(-1).id : '';
  const before = JSON.stringify(list.rows);
  list.rows = list.rows.filter((row) => now.has(row.id) || row.id < oldest);
  for (const row of list.rows) Object.assign(row, now.get(row.id));
  if (JSON.stringify(list.rows) !== before) list.view?.redraw();
}

async function refresh() {
  if (!session.access) return;
  if (!list.isLoaded) { list.isStale = true; return; }
  const { key, isStale } = list;
  list.isStale = false;
  const before = turn;
  await before.catch(() => {});
  const limit = isStale ? Math.min(200, Math.max(PAGE, list.rows.length)) : PAGE;
  const told = await get('submissions', { ...asked(list.query), limit: String(limit) }).catch(() => null);
  if (!told || list.key !== key) return;
  // What was changed meanwhile would come back as it was.
  if (turn !== before) {
    list.isStale ||= isStale;
    refreshSoon();
    return;
  }
  if (isStale) renew(told);
  const known = new Set([...list.rows, ...list.arrived].map((row) => row.id));
  const fresh = told.submissions.filter((row) => !known.has(row.id) && fits(row, list.query));
  if (!fresh.length) return;
  if (fresh.length === limit) Object.assign(list, { rows: [], next: told.next });
  list.arrived.unshift(...fresh);
  announce(fresh.length === 1 ? `New message from ${nameOf(fresh[0])}` : `${fresh.length} new messages`);
  list.view?.arrive();
}

function takeArrived() {
  list.rows.unshift(...list.arrived.filter((row) => fits(row, list.query)));
  list.arrived = [];
}

const seen = new Map();
export const rowOf = (id) => list.rows.find((row) => row.id === id) ?? seen.get(id);
export const remember = (row) => { seen.clear(); seen.set(row.id, row); };

// What is before and after a message in the list that it was opened from.
export async function around(id, query) {
  await load(query);
  let i = list.rows.findIndex((row) => row.id === id);
  if (i >= 0 && i === list.rows.length - 1) await more();
  i = list.rows.findIndex((row) => row.id === id);
  return { newer: i > 0 ? list.rows[i - 1] : null, older: i >= 0 ? list.rows[i + 1] ?? null : null };
}

// --- changing ---

const DONE = { archived: 'archived', spam: 'marked as spam', trash: 'moved to the trash', read: 'marked as read', new: 'marked as unread' };

function put(rows, change) {
  for (const row of rows) {
    if (change.state) bump(row.form, row.state, change.state);
    // A list that was loaded meanwhile has another of the same id.
    Object.assign(row, change);
    Object.assign(list.rows.find((one) => one.id === row.id) ?? row, change);
  }
  list.view?.redraw();
}

// One after the other: an undo must not overtake what it undoes.
let turn = Promise.resolve();
function send(ids, change) {
  turn = turn.catch(() => {}).then(async () => {
    if (ids.length === 1) await api('PATCH', `submissions/${ids[0]}`, change);
    else for (let i = 0; i < ids.length; i += 500) await api('POST', 'submissions/bulk', { ids: ids.slice(i, i + 500), ...change });
  });
  return turn;
}

// At once on the screen, then on the server; what the server refuses is put back.
export async function change(rows, wanted, { words, isQuiet } = {}) {
  const before = rows.map((row) => ({ row, old: Object.fromEntries(Object.keys(wanted).map((key) => [key, row[key]])) })).filter(({ row }) => Object.keys(wanted).some((key) => row[key] !== wanted[key]));
  const changed = before.map(({ row }) => row);
  if (!changed.length) return;
  put(changed, wanted);
  const back = () => before.forEach(({ row, old }) => put([row], old));
  const text = `${changed.length === 1 ? 'Message' : `${number(changed.length)} messages`} ${words ?? DONE[wanted.state]}.`;
  const undo = async () => {
    back();
    comeBack(changed);
    toast(`Undone: ${text}`);
    const groups = new Map();
    for (const { row, old } of before) groups.set(JSON.stringify(old), [...(groups.get(JSON.stringify(old)) ?? []), row.id]);
    try {
      for (const [old, ids] of groups) await send(ids, JSON.parse(old));
    } catch (error) {
      toast(error.message, { isError: true, action: 'Try again', onaction: undo });
    }
  };
  if (!isQuiet) toast(text, { action: 'Undo', onaction: undo });
  try {
    await send(changed.map((row) => row.id), wanted);
  } catch (error) {
    back();
    comeBack(changed);
    toast(error.message, { isError: true, action: 'Try again', onaction: () => change(rows, wanted, { words, isQuiet }) });
  }
}

// What left the list stands where it was.
function comeBack(rows) {
  const known = new Set(list.rows.map((row) => row.id));
  for (const row of rows) if (!known.has(row.id) && fits(row, list.query)) list.rows.push(row);
  list.rows.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  list.view?.redraw();
}

export function forget(id) {
  list.rows = list.rows.filter((row) => row.id !== id);
  list.chosen.delete(id);
}

// What may be done with messages: its words, its key, and where it has a meaning.
export const ACTIONS = [
  { name: 'Archive', pic: 'archive', key: 'e', state: 'archived', from: ['new', 'read'] },
  { name: 'To the inbox', pic: 'restore', state: 'read', from: ['archived', 'trash'], words: 'moved to the inbox' },
  { name: 'Not spam', pic: 'restore', state: 'new', from: ['spam'], words: 'moved to the inbox' },
  { name: 'Spam', pic: 'spam', key: '!', state: 'spam', from: ['new', 'read', 'archived', 'trash'] },
  { name: 'Trash', pic: 'trash', key: '#', state: 'trash', from: ['new', 'read', 'archived', 'spam'] },
];

// --- showing ---

function filterPanel(query) {
  const value = (key) => query[key] ?? '';
  const states = [['', 'Inbox'], ['new', 'Unread'], ['read', 'Read'], ['archived', 'Archive'], ['spam', 'Spam'], ['trash', 'Trash'], ['all', 'Everything']];
  const state = select(states, value('state'));
  const form = select([['', 'All forms'], ...counts.forms.map((one) => [one.name, one.title || one.name])], value('form'));
  if (query.form && form.value !== query.form) { form.append(h('option', { value: query.form }, query.form)); form.value = query.form; }
  const since = h('input', { type: 'date', value: value('since') });
  const until = h('input', { type: 'date', value: value('until') });
  const starred = h('input', { type: 'checkbox', checked: query.starred === 'true' });
  const apply = (event) => {
    event.preventDefault();
    location.hash = withQuery('#inbox', { ...query, state: state.value, form: form.value, since: since.value, until: until.value, starred: starred.checked ? 'true' : '' });
  };
  return h('form', { class: 'filters', onsubmit: apply }, field('Folder', state), field('Form', form), field('From', since), field('Until', until),
    h('label', { class: 'check' }, starred, 'Starred only'),
    h('div', { class: 'buttons' }, button('Show', { kind: 'primary', type: 'submit' }), link('#inbox', 'Reset')));
}

function showExport(query) {
  const ways = [['csv', { bom: 'true' }, 'Spreadsheet', 'CSV, as Excel and LibreOffice open it'], ['json', {}, 'JSON', 'one document, whole'], ['ndjson', {}, 'NDJSON', 'one message a line, for programs']];
  dialog('Export', (close) => [
    h('p', null, `The messages of “${titleFor(query)}”, all of them and not only those that are shown.`),
    h('ul', { class: 'choices' }, ways.map(([format, extra, name, text]) => h('li', null, h('a', { href: withQuery('export', { format, ...extra, ...asked(query) }), download: '', onclick: () => close(null) },
      icon('out'), h('span', null, h('b', null, name), h('span', { class: 'hint' }, text)))))),
  ]);
}

export function titleFor(query) {
  const folder = folders.find((one) => one.query.state === query.state && one.query.starred === query.starred);
  const name = folder?.text ?? (query.state === 'new' ? 'Unread' : query.state === 'read' ? 'Read' : 'Messages');
  if (query.q) return `Search: ${query.q}`;
  return query.form ? (name === 'Inbox' ? titleOf(query.form) : `${titleOf(query.form)}: ${name}`) : name;
}

function makeRow(row, query, pick) {
  const mayWrite = can('write');
  const box = mayWrite && h('input', { type: 'checkbox', checked: list.chosen.has(row.id), 'aria-label': `Select the message from ${nameOf(row)}`, onclick: (event) => pick(row, box.checked, event.shiftKey) });
  const star = mayWrite ? h('button', { type: 'button', class: 'button bare star', 'aria-pressed': String(row.starred === true), 'aria-label': `Star the message from ${nameOf(row)}`, onclick: () => change([row], { starred: !row.starred }, { isQuiet: true }) }, icon('star'))
    : h('span', { class: 'star', 'data-on': row.starred ? '' : null }, icon('star'));
  const isUnread = row.state === 'new';
  return h('li', { class: `row${isUnread ? ' unread' : ''}${list.chosen.has(row.id) ? ' chosen' : ''}`, 'data-id': row.id },
    mayWrite && h('label', { class: 'tick' }, box),
    h('a', { href: withQuery(`#message/${row.id}`, query) },
      h('span', { class: 'who', dir: 'auto' }, isUnread && h('span', { class: 'unseen' }, 'Unread: '), nameOf(row)),
      h('span', { class: 'what', dir: 'auto' }, excerpt(row)),
      h('span', { class: 'tag', dir: 'auto' }, titleOf(row.form)), time(row.receivedAt)), star);
}

function nothing(query) {
  if (query.form && !isForm(query.form)) return noForm();
  if (query.q || query.since || query.until) return empty('search', 'Nothing found', 'No message fits. Try fewer words, or a longer time.', link('#inbox', 'Back to the inbox'));
  const texts = { spam: ['spam', 'No spam', 'What scores 5 points or more lands here, with its reasons.'], trash: ['trash', 'The trash is empty', 'What you throw away waits here.'],
    archived: ['archive', 'Nothing archived', 'Archive a message with e: it stays, out of your way.'] };
  if (texts[query.state]) return empty(...texts[query.state]);
  if (query.starred) return empty('star', 'No stars yet', 'Star what you want to find again, with s.');
  if (counts.isKnown && counts.forms.some((form) => Object.values(form.counts).some(Boolean)))
    return empty('inbox', 'All done', 'Every message is read and put away. New ones appear here by themselves.', link('#inbox?state=archived', 'Look into the archive'));
  if (counts.forms.length) return empty('inbox', 'No messages yet', 'Open a form and copy its HTML to your page: what people write appears here by itself.', link('#forms', 'See your forms'));
  return empty('inbox', 'No messages yet', 'Put a form on your page, and what people write appears here by itself.', can('manage') ? link('#new-form', 'Make a form') : link('#forms', 'See your forms'));
}

export const noForm = () => empty('form', 'No such form', 'There is no such form, or it is not yours to see.', link('#forms', 'See your forms'));

// How many there are in all, as far as the counts tell; else 0.
function totalOf({ form, q, since, until, starred, state = 'inbox' }) {
  if (q || since || until || starred || !counts.isKnown) return 0;
  const states = { inbox: ['new', 'read'], all: ['new', 'read', 'archived', 'spam', 'trash'] }[state] ?? [state];
  return states.reduce((sum, one) => sum + total(one, form), 0);
}

// `query` is what the address says; the view's parts are drawn once, its rows anew whenever something changes.
export function inbox(parts, asking) {
  const query = keep(asking);
  const rows = h('ul', { class: 'rows', 'aria-label': 'Messages' });
  const body = h('div', { class: 'listbody' }, waiting());
  const fresh = h('button', { type: 'button', class: 'fresh', hidden: true, onclick: () => { window.scrollTo(0, 0); takeIn(); } });
  const moreButton = button('More', { onclick: () => loadMore() });
  const foot = h('p', { class: 'foot' }, moreButton);
  const all = h('input', { type: 'checkbox', 'aria-label': 'Select all that are shown', title: 'Select all that are shown', onclick: () => { list.chosen = new Set(all.checked ? list.rows.map((row) => row.id) : []); redraw(); } });
  const status = h('span', { class: 'status', 'aria-live': 'polite' });
  const acts = h('div', { class: 'acts', role: 'group', 'aria-label': 'With what is selected' });
  const search = h('input', { type: 'search', value: query.q ?? '', placeholder: 'Search', maxlength: '200', 'aria-label': 'Search messages', enterkeyhint: 'search' });
  const panel = h('div', { class: 'panel', hidden: true });
  const filterCount = ['form', 'since', 'until', 'starred'].filter((key) => query[key]).length;
  const opener = button(filterCount ? `Filter, ${filterCount} in use` : 'Filter', { pic: 'filter', quiet: true, 'aria-expanded': 'false', kind: filterCount ? 'used' : '', onclick: () => toggle() });
  let lastPicked = null;
  let watch = null;

  const chosen = () => list.rows.filter((row) => list.chosen.has(row.id));
  const focused = () => list.rows.find((row) => row.id === list.at);
  const targets = () => (list.chosen.size ? chosen() : [focused()].filter(Boolean));
  const elementOf = (id) => rows.querySelector(`[data-id="${CSS.escape(id)}"]`);

  function toggle() {
    if (!panel.firstChild) panel.append(filterPanel(query));
    panel.hidden = !panel.hidden;
    opener.setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) panel.querySelector('select').focus();
  }

  function pick(row, isOn, isRange) {
    const from = list.rows.findIndex((one) => one.id === lastPicked);
    const to = list.rows.indexOf(row);
    const some = isRange && from >= 0 ? list.rows.slice(Math.min(from, to), Math.max(from, to) + 1) : [row];
    for (const one of some) list.chosen[isOn ? 'add' : 'delete'](one.id);
    lastPicked = row.id;
    redraw();
  }

  function drawStatus() {
    const there = list.rows.length;
    const all = totalOf(query);
    const text = list.chosen.size ? `${number(list.chosen.size)} selected`
      : !list.isLoaded ? '' : !list.next ? plural(there, 'message') : all > there ? plural(all, 'message') : `${number(there)} and more`;
    if (status.textContent !== text) status.textContent = text;
  }

  function drawTools() {
    const some = chosen();
    all.checked = some.length > 0 && some.length === list.rows.length;
    all.indeterminate = some.length > 0 && some.length < list.rows.length;
    all.disabled = !list.rows.length;
    drawStatus();
    const kinds = some.length ? [...ACTIONS.filter(({ from }) => some.some((row) => from.includes(row.state)))] : [];
    const hasUnread = some.some((row) => row.state === 'new');
    const hasPlain = some.some((row) => !row.starred);
    acts.hidden = !some.length;
    const at = acts.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
    acts.replaceChildren(...some.length ? [
      button(hasUnread ? 'Mark as read' : 'Mark as unread', { pic: hasUnread ? 'read' : 'unread', quiet: true, onclick: () => change(some.filter((row) => ['new', 'read'].includes(row.state)), { state: hasUnread ? 'read' : 'new' }) }),
      button(hasPlain ? 'Star' : 'Remove the star', { pic: 'star', quiet: true, onclick: () => change(some, { starred: hasPlain }, { words: hasPlain ? 'starred' : 'without a star now' }) }),
      ...kinds.map((kind) => button(kind.name, { pic: kind.pic, quiet: true, onclick: () => act(kind, some) })),
    ] : []);
    if (at) ([...acts.children].find((one) => one.getAttribute('aria-label') === at) ?? all).focus();
  }

  function act(kind, some) {
    const mine = some.filter((row) => kind.from.includes(row.state));
    const i = list.rows.indexOf(mine[0]);
    change(mine, { state: kind.state }, { words: kind.words });
    for (const row of mine) list.chosen.delete(row.id);
    if (!list.rows.includes(mine[0])) moveTo(list.rows[i] ?? list.rows[list.rows.length - 1]);
    drawTools();
  }

  function moveTo(row) {
    list.at = row?.id ?? null;
    const target = row && elementOf(row.id)?.querySelector('a');
    if (target) target.focus();
    else document.getElementById('main').focus({ preventScroll: true });
  }

  const draw = (row) => makeRow(row, query, pick);

  function redraw() {
    const focusedRow = document.activeElement?.closest?.('.row');
    const what = focusedRow && [...focusedRow.querySelectorAll('input, button, a')].indexOf(document.activeElement);
    list.rows = list.rows.filter((row) => fits(row, list.query));
    list.chosen = new Set(chosen().map((row) => row.id));
    if (list.rows.length) {
      rows.replaceChildren(...list.rows.map(draw));
      if (rows.parentNode !== body) body.replaceChildren(rows, foot);
    } else if (list.next) {
      body.replaceChildren(rows, foot);
      rows.replaceChildren();
      loadMore();
    } else {
      body.replaceChildren(nothing(query));
    }
    foot.hidden = !list.next;
    drawTools();
    if (focusedRow) elementOf(focusedRow.dataset.id)?.querySelectorAll('input, button, a')[what]?.focus({ preventScroll: true });
  }

  function append() {
    const there = rows.children.length;
    rows.append(...list.rows.slice(there).map(draw));
    foot.hidden = !list.next;
    drawTools();
  }

  function takeIn() {
    takeArrived();
    fresh.hidden = true;
    redraw();
  }

  function arrive() {
    if (window.scrollY < 8) return takeIn();
    fresh.textContent = plural(list.arrived.length, 'new message');
    fresh.hidden = false;
  }

  async function loadMore() {
    moreButton.disabled = true;
    try {
      await more();
    } catch (error) {
      toast(error.message, { isError: true, action: 'Try again', onaction: loadMore });
    }
    moreButton.disabled = false;
    if (!list.rows.length && list.isLoaded && !list.next) redraw();
  }

  async function start() {
    try {
      await Promise.all([load(query), counts.ready]);
      if (list.view !== self) return;
      takeIn();
      const target = list.at && elementOf(list.at)?.querySelector('a');
      window.scrollTo(0, list.scroll);
      if (target && document.activeElement !== search) target.focus({ preventScroll: true });
      watch = new IntersectionObserver((entries) => { if (entries.some((one) => one.isIntersecting)) loadMore(); }, { rootMargin: '600px' });
      watch.observe(foot);
    } catch (error) {
      body.replaceChildren(failure(error, () => { body.replaceChildren(waiting()); start(); }));
    }
  }

  rows.addEventListener('focusin', (event) => { list.at = event.target.closest('.row')?.dataset.id ?? list.at; });
  const step = (by) => () => {
    const i = list.rows.findIndex((row) => row.id === list.at);
    const next = list.rows[i < 0 ? 0 : i + by];
    if (next) moveTo(next);
    if (by > 0 && i > list.rows.length - 5) loadMore();
  };
  const open = () => { if (focused()) location.hash = withQuery(`#message/${list.at}`, query); };
  const keys = { j: step(1), k: step(-1), o: open, Enter: open, '/': () => { search.focus(); search.select(); } };
  if (can('write')) {
    for (const kind of ACTIONS) if (kind.key) keys[kind.key] = () => targets().length && act(kind, targets());
    keys.x = () => { if (focused()) pick(focused(), !list.chosen.has(list.at), false); };
    keys.s = () => { const some = targets(); if (some.length) change(some, { starred: some.some((row) => !row.starred) }, { isQuiet: true }); };
  }

  const self = { redraw, append, arrive, drawStatus };
  list.view = self;
  const title = titleFor(query);
  const node = h('div', { class: 'inbox' },
    h('div', { class: 'top' }, h('h1', null, title),
      h('form', { class: 'search', role: 'search', onsubmit: (event) => { event.preventDefault(); location.hash = withQuery('#inbox', { ...query, q: search.value.trim() }); } }, icon('search'), search),
      opener),
    panel,
    h('div', { class: 'tools' }, can('write') && h('label', { class: 'tick' }, all), status, acts,
      h('span', { class: 'grow' }), button('Export', { pic: 'out', kind: 'quietly', small: true, onclick: () => showExport(query), 'aria-label': 'Export' })),
    fresh, body);
  const leave = () => {
    list.scroll = window.scrollY;
    watch?.disconnect();
    if (list.view === self) list.view = null;
  };
  return { title, node, keys, leave, arrive: start };
}

// --- what others do ---

on('submission', ({ form, state }) => { bump(form, null, state); refreshSoon(); });
on('change', ({ ids, state, starred }) => {
  // What one did oneself is there already: nothing is drawn anew under a finger.
  const rows = list.rows.filter((row) => ids.includes(row.id) && ((state && row.state !== state) || (typeof starred === 'boolean' && row.starred !== starred)));
  for (const row of rows) Object.assign(row, state && { state }, typeof starred === 'boolean' && { starred });
  countSoon();
  if (rows.length) list.view?.redraw();
});
on('reset', () => {
  list.isStale = true;
  if (list.view) refreshSoon();
  else list.key = null;
});
on('counts', () => list.view?.drawStatus());
on('session', () => { list.key = null; });
