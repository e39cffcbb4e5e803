// SPDX-License-Identifier: MIT
// Who may do what: people, invitations, tokens, one's own password and sessions, and what was done.
import { api, counts, get, session } from './api.js';
import { erase } from './message.js';
import { arriving, ask, browser, button, complain, copyable, dialog, empty, field, h, select, sender, table, time, toast } from './kit.js';

const ROLES = [['reader', 'Reader: sees messages'], ['manager', 'Manager: sorts and notes them'], ['owner', 'Owner: everything, on all forms']];
const SCOPES = [['read', 'Read'], ['write', 'Write: also sort messages'], ['manage', 'Manage: everything']];

const formsText = (forms) => ((forms ?? ['*']).includes('*') ? 'all' : forms.join(', '));

// Some forms, or all of them if that is said; `read()` gives the list.
function formsPicker(value = []) {
  const isAll = value.includes('*');
  const names = [...new Set([...counts.forms.map((one) => one.name), ...(isAll ? [] : value)])];
  const all = h('input', { type: 'checkbox', checked: isAll, onchange: () => { some.hidden = all.checked; } });
  const boxes = names.map((name) => h('input', { type: 'checkbox', value: name, checked: value.includes(name) }));
  const some = h('div', { class: 'somes', hidden: isAll }, boxes.map((box, i) => h('label', { class: 'check' }, box, h('bdi', null, names[i]))), !names.length && h('p', { class: 'dim' }, 'There is no form yet.'));
  const node = h('fieldset', null, h('legend', null, 'Forms'), h('label', { class: 'check' }, all, 'All forms'), some);
  const read = () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!all.checked && !chosen.length) throw new Error('Please choose at least one form.');
    return all.checked ? ['*'] : chosen;
  };
  return { node, read };
}

// Asks, deletes, and shows the list anew.
async function remove(title, text, action, path, again, words) {
  if (!await ask(title, text, action)) return;
  try {
    await api('DELETE', path);
    toast(words);
    again();
  } catch (error) {
    complain(error);
  }
}

const at = (path, name) => `${path}/${encodeURIComponent(name)}`;

// Tells the browser's store of passwords whose it is.
export const username = (name) => h('input', { hidden: true, type: 'text', autocomplete: 'username', value: name, readonly: true });

// --- people ---

function personForm(action, one, send) {
  const name = h('input', { autocapitalize: 'none', autocomplete: 'off', spellcheck: 'false', maxlength: '64', required: true });
  const role = select(ROLES, one?.role ?? 'reader', { onchange: () => { picker.node.hidden = role.value === 'owner'; } });
  const picker = formsPicker(one?.forms);
  picker.node.hidden = role.value === 'owner';
  return sender([!one && field('Name', name), field('Role', role), picker.node].filter(Boolean), action, () =>
    send({ ...(one ? {} : { name: name.value.trim() }), role: role.value, forms: role.value === 'owner' ? ['*'] : picker.read() }));
}

const invite = (again) => dialog('Invite somebody', (close) => {
  const place = h('div', null, h('p', { class: 'dim' }, 'They get a link that works once, within seven days, and choose their own password.'), personForm('Make the link', null, async (wanted) => {
    const told = await api('POST', 'invitations', wanted);
    const url = new URL(`#invite=${encodeURIComponent(told.token)}`, new URL('.', document.baseURI)).href;
    place.replaceChildren(h('p', null, `Send this link to ${wanted.name}. It is shown only now.`), copyable(url, 'Link'),
      h('div', { class: 'buttons' }, button('Done', { kind: 'primary', onclick: () => close(true) })));
    place.querySelector('button').focus();
    again();
  }));
  return place;
});

const edit = (one, again) => dialog(`Change ${one.name}`, (close) => personForm('Save', one, async (wanted) => {
  await api('PATCH', at('users', one.name), wanted);
  toast(`${one.name} is changed.`);
  close(true);
  again();
}));

const resetPassword = (one) => dialog(`New password for ${one.name}`, (close) => {
  const password = h('input', { type: 'password', autocomplete: 'new-password', required: true });
  return sender([username(one.name), field('Password', password)], 'Set it', async () => {
    await api('PATCH', at('users', one.name), { password: password.value });
    toast(`${one.name} has a new password.`);
    close(true);
  });
});

