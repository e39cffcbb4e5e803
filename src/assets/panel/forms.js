// SPDX-License-Identifier: MIT
// Forms: what they receive, the snippet for a page, their settings and who is told, and the pages that were refused.
import { api, can, counts, get, isForm, loadCounts, tell, withQuery } from './api.js';
import { noForm } from './inbox.js';
import { arriving, ask, button, complain, copyable, day, empty, field, h, icon, link, number, plural, s, select, sender, table, time, toast, uid } from './kit.js';

const NONE = { new: 0, read: 0, archived: 0, spam: 0, trash: 0 };
const here = () => new URL('..', document.baseURI).href.replace(/\/$/, '');

// --- the list ---

async function allForms() {
  const [told] = await Promise.all([get('forms'), loadCounts().catch(() => {})]);
  const byName = new Map(counts.forms.map((one) => [one.name, { ...one, isRegistered: false }]));
  for (const one of told.forms) byName.set(one.name, { counts: NONE, ...byName.get(one.name), ...one, title: one.title ?? one.settings?.title, isRegistered: true });
  return [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const formRow = (one) => h('li', null, h('a', { href: `#forms/${encodeURIComponent(one.name)}` },
  h('b', { dir: 'auto' }, one.title || one.name), h('span', { class: 'hint' }, one.name, !one.isRegistered && ' · without settings of its own'),
  h('span', { class: 'figures' }, one.counts.new > 0 && h('b', null, `${number(one.counts.new)} unread`), h('span', null, plural(one.counts.new + one.counts.read + one.counts.archived, 'message')), one.counts.spam > 0 && h('span', null, `${number(one.counts.spam)} spam`))));

export function forms() {
  const node = h('div', { class: 'page' },
    h('div', { class: 'top' }, h('h1', null, 'Forms'), can('manage') && h('a', { class: 'button primary', href: '#new-form' }, icon('plus'), 'New form')),
    arriving(allForms, (all) => (all.length ? h('ul', { class: 'cards' }, all.map(formRow))
      : empty('form', 'No forms yet', can('manage') ? 'A form is a name that pages post to. Make one, and copy its HTML onto your page.' : 'Whoever manages this contactd has to give you a form.', can('manage') && link('#new-form', 'Make a form')))));
  return { title: 'Forms', node };
}

export function newForm() {
  const name = h('input', { required: true, maxlength: '64', autocapitalize: 'none', spellcheck: 'false', autocomplete: 'off' });
  const title = h('input', { maxlength: '200' });
  const origins = h('textarea', { rows: '2', spellcheck: 'false', placeholder: 'https://www.example.org' });
  const node = h('div', { class: 'page narrow' }, h('h1', null, 'New form'), sender([
    field('Name', name, 'Part of the address that pages post to: a to z, 0 to 9, - and _. It stays as it is.'),
    field('Title', title, 'What people call it.'),
    field('Pages that may post', origins, 'One a line, such as https://www.example.org. None: all pages.'),
  ], 'Make the form', async () => {
    const id = name.value.trim();
    if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id)) throw new Error('A name begins with one of a to z or 0 to 9; - and _ may follow.');
    if ((await get('forms')).forms.some((one) => one.name === id)) throw new Error('There is a form of this name already.');
    const settings = {};
    if (title.value.trim()) settings.title = title.value.trim();
    if (lines(origins.value).length) settings.origins = lines(origins.value);
    await api('PUT', `forms/${id}`, settings);
    loadCounts().catch(() => {});
    location.hash = `#forms/${id}`;
  }));
  return { title: 'New form', node };
}

// --- the chart ---

const DAY = 864e5;
const dayText = (at) => new Date(at).toISOString().slice(0, 10);

// Days without a message are told by nobody; a year is shown in weeks.
function periods(days, name, span) {
  const width = span > 60 ? 7 : 1;
  const count = Math.ceil(span / width);
  const today = Date.parse(dayText(Date.now()));
  const list = Array.from({ length: count }, (_, i) => ({ from: dayText(today - ((count - i) * width - 1) * DAY), received: 0, spam: 0 }));
  for (const one of days) {
    const i = count - 1 - Math.floor((today - Date.parse(one.day)) / DAY / width);
    if (one.form !== name || !list[i]) continue;
    list[i].received += one.received;
    list[i].spam += one.spam;
  }
  return list;
}

