// SPDX-License-Identifier: MIT
// One message: everything that was sent, where it came from, why it is spam or not, what people noted about it, and who was told;
// then who was told of all messages, and what is wrong.
import { api, can, counts, get, on, session, tell, titleOf, withQuery } from './api.js';
import { ago, announce, arriving, ask, browser, button, complain, copy, copyable, dialog, drafts, empty, field, fill, h, icon, link, number, plural, select, sender, table, time, toast } from './kit.js';
import { ACTIONS, around, change, FILTERS, forget, nameOf, remember, rowOf, titleFor } from './inbox.js';

const WORDS = {
  honeypot: 'A field is filled that people cannot see', 'honeypot-missing': 'The page\'s trap was not sent along', token: 'The form token is not as it should be',
  proof: 'The proof of work', captcha: 'The captcha', haste: 'Sent within two seconds', webdriver: 'The browser is driven by a program', agent: 'No ordinary browser',
  links: 'Links to foreign hosts', 'links-only': 'Hardly more than links', 'link-in-name': 'The name holds a link', markup: 'Markup in a plain text',
  'unknown-fields': 'Fields that the form does not know', script: 'Letters that the form does not expect', language: 'A language that the form does not expect',
  disguise: 'Words that mix alphabets', gibberish: 'Random letters', 'name-is-message': 'Name and message are the same', 'dotted-email': 'An address strewn with dots',
  'same-body': 'The same text came to other forms', rate: 'Many posts from one source', bayes: 'Its words, as you have taught the filter',
};

// --- what was sent ---

const label = (key) => key.replace(/^_/, '').replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_-]+/g, ' ').replace(/^./, (c) => c.toUpperCase()) || key;

function value(what) {
  if (Array.isArray(what)) return what.length ? h('ul', { class: 'values' }, what.map((one) => h('li', null, value(one)))) : h('span', { class: 'dim' }, 'nothing');
  if (what !== null && typeof what === 'object') return fieldList(Object.entries(what));
  if (what === '' || what === null) return h('span', { class: 'dim' }, 'empty');
  return h('span', { class: 'text', dir: 'auto' }, typeof what === 'boolean' ? (what ? 'yes' : 'no') : String(what));
}
const fieldList = (entries) => h('dl', { class: 'fields' }, entries.map(([key, what]) => h('div', null, h('dt', { dir: 'auto', title: key }, label(key)), h('dd', null, value(what)))));

// --- answering ---

const MAIL = /^[^\s<>"(),:;@]+@[^\s<>"(),:;@]+$/;
const QUOTE_MAX = 1200;

function reply(row) {
  if (!row.email || !MAIL.test(row.email)) return null;
  const text = (row.message ?? '').slice(0, QUOTE_MAX).split(/\r?\n/).map((line) => `> ${line}`).join('\r\n');
  const when = new Date(row.receivedAt).toLocaleString();
  const body = `\r\n\r\n${nameOf(row)} wrote on ${when}:\r\n${text}`;
  const address = encodeURIComponent(row.email).replace('%40', '@');
  return `mailto:${address}?subject=${encodeURIComponent(`Re: ${titleOf(row.form)}`)}&body=${encodeURIComponent(body).replace(/%EF%BF%BD$/, '')}`;
}

// --- around it ---

function page(address) {
  let url;
  try { url = new URL(address); } catch { return address; }
  if (!['http:', 'https:'].includes(url.protocol)) return address;
  return h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer' }, address, h('span', { class: 'unseen' }, ' (new window)'));
}

function origin(row) {
  const facts = [
    ['Page', row.page ? page(row.page) : 'not known'],
    ['Browser', row.userAgent ? h('span', { title: row.userAgent }, browser(row.userAgent)) : 'not known'],
    ['Address', row.source || 'not known'],
    ['Id', h('code', null, row.id)],
  ];
  return h('section', { class: 'card' }, h('h2', null, 'Where it came from'), h('dl', { class: 'facts' }, facts.map(([name, what]) => h('div', null, h('dt', null, name), h('dd', { dir: 'auto' }, what)))));
}

