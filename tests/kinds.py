# SPDX-License-Identifier: MIT
"""A hundred requests, some of every kind: what a server has seen before its memory is measured or its code put in order."""
import json
from http.client import IncompleteRead

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
PARTS = {"Content-Type": "multipart/form-data; boundary=b"}
OPEN = ("/healthz", "/readyz", "/metrics", "/version", "/form.js", "/token", "/altcha?form=shop", "/thanks", "/docs", "/openapi.json",
        "/docs/docs.css", "/admin", "/admin/", "/admin/panel/panel.js", "/nothing", "/contact", "/admin/submissions")
READ = ("submissions?limit=50", "submissions?q=offer", "submissions?state=all&form=default", "stats?days=30", "export?format=csv",
        "export?format=ndjson", "deliveries", "destinations", "alarms", "forms", "forms/shop", "refusals", "settings", "audit", "session")
PASSWORD = "correct horse battery"


def message(number):
    return {"name": f"Grace Hopper {number}", "email": f"grace.{number}@example.org",
            "message": f"Message {number}: " + "could you call me back about the offer? " * 7}


def posts(number):
    yield "POST", "/contact", json.dumps(message(number)), JSON
    yield "POST", "/contact", f"name=Ada+{number}&email=ada%40example.org&message=Hello+{number}", FORM
    yield "POST", "/f/shop", json.dumps({"email": f"ada.{number}@example.org", "order": {"lines": [1, 2, number]}, "message": "Hi!"}), JSON
    yield "POST", "/f/shop", f'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nm{number}@example.org\r\n--b--\r\n', PARTS


def hundred(token):
    """(method, path, body, headers) of each; `token` may manage everything."""
    bearer = {"Authorization": f"Bearer {token}"}
    yield "PUT", "/admin/forms/shop", json.dumps({"title": "Shop", "aliases": ["xyz"]}), {**JSON, **bearer}
    yield "POST", "/admin/session", json.dumps({"name": "nobody", "password": PASSWORD}), JSON
    for number in range(12):
        yield from posts(number)
    for path in OPEN:
        yield "GET", path, None, {}
    for path in READ * 2:
        yield "GET", f"/admin/{path}", None, bearer
    yield "POST", "/contact", "{", JSON
    yield "POST", "/contact", json.dumps({"name": ""}), JSON
    yield "OPTIONS", "/contact", None, {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}


def ask_everything(server, token, is_slowed=False):
    """Asks them one after the other; none is answered with an error of the server.

    `is_slowed` a hundred times by a tool: then an export may be cut, since the store gives a query so many seconds.
    """
    for method, path, body, headers in hundred(token):
        client = server.http(120)
        client.request(method, path, body, headers)
        answer = client.getresponse()
        try:
            answer.read()
        except IncompleteRead:
            assert is_slowed, path
        assert answer.status < 500 or answer.status == 503, (method, path, answer.status)  # 503: a slow machine, a search
        client.close()
