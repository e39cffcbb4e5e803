// SPDX-License-Identifier: MIT
// Benchmark peer: the contact form on Fastify 5, with schemas for what comes
// in and what goes out (Fastify compiles both). One process, no logger.
'use strict';

const fastify = require('fastify');
const store = require('./store');

const text = (rules) => ({ type: 'string', ...rules });
const object = (properties) => ({ type: 'object', properties });

const contact = {
  ...object({
    name: text({ minLength: 1, maxLength: 200 }),
    email: text({ minLength: 3, maxLength: 254, format: 'email' }),
    message: text({ minLength: 1, maxLength: 5000 }),
  }),
  required: ['name', 'email', 'message'],
};
const submission = object({
  id: { type: 'integer' }, created_at: text(), name: text(), email: text(), message: text(),
  ip: text(), user_agent: text(),
});
const page = object({ limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 } });

const app = fastify({ logger: false, bodyLimit: 64 * 1024 });

app.get('/hello', {
  schema: { response: { 200: object({ name: text(), releaseYear: { type: 'integer' } }) } },
}, async () => ({ name: 'fastify', releaseYear: new Date().getFullYear() }));

app.post('/contact', {
  schema: { body: contact, response: { 200: object({ status: text() }) } },
}, async (req) => {
  store.add(req.body, req.ip, req.headers['user-agent']);
  return { status: 'ok' };
});

app.get('/admin/submissions', {
  schema: { querystring: page, response: { 200: { type: 'array', items: submission } } },
  onRequest: async (req, reply) => {
    if (!store.isAdmin(req.headers.authorization)) return reply.code(401).send({ error: 'unauthorized' });
  },
}, async (req) => store.newest(req.query.limit));

app.setErrorHandler((err, req, reply) => {
  const code = err.validation ? 400 : err.statusCode ?? 500;
  if (code >= 500) console.error(err);
  reply.code(code).send({ error: code >= 500 ? 'internal' : 'invalid input' });
});

app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
