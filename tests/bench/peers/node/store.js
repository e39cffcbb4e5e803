// SPDX-License-Identifier: MIT
// What both Node peers share: the database and the Bearer token. better-sqlite3
// is synchronous, so run() returns after the commit (WAL, synchronous=FULL).
'use strict';

const { createHash, timingSafeEqual } = require('node:crypto');
const Database = require('better-sqlite3');

const { DB, TOKEN, SYNC = 'FULL' } = process.env;

const db = new Database(DB);
db.pragma('journal_mode = WAL');
db.pragma(`synchronous = ${SYNC === 'NORMAL' ? 'NORMAL' : 'FULL'}`);
db.pragma('busy_timeout = 5000');
db.exec(`CREATE TABLE IF NOT EXISTS submissions(
 id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
 message TEXT NOT NULL, ip TEXT NOT NULL, user_agent TEXT NOT NULL)`);

const insert = db.prepare(
  'INSERT INTO submissions(created_at,name,email,message,ip,user_agent) VALUES(?,?,?,?,?,?)');
const newest = db.prepare(
  'SELECT id,created_at,name,email,message,ip,user_agent FROM submissions ORDER BY id DESC LIMIT ?');

// Digests have one length, whatever the client sends: timingSafeEqual needs that.
const digest = (text) => createHash('sha256').update(text).digest();
const expected = digest(`Bearer ${TOKEN}`);

exports.add = ({ name, email, message }, ip, userAgent = '') =>
  insert.run(new Date().toISOString(), name, email, message, ip, userAgent);
exports.newest = (limit) => newest.all(limit);
exports.isAdmin = (authorization = '') => timingSafeEqual(digest(authorization), expected);