function spam(row) {
  const reasons = row.spamReasons ?? [];
  return h('section', { class: 'card' }, h('h2', null, 'Spam score ', h('b', { class: 'score' }, row.spamScore.toFixed(2))),
    reasons.length ? h('ul', { class: 'reasons' }, reasons.map(({ rule, points, detail }) => h('li', null,
      h('span', { class: `points ${points > 0 ? 'bad' : 'good'}` }, `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(2)}`),
      h('span', null, WORDS[rule] ?? label(rule), detail && h('span', { class: 'hint', dir: 'auto' }, detail)))))
      : h('p', { class: 'dim' }, 'Nothing speaks against it.'));
}

// --- notes ---

function notes(row) {
  const all = h('ul', { class: 'notes' });
  const none = h('p', { class: 'dim' }, can('write') ? 'Only people who are signed in see what you write here.' : 'None.');
  const draw = () => {
    none.hidden = row.notes.length > 0;
    all.hidden = !none.hidden;
    all.replaceChildren(...row.notes.map((note) => h('li', null,
      h('p', { class: 'by' }, h('b', null, note.author), ' ', time(note.createdAt, 'middle'),
        (note.author === session.name || can('manage')) && can('write') && button('Delete the note', { pic: 'trash', quiet: true, onclick: () => drop(note) })),
      h('p', { class: 'text', dir: 'auto' }, note.text))));
  };
  const drop = async (note) => {
    if (!await ask('Delete the note?', 'It cannot be brought back.', 'Delete')) return;
    try {
      await api('DELETE', `submissions/${row.id}/notes/${encodeURIComponent(note.id)}`);
      row.notes = row.notes.filter((one) => one !== note);
      draw();
      text.focus();
    } catch (error) {
      complain(error, () => drop(note));
    }
  };
  // What is typed outlives the session that ends meanwhile.
  const key = `note ${session.name} ${row.id}`;
  const text = h('textarea', { rows: '2', maxlength: '4000', dir: 'auto', value: drafts.get(key) ?? '', oninput: () => drafts.set(key, text.value) });
  draw();
  return h('section', { class: 'card' }, h('h2', null, 'Notes'), none, all, can('write') && sender([field('Add a note', text)], 'Add', async () => {
    if (!text.value.trim()) throw new Error('Please write something first.');
    row.notes.push(await api('POST', `submissions/${row.id}/notes`, { text: text.value.trim() }));
    text.value = '';
    drafts.set(key, '');
    draw();
  }, { kind: '' }));
}

// --- for good ---

async function deleteForGood(row, done) {
  if (!await ask('Delete for good?', `The message from ${nameOf(row)} and its notes are gone then. They cannot be brought back.`, 'Delete for good')) return;
  try {
    await api('DELETE', `submissions/${row.id}`);
    forget(row.id);
    toast('Message deleted for good.');
    done();
  } catch (error) {
    complain(error, () => deleteForGood(row, done));
  }
}

// Tells first what there is.
export async function erase(email, done) {
  let found;
  try {
    found = await api('POST', 'erase', { email, preview: true });
  } catch (error) {
    return complain(error, () => erase(email, done));
  }
  if (!found.count) return toast(`No message has the address ${email}.`);
  const isSure = await ask('Erase this person?', `${email}: ${plural(found.count, 'message')} on all forms together. Erasing deletes them for good, with their notes.`, 'Erase all');
  if (!isSure) return undefined;
  try {
    const { count } = await api('POST', 'erase', { email, preview: false });
    for (const id of found.submissions) forget(id);
    toast(`${plural(count, 'message')} erased.`);
    done();
  } catch (error) {
    complain(error, () => erase(email, done));
  }
  return undefined;
}

const CHANNELS = { mail: 'Mail to', reply: 'Automatic reply', webhook: 'Webhook', slack: 'Slack', discord: 'Discord', telegram: 'Telegram', teams: 'Teams', ntfy: 'ntfy', gotify: 'Gotify' };

function destinationText(name) {
  const at = `${name}:`.indexOf(':');
  const kind = name.slice(0, at);
  return `${CHANNELS[kind] ?? kind} ${name.slice(at + 1)}`.trim();
}

// --- who was told: one delivery ---

const because = (text) => text && h('span', { class: 'hint', dir: 'auto' }, text);

