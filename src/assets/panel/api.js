// SPDX-License-Identifier: MIT
// The way to the server: one function for every request, who is signed in, and what happens meanwhile.

import { drafts, memo, undos } from './kit.js';

// `isOver`: it has ended by itself.
export const session = { name: '', role: '', access: '', forms: ['*'], csrf: '', isOver: false };

const LEVELS = ['read', 'write', 'manage'];
export const can = (access) => LEVELS.indexOf(session.access) >= LEVELS.indexOf(access);

// What went wrong, as a sentence for people.
export class Problem extends Error {
  constructor(status, body, wait) {
    super(sentence(status, body, wait));
    Object.assign(this, { status, code: body.code, errors: body.errors ?? [] });
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const stop = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

function sentence(status, body, wait) {
  const text = body.detail || body.message || body.title || body.error;
  const said = text ? stop(capital(text)) : `The server answered with ${status}.`;
  if (status === 0) return 'The server cannot be reached. Is there a connection?';
  return wait ? `${said} Try again in ${wait > 90 ? `${Math.ceil(wait / 60)} minutes` : `${wait} seconds`}.` : said;
}

// Addresses are relative to the page's: the panel works wherever it is.
export async function api(method, path, body) {
  const headers = { Accept: 'application/json', 'X-Requested-With': 'panel' };
  if (method !== 'GET' && session.csrf) headers['X-CSRF-Token'] = session.csrf;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', cache: 'no-store' });
  } catch {
    doubt();
    throw new Problem(0, {});
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  if (answer.status === 401 && session.access) signedOut(true);
  if ([502, 504].includes(answer.status)) doubt();
  throw new Problem(answer.status, told, Number(answer.headers.get('Retry-After')) || 0);
}

// Of what takes long the server does four at once for one account, so the tabs of a browser take turns.
export function get(path, query) {
  const ask = () => api('GET', withQuery(path, query));
  return path === 'stats' || query?.q ? navigator.locks.request('contactd-turn', ask) : ask();
}
export const withQuery = (path, query) => {
  const text = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value)).toString();
  return text ? `${path}?${text}` : path;
};

// --- who is signed in ---

const watchers = new Map();
export const on = (name, watch) => { watchers.set(name, [...(watchers.get(name) ?? []), watch]); };
export const tell = (name, detail) => { for (const watch of watchers.get(name) ?? []) watch(detail); };

function signedIn(told) {
  Object.assign(session, told, { isOver: false });
  memo.set('session', 'yes');
  listen();
  tell('session');
}

function signedOut(isOver) {
  Object.assign(session, { name: '', role: '', access: '', csrf: '', isOver });
  memo.set('session', '');
  undos.length = 0;
  quit();
  tell('session');
}

// The answer to the sign-in may be fine and its cookie lost: asked again, the server knows.
async function enter(path, body) {
  const told = await api('POST', path, body);
  try {
    await get('session');
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new Error(isSecureContext ? 'The browser did not keep the session. Are cookies allowed for this address?'
      : 'The browser keeps a session only over https. Put a proxy with TLS in front of contactd, or open the panel on the machine itself.');
  }
  // A link that was used up has no place in the history.
  if (location.hash.startsWith('#invite=')) history.replaceState(null, '', '#inbox');
  signedIn(told);
}

export const signIn = (name, password) => enter('session', { name, password });
export const accept = (token, password) => enter('invitations/accept', { token, password });

export async function signOut() {
  await api('DELETE', 'session');
  drafts.clear();
  signedOut(false);
}

// True: a session of before goes on. A browser in which nobody was signed in does not ask.
export async function resume() {
  if (!memo.get('session')) return false;
  try {
    signedIn(await get('session'));
    return true;
  } catch (error) {
    if (error.status !== 401) throw error;
    memo.set('session', '');
    session.isOver = true;
    return false;
  }
}

// --- whether the server is there ---

let isInDoubt = false;

