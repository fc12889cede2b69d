"""Passwords of the machine's users, asked of the real PAM with a shadow file of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PASSWORD = "correct horse"
ASK = """
import asyncio, sys
from drivers.pam.passwords import PamPasswords
passwords = PamPasswords()
async def ask():
    for user, word in zip(sys.argv[1::2], sys.argv[2::2]):
        print(await passwords.check(user, word))
asyncio.run(ask())
passwords.close()
"""


def lacks_root() -> str | None:
    if os.geteuid() != 0:
        return "needs root (it mounts a shadow file of its own)"
    for program in ("unshare", "openssl"):
        if shutil.which(program) is None:
            return f"needs {program}"
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        return "needs namespaces of its own (unshare -m)"
    return None


REASON = lacks_root()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]


def asked(shadow: Path, *pairs: str) -> list[str]:
    """What PAM says of these users and passwords, with that shadow file."""
    script = 'mount --bind "$1" /etc/shadow && shift && exec "$@"'
    inside = ["unshare", "-m", "--propagation", "private", "sh", "-ec", script, "sh", str(shadow)]
    done = subprocess.run(
        [*inside, sys.executable, "-c", ASK, *pairs],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def shadow(tmp_path: Path) -> Path:
    """root and bin may log in; daemon's account ended long ago, nobody has no password."""
    words = ["openssl", "passwd", "-6", PASSWORD]
    hashed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    path = tmp_path / "shadow"
    path.write_text(
        f"root:{hashed}:19000:0:99999:7:::\n"
        f"daemon:{hashed}:19000:0:99999:7::19001:\n"
        f"bin:{hashed}:19000:0:99999:7:::\n"
        "nobody:*:19000:0:99999:7:::\n"
    )
    path.chmod(0o600)
    return path


def test_the_right_password_lets_in(shadow: Path) -> None:
    assert asked(shadow, "root", PASSWORD) == ["True"]


def test_everything_else_does_not(shadow: Path) -> None:
    pairs = ("root", "wrong", "root", "", "nobody", PASSWORD, "no-such-user", PASSWORD)
    assert asked(shadow, *pairs) == ["False"] * 4


def test_an_account_that_has_ended_is_not_let_in_by_its_password(shadow: Path) -> None:
    assert asked(shadow, "daemon", PASSWORD, "bin", PASSWORD) == ["False", "True"]


CHANGE = """
import asyncio, sys
from appliance.model.errors import QuorateError
from drivers.pam.passwords import PamPasswords
async def change():
    passwords = PamPasswords(changer=sys.argv[1])
    for user, word in zip(sys.argv[2::2], sys.argv[3::2]):
        try:
            await passwords.change(user, word)
        except QuorateError as error:
            print(error.code)
        else:
            print(await passwords.check(user, word))
    passwords.close()
asyncio.run(change())
"""


def changed(folder: Path, program: str, *pairs: str) -> list[str]:
    """What becomes of changes where /etc is a copy: the program puts a new file there."""
    script = 'cp -a /etc "$1/etc" && mount --bind "$1/etc" /etc && shift && exec "$@"'
    inside = ["unshare", "-m", "--propagation", "private", "sh", "-ec", script, "sh", str(folder)]
    done = subprocess.run(
        [*inside, sys.executable, "-c", CHANGE, program, *pairs],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("chpasswd") is None, reason="needs chpasswd")
def test_a_password_is_changed(tmp_path: Path) -> None:
    before = Path("/etc/shadow").read_bytes()
    pairs = ("root", "the new one", "no-such-user", "x", "root", "two\nlines", "root", "a:b c")
    assert changed(tmp_path, "chpasswd", *pairs) == ["True", "refused", "refused", "True"]
    assert Path("/etc/shadow").read_bytes() == before


def test_a_program_that_fails_or_is_missing(tmp_path: Path) -> None:
    assert changed(tmp_path, "false", "root", "x") == ["refused"]
    (tmp_path / "again").mkdir()
    assert changed(tmp_path / "again", "no-such-program", "root", "x") == ["unavailable"]