function words(one, state) {
  if (one.state === 'delivered') return ['good', 'delivered ', ago(one.changedAt)];
  if (one.state === 'held') return ['', `held: the message is in ${{ spam: 'spam', trash: 'the trash' }[state] ?? 'spam or the trash'}`];
  if (one.state === 'failed') return ['bad', 'given up ', ago(one.changedAt), because(one.error)];
  if (one.state === 'withdrawn') return ['', 'not sent', because(one.error)];
  if (one.inFlight) return ['', 'being sent now'];
  const soon = (at) => (new Date(at ?? 0) - Date.now() > 6e4 ? ['at ', time(at, 'middle')] : 'within a minute');
  const next = soon(one.nextAttemptAt);
  if (one.pausedBy) return ['bad', 'waiting behind a pause of ', h('bdi', null, one.pausedBy.host), ', next try ', soon(one.pausedBy.until), because(one.pausedBy.reason)];
  return one.error ? ['bad', 'waiting, next try ', next, because(one.error)] : ['', 'waiting, goes out ', next];
}

function told(one, state) {
  const [kind, ...what] = words(one, state);
  return h('span', { class: `told ${kind}` }, what);
}

// What is being sent keeps its button, and with it the focus.
function againButton(one, done) {
  if (!can('write') || one.state === 'held') return null;
  const isReplay = one.state === 'delivered';
  const act = async () => {
    if (one.inFlight) return;
    try {
      done(await api('POST', `deliveries/${one.id}/${isReplay ? 'replay' : 'retry'}`));
    } catch (error) {
      complain(error, act);
    }
  };
  const name = isReplay ? 'Send again' : 'Retry';
  return button(name, { 'aria-label': `${name}: ${destinationText(one.destination)}`, 'aria-disabled': one.inFlight ? 'true' : null, onclick: act });
}

// To another destination of the form, when the address was wrong: one delivery, or all that one has missed.
async function elsewhere({ form, destination }, path, body, done) {
  try {
    const { destinations } = await get('destinations');
    const others = destinations.filter((one) => one.form === form && one.channel && one.channel !== 'reply' && one.destination !== destination);
    if (!others.length) return toast('The form has no other destination. Add it under “Notices” in its settings.');
    const box = select(others.map((one) => [one.destination, destinationText(one.destination)]), others[0].destination);
    const answer = await dialog('Send to another destination', (close) => sender(
      [h('p', null, 'What ', h('b', { dir: 'auto' }, destinationText(destination)), ' did not get is sent there.'), field('To', box)],
      'Send', async () => close(await api('POST', path, { ...body, to: box.value }))));
    if (!answer) return null;
    toast(`${plural(answer.count ?? 1, 'message is', 'messages are')} sent to ${destinationText(box.value)}.`);
    return done();
  } catch (error) {
    return complain(error, () => elsewhere({ form, destination }, path, body, done));
  }
}

function elsewhereButton(one, done) {
  if (!can('write') || !one.submission || one.destination === 'reply' || !['failed', 'withdrawn'].includes(one.state)) return null;
  return button('Send elsewhere', { 'aria-label': `Send elsewhere: ${destinationText(one.destination)}`, onclick: () => elsewhere(one, `deliveries/${one.id}/retry`, {}, done) });
}

// Draws anew what has changed; the focus and what is unfolded stay.
function renew(place, ...children) {
  const controls = (part) => [...part.querySelectorAll('a, button, summary')];
  const here = place.contains(document.activeElement) && document.activeElement.closest('[data-id]');
  const at = here && controls(here).indexOf(document.activeElement);
  const open = [...place.querySelectorAll('[data-id]:has(details[open])')].map((one) => one.dataset.id);
  fill(place, ...children);
  for (const one of place.querySelectorAll('[data-id]')) {
    if (open.includes(one.dataset.id)) one.querySelector('details')?.setAttribute('open', '');
    if (here && one.dataset.id === here.dataset.id) controls(one)[at]?.focus({ preventScroll: true });
  }
}

// --- what happens meanwhile ---

let live = null;
for (const kind of ['delivery', 'change', 'reset']) on(kind, (detail) => live?.(kind, detail));

