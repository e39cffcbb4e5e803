# SPDX-License-Identifier: MIT
"""Every route answers as /openapi.json says: each operation is asked for real, and status, type and body are held against the document.

What is sent comes from the document as well (examples of shapes, rules of parameters). Only what must exist before
it can be asked for is made here, in PLACES, BODIES and CREDENTIALS.
"""
import itertools
import json
import urllib.parse

import pytest
import requests
from jsonschema import Draft202012Validator, RefResolver

from harness import SLOW, Server, raw, running
from receiver import MailServer, wait

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
PASSWORD = "correct horse"
NAMES = (f"made-{number}" for number in itertools.count(1))
LOWER = {"write": "read", "manage": "write"}
SAFE = ("get", "head", "options")
TEXTS = {"form": "shop", "since": "2026-01-01", "until": "2026-01-31T09:00:00Z", "q": "hello"}


class World:
    """A server with something of everything on it."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        for name in ("ada", "eve"):
            self.cli("user", "add", name, "--role", "owner", "--password-file", "-", input=PASSWORD + "\n")
        self.tokens = {scope: server.token(scope) for scope in ("read", "write", "manage")}
        self.cli("form", "add", "shop", "title=Web shop", "origins=https://shop.example")
        self.post()
        self.post(form="unregistered")
        refused = requests.post(f"{self.url}/f/shop", json=ADA, headers={"Origin": "https://other.example"}, timeout=10)
        assert refused.status_code == 403
        self.document = requests.get(f"{self.url}/openapi.json", timeout=10).json()
        self.resolver = RefResolver("", self.document)

    def cli(self, *arguments, input=None):
        done = self.server.cli(*arguments, input=input)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def post(self, form="default"):
        answer = requests.post(f"{self.url}/contact/{form}", json={**ADA, "message": next(NAMES)}, timeout=10)
        assert answer.status_code == 200, answer.text
        self.latest = answer.json()["id"]
        return self.latest

    def api(self, method, path, **options):
        answer = requests.request(method, self.url + path, headers=self.bearer("manage"), timeout=10, **options)
        assert answer.ok, answer.text
        return answer.json()

    def bearer(self, access):
        return {"Authorization": f"Bearer {self.tokens[access]}"}

    def basic(self):
        return {"Authorization": requests.auth._basic_auth_str("ada", PASSWORD)}

    def session(self):
        """The headers of a fresh session of Eve's."""
        answer = requests.post(f"{self.url}/admin/session", json={"name": "eve", "password": PASSWORD}, timeout=20)
        assert answer.status_code == 200, answer.text
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf"], "Sec-Fetch-Site": "same-origin"}

    def made_form(self):
        name = next(NAMES)
        self.cli("form", "add", name)
        return name

    def made_user(self):
        name = next(NAMES)
        self.cli("user", "add", name, "--forms", "*", "--password-file", "-", input=PASSWORD + "\n")
        return name

    def made_token(self):
        name = next(NAMES)
        self.cli("token", "add", name, "--forms", "*")
        return name

    def made_note(self):
        """Beside the message that was posted last: the path's own."""
        return self.api("POST", f"/admin/submissions/{self.latest}/notes", json={"text": "a note"})["id"]

    def made_invitation(self):
        name = next(NAMES)
        self.api("POST", "/admin/invitations", json={"name": name, "role": "reader", "forms": ["*"]})
        return name

    def made_delivery(self, destination, state):
        """Of a new message: one that has arrived, or one that was tried in vain."""
        query = {"submission": self.post(), "destination": destination, "state": state}

        def is_there():
            found = requests.get(f"{self.url}/admin/deliveries", params=query, headers=self.bearer("read"), timeout=10).json()["deliveries"]
            return found and found[0]["attempts"] and not found[0]["inFlight"] and found[0]["id"]

        return wait(is_there)

    def made_session(self):
        self.session()
        sessions = requests.get(f"{self.url}/admin/sessions", headers=self.bearer("manage"), timeout=10).json()
        return sessions["sessions"][0]["id"]


