// SPDX-License-Identifier: MIT
// The library of Standard Webhooks verifies what core/channel_hook signs, and Formspree's signature is computed
// anew as its documentation says; what was tampered with is refused.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

const ROOT = resolve(new URL('.', import.meta.url).pathname, '../..');
const { Webhook } = createRequire(join(ROOT, 'build/proof/'))('standardwebhooks');

const peer = spawn(process.env.HOOK ?? join(ROOT, 'build/tests/proof/hook'), { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
after(() => peer.stdin.end());

// What is posted for a message: headers by their lower-case names, and the body as a text.
async function post(webhook, { message = 'Hello', now = Date.now() } = {}) {
  const asked = { notify: { webhooks: [{ url: 'https://crm.example/in', ...webhook }] }, message, now };
  peer.stdin.write(`${JSON.stringify(asked)}\n`);
  const { value, done } = await lines.next();
  assert(!done, 'the peer is gone');
  const answer = JSON.parse(value);
  if (answer.error) throw new Error(answer.error);
  const headers = answer.headers.trimEnd().split('\n').map((line) => line.split(/: (.*)/, 2));
  return { headers: Object.fromEntries(headers.map(([name, text]) => [name.toLowerCase(), text])), body: answer.body };
}

const secret = (bytes) => `whsec_${randomBytes(bytes).toString('base64')}`;

test('every length of a secret is verified', async () => {
  for (let bytes = 24; bytes <= 64; bytes += 1) {
    const key = secret(bytes);
    const { headers, body } = await post({ secret: key });
    assert.equal(new Webhook(key).verify(body, headers).type, 'submission.created');
  }
});

test('messages of any text are verified', async () => {
  const key = secret(32);
  for (const message of ['', 'ä€😀', '"\\\u0001\u2028', 'x'.repeat(200_000), '\n\r\t'.repeat(40_000)]) {
    const { headers, body } = await post({ secret: key }, { message });
    assert.equal(new Webhook(key).verify(body, headers).data.message, message);
  }
});

test('what was tampered with is refused', async () => {
  const key = secret(32);
  const { headers, body } = await post({ secret: key });
  assert.throws(() => new Webhook(key).verify(body.replace('Ada', 'Bob'), headers));
  assert.throws(() => new Webhook(secret(32)).verify(body, headers));
  assert.throws(() => new Webhook(key).verify(body, { ...headers, 'webhook-id': 'msg_other' }));
  const later = String(Number(headers['webhook-timestamp']) + 1);
  assert.throws(() => new Webhook(key).verify(body, { ...headers, 'webhook-timestamp': later }));
});

test('an attempt of long ago is refused as a repetition', async () => {
  const key = secret(32);
  const { headers, body } = await post({ secret: key }, { now: Date.now() - 3_600_000 });
  assert.throws(() => new Webhook(key).verify(body, headers), /old/);
});

test('the id is the message\'s, the body the same in every attempt', async () => {
  const key = secret(32);
  const first = await post({ secret: key }, { now: 1774000000000 });
  const second = await post({ secret: key }, { now: 1774000100000 });
  assert.equal(first.headers['webhook-id'], 'msg_0191f8a0-0000-7000-8000-000000000001');
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  assert.equal(first.body, second.body);
  assert.notEqual(first.headers['webhook-signature'], second.headers['webhook-signature']);
});

test('without a secret nothing is signed', async () => {
  const { headers } = await post({});
  assert.equal(headers['webhook-signature'], undefined);
  assert.match(headers['user-agent'], /^contactd\/\d/);
});

test('Formspree\'s signature stands beside the standard\'s', async () => {
  for (const key of ['a plain secret of Formspree\'s'.replaceAll(' ', '-'), secret(32)]) {
    const { headers, body } = await post({ secret: key, signature: 'formspree' });
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['formspree-signature']);
    assert.equal(time, headers['webhook-timestamp']);
    assert.equal(signature, createHmac('sha256', key).update(`${time}.${body}`).digest('hex'));
    const judge = key.startsWith('whsec_') ? new Webhook(key) : new Webhook(key, { format: 'raw' });
    assert.equal(judge.verify(body, headers).data.name, 'Ada');
  }
});

test('secrets that the standard does not know are refused', async () => {
  for (const key of ['hush', secret(23), secret(65), `whsec_${'*'.repeat(40)}`]) {
    await assert.rejects(post({ secret: key }), /secret/);
  }
});
