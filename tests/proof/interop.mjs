// SPDX-License-Identifier: MIT
// ALTCHA's own library against core/altcha: it solves and verifies our challenges, we verify its proofs and take
// challenges that it signed with our key; and what was tampered with fails, with the right word for it.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

const ROOT = resolve(new URL('.', import.meta.url).pathname, '../..');
const require = createRequire(join(ROOT, 'build/proof/'));
const v1 = require('altcha-lib/v1');
const v2 = require('altcha-lib');
const { deriveKey } = require('altcha-lib/algorithms/pbkdf2');

// --- the peer ----------------------------------------------------------------

const peer = spawn(process.env.PEER ?? join(ROOT, 'build/tests/proof/peer'), { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
after(() => peer.stdin.end());

async function ask(...words) {
  peer.stdin.write(`${words.join(' ')}\n`);
  const { value, done } = await lines.next();
  assert(!done, 'the peer is gone');
  return value;
}

const key = await ask('key');
const EXPIRES_MS = Math.floor(Date.now() / 1000) * 1000 + 600_000;
const EFFORT = 2000;

const issue = async (version, form = 'shop', expires = EXPIRES_MS) =>
  JSON.parse(await ask('issue', version, form, EFFORT, expires));
const encode = (payload) => btoa(JSON.stringify(payload));

async function check(payload, { form = 'shop', now = Date.now() } = {}) {
  const answer = await ask('check', form, now, typeof payload === 'string' ? payload : encode(payload));
  const [, digest, verdict] = /^(\w+) (.*)$/.exec(answer);
  return { verdict, digest };
}

// What the library lets pass.
const LAX = true;

// --- both protocols, behind one face -----------------------------------------

const protocols = {
  1: {
    solve: async (challenge) => {
      const solution = await v1.solveChallenge(challenge.challenge, challenge.salt, challenge.algorithm, challenge.maxnumber).promise;
      const { algorithm, salt, signature } = challenge;
      return { algorithm, challenge: challenge.challenge, number: solution.number, salt, signature, took: solution.took };
    },
    libraryAccepts: (payload, secret = key) => v1.verifySolution(encode(payload), secret),
    libraryIssues: () => v1.createChallenge({
      hmacKey: key, maxnumber: EFFORT, params: { expires: String(EXPIRES_MS / 1000), form: 'shop' },
    }),
    tampered: {
      'another number': ['wrong', (p) => { p.number += 1; }],
      'the number as a text': ['malformed', (p) => { p.number = String(p.number); }, LAX],
      'a later expiry': ['wrong', (p) => { p.salt = p.salt.replace(/expires=\d+/, `expires=${EXPIRES_MS / 1000 + 3600}`); }],
      'another form': ['wrong', (p) => { p.salt = p.salt.replace('form=shop', 'form=news'); }],
      'digits moved from the number into the salt': ['malformed', (p) => {
        const digits = String(p.number);
        p.salt += digits.slice(0, -1);
        p.number = Number(digits.slice(-1));
      }],
      'another algorithm': ['malformed', (p) => { p.algorithm = 'SHA-512'; }],
      'a challenge of its own making': ['forged', (p) => { p.challenge = '0'.repeat(64); }],
      'another signature': ['forged', (p) => { p.signature = 'f'.repeat(64); }],
      'no signature': ['malformed', (p) => { delete p.signature; }],
    },
  },
  2: {
    solve: async (challenge) => ({ challenge, solution: await v2.solveChallenge({ challenge, deriveKey }) }),
    libraryAccepts: async (payload, secret = key) =>
      (await v2.verifySolution({ ...payload, deriveKey, hmacSignatureSecret: secret })).verified,
    libraryIssues: () => v2.createChallenge({
      algorithm: 'PBKDF2/SHA-256', cost: 50, data: { form: 'shop' }, deriveKey, expiresAt: EXPIRES_MS / 1000,
      hmacSignatureSecret: key,
    }),
    tampered: {
      'another counter': ['wrong', (p) => { p.solution.counter += 1; }],
      'a counter beyond 32 bits': ['malformed', (p) => { p.solution.counter += 2 ** 32; }],
      'another derived key': ['wrong', (p) => { p.solution.derivedKey = '0'.repeat(64); }],
      'a derived key without the prefix': ['wrong', (p) => { p.solution.derivedKey = 'f'.repeat(64); }],
      'a lower cost': ['forged', (p) => { p.challenge.parameters.cost = 1; }],
      'a cost beyond reason': ['malformed', (p) => { p.challenge.parameters.cost = 2 ** 31; }],
      'an easier prefix': ['forged', (p) => { p.challenge.parameters.keyPrefix = p.solution.derivedKey.slice(0, 1); }],
      'no prefix': ['forged', (p) => { p.challenge.parameters.keyPrefix = ''; }],
      'a later expiry': ['forged', (p) => { p.challenge.parameters.expiresAt += 3600; }],
      'no expiry': ['malformed', (p) => { delete p.challenge.parameters.expiresAt; }],
      'another form': ['forged', (p) => { p.challenge.parameters.data.form = 'news'; }],
      'further parameters': ['malformed', (p) => { p.challenge.parameters.keySignature = '00'; }],
      'a cheaper algorithm': ['malformed', (p) => { p.challenge.parameters.algorithm = 'SHA-256'; }],
      'a shorter key': ['malformed', (p) => { p.challenge.parameters.keyLength = 1; }],
      'another salt': ['forged', (p) => { p.challenge.parameters.salt = '0'.repeat(32); }],
      'another signature': ['forged', (p) => { p.challenge.signature = 'f'.repeat(64); }],
      'no signature': ['forged', (p) => { delete p.challenge.signature; }],
    },
  },
};

for (const [version, protocol] of Object.entries(protocols)) {
  test(`v${version}: the library solves and verifies our challenge, and we verify its proof`, async () => {
    for (let round = 0; round < 8; round++) {
      const payload = await protocol.solve(await issue(version));
      assert.equal((await check(payload)).verdict, 'fine');
      assert.equal(await protocol.libraryAccepts(payload), true);
      assert.equal(await protocol.libraryAccepts(payload, `${key}x`), false);
    }
  });

  test(`v${version}: we verify a challenge that the library signed with our key`, async () => {
    const payload = await protocol.solve(await protocol.libraryIssues());
    assert.equal((await check(payload)).verdict, 'fine');
  });

  test(`v${version}: a proof is of one form and of its time`, async () => {
    const payload = await protocol.solve(await issue(version));
    assert.equal((await check(payload, { form: 'news' })).verdict, 'for another form');
    assert.equal((await check(payload, { now: EXPIRES_MS })).verdict, 'fine');
    assert.equal((await check(payload, { now: EXPIRES_MS + 1 })).verdict, 'expired');
    const old = await protocol.solve(await issue(version, 'shop', Date.now() - 2000));
    assert.equal((await check(old)).verdict, 'expired');
    assert.equal(await protocol.libraryAccepts(old), false);
  });

  test(`v${version}: a proof that comes again is known, however it is written`, async () => {
    const payload = await protocol.solve(await issue(version));
    const first = await check(payload);
    const rewritten = btoa(JSON.stringify(Object.fromEntries(Object.entries(payload).reverse()), null, 2));
    assert.notEqual(rewritten, encode(payload));
    assert.deepEqual(await check(rewritten), first);
    assert.notEqual((await check(await protocol.solve(await issue(version)))).digest, first.digest);
  });

  for (const [what, [verdict, tamper, isLax = false]] of Object.entries(protocol.tampered)) {
    test(`v${version}: ${what} is ${verdict}`, async () => {
      let payload;
      // A number of one digit has none to give away.
      do payload = await protocol.solve(await issue(version)); while (payload.number < 10);
      tamper(payload);
      assert.equal((await check(payload)).verdict, verdict);
      assert.equal(await protocol.libraryAccepts(payload), isLax);
    });
  }
}

test('v2: an honest key of a counter that was not searched for is wrong', async () => {
  const challenge = await issue(2);
  const { salt, nonce } = challenge.parameters;
  const { solution: { counter: found } } = await protocols[2].solve(challenge);
  // The next one has the prefix too once in 256 times.
  const keys = await Promise.all([1, 2, 3, 4].map(async (step) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(found + step);
    const password = Buffer.concat([Buffer.from(nonce, 'hex'), counter]);
    const { derivedKey } = await deriveKey(challenge.parameters, Buffer.from(salt, 'hex'), password);
    return { counter: found + step, derivedKey: derivedKey.toString('hex') };
  }));
  const solution = keys.find(({ derivedKey }) => !derivedKey.startsWith('00'));
  assert.equal((await check({ challenge, solution })).verdict, 'wrong');
  assert.equal(await protocols[2].libraryAccepts({ challenge, solution }), false);
});

test('v2: of two solutions of one challenge the second is known', async () => {
  const challenge = await issue(2);
  const one = await protocols[2].solve(challenge);
  const solution = await v2.solveChallenge({ challenge, deriveKey, counterStart: one.solution.counter + 1 });
  assert.notEqual(solution.counter, one.solution.counter);
  assert.deepEqual(await check({ challenge, solution }), await check(one));
});

test('what widgets send in their test mode is malformed', async () => {
  assert.equal((await check({ challenge: null, solution: null, test: true })).verdict, 'malformed');
});

test('nothing is absent', async () => {
  assert.equal((await check('')).verdict, 'absent');
});