# The value of a path parameter, by the path up to it, or for one operation alone. It exists, and may be deleted.
PLACES = {
    "/contact/": lambda world: "shop",
    "/f/": lambda world: "shop",
    "/p/": lambda world: "shop",
    "/p/{project}/f/": lambda world: "shop",
    "/s/": lambda world: "shop",
    "/submit/": lambda world: "shop",
    "/ajax/": lambda world: "shop",
    "/el/": lambda world: "shop",
    "/admin/submissions/": World.post,
    "/admin/submissions/{id}/notes/": World.made_note,
    "/admin/forms/": World.made_form,
    "/admin/users/": World.made_user,
    "/admin/tokens/": World.made_token,
    "/admin/invitations/": World.made_invitation,
    "/admin/sessions/": World.made_session,
    "/admin/panel/": lambda world: "panel.css",
    "/docs/": lambda world: "docs.js",
    "POST /admin/deliveries/{id}/retry": lambda world: world.made_delivery("mail:later@example.org", "waiting"),
    "POST /admin/deliveries/{id}/replay": lambda world: world.made_delivery("mail:ada@example.org", "delivered"),
}

# Bodies that the shape's own example cannot know.
BODIES = {
    "POST /submit": lambda world: {**ADA, "access_key": "shop"},
    "POST /": lambda world: {**ADA, "form-name": "shop"},
    "POST /admin/submissions/bulk": lambda world: {"ids": [world.post()], "state": "archived"},
    "POST /admin/deliveries/retry": lambda world: {"form": "default", "destination": "mail:ada@example.org"},
    "POST /admin/refusals/allow": lambda world: {"form": "shop", "origin": "https://other.example"},
    "POST /admin/session": lambda world: {"name": "ada", "password": PASSWORD},
    "POST /admin/password": lambda world: {"old": PASSWORD, "new": PASSWORD},
    "POST /admin/users": lambda world: {"name": next(NAMES), "role": "reader", "forms": ["shop"], "password": PASSWORD},
    "POST /admin/invitations": lambda world: {"name": next(NAMES), "role": "reader", "forms": ["*"]},
    "POST /admin/invitations/look": lambda world: {
        "token": world.api("POST", "/admin/invitations", json={"name": next(NAMES), "role": "reader", "forms": ["*"]})["token"],
    },
    "POST /admin/invitations/accept": lambda world: {
        "token": world.api("POST", "/admin/invitations", json={"name": next(NAMES), "role": "reader", "forms": ["*"]})["token"],
        "password": PASSWORD},
    "POST /admin/tokens": lambda world: {"name": next(NAMES), "scope": "read", "forms": ["*"]},
}

# Where all goes well for the server itself alone; see tests/mail/test_canary.py.
SERVERS_OWN = "/contact/~canary"

