# SPDX-License-Identifier: MIT
"""Fixtures over harness.py. A server's sanitizer reports or bad exit fail the test that used it."""
import pytest

from harness import Server, default_binary, running


@pytest.fixture(autouse=True, scope="session")
def binary_exists():
    if not default_binary().exists():
        pytest.exit(f"{default_binary()} is missing: run make first, or set CONTACTD", 2)


@pytest.fixture
def start(tmp_path):
    """start(**options) -> a running Server; each gets its own directory unless it is given one."""
    servers = []

    def start_one(directory=None, binary=None, **options):
        server = Server(directory or tmp_path / f"server-{len(servers)}", binary, **options)
        servers.append(server)
        return server.start()

    yield start_one
    for server in servers:
        server.stop()
    complaints = [c for c in (server.complaints() for server in servers) if c]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def server(tmp_path):
    """One running Server with the harness's default options."""
    with running(Server(tmp_path)) as one:
        yield one
