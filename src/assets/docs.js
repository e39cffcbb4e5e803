// SPDX-License-Identifier: MIT. Tries routes out on the page that describes the API.
'use strict';
(() => {
  const PATIENCE_MS = 5000;
  const BYTES_MAX = 65536;
  const base = new URL('.', location.href);
  const token = document.querySelector('#token');

  // What came within a moment: streams have no end of their own.
  async function read(response, stop) {
    if (!response.body) return '';
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    const timer = setTimeout(stop, PATIENCE_MS);
    try {
      while (text.length < BYTES_MAX) {
        const { done, value } = await reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
      }
    } catch {
      text += '\n(and so on)';
    } finally {
      clearTimeout(timer);
    }
    reader.cancel().catch(() => {});
    return text;
  }

  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  function address(form) {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    for (const input of form.querySelectorAll('input, select')) {
      if ('path' in input.dataset) path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(input.name, input.value);
    }
    const search = query.toString();
    return new URL(path.slice(1) + (search ? `?${search}` : ''), base);
  }

  async function send(form) {
    const output = form.querySelector('output');
    let answer = form.querySelector('.answer');
    if (!answer) {
      answer = document.createElement('pre');
      answer.className = 'answer';
      answer.tabIndex = 0;
      form.append(answer);
    }
    output.textContent = '...';
    answer.textContent = '';
    const cut = new AbortController();
    try {
      const headers = token.value ? { Authorization: `Bearer ${token.value.trim()}` } : {};
      const response = await fetch(address(form), { headers, cache: 'no-store', signal: cut.signal });
      output.textContent = `${response.status} ${response.headers.get('content-type') ?? ''}`;
      answer.textContent = pretty(await read(response, () => cut.abort()));
    } catch (error) {
      output.textContent = `no answer: ${error.message}`;
    }
  }

  for (const server of document.querySelectorAll('.server')) server.textContent = base.href.replace(/\/$/, '');
  for (const hidden of document.querySelectorAll('.try, .token')) hidden.hidden = false;
  document.addEventListener('submit', (event) => {
    event.preventDefault();
    if (event.target.dataset.path) send(event.target);
  });
  // What can be scrolled must be reached by keys as well.
  const reach = () => {
    for (const box of document.querySelectorAll('.wide, .curl')) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute('tabindex');
    }
  };
  reach();
  addEventListener('resize', reach);
  // On narrow windows the contents are long: folded away until somebody wants them.
  if (!matchMedia('(min-width: 64rem)').matches) document.querySelector('nav details').open = false;
  if (location.hash) document.querySelector(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`)?.scrollIntoView();
})();