function roof(most) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 4, 5, 10].map((n) => n * unit).find((n) => n >= most && n >= 2) ?? 10 * unit;
}

function bars(list, what) {
  const [width, height, left, bottom] = [innerWidth < 700 ? 340 : 720, 200, 30, 22];
  const top = roof(Math.max(...list.map((one) => one.received)));
  const step = (width - left) / list.length;
  const y = (n) => (height - bottom) * (1 - n / top) + 6 * (n / top);
  const gap = Math.min(3, step / 4);
  const bar = (one, i, from, to, kind) => to > from && s('rect', { class: kind, x: left + i * step + gap / 2, width: step - gap, y: y(to), height: y(from) - y(to), rx: Math.min(2, step / 4) });
  const line = (n) => s('g', null, s('line', { class: 'grid', x1: left, x2: width, y1: y(n), y2: y(n) }), s('text', { x: left - 6, y: y(n) + 4, 'text-anchor': 'end' }, number(n)));
  const marks = [0, Math.floor(list.length / 2), list.length - 1];
  return s('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': what },
    line(0), line(top / 2), line(top),
    list.map((one, i) => s('g', null, s('title', null, `${day(one.from)}: ${plural(one.received - one.spam, 'message')}, ${number(one.spam)} spam`),
      s('rect', { class: 'hover', x: left + i * step, width: step, y: 0, height: height - bottom }), bar(one, i, 0, one.received - one.spam, 'good'), bar(one, i, one.received - one.spam, one.received, 'bad'))),
    marks.map((i, at) => s('text', { x: left + (i + 0.5) * step, y: height - 4, 'text-anchor': ['start', 'middle', 'end'][at] }, day(list[i].from))));
}

function chart(name) {
  const group = uid();
  const place = h('div', { class: 'chartplace' });
  const show = (span) => place.replaceChildren(arriving(() => get('stats', { days: String(span), form: name }), (told) => {
    const list = periods(told.days, name, span);
    const sum = list.reduce((n, one) => n + one.received, 0);
    const bad = list.reduce((n, one) => n + one.spam, 0);
    const unit = span > 60 ? 'week from' : 'day';
    const words = `${plural(sum - bad, 'message')} and ${number(bad)} spam in the last ${span} days`;
    return [h('p', { class: 'legend' }, h('b', null, words), h('span', { class: 'key good' }, 'messages'), h('span', { class: 'key bad' }, 'spam')),
      bars(list, words), h('details', null, h('summary', null, 'As a table'),
        sum ? table(words, [unit === 'day' ? 'Day' : 'Week from', 'Messages', 'Spam'], list.filter((one) => one.received).map((one) => [day(one.from), number(one.received - one.spam), number(one.spam)])) : h('p', { class: 'dim' }, 'Nothing came.'))];
  }));
  const choice = (span, text) => {
    const radio = h('input', { type: 'radio', name: group, checked: span === 30, onchange: () => show(span) });
    return h('label', { class: 'choice' }, radio, text);
  };
  show(30);
  return h('section', { class: 'card' }, h('div', { class: 'cardtop' }, h('h2', null, 'What came'), h('div', { class: 'switch', role: 'radiogroup', 'aria-label': 'Time' }, choice(30, '30 days'), choice(365, '365 days'))), place);
}

// --- the snippet ---

const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

function snippet(name, settings) {
  const properties = Object.entries(settings?.schema?.properties ?? { name: {}, email: { format: 'email' }, message: {} });
  const needed = settings?.schema?.required ?? (settings?.schema ? [] : ['email', 'message']);
  const inputs = properties.slice(0, 20).map(([key, rule]) => {
    const more = `name="${escape(key)}"${needed.includes(key) ? ' required' : ''}`;
    const text = escape(rule.title ?? key.charAt(0).toUpperCase() + key.slice(1));
    const isLong = key === 'message' || rule.maxLength > 300;
    if (Array.isArray(rule.enum)) return `  <label>${text} <select ${more}>${rule.enum.map((one) => `<option>${escape(String(one))}</option>`).join('')}</select></label>`;
    return isLong ? `  <label>${text} <textarea ${more}></textarea></label>` : `  <label>${text} <input ${more}${rule.format === 'email' || key === 'email' ? ' type="email"' : ''}></label>`;
  });
  return `<form action="${here()}/f/${name}" method="post">\n${inputs.join('\n')}\n  <input name="${escape(settings?.honeypot || '_gotcha')}" tabindex="-1" autocomplete="off" hidden>\n  <button>Send</button>\n</form>\n<script src="${here()}/form.js" defer></script>`;
}

