# SPDX-License-Identifier: MIT
"""The disk fills while deliveries are on their way, and is emptied again. See disk.py."""
import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

from harness import SLOW, default_binary

HERE = pathlib.Path(__file__).resolve().parent


@functools.cache
def namespace():
    """The command that gives mounts of one's own; () where there are none to be had."""
    for command in (("unshare", "-m"), ("unshare", "-Urm")):
        if subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/tmp"], capture_output=True).returncode == 0:
            return command
    return ()


@pytest.mark.parametrize("end", ["space", "stop", "kill -9"])
def test_a_full_disk_loses_nothing_and_repeats_nothing_without_end(tmp_path, end):
    if not namespace():
        pytest.skip("this machine gives us no mounts")
    environment = {**os.environ, "CONTACTD": str(default_binary()), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*namespace(), sys.executable, str(HERE / "disk.py"), str(tmp_path), end], capture_output=True,
                          text=True, timeout=300 * SLOW, env=environment)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["complaint"] is None and told["code"] == 0
    assert set(told["others"]) == {"503 with Retry-After"}, "whoever met the full disk was told to come again"
    assert told["acknowledged"] >= 100 and told["atFull"]["heard"] >= 4
    assert (told["lost"], told["unheard"]) == (0, 0)
    # What had arrived and could not be written down is sent once more only if the process ended meanwhile.
    most = 1 if end == "space" else 2
    assert all(times <= most for times in told["repeated"].values()), told["repeated"]
    print(f"\n{end}: {told}")
