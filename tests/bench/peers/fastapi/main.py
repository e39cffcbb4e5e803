# SPDX-License-Identifier: MIT
"""Benchmark peer: the contact form on FastAPI, under uvicorn (uvloop, httptools,
no access log) with one worker, for the server has one CPU.

What touches SQLite is a plain function, so FastAPI runs it on its thread pool:
one locked connection writes, one per thread reads. Every submission is
committed (WAL, synchronous=FULL) before the answer.
"""
import hmac
import os
import sqlite3
import threading
from datetime import datetime, timezone

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import UJSONResponse
from pydantic import BaseModel, EmailStr, constr

DB = os.environ["DB"]
SYNC = "NORMAL" if os.environ.get("SYNC") == "NORMAL" else "FULL"
BEARER = b"Bearer " + os.environ["TOKEN"].encode()
MAX_BODY = 64 * 1024

SCHEMA = """CREATE TABLE IF NOT EXISTS submissions(
 id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
 message TEXT NOT NULL, ip TEXT NOT NULL, user_agent TEXT NOT NULL)"""
INSERT = "INSERT INTO submissions(created_at,name,email,message,ip,user_agent) VALUES(?,?,?,?,?,?)"
NEWEST = "SELECT id,created_at,name,email,message,ip,user_agent FROM submissions ORDER BY id DESC LIMIT ?"


def connect() -> sqlite3.Connection:
    # isolation_level=None is autocommit: one INSERT, one transaction. The module
    # caches prepared statements by their text.
    db = sqlite3.connect(DB, isolation_level=None, check_same_thread=False, timeout=5)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={SYNC}")
    db.row_factory = sqlite3.Row
    return db


writer = connect()
writer.execute(SCHEMA)
writing = threading.Lock()
local = threading.local()


def reader() -> sqlite3.Connection:
    if not hasattr(local, "db"):
        local.db = connect()
    return local.db


class Contact(BaseModel):
    name: constr(min_length=1, max_length=200)
    email: EmailStr
    message: constr(min_length=1, max_length=5000)


class BodyLimit:
    """Refuses a large body by its Content-Length, before it is read."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            for key, value in scope["headers"]:
                if key == b"content-length" and int(value) > MAX_BODY:
                    return await UJSONResponse({"error": "too large"}, 413)(scope, receive, send)
        await self.app(scope, receive, send)


app = FastAPI(default_response_class=UJSONResponse, docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(BodyLimit)


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, exc: RequestValidationError):
    return UJSONResponse({"error": "invalid input"}, 400)


@app.get("/hello")
async def hello():
    return UJSONResponse({"name": "fastapi", "releaseYear": datetime.now().year})


@app.post("/contact")
def contact(body: Contact, request: Request):
    row = (
        datetime.now(timezone.utc).isoformat(timespec="seconds"),
        body.name, body.email, body.message,
        request.client.host, request.headers.get("user-agent", ""),
    )
    with writing:
        writer.execute(INSERT, row)
    return UJSONResponse({"status": "ok"})


def admin(authorization: str = Header("")):
    if not hmac.compare_digest(authorization.encode(), BEARER):
        raise HTTPException(401, "unauthorized")


@app.get("/admin/submissions", dependencies=[Depends(admin)])
def submissions(limit: int = Query(50, ge=1, le=200)):
    return UJSONResponse([dict(row) for row in reader().execute(NEWEST, (limit,))])