// --- settings: who is told ---

const RHYTHMS = [['', 'At once'], ['hourly', 'Once an hour'], ['daily', 'Once a day']];
const SIGNATURES = [['', 'Standard Webhooks'], ['formspree', 'Formspree\'s as well']];
// The section of the setting, its name, and what it needs to know.
const HOOKS = [['webhooks', 'Webhook', ['url', 'secret', 'signature']], ['slack', 'Slack', ['url']], ['discord', 'Discord', ['url']], ['teams', 'Microsoft Teams', ['url']],
  ['telegram', 'Telegram', ['token', 'chat', 'url']], ['ntfy', 'ntfy', ['url', 'topic', 'token']], ['gotify', 'Gotify', ['url', 'token']]];
const LABELS = { to: 'E-mail address', digest: 'Mails', spam: 'Spam, too', alarms: 'Alarms, too', name: 'Name', url: 'URL', secret: 'Secret', signature: 'Signature', token: 'Token', chat: 'Chat', topic: 'Topic', subject: 'Subject', text: 'Text', perDay: 'To one address a day', silenceDays: 'Days of silence' };
const TIPS = {
  name: 'Where there are several of a kind.', secret: 'Signs what is sent: whsec_ and base64. None: unsigned.', signature: 'How the receiver checks it.',
  chat: 'Its number, or @channel.', topic: 'If the URL has none.', digest: 'One by one, or gathered.',
};
const URLS = { webhooks: 'Gets each message as JSON.', slack: 'Such as https://hooks.slack.com/services/…', discord: 'Such as https://discord.com/api/webhooks/…', teams: 'Of a workflow that waits for a webhook.',
  telegram: 'Of a Bot API server of your own; else none.', ntfy: 'Such as https://ntfy.sh/topic', gotify: 'Of the server.' };

// Controls of an object's members; what is empty is left out. What is typed stays when others are shown.
function members(value) {
  const values = { ...value };
  const boxes = new Map();
  const set = (key, what) => { values[key] = what; };
  const plain = (key, attributes) => h('input', { autocomplete: 'off', spellcheck: 'false', value: values[key] ?? '', oninput: ({ target }) => set(key, target.value.trim()), ...attributes });
  const kept = (key, box) => { boxes.set(key, box); return box; };
  const keys = () => [...boxes.keys()];
  return {
    boxes,
    clear: () => boxes.clear(),
    line: (key, attributes) => kept(key, plain(key, attributes)),
    // A secret is shown masked; left alone, it stays as it is, and whoever types replaces it.
    hidden: (key) => kept(key, plain(key, { class: 'code', onfocus: ({ target }) => target.select() })),
    choice: (key, options, usual) => kept(key, select(options, values[key] === usual ? '' : values[key], { onchange: ({ target }) => set(key, target.value) })),
    check: (key) => h('label', { class: 'check' }, kept(key, h('input', { type: 'checkbox', checked: values[key] === true, onchange: ({ target }) => set(key, target.checked) })), LABELS[key]),
    // On unless told otherwise: what is said is that it is off.
    uncheck: (key) => h('label', { class: 'check' }, kept(key, h('input', { type: 'checkbox', checked: values[key] !== false, onchange: ({ target }) => set(key, target.checked ? undefined : false) })), LABELS[key]),
    prose: (key) => kept(key, h('textarea', { rows: '3', value: values[key] ?? '', oninput: ({ target }) => set(key, target.value) })),
    number: (key, attributes) => kept(key, plain(key, { type: 'number', min: '0', inputmode: 'numeric', oninput: ({ target }) => set(key, target.value === '' ? '' : Number(target.value)), ...attributes })),
    read: () => Object.fromEntries(keys().filter((key) => values[key] || values[key] === 0 || (key === 'alarms' && values[key] === false)).map((key) => [key, values[key]])),
  };
}

