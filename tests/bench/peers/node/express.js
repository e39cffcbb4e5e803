// SPDX-License-Identifier: MIT
// Benchmark peer: the contact form on Express 5. One process (the server has
// one CPU), NODE_ENV=production, no access log.
'use strict';

const express = require('express');
const store = require('./store');

const EMAIL = new RegExp("^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?" +
  '(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$', 'i');

const isText = (value, least, most) =>
  typeof value === 'string' && value.length >= least && value.length <= most;

const isContact = ({ name, email, message }) =>
  isText(name, 1, 200) && isText(email, 3, 254) && EMAIL.test(email) && isText(message, 1, 5000);

const app = express();
app.disable('x-powered-by');

app.get('/hello', (req, res) => {
  res.json({ name: 'express', releaseYear: new Date().getFullYear() });
});

app.post('/contact', express.json({ limit: '64kb' }), (req, res) => {
  const contact = req.body ?? {};
  if (!isContact(contact)) return res.status(400).json({ error: 'invalid input' });
  store.add(contact, req.ip, req.get('user-agent'));
  res.json({ status: 'ok' });
});

app.get('/admin/submissions', (req, res) => {
  if (!store.isAdmin(req.get('authorization'))) return res.status(401).json({ error: 'unauthorized' });
  const limit = Number(req.query.limit ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) {
    return res.status(400).json({ error: 'invalid input' });
  }
  res.json(store.newest(limit));
});

// Express knows an error handler by its four parameters.
app.use((err, req, res, next) => { // eslint-disable-line no-unused-vars
  const code = err.status ?? 500;
  if (code >= 500) console.error(err);
  res.status(code).json({ error: code >= 500 ? 'internal' : 'invalid input' });
});

app.listen(Number(process.env.PORT), '127.0.0.1', (err) => { if (err) throw err; });