# Who must ask, where not every manager will do.
CREDENTIALS = {
    "DELETE /admin/session": World.session,
    "POST /admin/password": World.basic,
    "GET /admin/session": World.basic,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with MailServer() as mails:
        mails.answers["later@example.org"] = "451 later"
        to = "ada@example.org,later@example.org"
        with running(Server(tmp_path_factory.mktemp("openapi"), notify_to=to, **mails.options)) as server:
            yield World(server)


class Operation:
    def __init__(self, world, path, method, about):
        self.world, self.path, self.method, self.about = world, path, method, about
        self.name = f"{method.upper()} {path}"
        self.access = about.get("x-access")
        self.is_door = "NotStored" in json.dumps(about["responses"])

    def parameters(self, place):
        return [p for p in self.about["parameters"] if p["in"] == place]

    def target(self, known=True):
        """The path with something that exists in each place, or that does not."""
        path = self.path
        for parameter in self.parameters("path"):
            mark = "{" + parameter["name"] + "}"
            before = self.path[: self.path.index(mark)]
            made = PLACES.get(self.name, PLACES.get(before))(self.world) if known else "00000000-0000-7000-8000-000000000000"
            path = path.replace(mark, urllib.parse.quote(str(made), safe=""))
        return path

    def credential(self, access=None):
        if not self.access:
            return {}
        if access is None and self.name in CREDENTIALS:
            return CREDENTIALS[self.name](self.world)
        return self.world.bearer(access or "manage")

    def body(self):
        content = self.about.get("requestBody", {}).get("content", {})
        if not content:
            return None
        if self.name in BODIES:
            return BODIES[self.name](self.world)
        shape = self.world.resolver.resolve(content["application/json"]["schema"]["$ref"])[1]
        return shape["examples"][0]

    def ask(self, target=None, query=None, headers=None, **options):
        """Asks, and holds the answer against the document; returns it."""
        if self.about.get("requestBody") and not {"json", "data"} & options.keys():
            options["json"] = self.body()
        if headers is None:
            headers = self.credential()
        if self.is_door:
            headers = {"Accept": "application/json", "Origin": "https://shop.example", **headers}
        answer = requests.request(self.method, self.world.url + (target or self.target()), params=query, headers=headers,
                                  allow_redirects=False, stream=True, timeout=20, **options)
        with answer:
            self.check(answer)
        return answer

    def check(self, answer):
        declared = self.about["responses"].get(str(answer.status_code))
        assert declared is not None, f"{answer.status_code} is not declared: {answer.text[:300]}"
        content = declared.get("content")
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if not content:
            assert answer.text == "", f"a body came with {answer.status_code}"
            return
        assert kind in content, f"{answer.status_code} came as {kind}, declared is {sorted(content)}"
        if kind == "text/event-stream":
            return
        schema = content[kind].get("schema")
        if schema:
            Draft202012Validator(schema, resolver=self.world.resolver).validate(answer.json())


def operations(world):
    for path, methods in world.document["paths"].items():
        for method, about in methods.items():
            yield Operation(world, path, method, about)


def each(world, test, select=lambda operation: True):
    """Runs a test on every operation, and tells of all that failed."""
    failures, count = [], 0
    for operation in filter(select, operations(world)):
        count += 1
        try:
            test(operation)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this operation's failure
            failures.append(f"{operation.name}: {type(error).__name__}: {str(error)[:600]}")
    assert count, "no operation is such a one"
    assert not failures, f"{len(failures)} of {count}:\n" + "\n".join(failures)


def samples(parameter):
    """Values that the parameter's schema takes."""
    schema = parameter["schema"]
    if "enum" in schema:
        return schema["enum"]
    if schema["type"] == "boolean":
        return ["true", "false"]
    if schema["type"] == "integer":
        return [schema["minimum"], schema["maximum"], schema["default"]]
    return [TEXTS[parameter["name"]]] if parameter["name"] in TEXTS else []


def test_the_document_is_for_everybody_and_says_when_it_has_not_changed(world):
    first = requests.get(f"{world.url}/openapi.json", timeout=10)
    assert first.headers["Content-Type"] == "application/json" and "max-age" in first.headers["Cache-Control"]
    again = requests.get(f"{world.url}/openapi.json", headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert again.status_code == 304 and again.text == ""


def test_shapes_are_schemas_and_their_examples_fit_them(world):
    for name, shape in world.document["components"]["schemas"].items():
        Draft202012Validator.check_schema(shape)
        for example in shape.get("examples", []):
            Draft202012Validator(shape, resolver=world.resolver).validate(example)
        assert "$ref" not in shape, name


def test_all_goes_well(world):
    def test(operation):
        answer = operation.ask()
        assert answer.status_code < 400, f"{answer.status_code}: {answer.text[:300]}"
    each(world, test, lambda operation: operation.path != SERVERS_OWN)


def test_parameters_take_what_they_say(world):
    def test(operation):
        for parameter in operation.parameters("query"):
            for value in samples(parameter):
                answer = operation.ask(query={parameter["name"]: value})
                assert answer.status_code < 400, f"{parameter['name']}={value}: {answer.text[:300]}"
    each(world, test, lambda operation: operation.parameters("query"))


def test_parameters_refuse_what_they_do_not_say(world):
    def test(operation):
        for parameter in operation.parameters("query"):
            if parameter["schema"]["type"] != "string" or "enum" in parameter["schema"]:
                assert operation.ask(query={parameter["name"]: "nonsense"}).status_code == 400, parameter["name"]
    each(world, test, lambda operation: operation.access and operation.parameters("query"))


def test_an_unknown_parameter_is_400(world):
    def test(operation):
        answer = operation.ask(query={"unknown": "1"})
        assert answer.status_code == 400 and answer.json()["code"] == "invalid_query"
    each(world, test, lambda operation: operation.access or "invalid_query" in json.dumps(operation.about["responses"]))


def test_without_a_credential_it_is_401(world):
    def test(operation):
        assert operation.ask(headers={}).status_code == 401
    each(world, test, lambda operation: operation.access and {} not in operation.about["security"])


def test_with_too_weak_a_credential_it_is_403(world):
    def test(operation):
        assert operation.ask(headers=operation.credential(LOWER[operation.access])).status_code == 403
    each(world, test, lambda operation: operation.access in LOWER)


def test_a_session_reads_alone_and_changes_with_its_csrf(world):
    session = world.session()
    cookie = {"Cookie": session["Cookie"]}

    def test(operation):
        if operation.method in SAFE:
            assert operation.ask(headers=cookie).status_code < 400
            return
        for headers in (cookie, {**session, "X-CSRF-Token": "x" * 43}, {**session, "Sec-Fetch-Site": "cross-site"}):
            refused = operation.ask(headers=headers)
            assert refused.status_code == 403 and refused.json()["code"] == "csrf", headers
    each(world, test, lambda operation: operation.access)


def test_what_does_not_exist_is_answered_as_declared(world):
    each(world, lambda operation: operation.ask(target=operation.target(known=False)), lambda operation: operation.parameters("path"))


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"unknown":1}', b'{"a":"\xff"}', b""])
def test_a_strange_body_is_answered_as_declared(world, data):
    def test(operation):
        operation.ask(data=data, headers={"Content-Type": "application/json", **operation.credential()})
    each(world, test, lambda operation: operation.about.get("requestBody"))


def test_a_body_of_another_kind_is_415(world):
    def test(operation):
        answer = operation.ask(data=b"x", headers={"Content-Type": "text/plain", **operation.credential()})
        assert answer.status_code == 415
    each(world, test, lambda operation: operation.about.get("requestBody"))


def without_length(world, operation, close="close"):
    """As curl -X POST sends it: nothing says that there is a body, so there is none (RFC 9112, section 6.3)."""
    headers = {"Host": "x", "Connection": close, "Content-Type": "application/json", **operation.credential()}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    target = operation.target()
    answer = raw(world.server.port, f"{operation.method.upper()} {target} HTTP/1.1\r\n{head}\r\n".encode(), 20 * SLOW)
    head, _, body = answer.data.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), body


