// SPDX-License-Identifier: MIT
//
//! Benchmark peer: the contact form on axum, tokio and rusqlite. SQLite blocks,
//! so each of its two connections (one writes, one reads) lives on a thread of
//! its own and requests reach it over a channel, as in the tokio-rusqlite crate.
//!
//! Plain, every submission is its own transaction. With AXUM_BATCH=1 the writing
//! thread commits everything that waits in one transaction (group commit). Both
//! commit (WAL, synchronous=FULL) before the answer.

use std::{env, net::SocketAddr, sync::mpsc, thread, time::Duration};

use axum::{
    extract::{rejection::JsonRejection, ConnectInfo, DefaultBodyLimit, Query, State},
    http::{header, HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use chrono::{Datelike, SecondsFormat, Utc};
use rusqlite::{params, Connection, TransactionBehavior};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::oneshot;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS submissions(
 id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
 message TEXT NOT NULL, ip TEXT NOT NULL, user_agent TEXT NOT NULL)";
const INSERT: &str = "INSERT INTO submissions(created_at,name,email,message,ip,user_agent) VALUES(?,?,?,?,?,?)";
const NEWEST: &str = "SELECT id,created_at,name,email,message,ip,user_agent FROM submissions ORDER BY id DESC LIMIT ?";

const MAX_BODY: usize = 64 * 1024;
const MAX_BATCH: usize = 512;

#[derive(Deserialize)]
struct Contact {
    name: String,
    email: String,
    message: String,
}

impl Contact {
    fn is_valid(&self) -> bool {
        (1..=200).contains(&self.name.chars().count())
            && (3..=254).contains(&self.email.len())
            && (1..=5000).contains(&self.message.chars().count())
            && email_address::EmailAddress::is_valid(&self.email)
    }
}

#[derive(Serialize)]
struct Submission {
    id: i64,
    created_at: String,
    name: String,
    email: String,
    message: String,
    ip: String,
    user_agent: String,
}

/// One submission on its way to the writing thread.
struct Insert {
    contact: Contact,
    ip: String,
    user_agent: String,
    done: oneshot::Sender<bool>,
}

/// One question on its way to the reading thread.
struct Select {
    limit: u32,
    done: oneshot::Sender<rusqlite::Result<Vec<Submission>>>,
}

#[derive(Clone)]
struct App {
    name: &'static str,
    bearer: String,
    insert: mpsc::Sender<Insert>,
    select: mpsc::Sender<Select>,
}

fn open(path: &str, sync: &str) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", sync)?;
    Ok(db)
}

fn insert(db: &Connection, row: &Insert) -> rusqlite::Result<()> {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let Contact { name, email, message } = &row.contact;
    db.prepare_cached(INSERT)?
        .execute(params![now, name, email, message, row.ip, row.user_agent])?;
    Ok(())
}

/// Tells whether the work is on disk, and why not on stderr.
fn is_done(result: rusqlite::Result<()>) -> bool {
    result.inspect_err(|e| eprintln!("insert: {e}")).is_ok()
}

fn write_each(db: Connection, queue: mpsc::Receiver<Insert>) {
    for row in queue {
        let ok = is_done(insert(&db, &row));
        let _ = row.done.send(ok);
    }
}

fn write_batches(mut db: Connection, queue: mpsc::Receiver<Insert>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while let Ok(first) = queue.recv() {
        batch.push(first);
        batch.extend(queue.try_iter().take(MAX_BATCH - 1));
        let ok = is_done(commit(&mut db, &batch));
        for row in batch.drain(..) {
            let _ = row.done.send(ok);
        }
    }
}

fn commit(db: &mut Connection, batch: &[Insert]) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for row in batch {
        insert(&tx, row)?;
    }
    tx.commit()
}

fn read_each(db: Connection, queue: mpsc::Receiver<Select>) {
    for question in queue {
        let _ = question.done.send(newest(&db, question.limit));
    }
}

fn newest(db: &Connection, limit: u32) -> rusqlite::Result<Vec<Submission>> {
    let mut statement = db.prepare_cached(NEWEST)?;
    let rows = statement.query_map([limit], |r| {
        Ok(Submission {
            id: r.get(0)?,
            created_at: r.get(1)?,
            name: r.get(2)?,
            email: r.get(3)?,
            message: r.get(4)?,
            ip: r.get(5)?,
            user_agent: r.get(6)?,
        })
    })?;
    rows.collect()
}

fn error(code: StatusCode, text: &str) -> Response {
    (code, Json(json!({ "error": text }))).into_response()
}

async fn hello(State(app): State<App>) -> Response {
    Json(json!({ "name": app.name, "releaseYear": Utc::now().year() })).into_response()
}

async fn contact(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<Contact>, JsonRejection>,
) -> Response {
    let contact = match body {
        Ok(Json(contact)) if contact.is_valid() => contact,
        _ => return error(StatusCode::BAD_REQUEST, "invalid input"),
    };
    let user_agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let (done, answer) = oneshot::channel();
    let sent = app.insert.send(Insert { contact, ip: peer.ip().to_string(), user_agent, done });
    if sent.is_ok() && answer.await == Ok(true) {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        error(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    }
}

#[derive(Deserialize)]
struct Page {
    limit: Option<u32>,
}

/// Compares without telling by its time where the first difference is.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

async fn submissions(State(app): State<App>, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).map_or(&b""[..], |v| v.as_bytes());
    if !is_same(authorization, app.bearer.as_bytes()) {
        return error(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let limit = page.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return error(StatusCode::BAD_REQUEST, "invalid input");
    }
    let (done, answer) = oneshot::channel();
    let _ = app.select.send(Select { limit, done });
    match answer.await {
        Ok(Ok(rows)) => Json(rows).into_response(),
        _ => error(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

#[tokio::main]
async fn main() {
    let env = |name: &str| env::var(name).unwrap_or_default();
    let sync = if env("SYNC") == "NORMAL" { "NORMAL" } else { "FULL" };
    let batch = env("AXUM_BATCH") == "1";

    let writer = open(&env("DB"), sync).expect("open the database");
    writer.execute_batch(SCHEMA).expect("create the table");
    let reader = open(&env("DB"), sync).expect("open the database");
    let (insert, inserts) = mpsc::channel();
    let (select, selects) = mpsc::channel();
    let write = if batch { write_batches } else { write_each };
    thread::spawn(move || write(writer, inserts));
    thread::spawn(move || read_each(reader, selects));

    let app = App {
        name: if batch { "axumgc" } else { "axum" },
        bearer: format!("Bearer {}", env("TOKEN")),
        insert,
        select,
    };
    let router = Router::new()
        .route("/hello", get(hello))
        .route("/contact", post(contact).layer(DefaultBodyLimit::max(MAX_BODY)))
        .route("/admin/submissions", get(submissions))
        .with_state(app);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", env("PORT"))).await.expect("listen");
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .tcp_nodelay(true)
        .await
        .expect("serve");
}