// A list that grows and shrinks. `make` gives {node, read, boxes} of one.
function listOf(title, add, make, values) {
  const place = h('div', { class: 'items' });
  let items = [];
  const draw = () => {
    items.forEach((one, i) => { one.title = `${title} ${i + 1}`; one.node.setAttribute('aria-label', one.title); one.gone.setAttribute('aria-label', `Remove: ${one.title}`); });
    place.replaceChildren(...items.map((one) => one.node));
  };
  const put = (value) => {
    const one = make(value);
    one.gone = button('Remove', { pic: 'trash', onclick: () => { items = items.filter((other) => other !== one); draw(); more.focus(); } });
    one.node.append(h('div', { class: 'last' }, one.gone));
    one.node.setAttribute('role', 'group');
    items.push(one);
    return one;
  };
  const more = button(add, { pic: 'plus', onclick: () => { const { node } = put(); draw(); node.querySelector('input, select').focus(); } });
  values.forEach(put);
  draw();
  return { nodes: [place, h('p', null, more)], items: () => items };
}

function mailItem(value) {
  const all = members(typeof value === 'string' ? { to: value } : value);
  const node = h('div', { class: 'item' }, field(LABELS.to, all.line('to', { type: 'email', placeholder: 'you@example.org' })), field(LABELS.digest, all.choice('digest', RHYTHMS, 'off')), all.check('spam'), all.uncheck('alarms'));
  const read = () => { const what = all.read(); return Object.keys(what).join() === 'to' ? what.to : what; };
  return { node, section: () => 'mail', boxes: all.boxes, read };
}

function hookItem({ section = 'webhooks', ...value } = {}) {
  const all = members(value);
  const control = { url: () => (['slack', 'discord', 'teams'].includes(kind.value) ? all.hidden('url') : all.line('url', { inputmode: 'url' })), secret: () => all.hidden('secret'), token: () => all.hidden('token'), signature: () => all.choice('signature', SIGNATURES, 'standard') };
  const hint = (key) => (key === 'url' ? URLS[kind.value] : TIPS[key]);
  let shown = [];
  const draw = () => {
    all.clear();
    for (const one of shown) one.remove();
    shown = [...['name', ...HOOKS.find(([key]) => key === kind.value)[2]].map((key) => field(LABELS[key], control[key]?.() ?? all.line(key), hint(key))), all.check('spam'), all.uncheck('alarms')];
    first.after(...shown);
  };
  const kind = select(HOOKS, section, { onchange: draw });
  const first = field('Kind', kind);
  const node = h('div', { class: 'item' }, first);
  draw();
  return { node, section: () => kind.value, boxes: all.boxes, read: all.read };
}

function replyPart(value) {
  const all = members(value);
  const fields = h('div', { class: 'item' }, field(LABELS.subject, all.line('subject')), field(LABELS.perDay, all.number('perDay', { min: '1', placeholder: '3' })), field(LABELS.text, all.prose('text'), '{{name}} stands for a field of the message.'));
  const isOn = h('input', { type: 'checkbox', checked: !!value, onchange: () => { fields.hidden = !isOn.checked; } });
  fields.hidden = !value;
  return { nodes: [h('label', { class: 'check' }, isOn, 'Answer whoever writes, but for spam'), fields], boxes: all.boxes, title: 'Automatic reply', read: () => (isOn.checked ? all.read() : undefined) };
}

