"""`stillwatch board`: a board in one command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest

from stillwatch.cli import run


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["board", *arguments, "--json"]) == 0
    content: dict[str, object] = json.loads(capsys.readouterr().out)
    return content


def test_init_member_and_audience(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--folder", str(tmp_path / "b"))
    printed(capsys, "init", *where)
    assert os.stat(tmp_path / "b" / "forum.key").st_mode & 0o077 == 0
    member = printed(capsys, "member", "alpha", *where)
    assert len(str(member["token"])) > 40
    listed = printed(capsys, "audience", "aud-00000000000000aa", "beta", "alpha", *where)
    assert listed["members"] == ["alpha", "beta"]
    assert printed(capsys, "member", "alpha", "--revoke", *where)["active"] is False


def test_two_persons_approve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--folder", str(tmp_path / "b"))
    printed(capsys, "init", *where)
    file = tmp_path / "one.json"
    file.write_text('{"type": "campaign"}', "utf-8")
    for person, count in (("ann", 1), ("ann", 1), ("bob", 2)):
        found = printed(capsys, "approve", str(file), "--person", person, *where)
        assert found["approvals"] == count


@pytest.mark.parametrize(
    "arguments",
    [
        ("member", "alpha", "--folder", "{}/none"),
        ("serve", "--folder", "{}/b", "--database", "nonsense"),
        ("serve", "--folder", "{}/b", "--database", "mysql://x"),
        ("init", "--folder", "{}/b"),
        ("member", "Not An Id", "--folder", "{}/b"),
        ("audience", "everyone", "--folder", "{}/b"),
    ],
)
def test_what_the_operator_gets_wrong(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["board", "init", "--folder", str(tmp_path / "b")])
    assert run(["board", *(one.format(tmp_path) for one in arguments)]) == 2
    shown = capsys.readouterr().err
    assert "hint:" in shown
    assert "Traceback" not in shown


def test_serve_answers_on_loopback(tmp_path: Path) -> None:
    folder = str(tmp_path / "b")
    program = [str(Path(sys.executable).with_name("stillwatch")), "board"]
    for words in (("init",), ("member", "alpha", "--json")):
        done = subprocess.run(
            [*program, *words, "--folder", folder], check=True, capture_output=True, text=True
        )
    token = json.loads(done.stdout)["token"]
    served = subprocess.Popen(
        [*program, "serve", "--folder", folder, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert served.stdout is not None
        url = served.stdout.readline().split()[3].rstrip(";")
        assert url.startswith("http://127.0.0.1:")
        login = b64encode(f"alpha:{token}".encode()).decode()
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {login}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            assert json.loads(answer.read())["title"] == "stillwatch board"
    finally:
        served.send_signal(signal.SIGINT)
        assert served.wait(20) == 130
        served.stdout.close()