// Calls `load` after what `concerns` it, and when the next try of what it brings was to be; as long as `node` is shown.
// The first failure and the end of a delivery are told; the failures between them are not.
function follow(node, concerns, load) {
  let timer;
  let due = Infinity;
  let running = Promise.resolve();
  const later = (wait) => {
    if (Date.now() + wait > due) return;
    due = Date.now() + wait;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      due = Infinity;
      if (!node.isConnected || !session.access) return;
      running = running.then(load).catch(() => [{ state: 'waiting' }]);
      plan(await running);
    }, wait);
  };
  const plan = (rows, least = 15000) => {
    const waits = rows.filter((one) => one.state === 'waiting').map((one) => (new Date(one.nextAttemptAt ?? 0) - Date.now() + 2000));
    if (waits.length) later(Math.min(36e5, Math.max(least, Math.min(...waits))));
  };
  live = (kind, detail) => { if (node.isConnected && (kind === 'reset' || concerns(kind, detail))) later(300); };
  return plan;
}

// --- all of a message ---

const answer = ({ status, error }) => `${error ?? 'arrived'}${status && !error?.includes(status) ? ` (${status})` : ''}`;
const attempts = (all) => h('details', null, h('summary', null, plural(all.length, 'attempt')), h('ol', null, all.map((one) => h('li', null, time(one.at, 'middle'), ` · ${number(one.ms)} ms · `, answer(one)))));

function deliveryCard(row) {
  const place = h('div');
  const node = h('section', { class: 'card' }, h('h2', null, 'Deliveries'), place);
  let shown = '';
  const take = (one) => {
    row.deliveries = row.deliveries.map((old) => (old.id === one.id ? { ...old, ...one } : old));
    draw();
    plan([one], 1000);
  };
  const again = () => load().then((some) => plan(some, 1000));
  const draw = () => {
    const all = row.deliveries ?? [];
    shown = JSON.stringify([all, row.state]);
    renew(place, all.length ? h('ul', { class: 'notes deliveries' }, all.map((one) => h('li', { 'data-id': one.id },
      h('div', null, h('b', { dir: 'auto' }, destinationText(one.destination)), told(one, row.state), one.history?.length > 0 && attempts(one.history)), againButton(one, take), elsewhereButton(one, again))))
      : h('p', { class: 'dim' }, 'Nobody was to be told of this message. ', can('manage') && link(`#forms/${encodeURIComponent(row.form)}`, 'Say who hears of the next')));
  };
  const load = async () => {
    const before = new Map((row.deliveries ?? []).map((one) => [one.id, one.state]));
    const { deliveries, state } = await get(`submissions/${row.id}`);
    Object.assign(row, { deliveries, state });
    if (shown !== JSON.stringify([deliveries, state])) draw();
    for (const one of deliveries) if (before.has(one.id) && before.get(one.id) !== one.state) announce(`${destinationText(one.destination)}: ${told(one, state).textContent}`);
    return deliveries;
  };
  const plan = follow(node, (kind, { submission, ids }) => (kind === 'delivery' ? submission === row.id : ids.includes(row.id)), load);
  draw();
  plan(row.deliveries ?? []);
  return node;
}

// --- the view ---