// `read()` gives the setting, undefined if there is nothing; `explain()` says an error of the server's with the words of the page.
function notices(value) {
  const { mail = [], autoreply, ...others } = value ?? {};
  const hooks = HOOKS.flatMap(([section]) => (others[section] ?? []).map((one) => ({ section, ...one })));
  const rest = members(others);
  const mails = listOf('Address', 'Add an address', mailItem, mail ?? []);
  const chats = listOf('Webhook or chat', 'Add a webhook or chat', hookItem, hooks);
  const reply = replyPart(autoreply);
  const node = h('div', { class: 'notices' },
    h('h3', null, 'Mails'), h('p', { class: 'hint' }, 'Who gets a mail of each message. The server has to know how mails leave: its options smtp-url and smtp-from.'), mails.nodes,
    h('div', { class: 'item' }, field(LABELS.subject, rest.line('subject'), '{{name}} stands for a field.'), field('Text in front of the fields', rest.prose('text'), '{{name}} stands for a field.')),
    h('h3', null, 'Webhooks and chats'), chats.nodes,
    h('h3', null, 'Automatic reply'), reply.nodes,
    h('h3', null, 'Alarm'), h('div', { class: 'item' }, field(LABELS.silenceDays, rest.number('silenceDays'), 'Without a message, until that is an alarm. Empty: judged by the form\'s past.')));

  const places = () => {
    const all = [];
    for (const one of [...mails.items(), ...chats.items()]) all.push([`${one.section()}[${all.filter(([path]) => path.startsWith(`${one.section()}[`)).length}]`, one]);
    return [...all, ['autoreply', reply]];
  };
  const read = () => {
    const wanted = rest.read();
    for (const [path, one] of places()) {
      const what = one.read();
      if (path === 'autoreply') Object.assign(wanted, what && { autoreply: what });
      else (wanted[one.section()] ??= []).push(what);
    }
    return Object.keys(wanted).length ? wanted : undefined;
  };
  const explain = (error) => {
    const [start, path, key, needed] = /^notify\.(\w+(?:\[\d+\])?)(?:\.(\w+))?(?: needs (\w+))?/i.exec(error.message) ?? [];
    if (!start) return error;
    const one = places().find(([where]) => where === path)?.[1];
    const member = needed ?? key ?? (one ? undefined : path);
    const box = (one ?? rest).boxes.get(member) ?? one?.boxes.values().next().value;
    const name = [one?.title, LABELS[member]].filter(Boolean).join(', ');
    return Object.assign(new Error(needed ? `${name}: please fill it in.` : `${name}: ${error.message.slice(start.length).replace(/^[: ]+/, '')}`), { box });
  };
  return { node, read, explain };
}

// --- settings ---

// What the table of settings does not tell: which are not plain texts.
const POLICY = [['', 'optional'], ['off', 'off'], ['required', 'required']];
const spoken = (code) => [code, new Intl.DisplayNames(undefined, { type: 'language' }).of(code)];
const CHOICES = { token: POLICY, proof: POLICY, language: [['', 'the visitor\'s own'], ...['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl'].map(spoken)] };
const KINDS = { schema: 'json', captcha: 'captcha', notify: 'notices', spamThreshold: 'number', retentionDays: 'number', spamRetentionDays: 'number', ratePerHour: 'number' };
const CAPTCHAS = [['', 'none'], ['turnstile', 'Turnstile'], ['hcaptcha', 'hCaptcha'], ['recaptcha', 'reCAPTCHA']];
const USUAL = { spamThreshold: '5', spamRetentionDays: '30' };
// Where the table's words, made for the command line, say what the label says already.
const HINTS = {
  captcha: 'Who checks that a visitor is human', language: 'Of the built-in pages, and of the mails that tell of messages (else English)', origins: 'Such as https://example.org or https://*.example.org; none: all', redirect: 'A path on the page\'s site, or a URL',
  token: 'Whether form.js has to bring one', proof: 'Whether form.js has to bring one', schema: 'A subset of JSON Schema, such as {"properties": {"email": {"format": "email"}}, "required": ["email"]}; none: any fields',
  spamRetentionDays: 'After which spam is deleted; 0: never', languages: 'Such as en or de; none: any',
};
const NAMES = {
  title: 'Title', aliases: 'Other ids', origins: 'Pages that may post', redirect: 'After success', errorRedirect: 'After an error', redirectHosts: 'Hosts visitors may be sent to', language: 'Language',
  schema: 'Rules for the fields', honeypot: 'Trap for bots', spamThreshold: 'Spam threshold', languages: 'Expected languages', token: 'Form token', proof: 'Proof of work', captcha: 'Captcha',
  retentionDays: 'Days to keep messages', spamRetentionDays: 'Days to keep spam', ratePerHour: 'Messages an hour',
};
const GROUPS = [['Page', ['title', 'origins', 'aliases', 'redirect', 'errorRedirect', 'redirectHosts', 'language']], ['Fields', ['schema']],
  ['Notices', ['notify']], ['Spam', ['spamThreshold', 'honeypot', 'languages', 'token', 'proof', 'captcha']], ['Keeping', ['retentionDays', 'spamRetentionDays', 'ratePerHour']]];
const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);
const kindOf = ({ name, isList }, value) => (isList ? 'list' : CHOICES[name] ? 'choice' : KINDS[name] ?? (typeof value === 'object' && value ? 'json' : typeof value === 'number' ? 'number' : 'text'));

