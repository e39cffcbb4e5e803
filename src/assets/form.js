/* contactd form.js: posts forms by fetch, with inline errors and a proof of work. MIT licence. */
(() => {
  'use strict';
  const script = document.currentScript;
  const home = new URL(script ? script.src : location.href).origin;
  const loadedAt = Date.now();
  const states = new WeakMap();

  const isOurs = (form) => form.tagName === 'FORM' && (form.dataset.contactd !== undefined || form.action.startsWith(home + '/'));
  const stateOf = (form) => states.get(form) || (states.set(form, { failures: 0 }), states.get(form));
  const tell = (form, name, detail) => form.dispatchEvent(new CustomEvent('contactd:' + name, { bubbles: true, detail }));
  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

  // The first number whose SHA-256 with the salt is the challenge (ALTCHA v1).
  const solve = async ({ algorithm, challenge, salt, maxnumber, signature }) => {
    const encoder = new TextEncoder();
    for (let number = 0; number <= maxnumber; number++) {
      const hash = await crypto.subtle.digest(algorithm, encoder.encode(salt + number));
      const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      if (hex === challenge) return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
    }
    return '';
  };

  // Token and proof are fetched at the first sign of life; without them the message goes all the same.
  const prepare = (form) => {
    const state = stateOf(form);
    state.ready ||= (async () => {
      const named = form.querySelector('[name=form-name],[name=access_key],[name=accessKey],[name=apiKey],[name=apikey]');
      const which = named ? 'form=' + encodeURIComponent(named.value) : 'action=' + encodeURIComponent(new URL(form.action).pathname);
      const answer = await fetch(home + '/token?' + which);
      if (!answer.ok) return {};
      const { token, challenge } = await answer.json();
      return { token, altcha: challenge && crypto.subtle ? await solve(challenge) : '' };
    })().catch(() => ({}));
    return state.ready;
  };

  const keyOf = (form, text) => {
    const state = stateOf(form);
    if (state.text !== text) {
      state.text = text;
      state.key = crypto.randomUUID ? crypto.randomUUID() : loadedAt.toString(36) + Math.random().toString(36).slice(2);
    }
    return state.key;
  };

  const collect = async (form) => {
    const data = new FormData(form);
    const text = JSON.stringify([...data].filter(([, value]) => typeof value === 'string'));
    for (const [name, value] of new URLSearchParams(location.search))
      if (/^utm_[a-z]+$/.test(name) && value && !data.has(name)) data.append(name, value);
    if (document.referrer && !data.has('referrer')) data.append('referrer', document.referrer);
    const { token, altcha } = await Promise.race([prepare(form), sleep(8000).then(() => ({}))]);
    if (token && !data.has('_token')) data.append('_token', token);
    if (altcha && !data.has('altcha')) data.append('altcha', altcha);
    return { data, key: keyOf(form, text) };
  };

  const clear = (form) => {
    for (const note of form.querySelectorAll('[data-contactd-note]')) note.remove();
    for (const field of form.querySelectorAll('[data-contactd-bad]')) {
      field.removeAttribute('aria-invalid');
      field.removeAttribute('aria-describedby');
      field.removeAttribute('data-contactd-bad');
    }
  };

  const note = (text, role) => {
    const element = document.createElement('p');
    element.dataset.contactdNote = '';
    element.setAttribute('role', role);
    element.textContent = text;
    return element;
  };

  const showErrors = (form, body) => {
    const errors = body.errors || [];
    let first;
    for (const { field, message } of errors) {
      const input = field && form.querySelector(`[name="${CSS.escape(field)}"]:not([type=hidden])`);
      if (!input) continue;
      const element = note(message, 'alert');
      element.id = 'contactd-' + Math.random().toString(36).slice(2);
      input.setAttribute('aria-invalid', 'true');
      input.setAttribute('aria-describedby', element.id);
      input.dataset.contactdBad = '';
      input.after(element);
      first ||= input;
    }
    if (first) first.focus();
    else form.append(note(body.message || body.error, 'alert'));
  };

  const succeed = (form, body) => {
    if (!tell(form, 'success', body)) return;
    if (form.dataset.redirect !== undefined || form.elements._next) location.assign(body.next);
    else {
      const thanks = note(form.dataset.success || body.message, 'status');
      thanks.tabIndex = -1;
      form.replaceWith(thanks);
      thanks.focus();
    }
  };

  const post = async (form, patience) => {
    const { data, key } = await collect(form);
    const answer = await fetch(form.action, {
      method: 'POST',
      body: [...data.values()].some((value) => typeof value !== 'string') ? data : new URLSearchParams(data),
      headers: {
        Accept: 'application/json',
        'Idempotency-Key': key,
        'Formspree-Session-Data': btoa(JSON.stringify({ loadedAt, webdriver: !!navigator.webdriver })),
      },
    });
    if ((answer.status === 503 || answer.status === 429) && patience > 0) {
      await sleep(Math.min(Number(answer.headers.get('Retry-After')) || 2, 20) * 1000);
      return post(form, patience - 1);
    }
    return answer;
  };

  const send = async (form) => {
    const state = stateOf(form);
    const buttons = [...form.querySelectorAll('button:not([type=button]),input[type=submit]')].filter((b) => !b.disabled);
    if (state.busy) return;
    state.busy = true;
    clear(form);
    form.setAttribute('aria-busy', 'true');
    for (const button of buttons) button.disabled = true;
    try {
      const answer = await post(form, 2);
      const body = await answer.json();
      state.failures = 0;
      state.ready = undefined; // token and proof are good for one message
      if (answer.ok) succeed(form, body);
      else {
        tell(form, 'error', body);
        showErrors(form, body);
      }
    } catch (error) {
      tell(form, 'error', { message: String(error) });
      // The browser's own way may still be open, and shows what is wrong.
      if (++state.failures > 1) form.submit();
      else form.append(note(form.dataset.failure || 'Not sent: no connection. Please try again.', 'alert'));
    } finally {
      state.busy = false;
      form.removeAttribute('aria-busy');
      for (const button of buttons) button.disabled = false;
    }
  };

  document.addEventListener('focusin', (event) => {
    const form = event.target.form;
    if (form && isOurs(form)) prepare(form);
  });
  document.addEventListener('submit', (event) => {
    if (event.defaultPrevented || !isOurs(event.target)) return;
    event.preventDefault();
    send(event.target);
  });
})();
