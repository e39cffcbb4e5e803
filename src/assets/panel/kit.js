// SPDX-License-Identifier: MIT
// What every view is built from: elements, dialogs, toasts, dates.
//
// Text goes in as text. Nothing here, and nothing in the other files, makes markup of a string.

const PROPERTIES = new Set(['value', 'checked', 'disabled', 'hidden', 'selected', 'indeterminate']);

const kept = (children) => children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== '');

// What is not there (null, false) is left out, so that views can say `isSo && element`.
export const fill = (element, ...children) => element.replaceChildren(...kept(children));

function dress(element, attributes, children) {
  element.append(...kept(children));
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  return element;
}

export const h = (tag, attributes, ...children) => dress(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => dress(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

// What this browser keeps between visits, and what a tab keeps while it is open; some keep nothing.
const keeper = (name) => ({
  get: (key) => { try { return window[name].getItem(key); } catch { return null; } },
  set: (key, value) => { try { window[name].setItem(key, value); } catch { /* then it is forgotten */ } },
  clear: () => { try { window[name].clear(); } catch { /* there is nothing */ } },
});
export const memo = keeper('localStorage');
export const drafts = keeper('sessionStorage');

let made = 0;
export const uid = () => `u${(made += 1)}`;

// --- icons: strokes in a square of 24 ---

const ICONS = {
  inbox: 'M4 13l2.5-8h11L20 13v6H4zM4 13h4.5l1.5 3h4l1.5-3H20',
  star: 'M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z',
  archive: 'M4 5h16v4H4zM5.5 9v10h13V9M10 13h4',
  spam: 'M12 3l8 3v6c0 4.5-3.5 7.5-8 9-4.5-1.5-8-4.5-8-9V6zM12 8v5M12 16.5v.1',
  trash: 'M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5',
  all: 'M4 7h16M4 12h16M4 17h16',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5',
  filter: 'M4 6h16M7 12h10M10 18h4',
  menu: 'M4 6h16M4 12h16M4 18h16',
  back: 'M19 12H5M11 6l-6 6 6 6',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
  close: 'M6 6l12 12M18 6L6 18',
  form: 'M5 3.5h14v17H5zM8.5 8h7M8.5 12h7M8.5 16h4',
  block: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM6 6l12 12',
  people: 'M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5a3.5 3.5 0 0 1 0 6.5M18 15c2.2.7 3.5 2.5 3.5 5',
  key: 'M8 11.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM11.5 13L20 4.5M17 7.5l2.5 2.5M14 10.5l2 2',
  log: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c0-4 3.5-6 7.5-6s7.5 2 7.5 6',
  mail: 'M3.5 5.5h17v13h-17zM4 6.5l8 6.5 8-6.5',
  unread: 'M3.5 8l8.5-5 8.5 5v11.5h-17zM3.5 8.5l8.5 5.5 8.5-5.5',
  read: 'M4 12.5l5 5L20 6.5',
  restore: 'M9 13L4.5 8.5 9 4M4.5 8.5H15a5 5 0 0 1 0 10h-4',
  copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
  plus: 'M12 5v14M5 12h14',
  out: 'M12 4v11M7 10.5l5 5 5-5M4.5 20h15',
  leave: 'M10 4H5v16h5M9.5 12H20M16 8l4 4-4 4',
  help: 'M9 9a3 3 0 1 1 4.2 2.800c-.8.4-1.2 1-1.2 2.2M12 17.5v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
};

export const icon = (name) => s('svg', { class: `icon icon-${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' }, s('path', { d: ICONS[name] }));

// A button with a picture; its words are seen, or only heard and shown as its title.
export function button(label, { pic, quiet, onclick, kind = '', small, ...rest } = {}) {
  return h('button', {
    type: 'button', class: `button ${kind}${quiet ? ' bare' : ''}`, onclick, ...(quiet ? { 'aria-label': label, title: label } : {}), ...rest,
  }, pic && icon(pic), !quiet && h('span', { class: small ? 'wide' : null }, label));
}

export const link = (href, ...children) => h('a', { href }, ...children);

// A label with its control; `hint` is read with it.
export function field(label, control, hint) {
  control.id ||= uid();
  const note = hint && h('span', { class: 'hint', id: uid() }, hint);
  if (note) control.setAttribute('aria-describedby', note.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), note, control);
}

export const select = (options, value, attributes) =>
  h('select', { ...attributes, value: value ?? '' }, options.map(([key, text]) => h('option', { value: key }, text)));

// --- what is told ---

export function announce(text) {
  const place = document.getElementById('heard');
  place.textContent = '';
  setTimeout(() => { place.textContent = text; }, 60);
}

// The newest is the last; it may be undone when its toast is long gone.
export const undos = [];
const UNDOS_MAX = 20;
export const undoLast = () => (undos.length ? undos.at(-1)() : toast('Nothing to undo.'));

// A sentence at the edge of the window, with one thing to do about it. It waits while it is looked at.
export function toast(text, { action, onaction, isError } = {}) {
  const place = document.getElementById('toasts');
  let timer;
  const end = () => {
    clearTimeout(timer);
    note.remove();
  };
  const act = () => {
    end();
    if (undos.includes(act)) undos.splice(undos.indexOf(act), 1);
    onaction();
  };
  const wait = () => { clearTimeout(timer); timer = setTimeout(end, isError ? 15000 : 8000); };
  const note = h('div', { class: `toast${isError ? ' bad' : ''}`, onmouseenter: () => clearTimeout(timer), onmouseleave: wait, onfocusin: () => clearTimeout(timer), onfocusout: wait },
    h('span', null, text), action && h('button', { type: 'button', class: 'plain', onclick: act }, action),
    h('button', { type: 'button', class: 'button bare', 'aria-label': 'Dismiss', onclick: end }, icon('close')));
  if (action === 'Undo' && undos.push(act) > UNDOS_MAX) undos.shift();
  place.replaceChildren(note);
  wait();
}

// A modal dialog. `make` gets a function that closes it with a result, which is what the promise gives; null: dismissed.
export function dialog(title, make) {
  return new Promise((done) => {
    const heading = uid();
    let result = null;
    const box = h('dialog', { class: 'box', 'aria-labelledby': heading, onclose: () => { box.remove(); done(result); } });
    const close = (value) => { result = value; box.close(); };
    box.append(h('header', null, h('h2', { id: heading }, title), button('Close', { pic: 'close', quiet: true, onclick: () => close(null) })), ...kept([make(close)]));
    box.addEventListener('click', (event) => { if (event.target === box) close(null); });
    document.body.append(box);
    box.showModal();
    (box.querySelector('[autofocus], input, select, textarea, .buttons button') ?? box).focus();
  });
}

export const ask = (title, text, action, kind = 'danger') => dialog(title, (close) => [
  h('p', null, text),
  h('div', { class: 'buttons' }, button(action, { kind, onclick: () => close(true) }), button('Cancel', { onclick: () => close(null) })),
]);

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`);
  } catch {
    toast('This browser does not let the panel copy. Select the text and copy it yourself.', { isError: true });
  }
}

// A text to be copied: shown whole, with its button.
export const copyable = (text, what) => h('div', { class: 'copyable' },
  h('pre', { tabindex: '0', role: 'region', 'aria-label': what }, text), button('Copy', { pic: 'copy', onclick: () => copy(text, what) }));

// A form that shows what its sending brought: its button waits, an error is a sentence at its end.
export function sender(children, action, send, { kind = 'primary', pic } = {}) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const go = button(action, { kind, pic, type: 'submit' });
  const form = h('form', { class: 'sender', novalidate: true }, ...children, problem, h('div', { class: 'buttons' }, go));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    problem.hidden = true;
    go.disabled = true;
    try {
      await send(form);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      form.dispatchEvent(new CustomEvent('refused', { detail: error }));
    }
    go.disabled = false;
  });
  return form;
}