// Puts the cursor where it goes wrong, if the browser tells.
function parse(box, name) {
  try {
    return JSON.parse(box.value);
  } catch (error) {
    const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? box.value.length);
    const line = box.value.slice(0, at).split('\n').length;
    box.setSelectionRange(at, at);
    throw Object.assign(new Error(`${name}: line ${line} is not JSON. Names and texts stand in double quotes, a comma between two entries, none after the last. (${error.message})`), { box });
  }
}

// A control and how its content becomes the setting; undefined: not set.
function control(setting, value) {
  const plain = (attributes) => h('input', { autocomplete: 'off', spellcheck: 'false', value: value ?? '', ...attributes });
  const area = (rows, text, kind = '') => h('textarea', { rows, spellcheck: 'false', class: `code ${kind}`, value: text });
  const name = NAMES[setting.name] ?? setting.name;
  switch (kindOf(setting, value)) {
    case 'list': {
      const box = area('2', (value ?? []).join('\n'));
      return [box, () => (lines(box.value).length ? lines(box.value) : undefined), ' One a line.'];
    }
    case 'number': {
      const box = plain({ type: 'number', placeholder: USUAL[setting.name], min: '0', step: setting.name === 'spamThreshold' ? '0.01' : '1', inputmode: 'decimal' });
      return [box, () => {
        if (box.validity.badInput) throw Object.assign(new Error(`${name}: please give a number.`), { box });
        return box.value === '' ? undefined : Number(box.value);
      }];
    }
    case 'choice': {
      const box = select(CHOICES[setting.name], value === 'optional' ? '' : value);
      return [box, () => box.value || undefined];
    }
    case 'captcha': {
      const secret = plain({ type: 'password', autocomplete: 'new-password', value: value?.secret ?? '' });
      const more = field('Its secret', secret, 'The one for servers, from the service\'s own pages.');
      more.hidden = !value;
      const box = select(CAPTCHAS, value?.kind ?? '', { onchange: () => { more.hidden = !box.value; } });
      return [box, () => {
        if (box.value && !secret.value.trim()) throw Object.assign(new Error('Captcha: please give its secret, too.'), { box: secret });
        return box.value ? { kind: box.value, secret: secret.value.trim() } : undefined;
      }, '', more];
    }
    case 'notices': {
      const { node, read, explain } = notices(value);
      return [node, read, '', null, explain];
    }
    case 'json': {
      const box = area('8', value ? JSON.stringify(value, null, 2) : '', 'json');
      return [box, () => (box.value.trim() ? parse(box, name) : undefined)];
    }
    default: {
      const box = plain();
      return [box, () => box.value.trim() || undefined];
    }
  }
}

function editor(name, settings, rows, saved) {
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const made = new Map(rows.map((row) => [row.name, { row, parts: control(row, settings[row.name]) }]));
  const one = ({ row, parts: [box, , more, below, explain] }) => {
    if (explain) return box;
    const place = field(NAMES[row.name] ?? row.name, box, `${HINTS[row.name] ?? capital(row.help)}.${more ?? ''}`);
    return [place, below];
  };
  const grouped = new Set(GROUPS.flatMap(([, names]) => names));
  const groups = [...GROUPS, ['More', [...made.keys()].filter((key) => !grouped.has(key))]];
  const mark = (box) => { box?.setAttribute('aria-invalid', 'true'); box?.focus(); };
  const form = sender(groups.map(([title, names]) => [title, names.filter((key) => made.has(key))]).filter(([, names]) => names.length)
    .map(([title, names]) => h('fieldset', null, h('legend', null, title), names.map((key) => one(made.get(key))))), 'Save', async () => {
    for (const box of form.querySelectorAll('[aria-invalid]')) box.removeAttribute('aria-invalid');
    const wanted = { ...settings };
    for (const [key, { parts }] of made) {
      const what = parts[1]();
      if (what === undefined) delete wanted[key];
      else wanted[key] = what;
    }
    await api('PUT', `forms/${encodeURIComponent(name)}`, wanted).catch((error) => { throw made.get('notify')?.parts[4](error) ?? error; });
    toast('Settings saved. They are in force.');
    loadCounts().catch(() => {});
    saved(wanted);
  });
  form.addEventListener('refused', ({ detail }) => {
    const key = [...made.keys()].find((one) => detail.message.toLowerCase().startsWith(one.toLowerCase()));
    mark(detail.box ?? made.get(key)?.parts[0]);
  });
  return h('section', { class: 'card settings' }, h('h2', null, 'Settings'), form);
}

