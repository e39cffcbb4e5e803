// SPDX-License-Identifier: MIT
// Pages of other services, moved to contactd by changing the host and nothing else: their own client libraries and
// documented snippets post in real Chromium and in node, and the message must be found in the database.
import { strict as assert } from 'node:assert';
import { ROOT, load, runCases, startChromium, startContactd, startPages } from './world.mjs';
import { join } from 'node:path';

const contactd = await startContactd();
const { url } = contactd;

await contactd.addForm('shop', { aliases: ['xyzabcde', 'shop-project/contactForm', 'hello@example.org', '11111111-2222-4333-8444-555555555555'] });
await contactd.addForm('netlify-contact', { title: 'Netlify' });
await contactd.addForm('guarded', { token: 'required', proof: 'required' });

// --- the pages -------------------------------------------------------------

const KEY = '11111111-2222-4333-8444-555555555555';
const SHOW = 'document.body.dataset.result = ';

const altchaPage = (version) => `<!doctype html><title>t</title><script type="module" src="/nm/altcha/dist/main/altcha.js"></script>
  <form action="${url}/f/guarded" method="post"><input name="email"><textarea name="message"></textarea>
  <altcha-widget challenge="${url}/altcha?form=guarded&v=${version}" auto="onload"></altcha-widget><button>Send</button></form>`;