// --- states of a view ---

export const empty = (pic, title, text, ...more) => h('div', { class: 'empty' }, icon(pic), h('h2', null, title), h('p', null, text), ...more);
export const failure = (error, retry) => h('div', { class: 'empty', role: 'alert' }, icon('spam'), h('h2', null, 'That did not work'),
  h('p', null, error.message), button('Try again', { kind: 'primary', onclick: retry }));
export const waiting = () => h('p', { class: 'waiting', 'aria-busy': 'true' }, 'Loading …');

// Shows what `load` brings, or the error with a way to try again.
export function arriving(load, show) {
  const place = h('div', { class: 'arriving' }, waiting());
  const go = async () => {
    try {
      const what = await load();
      fill(place, show(what, go));
    } catch (error) {
      place.replaceChildren(failure(error, () => { place.replaceChildren(waiting()); go(); }));
    }
  };
  go();
  return place;
}

// --- numbers and times ---

const DAY = 864e5;
const say = (options) => new Intl.DateTimeFormat(undefined, options);
const CLOCK = say({ hour: '2-digit', minute: '2-digit' });
const THIS_YEAR = say({ day: 'numeric', month: 'short' });
const SHORT = say({ day: 'numeric', month: 'short', year: 'numeric' });
const LONG = say({ dateStyle: 'full', timeStyle: 'short' });
const MIDDLE = say({ dateStyle: 'medium', timeStyle: 'short' });

function shortly(date, now = new Date()) {
  if (date.toDateString() === now.toDateString()) return CLOCK.format(date);
  return (date.getFullYear() === now.getFullYear() || now - date < 200 * DAY ? THIS_YEAR : SHORT).format(date);
}

// "short" for lists, "middle" for tables, "long" for one message.
export function time(text, length = 'short') {
  const date = new Date(text);
  if (!text || Number.isNaN(date.getTime())) return h('span', null, '–');
  const shown = { short: shortly, middle: (d) => MIDDLE.format(d), long: (d) => LONG.format(d) }[length](date);
  return h('time', { datetime: text, title: LONG.format(date) }, shown);
}

export const day = (text) => SHORT.format(new Date(`${text}T12:00:00`));
export const number = (n) => new Intl.NumberFormat().format(n);
export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

// What a browser says of itself, in a few words.
export function browser(agent) {
  const name = /Edg\//.test(agent) ? 'Edge' : /OPR\//.test(agent) ? 'Opera' : /Firefox\//.test(agent) ? 'Firefox' : /Chrom(e|ium)\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : '';
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS X/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : '';
  return name && system ? `${name} on ${system}` : name || agent;
}

// A table that the small screen turns into blocks, each cell with its column's name.
export function table(caption, columns, rows) {
  return h('table', { class: 'table' }, h('caption', { class: 'unseen' }, caption),
    h('thead', null, h('tr', null, columns.map((name) => h('th', { scope: 'col' }, name || h('span', { class: 'unseen' }, 'Actions'))))),
    h('tbody', null, rows.map((cells) => h('tr', null, cells.map((cell, i) => h('td', { 'data-column': columns[i] }, h('div', null, cell)))))));
}
