/* contactd form.js: sends forms without leaving the page. MIT licence. */
(() => {
  'use strict';
  const script = document.currentScript;
  const home = new URL((script && script.src) || location.href).origin;
  const loadedAt = Date.now();
  const states = new WeakMap();

  // Not form.action: that is a field of this name, if there is one.
  const targetOf = (form) => new URL(form.getAttribute('action') || '', document.baseURI);
  const isOurs = (form) => form.dataset.contactd !== undefined || targetOf(form).origin === home;
  const tell = (form, name, detail) => form.dispatchEvent(new CustomEvent('contactd:' + name, { bubbles: true, cancelable: true, detail }));
  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
  const randomName = () => 'c' + crypto.getRandomValues(new Uint32Array(4)).join('-');
  const stateOf = (form) => {
    if (!states.has(form)) states.set(form, { failures: 0, undo: [] });
    return states.get(form);
  };

  // The number whose SHA-256 with the salt is the challenge (ALTCHA v1). It also runs as a worker's source.
  const search = async ({ challenge, salt, maxnumber }) => {
    const bytes = challenge.match(/../g).map((pair) => parseInt(pair, 16));
    const encoder = new TextEncoder();
    for (let number = 0, end = Date.now() + 20000; number <= maxnumber && Date.now() < end; number++) {
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(salt + number)));
      if (bytes.every((byte, i) => byte === hash[i])) return number;
    }
    return -1;
  };

  // A page's policy may forbid workers; then the page itself does the work, a little at a time.
  const searchAside = (challenge) => new Promise((done) => {
    const source = 'onmessage=async(e)=>postMessage(await(' + search + ')(e.data))';
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    const worker = new Worker(url);
    const end = (result) => {
      worker.terminate();
      URL.revokeObjectURL(url);
      done(result);
    };
    worker.onmessage = (event) => end(event.data);
    worker.onerror = () => end(search(challenge));
    worker.postMessage(challenge);
  });

  const solve = async (challenge) => {
    const number = await searchAside(challenge).catch(() => search(challenge));
    return number < 0 ? '' : btoa(JSON.stringify({ ...challenge, number, maxnumber: undefined }));
  };

  // Which form it is: the page says so, or a field of another service's pages, or the address.
  const formOf = (form) => {
    const field = form.querySelector('[name=form-name],[name=access_key],[name=accessKey],[name=apiKey],[name=apikey]');
    const id = form.dataset.contactd || (field && field.value);
    return id ? 'form=' + encodeURIComponent(id) : 'action=' + encodeURIComponent(targetOf(form).pathname);
  };

  // Token and proof are fetched at the first sign of life; without them the message goes all the same.
  const prepare = (form) => {
    const state = stateOf(form);
    if (!state.ready || Date.now() - state.readyAt > 9e5) {
      state.readyAt = Date.now();
      state.ready = (async () => {
        const answer = await fetch(home + '/token?' + formOf(form) + '&lang=' + document.documentElement.lang);
        const { token, challenge, text } = answer.ok ? await answer.json() : {};
        state.failure = text;
        return { _token: token, altcha: challenge && challenge.salt && crypto.subtle ? await solve(challenge) : '' };
      })().catch(() => ({}));
    }
    return state.ready;
  };

  const collect = async (form, submitter) => {
    const state = stateOf(form);
    const data = new FormData(form);
    if (submitter && submitter.name) data.append(submitter.name, submitter.value);
    // One key for what was typed: the server knows a repetition by it.
    const typed = JSON.stringify([...data].map(([name, value]) => [name, value.name || value]));
    if (state.typed !== typed) {
      state.typed = typed;
      state.key = randomName();
    }
    const extra = { _page: location.origin + location.pathname, _referrer: document.referrer, _language: document.documentElement.lang };
    for (const [name, value] of new URLSearchParams(location.search)) if (/^utm_[a-z]{1,20}$/.test(name)) extra['_' + name] = value;
    Object.assign(extra, await Promise.race([prepare(form), sleep(8000)]));
    for (const name in extra) if (extra[name] && !data.has(name)) data.append(name, extra[name].slice(0, 1000));
    return data;
  };

  const clear = (state) => {
    for (const undo of state.undo.splice(0)) undo();
  };

  const note = (text, role) => {
    const element = document.createElement('p');
    element.id = randomName();
    element.className = 'contactd-' + role;
    element.setAttribute('role', role);
    element.textContent = text;
    return element;
  };

  const mark = (state, input, text) => {
    const element = note(text, 'alert');
    const old = input.getAttribute('aria-describedby') || '';
    const isChoice = input.type === 'radio' || input.type === 'checkbox';
    ((isChoice && (input.closest('fieldset') || input.closest('label'))) || input).after(element);
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', (old + ' ' + element.id).trim());
    state.undo.push(() => {
      element.remove();
      input.removeAttribute('aria-invalid');
      input.setAttribute('aria-describedby', old);
    });
  };

  const complain = (form, text) => {
    const element = note(text, 'alert');
    stateOf(form).undo.push(() => element.remove());
    form.append(element);
  };

  const showErrors = (form, body) => {
    let first;
    let rest = '';
    for (const { field, message } of body.errors || []) {
      const name = CSS.escape(field || '');
      const input = field && form.querySelector(`[name="${name}"]:not([type=hidden]),[name="${name}[]"]:not([type=hidden])`);
      const text = (body.texts && body.texts[field || '']) || message;
      if (input) mark(stateOf(form), input, text);
      else rest += (rest && ' ') + text;
      first = first || input;
    }
    if (!first) complain(form, (!body.texts && body.text) || rest || body.message);
    else first.focus();
  };

  const succeed = (form, body) => {
    if (!tell(form, 'success', body)) return;
    const { redirect, success } = form.dataset;
    if (redirect !== undefined || form.querySelector('[name=_next],[name=_redirect]')) {
      location.assign(redirect || body.next);
      return;
    }
    const thanks = note(success || body.message, 'status');
    thanks.tabIndex = -1;
    form.replaceWith(thanks);
    thanks.focus();
  };

  const post = async (form, target, body, patience) => {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), 30000);
    const answer = await fetch(target, {
      method: 'POST',
      body,
      signal: control.signal,
      headers: {
        Accept: 'application/json',
        'Idempotency-Key': stateOf(form).key,
        'Formspree-Session-Data': btoa(JSON.stringify({ loadedAt, webdriver: !!navigator.webdriver })),
      },
    });
    clearTimeout(timer);
    const wait = Number(answer.headers.get('Retry-After')) || 2;
    if ((answer.status !== 503 && answer.status !== 429) || wait > 20 || !patience) return answer;
    await sleep(wait * 1000);
    return post(form, target, body, patience - 1);
  };

  const send = async (form, submitter) => {
    const state = stateOf(form);
    const buttons = form.querySelectorAll('button:not([type=button]):not([disabled]),input[type=submit]:not([disabled]),input[type=image]:not([disabled])');
    const setBusy = (isBusy) => {
      state.busy = isBusy;
      form.setAttribute('aria-busy', isBusy);
      for (const button of buttons) button.disabled = isBusy;
    };
    clear(state);
    try {
      const pending = collect(form, submitter);
      setBusy(true);
      const data = await pending;
      const isText = [...data.values()].every((value) => typeof value === 'string');
      const answer = await post(form, targetOf(form), isText ? new URLSearchParams(data) : data, 2);
      const body = await answer.json();
      setBusy(false);
      state.failures = 0;
      state.ready = !answer.ok && state.ready; // token and proof are good for one message
      if (answer.ok) succeed(form, body);
      else if (tell(form, 'error', body)) showErrors(form, body);
    } catch (error) {
      setBusy(false);
      state.failures++;
      const message = form.dataset.failure || state.failure || 'Not sent. Please try again.';
      if (tell(form, 'error', { message, cause: error })) complain(form, message);
    }
  };

  document.addEventListener('focusin', (event) => {
    const { form } = event.target;
    if (form && isOurs(form)) prepare(form);
  });
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || !isOurs(form)) return;
    const state = stateOf(form);
    // After two failures the browser's own way: it may get through where a script does not.
    if (state.failures > 1 && navigator.onLine) return;
    event.preventDefault();
    if (!state.busy) send(form, event.submitter);
  });
})();