const pages = {
  '/formspree-ajax.html': `<!doctype html><title>t</title>
    <div data-fs-success></div><div data-fs-error></div>
    <form id="f"><input name="email" data-fs-field><span data-fs-error="email"></span>
    <textarea name="message"></textarea><button data-fs-submit-btn>Send</button></form>
    <script>window.formspree = function () { (formspree.q = formspree.q || []).push(arguments); };
    formspree('initForm', { formElement: '#f', formId: 'xyzabcde', origin: '${url}' });</script>
    <script src="/nm/@formspree/ajax/dist/global.js" defer></script>`,

  '/formspree-react.html': '<!doctype html><title>t</title><div id="root"></div><script src="/react.js"></script>',

  // Formspree's plain snippet for pages without a library.
  '/formspree-snippet.html': `<!doctype html><title>t</title>
    <form id="f" action="${url}/f/xyzabcde" method="POST"><input name="email"><textarea name="message"></textarea>
    <input name="_gotcha" style="display:none"><button>Send</button></form>
    <script>f.addEventListener('submit', async (event) => {
      event.preventDefault();
      const response = await fetch(event.target.action, { method: f.method, body: new FormData(event.target), headers: { Accept: 'application/json' } });
      if (response.ok) { ${SHOW} 'thanks'; f.reset(); return; }
      const data = await response.json();
      ${SHOW} Object.hasOwn(data, 'errors') ? data.errors.map((error) => error.message).join(', ') : 'Oops!';
    });</script>`,

  // Web3Forms' React example: FormData, no Accept header, then response.json().
  '/web3forms-formdata.html': `<!doctype html><title>t</title>
    <form id="f"><input name="name"><input name="email"><textarea name="message"></textarea>
    <input type="checkbox" name="botcheck" style="display:none"><button>Send</button></form>
    <script>f.onsubmit = async (event) => {
      event.preventDefault();
      const formData = new FormData(event.target);
      formData.append('access_key', '${KEY}');
      const response = await fetch('${url}/submit', { method: 'POST', body: formData });
      const data = await response.json();
      ${SHOW} data.success ? 'Form Submitted Successfully' : 'Error: ' + data.message;
    };</script>`,

  // Web3Forms' JavaScript example: JSON of the form's entries.
  '/web3forms-json.html': `<!doctype html><title>t</title>
    <form id="f" action="${url}/submit" method="POST"><input type="hidden" name="access_key" value="${KEY}">
    <input name="name"><input name="email"><textarea name="message"></textarea><button>Send</button></form>
    <script>f.addEventListener('submit', function (e) {
      e.preventDefault();
      const json = JSON.stringify(Object.fromEntries(new FormData(f)));
      fetch('${url}/submit', { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: json })
        .then(async (response) => { const json = await response.json(); ${SHOW} response.status == 200 ? json.message : 'failed ' + json.message; });
    });</script>`,

  // Netlify: urlencoded to /, only response.ok is looked at.
  '/netlify.html': `<!doctype html><title>t</title>
    <form id="f" name="netlify-contact" method="POST" data-netlify="true" netlify-honeypot="bot-field">
    <input type="hidden" name="form-name" value="netlify-contact"><p hidden><input name="bot-field"></p>
    <input name="email"><textarea name="message"></textarea><button>Send</button></form>
    <script>f.addEventListener('submit', (event) => {
      event.preventDefault();
      fetch('${url}/', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(new FormData(f)).toString() })
        .then((response) => { ${SHOW} response.ok ? 'thanks' : 'failed ' + response.status; })
        .catch((error) => { ${SHOW} String(error); });
    });</script>`,

  '/formsubmit.html': `<!doctype html><title>t</title>
    <form id="f"><input name="name"><input name="email"><textarea name="message"></textarea><button>Send</button></form>
    <script>f.onsubmit = (event) => {
      event.preventDefault();
      fetch('${url}/ajax/hello@example.org', { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ ...Object.fromEntries(new FormData(f)), _subject: 'New lead', _captcha: 'false', _template: 'table' }) })
        .then((response) => response.json())
        .then((data) => { ${SHOW} data.success === 'true' ? 'thanks' : 'failed ' + JSON.stringify(data); });
    };</script>`,

  '/formcarry.html': `<!doctype html><title>t</title>
    <form id="f"><input name="email"><textarea name="message"></textarea><input type="hidden" name="_gotcha"><button>Send</button></form>
    <script>f.onsubmit = (event) => {
      event.preventDefault();
      fetch('${url}/s/xyzabcde', { method: 'POST', headers: { Accept: 'application/json' }, body: new FormData(f) })
        .then((response) => response.json())
        .then((response) => { ${SHOW} response.code === 200 ? 'thanks' : response.message; });
    };</script>`,

  // Getform: no Accept header, only response.ok.
  '/getform.html': `<!doctype html><title>t</title>
    <form id="f"><input name="email"><textarea name="message"></textarea><button>Send</button></form>
    <script>f.onsubmit = (event) => {
      event.preventDefault();
      fetch('${url}/f/xyzabcde', { method: 'POST', body: new FormData(f), headers: { 'X-Requested-With': 'XMLHttpRequest' } })
        .then((response) => { ${SHOW} response.ok ? 'thanks' : 'failed'; });
    };</script>`,

  // ALTCHA's widget from npm, against our challenges of both protocols.
  '/altcha-v1.html': altchaPage(1),
  '/altcha-v2.html': altchaPage(2),

  '/formjs.html': `<!doctype html><title>t</title><script src="${url}/form.js" defer></script>
    <form action="${url}/f/guarded" method="post" data-success="Danke!"><label>E-mail <input name="email"></label>
    <label>Message <textarea name="message"></textarea></label><label><input type="checkbox" name="topics" value="a">a</label>
    <label><input type="checkbox" name="topics" value="b">b</label><input name="_gotcha" hidden><button>Send</button></form>
    <form action="https://elsewhere.example/f" id="other"><button>Other</button></form>`,

  '/plain.html': `<!doctype html><title>t</title>
    <form action="${url}/f/xyzabcde" method="post"><input name="email"><textarea name="message"></textarea>
    <input type="checkbox" name="topics" value="price"><input type="checkbox" name="topics" value="date"><button>Send</button></form>`,

  '/plain-next.html': `<!doctype html><title>t</title>
    <form action="${url}/f/xyzabcde" method="post" enctype="multipart/form-data"><input name="email"><textarea name="message"></textarea>
    <input type="hidden" name="_next" value="/thank-you.html"><input type="file" name="cv"><button>Send</button></form>`,
  '/thank-you.html': '<!doctype html><title>t</title><h1>The page\'s own thanks</h1>',

  '/plain-netlify.html': `<!doctype html><title>t</title>
    <form action="${url}/" method="post"><input type="hidden" name="form-name" value="netlify-contact">
    <input name="email"><textarea name="message"></textarea><button>Send</button></form>`,
};