export function message([id], asking) {
  const query = Object.fromEntries(FILTERS.filter((key) => asking[key]).map((key) => [key, asking[key]]));
  const backTo = withQuery('#inbox', query);
  const keys = { u: () => { location.hash = backTo; } };
  const to = (row) => { location.hash = row ? withQuery(`#message/${row.id}`, query) : backTo; };
  const steps = h('span', { class: 'steps' });
  let neighbours = { newer: null, older: null };

  const findNeighbours = async () => {
    try { neighbours = await around(id, query); } catch { return; }
    const way = (row, name, pic) => h('a', { class: 'button bare', href: row && withQuery(`#message/${row.id}`, query), 'aria-label': name, title: name, 'aria-disabled': row ? null : 'true', role: row ? null : 'link' }, icon(pic));
    steps.replaceChildren(way(neighbours.newer, 'Newer message', 'up'), way(neighbours.older, 'Older message', 'down'));
    keys.j = () => neighbours.older && to(neighbours.older);
    keys.k = () => neighbours.newer && to(neighbours.newer);
  };

  function tools(row) {
    const place = h('div', { class: 'acts', role: 'group', 'aria-label': 'With this message' });
    const act = (kind) => { change([row], { state: kind.state }, { words: kind.words }); to(neighbours.older ?? neighbours.newer); };
    const star = () => { change([row], { starred: !row.starred }, { isQuiet: true }); draw(); };
    const draw = () => {
      const at = place.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
      fill(place,
        button('Star', { pic: 'star', quiet: true, kind: 'star', 'aria-pressed': String(row.starred === true), onclick: star }),
        ['new', 'read'].includes(row.state) && button('Mark as unread', { pic: 'unread', quiet: true, onclick: () => { change([row], { state: 'new' }, { isQuiet: true }); location.hash = backTo; } }),
        ...ACTIONS.filter(({ from }) => from.includes(row.state)).map((kind) => button(kind.name, { pic: kind.pic, quiet: true, onclick: () => act(kind) })));
      if (at) [...place.children].find((one) => one.getAttribute('aria-label') === at)?.focus();
    };
    for (const kind of ACTIONS) if (kind.key && kind.from.includes(row.state)) keys[kind.key] = () => act(kind);
    keys.s = star;
    draw();
    return place;
  }

  const node = h('div', { class: 'one' }, arriving(async () => (await Promise.all([get(`submissions/${id}`), counts.ready]))[0], (row) => {
    row.notes ??= [];
    const known = rowOf(id);
    const mine = known ? Object.assign(known, row) : row;
    remember(mine);
    findNeighbours();
    tell('retitle', nameOf(mine));
    if (mine.state === 'new' && can('write')) change([mine], { state: 'read' }, { isQuiet: true });
    const mail = reply(mine);
    const heading = h('h1', { dir: 'auto' }, nameOf(mine));
    const entries = Object.entries(mine.fields ?? {});
    return [
      h('div', { class: 'tools' }, h('a', { class: 'button bare', href: backTo, 'aria-label': `Back to ${titleFor(query)}`, title: 'Back' }, icon('back')), can('write') && tools(mine), h('span', { class: 'grow' }), steps),
      h('article', { class: 'letter' },
        h('header', null, heading,
          h('p', { class: 'from' }, mine.email && [h('span', { class: 'address', dir: 'auto' }, mine.email), button('Copy the address', { pic: 'copy', quiet: true, onclick: () => copy(mine.email, 'Address') })]),
          h('p', { class: 'dim' }, time(mine.receivedAt, 'long'), ' · ', link(withQuery('#inbox', { form: mine.form }), titleOf(mine.form)))),
        mine.message ? h('div', { class: 'text body', dir: 'auto' }, mine.message) : h('p', { class: 'dim body' }, 'There is no text, only the fields below.'),
        entries.length > 0 && fieldList(entries),
        mail && h('p', { class: 'buttons' }, h('a', { class: `button ${mine.state === 'spam' ? '' : 'primary'}`, href: mail }, icon('mail'), 'Reply by mail'))),
      deliveryCard(mine),
      notes(mine),
      h('div', { class: 'pair' }, origin(mine), spam(mine)),
      can('manage') && h('section', { class: 'card away' }, h('h2', null, 'For good'), h('div', { class: 'buttons' },
        button('Delete for good', { kind: 'danger', onclick: () => deleteForGood(mine, () => to(neighbours.older ?? neighbours.newer)) }),
        mine.email && button('Erase this person', { kind: 'danger', onclick: () => erase(mine.email, () => { location.hash = backTo; }) }))),
    ];
  }));
  return { title: 'Message', node, keys };
}

// --- all deliveries ---

const STATES = [['', 'All'], ['waiting', 'Waiting'], ['failed', 'Given up'], ['held', 'Held'], ['delivered', 'Delivered'], ['withdrawn', 'Not sent']];
const PAGE = 50;
const SHOWN_FIRST = 10;
const ofForm = (form) => (form ? titleOf(form) : 'alarms of the server');
const filter = (query) => withQuery('#deliveries', query);

function health(one) {
  if (one.failingSince) return h('span', { class: 'told bad' }, 'fails since ', time(one.failingSince), because(one.error));
  if (!one.channel) return h('span', { class: 'dim' }, 'no destination of the form any more');
  return one.lastDeliveredAt ? h('span', { class: 'told good' }, 'well') : h('span', { class: 'dim' }, 'nothing arrived yet');
}