function eraser() {
  const email = h('input', { type: 'email', autocomplete: 'off', spellcheck: 'false', required: true });
  return h('section', { class: 'card away' }, h('h2', null, 'Erase a person'), h('p', { class: 'dim' }, 'Somebody who wrote to you wants to be forgotten. You see first how many messages there are.'),
    sender([field('E-mail address', email)], 'Look for messages', async () => {
      if (!email.value.trim()) throw new Error('Please give an address.');
      await erase(email.value.trim(), () => { email.value = ''; });
    }, { kind: '' }));
}

export function people() {
  const load = async () => {
    const [users, invitations] = await Promise.all([get('users'), get('invitations')]);
    return { users: users.users, invitations: invitations.invitations };
  };
  const place = arriving(load, ({ users, invitations }, again) => {
    Object.assign(node.querySelector('.top .button'), { disabled: false, onclick: () => invite(again) });
    return [
      table('People', ['Name', 'Role', 'Forms', 'Since', ''], users.map((one) => [h('b', null, one.name), one.role, h('bdi', null, formsText(one.forms)), time(one.createdAt, 'middle'),
        h('span', { class: 'row-acts' }, button('Change', { 'aria-label': `Change ${one.name}`, onclick: () => edit(one, again) }),
          one.name !== session.name && [button('Password', { 'aria-label': `New password for ${one.name}`, onclick: () => resetPassword(one) }),
            button('Remove', { kind: 'danger', 'aria-label': `Remove ${one.name}`, onclick: () => remove(`Remove ${one.name}?`, 'They are signed out everywhere and cannot come back. What they did stays.', 'Remove', at('users', one.name), again, `${one.name} is removed.`) })])])),
      h('h2', null, 'Invitations'),
      invitations.length ? table('Invitations', ['Name', 'Role', 'Forms', 'Until', ''], invitations.map((one) => [h('b', null, one.name), one.role, h('bdi', null, formsText(one.forms)), time(one.expiresAt, 'middle'),
        button('Withdraw', { kind: 'danger', 'aria-label': `Withdraw the invitation of ${one.name}`, onclick: () => remove(`Withdraw the invitation of ${one.name}?`, 'The link stops working.', 'Withdraw', at('invitations', one.name), again, 'Invitation withdrawn.') })]))
        : h('p', { class: 'dim' }, 'None is open.'),
    ];
  });
  const node = h('div', { class: 'page' }, h('div', { class: 'top' }, h('h1', null, 'People'), button('Invite', { pic: 'plus', kind: 'primary', disabled: true })), place, eraser());
  return { title: 'People', node };
}

// --- tokens ---

const newToken = (again) => dialog('New token', (close) => {
  const name = h('input', { autocapitalize: 'none', autocomplete: 'off', spellcheck: 'false', maxlength: '64', required: true });
  const scope = select(SCOPES, 'read');
  const expires = h('input', { type: 'date' });
  const picker = formsPicker();
  const place = h('div', null, sender([field('Name', name, 'What it is for.'), field('May', scope), picker.node, field('Until', expires, 'Empty: it does not expire.')], 'Make the token', async () => {
    const told = await api('POST', 'tokens', { name: name.value.trim(), scope: scope.value, forms: picker.read(), ...(expires.value ? { expiresAt: new Date(`${expires.value}T23:59:59`).toISOString() } : {}) });
    place.replaceChildren(h('p', null, 'Copy the token now: it is shown only once.'), copyable(told.token, 'Token'),
      h('div', { class: 'buttons' }, button('Done', { kind: 'primary', onclick: () => close(true) })));
    place.querySelector('button').focus();
    again();
  }));
  return place;
});

export function tokens() {
  const place = arriving(() => get('tokens'), ({ tokens: all }, again) => {
    Object.assign(node.querySelector('.top .button'), { disabled: false, onclick: () => newToken(again) });
    return all.length ? table('Tokens', ['Name', 'May', 'Forms', 'Used', 'Until', ''], all.map((one) => [h('b', null, one.name), one.scope, h('bdi', null, formsText(one.forms)),
      one.usedAt ? time(one.usedAt, 'middle') : 'never', one.expiresAt ? time(one.expiresAt, 'middle') : 'no end',
      button('Revoke', { kind: 'danger', 'aria-label': `Revoke ${one.name}`, onclick: () => remove(`Revoke ${one.name}?`, 'Programs that use it are refused from now on.', 'Revoke', at('tokens', one.name), again, `${one.name} is revoked.`) })]))
      : empty('key', 'No tokens', 'A token lets a program read messages without anybody\'s password.');
  });
  const node = h('div', { class: 'page' }, h('div', { class: 'top' }, h('h1', null, 'Tokens'), button('New token', { pic: 'plus', kind: 'primary', disabled: true })), place);
  return { title: 'Tokens', node };
}

