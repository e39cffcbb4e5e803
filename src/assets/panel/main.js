// SPDX-License-Identifier: MIT
// The frame: who is signed in, where one is, what stands around it, and the keys.
//
// A view is a function of the address's parts that returns {title, node, keys, leave}. It may be shown again.
import { accept, api, can, counts, countSoon, on, resume, session, signIn, signOut, startCounts, total, withQuery } from './api.js';
import { button, dialog, failure, field, fill, h, icon, link, memo, number, sender, toast, undoLast, waiting } from './kit.js';
import { inbox, folders } from './inbox.js';
import { message } from './message.js';
import { form, forms, newForm, refusals } from './forms.js';
import { account, audit, people, tokens, username } from './people.js';

const VIEWS = { inbox, message, forms: (parts, query) => (parts[0] ? form(parts, query) : forms()), 'new-form': newForm, refusals, people, tokens, audit, account };
const MANAGED = ['people', 'tokens', 'audit', 'new-form'];

const app = document.getElementById('app');
let current = null;
let shell = null;

// --- where ---

function place() {
  const [path, query] = location.hash.slice(1).split('?');
  const [view, ...parts] = (path || 'inbox').split('/').map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  return { view: VIEWS[view] && !(MANAGED.includes(view) && !can('manage')) ? view : 'inbox', parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

function setTitle() {
  const unread = total('new');
  document.title = `${unread && session.access ? `(${number(unread)}) ` : ''}${current?.title ? `${current.title} – ` : ''}contactd`;
}

function name(title) {
  shell.name.textContent = title;
  shell.main.setAttribute('aria-label', title);
}

function go() {
  const invited = /^#invite=(.+)$/.exec(location.hash);
  if (invited) return showInvitation(decodeURIComponent(invited[1]));
  if (!session.access) return showSignIn();
  shell ??= makeShell();
  const { view, parts, query } = place();
  const before = current;
  before?.leave?.();
  current = { keys: {}, ...VIEWS[view](parts, query), view };
  shell.main.replaceChildren(current.node);
  name(current.title);
  shell.drawer.open && shell.drawer.close();
  drawSide();
  setTitle();
  if (current.arrive) current.arrive();
  else window.scrollTo(0, 0);
  // Who listens hears where they are; who came by the first address is left where they were.
  if (before && !current.keepsFocus) shell.main.focus({ preventScroll: true });
}

// --- what stands around ---

function makeShell() {
  const main = h('main', { id: 'main', tabindex: '-1' });
  const side = h('nav', { class: 'side', 'aria-label': 'Panel' });
  const frame = h('div', { class: 'sideplace' }, side);
  const name = h('span', { class: 'where' });
  const opener = button('Menu', { pic: 'menu', quiet: true, 'aria-haspopup': 'dialog', onclick: () => { drawer.append(side); drawer.showModal(); } });
  const drawer = h('dialog', { class: 'drawer', 'aria-label': 'Menu', onclose: () => frame.append(side) });
  drawer.addEventListener('click', (event) => { if (event.target === drawer || event.target.closest('a')) drawer.close(); });
  fill(app,
    h('button', { type: 'button', class: 'skip', onclick: () => main.focus() }, 'To the content'),
    h('header', { class: 'bar' }, opener, name, h('span', { class: 'unread' })),
    frame, main, drawer);
  return { main, side, drawer, name };
}

function entry(href, pic, text, { count, note, isHere } = {}) {
  return h('li', null, h('a', { href, 'aria-current': isHere ? 'page' : null }, icon(pic), h('span', { class: 'label', dir: 'auto' }, text),
    count > 0 && h('span', { class: note ? 'count dim' : 'count', 'aria-label': note ?? `${number(count)} unread` }, number(count))));
}

const group = (title, ...entries) => h('div', { class: 'group' }, h('h2', title === 'Messages' ? { class: 'unseen' } : null, title), h('ul', null, entries));

// All at once, when the forms are known: nothing moves under a finger.
function drawSide() {
  if (!shell || !counts.isSettled) return;
  const { view, query } = place();
  const at = document.activeElement?.closest?.('.side a')?.getAttribute('href');
  const isFolder = (wanted) => view === 'inbox' && ['form', 'state', 'starred', 'q', 'since', 'until'].every((key) => (query[key] ?? '') === (wanted[key] ?? ''));
  const ofFolder = ({ pic, text, query: wanted, counted }) => entry(withQuery('#inbox', wanted), pic, text,
    { isHere: isFolder(wanted), count: counted && total(counted), note: counted === 'spam' ? `${number(total('spam'))} in spam` : null });
  fill(shell.side,
    h('p', { class: 'brand' }, link('#inbox', icon('mail'), 'contactd')),
    group('Messages', folders.map(ofFolder)),
    counts.forms.length > 0 && group('Forms', counts.forms.map((one) => entry(withQuery('#inbox', { form: one.name }), 'form', one.title || one.name,
      { count: one.counts.new, isHere: view === 'inbox' && query.form === one.name }))),
    group('Set up',
      entry('#forms', 'form', 'Forms', { isHere: view === 'forms' || view === 'new-form' }),
      entry('#refusals', 'block', 'Refused pages', { isHere: view === 'refusals' }),
      can('manage') && [entry('#people', 'people', 'People', { isHere: view === 'people' }), entry('#tokens', 'key', 'Tokens', { isHere: view === 'tokens' }),
        entry('#audit', 'log', 'History', { isHere: view === 'audit' })]),
    h('div', { class: 'group self' }, h('ul', null,
      entry('#account', 'user', session.name, { isHere: view === 'account' }),
      h('li', null, button('Sign out', { pic: 'leave', kind: 'entry', onclick: leave })),
      h('li', { class: 'bykey' }, button('Keys', { pic: 'help', kind: 'entry', onclick: showKeys })))));
  if (at) [...shell.side.querySelectorAll('a')].find((a) => a.getAttribute('href') === at)?.focus({ preventScroll: true });
  app.querySelector('.bar .unread').textContent = total('new') ? `${number(total('new'))} unread` : '';
}

async function leave() {
  try {
    await signOut();
  } catch (error) {
    toast(error.message, { isError: true, action: 'Try again', onaction: leave });
  }
}

// --- in ---

const gate = (title, text, form) => {
  current = { title, keys: {} };
  shell = null;
  setTitle();
  app.replaceChildren(h('main', { class: 'gate' }, h('div', { class: 'gatebox' },
    h('p', { class: 'brand' }, icon('mail'), 'contactd'), h('h1', null, title), text && h('p', { class: 'dim' }, text), form)));
  form.querySelector('input:not([hidden]), a, button').focus();
};

function showSignIn() {
  const name = h('input', { name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true });
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  gate('Sign in', session.isOver && 'Your session has ended. Sign in to go on.', sender([field('Name', name), field('Password', password)], 'Sign in', () => {
    if (!name.value || !password.value) throw new Error('Please give your name and your password.');
    return signIn(name.value.trim(), password.value).catch((error) => {
      throw error.status === 401 ? new Error('Name and password do not belong together.') : error;
    });
  }));
}

async function showInvitation(token) {
  app.replaceChildren(h('main', { class: 'gate' }, waiting()));
  let invited;
  try {
    invited = await api('POST', 'invitations/look', { token });
  } catch (error) {
    const again = error.status === 404 ? link('#inbox', 'To the sign-in') : button('Try again', { kind: 'primary', onclick: () => showInvitation(token) });
    return gate(error.status === 404 ? 'This invitation is over' : 'That did not work', error.status === 404 ? 'Its link was used already, is older than a week, or was taken back. Ask for a new one.' : error.message, h('p', null, again));
  }
  const password = h('input', { type: 'password', autocomplete: 'new-password', minlength: '8', required: true });
  const again = h('input', { type: 'password', autocomplete: 'new-password', required: true });
  return gate('Welcome', `You were invited to read messages here, as ${invited.name}. Choose a password, and you are in.`, sender([username(invited.name),
    field('Password', password, 'A sentence of a few words is easy to remember and hard to guess.'), field('The same once more', again),
  ], 'Start', async () => {
    if (password.value !== again.value) throw new Error('The two passwords differ.');
    await accept(token, password.value);
  }));
}

// --- keys ---

const KEYS = [['j', 'next message'], ['k', 'message before'], ['o or Enter', 'open'], ['u', 'back to the list'], ['x', 'select'], ['s', 'star'], ['e', 'archive'],
  ['!', 'spam'], ['#', 'trash'], ['z', 'undo'], ['/', 'search'], ['?', 'this list']];
const areKeysOn = () => memo.get('keys') !== 'off';

function showKeys() {
  const isOn = h('input', { type: 'checkbox', checked: areKeysOn(), onchange: () => memo.set('keys', isOn.checked ? 'on' : 'off') });
  dialog('Keys', () => [
    h('label', { class: 'check' }, isOn, 'Single keys do something'),
    h('ul', { class: 'keys' }, KEYS.map(([key, does]) => h('li', null, h('kbd', null, key), does))),
  ]);
}

// At once, without waiting for the address to be heard: the letters that follow belong to the search.
function openSearch() {
  if (!current.keys['/']) {
    history.pushState(null, '', '#inbox');
    go();
  }
  current.keys['/']();
}

document.addEventListener('keydown', (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !session.access || !areKeysOn()) return;
  if (document.querySelector('dialog[open]') || target.closest('input:not([type=checkbox]), textarea, select')) return;
  const act = key === '?' ? showKeys : key === 'z' ? undoLast : key === '/' ? openSearch : current?.keys?.[key];
  if (!act || (key === 'Enter' && target.closest('a, button, input, summary'))) return;
  event.preventDefault();
  act();
});

// --- start ---

on('session', () => {
  if (session.access) startCounts();
  else Object.assign(counts, { forms: [], isKnown: false, isSettled: false });
  go();
});
on('counts', () => { drawSide(); setTitle(); });
on('form', () => countSoon(0));
on('reset', () => countSoon(0));
on('down', (isDown) => { document.getElementById('line').textContent = isDown ? 'No connection to the server. Trying again…' : ''; });
on('retitle', (title) => { if (shell) { current.title = title; name(title); setTitle(); } });
window.addEventListener('hashchange', go);
history.scrollRestoration = 'manual';

async function start() {
  app.replaceChildren(h('main', { class: 'gate' }, waiting()));
  try {
    if (!(await resume())) go();
  } catch (error) {
    app.replaceChildren(h('main', { class: 'gate' }, failure(error, start)));
  }
}
start();
