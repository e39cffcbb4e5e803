# SPDX-License-Identifier: MIT
"""Form bodies as real encoders write them: what is taken comes back whole, what is not is refused with a reason."""
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
import requests

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "message": "Hello there.\r\nSecond line."}
URLENCODED = "application/x-www-form-urlencoded"
HARD = "Grüße 世界 🧮 & = + % %41 ; \" ' \\ \r\n--x\r\n\t<b>#"


@pytest.fixture
def read(server):
    token = server.token()

    def newest():
        answer = requests.get(f"{server.url}/admin/submissions", timeout=10, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()["submissions"]

    return newest


def by_urlencoded(url, pairs):
    return requests.post(url, data=pairs, timeout=10).status_code


def by_multipart(url, pairs):
    return requests.post(url, files=[(name, (None, text)) for name, text in pairs], timeout=10).status_code


def by_urllib(url, pairs):
    return urllib.request.urlopen(url, urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote).encode(), timeout=10).status


def by_curl(option):
    def send(url, pairs):
        arguments = [part for name, text in pairs for part in (option, f"{name}={text}")]
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *arguments, url],
                              capture_output=True, text=True, timeout=20)
        return int(done.stdout)

    return send


ENCODERS = {"requests urlencoded": by_urlencoded, "requests multipart": by_multipart, "urllib": by_urllib,
            "curl multipart": by_curl("--form-string"), "curl urlencoded": by_curl("--data-urlencode")}


@pytest.fixture(params=ENCODERS)
def send(server, request):
    if "curl" in request.param and not shutil.which("curl"):
        pytest.skip("curl is not installed")
    return lambda pairs: ENCODERS[request.param](server.url + "/contact", pairs)


def test_what_an_encoder_writes_comes_back_as_it_was(send, read):
    assert send([*{**ADA, "message": HARD}.items(), ("zebra", HARD), ("empty", ""), ("apple", "1")]) == 200
    row = read()[0]
    assert (row["name"], row["email"], row["message"]) == (ADA["name"], ADA["email"], HARD)
    assert list(row["fields"].items()) == [("zebra", HARD), ("empty", ""), ("apple", "1")]


def test_repeated_and_nested_names_keep_their_structure_and_order(send, read):
    assert send([("topic", "b"), *ADA.items(), ("topic", "a"), ("size[]", "S"), ("size[]", "M"), ("car[0].color", "red"),
                 ("car[1].color", "blue"), ("car[0].doors", "4"), ("address[city]", "London"), ("topic", "c")]) == 200
    fields = read()[0]["fields"]
    assert fields == {"topic": ["b", "a", "c"], "size": ["S", "M"], "address": {"city": "London"},
                      "car": [{"color": "red", "doors": "4"}, {"color": "blue"}]}
    assert list(fields) == ["topic", "size", "car", "address"]


def test_names_beyond_ascii_come_back_as_they_were(send, read):
    names = ["größe", "サイズ", "a b", "a;b", "e-mail?"]
    assert send([*ADA.items(), *((name, "1") for name in names)]) == 200
    assert list(read()[0]["fields"]) == names


@pytest.mark.parametrize("name", ['say "hi"', "a:b", "100%"])
def test_names_that_a_multipart_head_must_escape(server, read, name):
    for send_one in (by_multipart, by_urlencoded):
        assert send_one(server.url + "/contact", [*ADA.items(), (name, send_one.__name__)]) == 200
        assert read()[0]["fields"] == {name: send_one.__name__}


@pytest.mark.parametrize("file", [("cv.pdf", b"%PDF-1.7\0\xff"), ("empty.txt", b""), ("lebenslauf-ä.txt", b"text")])
def test_a_file_is_refused_and_its_field_named(server, read, file):
    answer = requests.post(server.url + "/contact", data=ADA, files={"attachment": file}, timeout=10)
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("attachment", "NO_FILE_UPLOADS")]
    assert read() == []


def multipart(*parts, end="--b--\r\n"):
    return "".join(f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts) + end


PARTS = [(f'name="{name}"', text) for name, text in ADA.items()]
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def test_a_file_that_nobody_chose_does_not_matter(server, read):
    body = multipart(('name="cv"; filename=""\r\nContent-Type: application/octet-stream', ""), *PARTS)
    assert requests.post(server.url + "/contact", data=body, headers=MULTIPART, timeout=10).status_code == 200
    assert read()[0]["fields"] == {} and read()[0]["message"] == ADA["message"]


@pytest.mark.parametrize("headers, body, hint", [
    ({"Content-Type": URLENCODED}, b"name=a%00b", "\"name\" has a NUL"),
    ({"Content-Type": URLENCODED}, b"&".join(b"a=1" for _ in range(257)), "more than 256 values"),
    ({"Content-Type": URLENCODED}, b"_charset_=utf-16", "another charset"),
    (MULTIPART, multipart(*PARTS, end=""), "ends before its last boundary"),
    (MULTIPART, multipart(*PARTS, end="--b"), "ends before its last boundary"),
    (MULTIPART, multipart(*PARTS).replace("\r\n", "\n"), "CRLF"),
    (MULTIPART, b"", "ends before its last boundary"),
    (MULTIPART, multipart(('name="a"\r\nContent-Transfer-Encoding: base64', "QQ==")), "Content-Transfer-Encoding"),
    ({"Content-Type": "multipart/form-data"}, multipart(*PARTS), "boundary"),
])
def test_a_broken_body_is_400_and_says_why(server, read, headers, body, hint):
    answer = requests.post(server.url + "/contact", data=body, headers=headers, timeout=10)
    assert answer.status_code == 400 and hint in answer.json()["message"], answer.text
    assert read() == []


def test_fields_of_a_form_body_are_held_to_the_same_rules(server):
    for body in ({"data": {"name": "x"}}, {"files": {"name": (None, "x")}}, {"json": {"name": "x"}}):
        answer = requests.post(server.url + "/contact", timeout=10, **body)
        assert answer.status_code == 422
        assert {(e["field"], e["code"]) for e in answer.json()["errors"]} == {("email", "REQUIRED"), ("message", "REQUIRED")}


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "multipart/mixed; boundary=b"}])
@pytest.mark.parametrize("body", [b"", b"name=a"])
def test_any_other_body_is_415_and_told_what_is_taken(server, headers, body):
    answer = requests.post(server.url + "/contact", data=body, headers=headers, timeout=10)
    assert answer.status_code == 415
    for kind in ("application/json", URLENCODED, "multipart/form-data"):
        assert kind in answer.json()["message"]
