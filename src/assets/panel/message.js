// SPDX-License-Identifier: MIT
// One message: everything that was sent, where it came from, why it is spam or not, and what people noted about it.
import { api, can, counts, get, session, tell, titleOf, withQuery } from './api.js';
import { arriving, ask, browser, button, copy, drafts, field, fill, h, icon, link, plural, sender, time, toast } from './kit.js';
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
      toast(error.message, { isError: true, action: 'Try again', onaction: () => drop(note) });
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
    toast(error.message, { isError: true, action: 'Try again', onaction: () => deleteForGood(row, done) });
  }
}

// Tells first what there is.
export async function erase(email, done) {
  let found;
  try {
    found = await api('POST', 'erase', { email, preview: true });
  } catch (error) {
    return toast(error.message, { isError: true, action: 'Try again', onaction: () => erase(email, done) });
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
    toast(error.message, { isError: true, action: 'Try again', onaction: () => erase(email, done) });
  }
  return undefined;
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
      notes(mine),
      h('div', { class: 'pair' }, origin(mine), spam(mine)),
      can('manage') && h('section', { class: 'card away' }, h('h2', null, 'For good'), h('div', { class: 'buttons' },
        button('Delete for good', { kind: 'danger', onclick: () => deleteForGood(mine, () => to(neighbours.older ?? neighbours.newer)) }),
        mine.email && button('Erase this person', { kind: 'danger', onclick: () => erase(mine.email, () => { location.hash = backTo; }) }))),
    ];
  }));
  return { title: 'Message', node, keys };
}