// --- one form ---

async function drop(name) {
  if (!await ask('Delete this form?', `Its settings are forgotten, and pages that post to “${name}” get an error. Its messages stay.`, 'Delete the form')) return;
  try {
    await api('DELETE', `forms/${encodeURIComponent(name)}`);
    loadCounts().catch(() => {});
    toast('Form deleted. Its messages are still there.');
    location.hash = '#forms';
  } catch (error) {
    complain(error, () => drop(name));
  }
}

async function loadForm(name) {
  const [{ forms: all }, told] = await Promise.all([get('forms'), can('manage') ? get('settings') : { settings: [] }, counts.ready]);
  return { form: all.find((one) => one.name === name) ?? null, rows: told.settings };
}

export function form([name]) {
  const title = h('h1', { dir: 'auto' }, counts.forms.find((one) => one.name === name)?.title || name);
  const code = h('div');
  const showCode = (settings) => code.replaceChildren(copyable(snippet(name, settings), 'HTML of the form'));
  const node = h('div', { class: 'page' },
    h('p', { class: 'crumb' }, link('#forms', icon('back'), 'Forms')),
    h('div', { class: 'top' }, title, h('a', { class: 'button', href: withQuery('#inbox', { form: name }) }, icon('inbox'), 'Messages')),
    arriving(() => loadForm(name), ({ form: one, rows }, again) => {
      title.nextSibling.hidden = !one && !isForm(name);
      if (title.nextSibling.hidden) return noForm();
      const settings = one?.settings ?? {};
      title.textContent = settings.title || one?.title || name;
      tell('retitle', title.textContent);
      showCode(settings);
      return [
        chart(name),
        h('section', { class: 'card' }, h('h2', null, 'On your page'), h('p', { class: 'dim' }, 'Copy this to where the form shall be. The script is optional: with it, visitors stay on the page and bots have a harder time.'), code),
        can('manage') && (one ? editor(name, settings, rows, (wanted) => { title.textContent = wanted.title || name; showCode(wanted); })
          : h('section', { class: 'card' }, h('h2', null, 'Settings'), h('p', null, 'This form has no settings of its own: it takes what comes. Register it to say which pages may post, and more.'),
            sender([], 'Register the form', async () => { await api('PUT', `forms/${encodeURIComponent(name)}`, {}); again(); }))),
        can('manage') && one && h('section', { class: 'card away' }, h('h2', null, 'For good'), h('div', { class: 'buttons' }, button('Delete the form', { kind: 'danger', onclick: () => drop(name) }))),
      ];
    }));
  return { title: 'Form', node };
}

// --- refused pages ---

async function allow(refusal, again) {
  try {
    await api('POST', 'refusals/allow', { form: refusal.form, origin: refusal.origin });
    toast(`${refusal.origin} may post to ${refusal.form} now.`);
    again();
  } catch (error) {
    complain(error, () => allow(refusal, again));
  }
}

export function refusals() {
  const node = h('div', { class: 'page' }, h('h1', null, 'Refused pages'),
    h('p', { class: 'dim' }, 'Pages that posted to a form without being among those that may. If one is yours, allow it.'),
    arriving(() => get('refusals'), ({ refusals: all }, again) => (all.length
      ? table('Refused pages', ['Page', 'Form', 'Times', 'Last', ''], all.map((one) => [
        h('bdi', null, one.origin), link(`#forms/${encodeURIComponent(one.form)}`, one.form), number(one.count), time(one.lastAt, 'middle'),
        can('manage') && /^https?:/.test(one.origin) && button('Allow', { pic: 'read', 'aria-label': `Allow ${one.origin} for ${one.form}`, onclick: () => allow(one, again) })]))
      : empty('block', 'Nobody was refused', 'When a page posts to a form that does not expect it, it is listed here.'))));
  return { title: 'Refused pages', node };
}
