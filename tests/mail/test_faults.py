# SPDX-License-Identifier: MIT
"""Broken destinations under the real binary, one test each; the times are printed, not judged."""
import pytest

from faults import FAULTS, break_it, mend_it, options, post_all, set_form
from harness import Server, running
from test_names import inside


def report(name, seen):
    print(f"\n    {name}: posts p50 {seen['p50']} ms, p99 {seen['p99']} ms; SIGTERM {seen['stop']} s; {seen['errors'][:1]}")


def test_without_any_destination(tmp_path):
    """What the figures of the others are to be compared with."""
    server = Server(tmp_path, **options())
    with running(server):
        set_form(server, "add", {})
        ids, p50, p99 = post_all(server)
    report("no destination", {"p50": round(p50, 1), "p99": round(p99, 1), "stop": "-", "errors": []})
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_destination_costs_no_message(tmp_path, name):
    seen = break_it(tmp_path, FAULTS[name])
    report(name, seen)
    assert mend_it(tmp_path, seen["ids"]) >= len(seen["ids"])


@pytest.mark.parametrize("kind", ["mail", "hook"])
def test_a_name_that_is_never_resolved_costs_no_message(tmp_path, kind):
    seen = inside("faulty_name", timeout=180, directory=str(tmp_path), kind=kind)
    report(f"{kind}: silent name server", seen)
    assert seen["arrived"] >= len(seen["ids"])