// --- what was done ---

const DEEDS = {
  signin: 'signed in', 'signin.failed': 'failed to sign in', signout: 'signed out', 'session.end': 'ended a session', 'user.add': 'made the account', 'user.set': 'changed the account', 'user.remove': 'removed the account',
  'user.password': 'changed a password', 'token.add': 'made the token', 'token.revoke': 'revoked the token', 'form.save': 'saved the form', 'form.remove': 'deleted the form', 'form.allow': 'allowed a page on the form', 'invitation.add': 'invited',
  'invitation.accept': 'accepted an invitation', 'invitation.remove': 'withdrew the invitation', export: 'exported', import: 'imported', 'submission.delete': 'deleted a message for good', 'submission.erase': 'erased a person',
};

export function audit() {
  const rows = h('tbody');
  const row = (one) => h('tr', null, [time(one.at, 'middle'), one.actor, h('span', { title: one.action }, DEEDS[one.action] ?? one.action), [one.target, one.detail && h('span', { class: 'hint', dir: 'auto' }, one.detail)], one.source ?? '']
    .map((cell, i) => h('td', { 'data-column': ['When', 'Who', 'Did', 'What', 'From'][i] }, h('div', { dir: 'auto' }, cell))));
  let next = null;
  const moreButton = button('More', { onclick: () => load().catch((error) => complain(error, () => moreButton.click())) });
  const load = async () => {
    const told = await get('audit', { limit: '100', cursor: next });
    rows.append(...told.entries.map(row));
    next = told.next;
    moreButton.hidden = !next;
  };
  const node = h('div', { class: 'page' }, h('h1', null, 'History'), h('p', { class: 'dim' }, 'Who changed what, newest first.'), arriving(load, () => {
    if (!rows.children.length) return empty('log', 'Nothing yet', 'Sign-ins, exports and changes of settings and people are written down here.');
    const frame = table('History', ['When', 'Who', 'Did', 'What', 'From'], []);
    frame.querySelector('tbody').replaceWith(rows);
    return [frame, h('p', { class: 'foot' }, moreButton)];
  }));
  return { title: 'History', node };
}

// --- oneself ---

function passwordForm() {
  const [old, fresh, again] = ['current-password', 'new-password', 'new-password'].map((kind) => h('input', { type: 'password', autocomplete: kind, required: true }));
  return sender([username(session.name),
    field('Password now', old), field('New password', fresh, 'Your other sessions end.'), field('The same once more', again)], 'Change the password', async (form) => {
    if (fresh.value !== again.value) throw new Error('The two new passwords differ.');
    await api('POST', 'password', { old: old.value, new: fresh.value });
    form.reset();
    toast('Password changed. Your other sessions have ended.');
  });
}

const sessionList = () => arriving(() => get('sessions'), ({ sessions: all }, again) => table('Sessions', ['Who', 'Browser', 'From', 'Last seen', ''], all.map((one) => [
  h('b', null, one.user), h('span', { title: one.userAgent }, one.userAgent ? browser(one.userAgent) : 'not known'), one.source, time(one.seenAt, 'middle'),
  one.isCurrent ? h('span', { class: 'dim' }, 'this one') : button('End', { kind: 'danger', 'aria-label': `End the session of ${one.user} from ${one.source}`, onclick: () => remove('End this session?', `${one.user} has to sign in again there.`, 'End it', at('sessions', one.id), again, 'Session ended.') })])));

export function account() {
  const node = h('div', { class: 'page' }, h('h1', null, session.name),
    h('p', { class: 'dim' }, `You are ${/^[aeiou]/.test(session.role) ? 'an' : 'a'} ${session.role} of ${session.forms.includes('*') ? 'all forms' : session.forms.join(', ')}.`),
    h('section', { class: 'card' }, h('h2', null, 'Password'), passwordForm()),
    h('section', { class: 'card' }, h('h2', null, 'Sessions'), sessionList()));
  return { title: 'Account', node };
}