async function retryAll({ form, destination }, done) {
  try {
    const { count } = await api('POST', 'deliveries/retry', { form, destination });
    toast(`${plural(count, 'delivery is', 'deliveries are')} tried again.`);
    done();
  } catch (error) {
    complain(error, () => retryAll({ form, destination }, done));
  }
}

// A table of which each row has a name, so that it can be drawn anew.
function named(ids, ...parts) {
  const made = table(...parts);
  [...made.tBodies[0].rows].forEach((tr, i) => { tr.dataset.id = ids[i]; });
  return made;
}

// What waits because it has failed before, or was given up. A digest that waits for its hour is no reason to retry.
const due = (one) => one.failed + (one.failingSince ? one.waiting : 0);
const missed = (one) => (one.form && one.destination !== 'reply' ? due(one) + (one.channel ? 0 : one.withdrawn) : 0);

function destinationTable(all, again) {
  const weight = (one) => (one.failingSince ? 2 : 0) + (one.failed ? 1 : 0);
  const sorted = all.map((one, i) => ({ ...one, i })).sort((a, b) => weight(b) - weight(a) || a.i - b.i);
  const rest = sorted.slice(SHOWN_FIRST);
  const part = (some) => named(some.map((one) => `${one.form} ${one.destination}`), 'Destinations', ['Destination', 'How it does', 'Arrived last', 'Failed last', 'Waiting', 'Given up', ''], some.map((one) => {
    const { form, destination } = one;
    return [[h('a', { href: filter({ form, destination }), dir: 'auto' }, destinationText(destination)), h('span', { class: 'hint', dir: 'auto' }, ofForm(form))], health(one), time(one.lastDeliveredAt), time(one.lastFailedAt),
      [number(one.waiting), one.held > 0 && h('span', { class: 'hint' }, `${number(one.held)} held`)],
      one.failed ? link(filter({ form, destination, state: 'failed' }), number(one.failed)) : '0',
      [can('write') && due(one) > 0 && button('Retry all', { 'aria-label': `Retry all ${number(due(one))} of ${destinationText(destination)}, ${ofForm(form)}`, onclick: () => retryAll(one, again) }), ' ',
      can('write') && missed(one) > 0 && button('Send elsewhere', { 'aria-label': `Send elsewhere what ${destinationText(destination)} did not get, ${ofForm(form)}`, onclick: () => elsewhere(one, 'deliveries/retry', { form, destination }, again) })]];
  }));
  return [part(sorted.slice(0, SHOWN_FIRST)), rest.length > 0 && h('div', { 'data-id': 'rest' }, h('details', null, h('summary', null, plural(rest.length, 'more destination')), part(rest)))];
}

const deliveryTable = (rows, take, again) => named(rows.map((one) => one.id), 'Deliveries', ['Message', 'To', 'How it went', ''], rows.map((one) => [
  [one.submission ? link(`#message/${one.submission}`, time(one.createdAt, 'middle')) : [h('span', { dir: 'auto' }, 'Alarm: ', dated((one.text ?? '').split('\n')[0].replace(/^contactd: /, ''))), h('span', { class: 'hint' }, time(one.createdAt, 'middle'))],
    one.form && h('span', { class: 'hint', dir: 'auto' }, titleOf(one.form))],
  h('bdi', null, destinationText(one.destination)), told(one), [againButton(one, take), ' ', elsewhereButton(one, again)]]));

const howTo = () => empty('send', 'Nobody is told yet',
  can('manage') ? 'Each form says under “Notices” in its settings which mail addresses, webhooks and chats hear of its messages. Mails need to know by which server they leave: two options, also as CONTACTD_SMTP_URL and CONTACTD_SMTP_FROM.'
    : 'Whoever manages this contactd can have mails and webhooks sent for each message.',
  can('manage') && [copyable('smtp-url  = smtp://USER:PASSWORD@mail.example.org:587\nsmtp-from = Forms <forms@example.org>', 'Options for mail'), h('p', null, link('#forms', 'Choose a form'))]);