def test_where_no_body_is_taken_none_need_be_announced(world):
    def test(operation):
        status, head, _ = without_length(world, operation, "keep-alive")
        assert status < 300 and "connection: close" in head
    each(world, test, lambda operation: operation.method == "post" and not operation.about.get("requestBody", {}).get("required"))


def test_where_a_body_is_taken_a_length_is_asked_for(world):
    def test(operation):
        status, _, body = without_length(world, operation)
        assert status == 411 and b"-d" in body and "411" in operation.about["responses"]
    each(world, test, lambda operation: operation.about.get("requestBody", {}).get("required"))


def test_browsers_are_answered_as_declared(world):
    def test(operation):
        browser = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert operation.ask(data=operation.body(), headers=browser).status_code == 303
        assert operation.ask(data={"email": "not an address"}, headers=browser).status_code in (404, 422)
    each(world, test, lambda operation: operation.is_door and "303" in operation.about["responses"])


@pytest.mark.parametrize("method, path, status, code", [
    ("GET", "/admin/nothing", 404, "not_found"),
    ("GET", "/nothing", 404, "not_found"),
    ("PUT", "/admin/submissions", 405, "method_not_allowed"),
    ("BREW", "/admin/submissions", 501, "not_implemented"),
])
def test_the_server_s_own_refusals_are_problems(world, method, path, status, code):
    answer = requests.request(method, world.url + path, timeout=10, data=b"" if method == "PUT" else None)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"/docs#problem-{code}" and problem["code"] == code
    assert problem["title"] == problem["error"] and problem["requestId"] == answer.headers["X-Request-Id"]
    Draft202012Validator({"$ref": "#/components/schemas/Problem"}, resolver=world.resolver).validate(problem)


def test_a_chunked_body_that_grows_too_large_is_a_problem(world):
    def pieces():
        for _ in range(100):
            yield b"x" * 1024

    answer = requests.put(f"{world.url}/admin/forms/large", data=pieces(), timeout=10,
                          headers={"Content-Type": "application/json", **world.bearer("manage")})
    assert answer.status_code == 413 and answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/docs#problem-body_too_large" and answer.json()["requestId"]