// Asks until it is there again, and tells `down` meanwhile. What takes a moment only is not worth a word.
async function doubt(wait = 3000) {
  if (isInDoubt || !session.access) return;
  isInDoubt = true;
  let isDown = false;
  for (let isThere = false; !isThere && session.access; wait = 3000) {
    await new Promise((done) => setTimeout(done, wait));
    isThere = await api('GET', 'session').then(() => true, ({ status }) => ![0, 502, 504].includes(status));
    if (isThere || isDown) continue;
    isDown = true;
    tell('down', true);
    channel?.postMessage({ kind: 'doubt' });
  }
  isInDoubt = false;
  if (!isDown) return;
  tell('down', false);
  tell('reset', {});
}
on('doubt', () => doubt(0));

// --- what happens meanwhile ---

const KINDS = ['submission', 'change', 'form', 'reset'];
let quit = () => {};
let channel = null;
let hasStream = false;

function stream(hear, signal) {
  const source = new EventSource('events');
  for (const kind of KINDS) source.addEventListener(kind, (event) => {
    let detail;
    try { detail = JSON.parse(event.data); } catch { return; }
    hear(kind, detail);
  });
  // Nobody heard what came before.
  source.addEventListener('open', () => hear('reset', {}));
  source.addEventListener('error', () => {
    doubt();
    // While it is only interrupted the browser tries again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (!signal.aborted) stream(hear, signal); }, isInDoubt ? 3000 : 20000);
  });
  signal.addEventListener('abort', () => source.close());
}

// One stream for all tabs: over HTTP/1.1 a browser has six connections to give. The tab with the lock passes on what it hears.
function listen() {
  quit();
  const others = new BroadcastChannel('contactd');
  const control = new AbortController();
  others.addEventListener('message', ({ data }) => tell(data.kind, data.detail));
  const hear = (kind, detail) => { if (!control.signal.aborted) { others.postMessage({ kind, detail }); tell(kind, detail); } };
  channel = others;
  quit = () => { control.abort(); others.close(); channel = null; hasStream = false; };
  navigator.locks.request('contactd', { signal: control.signal }, () => new Promise((done) => {
    control.signal.addEventListener('abort', done);
    hasStream = true;
    stream(hear, control.signal);
  })).catch(() => {});
}

// --- counts per form ---

// `ready` waits for the first answer, whatever it is: titles of forms come with the counts.
export const counts = { forms: [], isKnown: false, isSettled: false, ready: Promise.resolve() };
let timer;

on('counted', (forms) => {
  Object.assign(counts, { forms, isKnown: true });
  tell('counts');
});

// What one tab has counted all know.
export async function loadCounts() {
  const { forms } = await get('stats', { days: '30' });
  channel?.postMessage({ kind: 'counted', detail: forms });
  tell('counted', forms);
}

export function startCounts() {
  counts.ready = loadCounts().catch(() => {}).then(() => {
    counts.isSettled = true;
    tell('counts');
  });
}

// After an event one tab counts for all, a little later, since the server does, too.
export function countSoon(wait = 2500) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!hasStream) return;
    loadCounts().catch(() => {});
    // Once more, for a server that is slow.
    if (wait < 15000) countSoon(15000);
  }, wait);
}

// What is known already is shown at once.
export function bump(name, from, to) {
  const form = counts.forms.find((one) => one.name === name);
  if (form && from !== to) {
    if (from) form.counts[from] = Math.max(0, form.counts[from] - 1);
    if (to) form.counts[to] += 1;
    tell('counts');
  }
  countSoon();
}

// Of one form, or of all.
export const total = (state, name = '') => counts.forms.reduce((sum, form) => sum + (name === '' || form.name === name ? form.counts[state] : 0), 0);
// Whether there is such a form, as far as one may see; what comes without a form is of the default form.
export const isForm = (name) => !counts.isKnown || (name === 'default' && session.forms.includes('*')) || counts.forms.some((form) => form.name === name);
export const titleOf = (name) => counts.forms.find((form) => form.name === name)?.title || name;
