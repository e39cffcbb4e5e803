# SPDX-License-Identifier: MIT
"""The panel's files: open to everybody, kept only as long as they are the newest, and with a strict policy."""
import gzip
import re

import requests


def get(server, path, **headers):
    return requests.get(server.url + path, headers=headers, timeout=5, allow_redirects=False)


def test_the_page_is_open_and_lets_nothing_foreign_run(server):
    page = get(server, "/admin/")
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'" and policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=", page.text)


def test_its_files_are_asked_for_each_time_and_sent_once(server):
    names = re.findall(r'(?:src|href)="panel/([\w.]+)"', get(server, "/admin/").text)
    assert "main.js" in names and "panel.css" in names
    for name in names:
        packed = requests.get(f"{server.url}/admin/panel/{name}", headers={"Accept-Encoding": "gzip"}, timeout=5, stream=True)
        plain = get(server, f"/admin/panel/{name}", **{"Accept-Encoding": "identity"})
        assert gzip.decompress(packed.raw.read(decode_content=False)) == plain.content
        assert plain.headers["Content-Type"].split(";")[0] in ("text/javascript", "text/css")
        assert plain.headers["Cache-Control"] == "no-cache"
        assert get(server, f"/admin/panel/{name}", **{"If-None-Match": plain.headers["ETag"]}).status_code == 304


def test_every_module_is_fetched_at_once(server):
    page = get(server, "/admin/").text
    for name in re.findall(r'panel/(\w+\.js)"', page):
        for needed in re.findall(r"from '\./([\w.]+)'", get(server, f"/admin/panel/{name}").text):
            assert f'"panel/{needed}"' in page, f"{name} imports {needed}"


def test_other_names_lead_nowhere(server):
    assert get(server, "/admin").status_code == 308
    assert get(server, "/admin").headers["Location"] == "admin/"
    for name in ("nothing.js", "..%2f", "panel.css%00", "form.js"):
        assert get(server, f"/admin/panel/{name}").status_code in (400, 404)
    assert get(server, "/admin/panel/").status_code == 404