const bundle = await load('esbuild').build({
  stdin: {
    contents: `import React from 'react'; import { createRoot } from 'react-dom/client';
      import { useForm, ValidationError } from '@formspree/react';
      function Page() {
        const [state, handleSubmit] = useForm('xyzabcde', { endpoint: '${url}' });
        if (state.succeeded) return <p id="done">Thanks for joining!</p>;
        return <form onSubmit={handleSubmit}><input id="email" name="email" /><ValidationError prefix="Email" field="email" errors={state.errors} />
          <textarea name="message" /><button disabled={state.submitting}>Send</button></form>;
      }
      createRoot(document.getElementById('root')).render(<Page />);`,
    loader: 'jsx', resolveDir: join(ROOT, 'build/clients'),
  },
  bundle: true, write: false, define: { 'process.env.NODE_ENV': '"production"' }, logLevel: 'error',
});
pages['/react.js'] = bundle.outputFiles[0].text;

// --- the cases -------------------------------------------------------------

const site = await startPages(pages);
const browser = await startChromium();
const plainBrowser = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' });
const scriptBrowser = await browser.newContext({ locale: 'en-GB' });

async function visit(context, path, values) {
  const page = await context.newPage();
  page.failures = [];
  page.on('pageerror', (error) => page.failures.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') page.failures.push(message.text()); });
  await page.goto(site.url + path);
  for (const [name, value] of Object.entries(values)) await page.fill(`[name="${name}"]`, value);
  return page;
}

async function isStored(mark, expected) {
  const rows = await contactd.stored(mark);
  assert.equal(rows.length, 1, `${rows.length} rows say ${mark}`);
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(rows[0][key], value, key);
  return rows[0];
}

const ADA = 'ada@example.org';

// A page whose script writes what it saw into data-result.
function snippet(path, values, result, form = 'shop') {
  return async (mark) => {
    const page = await visit(scriptBrowser, path, { ...values, message: mark });
    await page.click('button');
    await page.waitForSelector('body[data-result]', { state: 'attached' });
    assert.equal(await page.getAttribute('body', 'data-result'), result);
    assert.deepEqual(page.failures, []);
    await isStored(mark, { form, email: ADA, message: mark });
  };
}

// The widget works by itself; the form then posts as forms do.
function altcha(path) {
  return async (mark) => {
    const page = await visit(scriptBrowser, path, { email: ADA, message: mark });
    await page.waitForFunction(() => document.querySelector('input[name=altcha]')?.value, null, { timeout: 60_000 });
    await page.click('button:text("Send")');
    await page.waitForURL(/\/thanks/);
    const row = await isStored(mark, { form: 'guarded', email: ADA, fields: {} });
    const proof = row.spamReasons.find((reason) => reason.rule === 'proof');
    assert.equal(proof?.points, -1, JSON.stringify(row.spamReasons));
  };
}

const cases = {
  '@formspree/ajax shows success': async (mark) => {
    const page = await visit(scriptBrowser, '/formspree-ajax.html', { email: ADA, message: mark });
    await page.click('button');
    await page.waitForSelector('[data-fs-success][data-fs-active]');
    await isStored(mark, { form: 'shop', email: ADA, message: mark });
  },
  '@formspree/ajax shows a field error next to its field': async (mark) => {
    const page = await visit(scriptBrowser, '/formspree-ajax.html', { email: 'nobody', message: mark });
    await page.click('button');
    await page.waitForSelector('[data-fs-error="email"][data-fs-active]');
    assert.equal(await page.getAttribute('[name=email]', 'aria-invalid'), 'true');
    assert.equal((await contactd.stored(mark)).length, 0);
  },
  '@formspree/react succeeds': async (mark) => {
    const page = await visit(scriptBrowser, '/formspree-react.html', { email: ADA, message: mark });
    await page.click('button');
    await page.waitForSelector('#done');
    assert.deepEqual(page.failures, []);
    await isStored(mark, { form: 'shop', email: ADA, message: mark });
  },
  '@formspree/react shows a validation error': async (mark) => {
    const page = await visit(scriptBrowser, '/formspree-react.html', { email: 'nobody', message: mark });
    await page.click('button');
    await page.waitForSelector('text=/Email must be an e-mail address/');
  },
  '@formspree/core in node, with a project': async (mark) => {
    const { createClient } = load('@formspree/core');
    const result = await createClient({ project: 'shop-project' }).submitForm('contactForm', { email: ADA, message: mark }, { endpoint: url });
    assert.equal(result.kind, 'success', JSON.stringify(result));
    await isStored(mark, { form: 'shop', email: ADA, message: mark });
  },
  '@formspree/core in node tells of a form that is not there': async () => {
    const { createClient } = load('@formspree/core');
    const result = await createClient().submitForm('nothing', { email: ADA }, { endpoint: url });
    assert.equal(result.kind, 'error');
    assert.equal(result.getFormErrors()[0].code, 'FORM_NOT_FOUND');
  },
  '@formspree/core in node gets its codes for a field': async () => {
    const { createClient } = load('@formspree/core');
    const result = await createClient().submitForm('xyzabcde', { email: 'nobody', message: 'x' }, { endpoint: url });
    assert.equal(result.getFieldErrors('email')[0].code, 'TYPE_EMAIL');
  },
  'Formspree\'s snippet succeeds': snippet('/formspree-snippet.html', { email: ADA }, 'thanks'),
  'Formspree\'s snippet shows what is wrong': async (mark) => {
    const page = await visit(scriptBrowser, '/formspree-snippet.html', { email: 'nobody', message: mark });
    await page.click('button');
    await page.waitForSelector('body[data-result]', { state: 'attached' });
    assert.match(await page.getAttribute('body', 'data-result'), /e-mail address/);
  },
  'Web3Forms\' FormData without Accept': snippet('/web3forms-formdata.html', { name: 'Ada', email: ADA }, 'Form Submitted Successfully'),
  'Web3Forms\' JSON': snippet('/web3forms-json.html', { name: 'Ada', email: ADA }, 'Thank you! Your message has arrived.'),
  'a Netlify-style AJAX post': snippet('/netlify.html', { email: ADA }, 'thanks', 'netlify-contact'),
  'FormSubmit\'s /ajax/': snippet('/formsubmit.html', { name: 'Ada', email: ADA }, 'thanks'),
  'Formcarry\'s fetch': snippet('/formcarry.html', { email: ADA }, 'thanks'),
  'Getform\'s fetch': snippet('/getform.html', { email: ADA }, 'thanks'),

  'the ALTCHA widget solves our v1 challenge': altcha('/altcha-v1.html'),
  'the ALTCHA widget solves our v2 challenge': altcha('/altcha-v2.html'),

  'form.js sends, thanks, and brings token, proof and where the visitor came from': async (mark) => {
    const page = await visit(scriptBrowser, '/formjs.html?utm_source=news&utm_x1=no', { email: ADA, message: mark });
    await page.check('[value=a]');
    await page.check('[value=b]');
    await page.waitForTimeout(2200); // nobody types faster than a token's least age
    await page.click('button');
    await page.waitForSelector('[role=status]');
    assert.equal(await page.textContent('[role=status]'), 'Danke!');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Danke!');
    assert.deepEqual(page.failures, []);
    const row = await isStored(mark, { form: 'guarded', email: ADA, fields: { topics: ['a', 'b'], _utm_source: 'news' } });
    const rules = Object.fromEntries(row.spamReasons.map((reason) => [reason.rule, reason.points]));
    assert.equal(rules.proof, -1, JSON.stringify(row.spamReasons));
    assert.ok(!('token' in rules), JSON.stringify(row.spamReasons));
  },
  'form.js shows errors next to their fields, and the second attempt goes through': async (mark) => {
    const page = await visit(scriptBrowser, '/formjs.html', { email: 'nobody', message: mark });
    await page.click('button');
    await page.waitForSelector('[aria-invalid=true]');
    assert.equal(await page.getAttribute('[aria-invalid]', 'name'), 'email');
    const note = page.locator(`#${await page.getAttribute('[name=email]', 'aria-describedby')}`);
    assert.match(await note.textContent(), /e-mail address/);
    assert.equal(await page.evaluate(() => document.activeElement.name), 'email');
    assert.equal(await page.isEnabled('button'), true);
    await page.fill('[name=email]', ADA);
    await page.click('button');
    await page.waitForSelector('[role=status]');
    assert.equal(await page.locator('[aria-invalid]').count(), 0);
    await isStored(mark, { form: 'guarded', email: ADA });
  },
  'form.js keeps the text when there is no connection, and two clicks are one message': async (mark) => {
    const page = await visit(scriptBrowser, '/formjs.html', { email: ADA, message: mark });
    await page.route('**/f/guarded', (route) => route.abort());
    await page.click('button');
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.inputValue('[name=message]'), mark);
    await page.unroute('**/f/guarded');
    await page.dblclick('button');
    await page.waitForSelector('[role=status]');
    await isStored(mark, { form: 'guarded', email: ADA });
  },
  'form.js leaves forms of others alone': async () => {
    const page = await visit(scriptBrowser, '/formjs.html', {});
    const prevented = await page.evaluate(() => {
      const event = new Event('submit', { bubbles: true, cancelable: true });
      document.getElementById('other').dispatchEvent(event);
      return event.defaultPrevented;
    });
    assert.equal(prevented, false);
  },

  'a plain form without JavaScript ends on a page of ours': async (mark) => {
    const page = await visit(plainBrowser, '/plain.html', { email: ADA, message: mark });
    await page.check('[value=price]');
    await page.check('[value=date]');
    await page.click('button');
    assert.match(page.url(), /\/thanks\?form=shop/);
    assert.ok(!page.url().includes(mark), 'nothing of the message is in the URL');
    assert.match(await page.textContent('h1'), /Thank you/);
    await isStored(mark, { form: 'shop', email: ADA, message: mark, fields: { topics: ['price', 'date'] } });
  },
  'a plain form goes where its page says': async (mark) => {
    const page = await visit(plainBrowser, '/plain-next.html', { email: ADA, message: mark });
    await page.click('button');
    assert.equal(page.url(), `${site.url}/thank-you.html`);
    await isStored(mark, { form: 'shop', email: ADA, message: mark, fields: {} });
  },
  'a plain Netlify form': async (mark) => {
    const page = await visit(plainBrowser, '/plain-netlify.html', { email: ADA, message: mark });
    await page.click('button');
    assert.match(page.url(), /\/thanks\?form=netlify-contact/);
    await isStored(mark, { form: 'netlify-contact', email: ADA, message: mark });
  },
  'a mistake without JavaScript gives the message back, and one button sends it': async (mark) => {
    const page = await visit(plainBrowser, '/plain.html', { email: 'ada at example', message: `${mark}\nsecond line` });
    await page.click('button');
    assert.equal(await page.inputValue('[name=message]'), `${mark}\nsecond line`);
    assert.equal(await page.locator('button').count(), 1);
    await page.fill('[name=email]', ADA);
    await page.click('button');
    assert.match(page.url(), /\/thanks\?form=shop/);
    await isStored(mark, { form: 'shop', email: ADA, message: `${mark}\r\nsecond line` });
  },
};

await runCases(cases, { contactd, site, browser });
