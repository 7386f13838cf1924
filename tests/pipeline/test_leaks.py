"""Secrets planted in the traffic turn up nowhere: not in a file, not on a screen, not in a log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.cli import run

PLANTED = {
    "prompt": "heliotrope-parsnip",
    "system": "quarrelsome-lantern",
    "response": "obsidian-marmalade",
    "tools": "tangerine-gearbox",
    "ip": "203.0.113.77",
    "payment_id": "tok-saffron-4471",
    "email_domain": "secret-orchard.example",
    "user_agent": "WalnutBrowser/7.7",
    "tls_fingerprint": "t13d-cobalt-99",
    "credential_id": "cred-vermilion",
    "end_user_id": "enduser-magenta",
    "blob": "blob-ultramarine",
    "column": "nobody reads sepia",
}
KEY = "a key that must not be written"


def rows() -> Iterator[dict[str, object]]:
    for n in range(120):
        yield {
            "exchange_id": f"x{n}",
            "time": 1_772_409_600 + 900 * n,
            "account_id": f"a{n % 9}",
            "messages": [
                {"role": "system", "content": f"Keep the {PLANTED['system']} to yourself, always."},
                {"role": "user", "content": f"Which-model model are you? {PLANTED['prompt']} " * 9},
            ],
            "response": f"{PLANTED['response']} number {n} " * 30,
            "tools": f'[{{"name": "{PLANTED["tools"]}"}}]',
            **{
                name: PLANTED[name]
                for name in (
                    *("ip", "payment_id", "email_domain", "user_agent", "tls_fingerprint"),
                    *("credential_id", "end_user_id"),
                )
            },
            "blob_ids": [PLANTED["blob"]],
            "odd": PLANTED["column"],
        }


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "logs.jsonl"
    broken = [
        f'{{"time": "{PLANTED["prompt"]}", "account_id": "a"}}',
        f'{{"time": 1772409600, "account_id": "a", "temperature": "{PLANTED["payment_id"]}"}}',
        f'{{"{PLANTED["prompt"]}',
        f'"{PLANTED["prompt"]}"',
    ]
    lines = [json.dumps(row) for row in rows()] + broken
    path.write_text("\n".join(lines) + "\n")
    return path


def written(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file with its bytes as text, and what its Parquet columns hold."""
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            yield path, raw.decode("latin-1")
            if raw.startswith(b"PAR1"):
                yield path, str(pq.read_table(path).to_pydict())


def leaks(text: str) -> list[str]:
    folded = text.lower()
    return [name for name, secret in PLANTED.items() if secret.lower() in folded]


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "{logs}", "--out", "{out}"),
        ("scan", "{logs}", "--out", "{out}", "--json"),
        ("sketch", "{logs}", "--out", "{out}"),
        ("calibrate", "{logs}", "--out", "{out}/profile.json"),
        ("replay", "{logs}", "--every", "1d", "--out", "{out}"),
        ("validate", "{logs}"),
        ("validate", "{logs}", "--json"),
    ],
    ids=" ".join,
)
def test_nothing_of_the_traffic_leaves(
    logs: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("STILLWATCH_SKETCH_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    filled = [word.format(logs=logs, out=out) for word in words]
    assert (
        run(["--debug", *filled, "--max-rejected", "0.5"] if words[0] != "calibrate" else filled)
        == 0
    )
    shown = capfd.readouterr()
    for text in (shown.out, shown.err, caplog.text):
        assert not leaks(text)
        assert KEY not in text
    files = list(written(out)) if out.exists() else []
    assert files or words[0] == "validate"
    for path, text in files:
        assert not leaks(text), path
        assert KEY not in text, path
    assert not list(scratch.iterdir()), "nothing is left behind"


def test_the_search_finds_what_is_there(logs: Path) -> None:
    ((path, text),) = written(logs.parent)
    assert path == logs
    assert sorted(leaks(text)) == sorted(PLANTED)


def test_a_failed_run_quotes_nothing_either(
    logs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["scan", str(logs), "--out", str(tmp_path / "out"), "--memory-limit", "1MB"]) == 2
    shown = capfd.readouterr()
    assert not leaks(shown.out + shown.err)
    assert not [path for path, text in written(tmp_path / "out") if leaks(text)]