export function deliveries(parts, asking) {
  const query = Object.fromEntries(['form', 'destination', 'state'].filter((key) => asking[key]).map((key) => [key, asking[key]]));
  let [rows, next, all, shown] = [[], null, [], ''];
  const place = h('div');
  const load = async () => {
    const [list, { destinations }] = await Promise.all([get('deliveries', { ...query, limit: String(Math.min(200, Math.max(PAGE, rows.length))) }), get('destinations'), counts.ready]);
    [rows, next, all] = [list.deliveries, list.next, destinations];
    if (shown !== JSON.stringify([rows, next, all])) draw();
    return rows;
  };
  const take = (one) => {
    rows = rows.map((old) => (old.id === one.id ? one : old));
    draw();
    plan([one], 1000);
  };
  const more = async () => {
    try {
      const list = await get('deliveries', { ...query, limit: String(PAGE), cursor: next });
      [rows, next] = [[...rows, ...list.deliveries], list.next];
      draw();
    } catch (error) {
      complain(error, more);
    }
  };
  const draw = () => {
    shown = JSON.stringify([rows, next, all]);
    if (!all.length && !rows.length && !Object.keys(query).length) return renew(place, howTo());
    const again = () => load().then((some) => plan(some, 1000));
    const asked = all.filter((one) => ['form', 'destination'].every((key) => !query[key] || query[key] === one[key]));
    return renew(place, destinationTable(asked, again),
      h('h2', { class: 'after' }, query.destination ? `To ${destinationText(query.destination)}, ${ofForm(query.form)}` : query.form ? titleOf(query.form) : 'Newest first'),
      h('nav', { class: 'states', 'aria-label': 'Which deliveries', 'data-id': 'states' }, STATES.map(([state, text]) => h('a', { href: filter({ ...query, state }), 'aria-current': (query.state ?? '') === state ? 'page' : null }, text)),
        (query.destination || query.form) && link(filter({ state: query.state }), 'All destinations')),
      rows.length ? deliveryTable(rows, take, again) : h('p', { class: 'dim' }, 'There is none.'),
      next && h('p', { class: 'foot', 'data-id': 'more' }, button('More', { onclick: more })));
  };
  const node = h('div', { class: 'page roomy' }, h('h1', null, 'Deliveries'));
  const plan = follow(node, (kind) => kind === 'delivery', load);
  node.append(arriving(() => load().then(plan), () => place));
  return { title: 'Deliveries', node };
}

// --- alarms ---

export const alarms = h('section', { class: 'alarms', 'aria-label': 'Alarms', 'aria-live': 'polite', hidden: true });
let known = '';

// The server's words for programs: times in them are the reader's own, and it begins as a sentence does.
const dated = (text) => text.split(/(\d{4}-\d\d-\d\dT[\d:.]+Z)/).map((part, i) => (i % 2 ? time(part, 'middle') : i ? part : part.charAt(0).toUpperCase() + part.slice(1)));

function alarm({ kind, form, destination, text }) {
  const [href, name] = kind === 'destination' ? [filter({ form, destination }), 'See its deliveries'] : form ? [`#forms/${encodeURIComponent(form)}`, 'See the form'] : [];
  const isNamed = destination && text.startsWith(destination);
  return h('p', { dir: 'auto' }, isNamed && destinationText(destination), dated(isNamed ? text.slice(destination.length) : text), text.endsWith('.') ? ' ' : '. ', href && link(href, name));
}

function drawAlarms(all) {
  if (known === JSON.stringify(all)) return;
  known = JSON.stringify(all);
  alarms.hidden = !all.length;
  renew(alarms, icon('spam'), h('div', { 'data-id': 'all' }, all.length > 1 ? h('details', null, h('summary', null, `${plural(all.length, 'thing')} need attention`), h('div', { class: 'list' }, all.map(alarm))) : all.map(alarm)));
}

export const loadAlarms = () => get('alarms').then((one) => drawAlarms(one.alarms), () => {});

// What was opened in one view does not stand in front of the next.
window.addEventListener('hashchange', () => alarms.querySelector('details')?.removeAttribute('open'));

let timer;
function alarmsSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => session.access && loadAlarms(), 2000);
}
for (const kind of ['delivery', 'form', 'reset']) on(kind, alarmsSoon);
on('session', () => { if (!session.access) drawAlarms([]); });
// No event tells of them; the server looks every few minutes.
setInterval(() => { if (session.access && !document.hidden) loadAlarms(); }, 120000);
