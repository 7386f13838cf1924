"""The documentation is what the code is: commands, settings, units, errors, command lines shown."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Final

import click
import pytest

from stillwatch.cli import cli, run
from stillwatch.core import errors
from stillwatch.core.catalogue import CONSTANTS, units
from stillwatch.core.config import Settings, effective
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range import scenario
from stillwatch.range.contracts import UNOBSERVABLE

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
REFERENCE: Final = ROOT / "docs" / "reference"
LOGS: Final = ROOT / "docs" / "how-to" / "read-your-logs.md"
RANGE: Final = ROOT / "docs" / "explanation" / "range.md"
MAPPED: Final = {
    "OpenTelemetry GenAI spans": ("otel", "_spans"),
    "LiteLLM": ("litellm", "_pairs"),
    "OpenAI-style pairs": ("openai", "_pairs"),
    "Anthropic-style pairs": ("anthropic", "_pairs"),
}
EVENTS: Final = {"gen_ai.user.message", "gen_ai.choice"}  # matched by a pattern
SHELL_STOPS: Final = {"|", ">", "&&", ";", "||", "2>", "&"}


def load(script: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(script, ROOT / "scripts" / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR: Final = load("reference")
COMMANDS: Final = [words for words, _ in GENERATOR.command_names()]


@pytest.mark.parametrize("name", ["cli.md", "units.md", "settings.md"])
def test_the_reference_is_up_to_date(name: str) -> None:
    written = (REFERENCE / name).read_text("utf-8")
    assert written == GENERATOR.pages()[name], "run: python scripts/reference.py"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_documented_with_an_example(words: tuple[str, ...]) -> None:
    text = (REFERENCE / "cli.md").read_text("utf-8")
    title = " ".join(("stillwatch", *words))
    assert f"## {title}\n" in text
    command = dict(GENERATOR.command_names())[words]
    if not isinstance(command, click.Group):
        assert "Example:" in (command.epilog or "")
        assert f"\n  {title}" in (command.epilog or "")
        assert any("--json" in option.opts for option in command.params), "no --json"


def test_every_option_says_what_it_does() -> None:
    for words, command in GENERATOR.command_names():
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, (words, option.name)


def test_every_setting_is_documented_with_its_meaning() -> None:
    text = (REFERENCE / "settings.md").read_text("utf-8")
    for row in effective(Settings()):
        line = re.search(rf"^\| `{re.escape(row.key)}` \| `.*` \| (.*) \|$", text, re.MULTILINE)
        assert line is not None, row.key
        assert len(line[1]) > 10, row.key


def test_every_unit_is_documented() -> None:
    text = (REFERENCE / "units.md").read_text("utf-8")
    for folder in CONSTANTS:
        for name in units(folder, object):
            assert f"\n### {name}\n" in text, f"{folder}.{name}"


def test_every_error_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text("utf-8")
    for error in [errors.StillwatchError, *errors.StillwatchError.__subclasses__()]:
        assert f"| `{error.__name__}` | {error.exit_code} |" in text


def shown_lines() -> Iterator[tuple[str, str]]:
    """Yield every command line in a fenced block of the README and the docs, and of each help."""
    for path in [README, *sorted((ROOT / "docs").rglob("*.md"))]:
        fenced = False
        for line in path.read_text("utf-8").splitlines():
            if line.lstrip().startswith("```"):
                fenced = not fenced
            words = line.strip().removeprefix("$ ").removeprefix(".venv/bin/")
            if fenced and words.startswith("stillwatch "):
                yield path.relative_to(ROOT).as_posix(), words


@pytest.mark.parametrize(("where", "line"), sorted(set(shown_lines())))
def test_every_command_line_shown_parses(where: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    stop = next((i for i, word in enumerate(words) if word in SHELL_STOPS), len(words))
    parse(cli, "stillwatch", words[:stop], None)


def parse(
    command: click.Command, name: str, words: list[str], parent: click.Context | None
) -> None:
    """Parse as far as to the command itself, and run nothing."""
    if words in (["--version"], ["--help"]):
        return
    context = command.make_context(name, words, parent=parent)
    if isinstance(command, click.Group):
        rest = [word for word in words if word != "--debug"]
        assert rest, "no command"
        inner, found, left = command.resolve_command(context, rest)
        assert found is not None
        assert inner is not None
        parse(found, inner, left, context)


def worked_examples() -> Iterator[tuple[str, str, str]]:
    """Yield every command of the how-to on logs that is shown with its output."""
    for block in re.findall(r"```console\n(.*?)```", LOGS.read_text("utf-8"), re.DOTALL):
        line, _, output = block.partition("\n")
        if output and not output.startswith("$ "):
            yield LOGS.name, line.removeprefix("$ "), output


def example_files() -> dict[str, str]:
    text = LOGS.read_text("utf-8")
    return dict(re.findall(r'```json title="([^"]+)"\n(.*?)```', text, re.DOTALL))


@pytest.mark.parametrize(("where", "line", "output"), worked_examples())
def test_every_worked_example_prints_what_is_shown(
    where: str,
    line: str,
    output: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, content in example_files().items():
        (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    run(shlex.split(line)[1:])
    captured = capfd.readouterr()
    assert captured.out + captured.err == output, f"{where} shows something else"


def test_the_scenario_shown_is_read_and_composed() -> None:
    shown = re.findall(
        r'```toml title="(\w+)\.toml"\n(.*?)```', RANGE.read_text("utf-8"), re.DOTALL
    )
    assert shown
    for name, text in shown:
        plan = scenario.read(name, text)
        assert plan.campaigns
        week = scenario.compose(replace(plan, days=2, scale=0.01), 0, None)
        hidden = set(week.labels["campaign_id"].drop_null().to_pylist())
        assert hidden == {campaign.name for campaign in plan.campaigns}


def test_every_tactic_that_leaves_no_trace_is_said() -> None:
    text = RANGE.read_text("utf-8")
    assert all(f"({name})" in text for name in UNOBSERVABLE)


def test_every_source_is_shown_at_work() -> None:
    shown = {
        line.split()[1] for _, _, output in worked_examples() for line in output.splitlines()[1:2]
    }
    assert shown == set(units("sources", object)) - {"parquet"}  # no file of text


def test_every_field_that_a_log_maps_from_is_read() -> None:
    parts = re.split(r"^## (.+)$", LOGS.read_text("utf-8"), flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(MAPPED) < set(sections)
    code = ROOT / "src" / "stillwatch" / "sources"
    for title, modules in MAPPED.items():
        source = "".join((code / f"{name}.py").read_text("utf-8") for name in modules)
        rows = re.findall(r"^\| (`.+?) \| (.+) \|$", sections[title], re.MULTILINE)
        assert len(rows) > 9
        for columns, origin in rows:
            assert set(re.findall(r"`(\w+)`", columns)) <= set(EXCHANGE_SCHEMA.names), columns
            for field in re.findall(r"`([\w.]+)`", origin):
                last = field if field.startswith("gen_ai.") else field.rpartition(".")[2]
                known = (
                    last in source or re.sub(r"\.(prompt|completion)\.0\..+", "", last) in source
                )
                assert known or last in EVENTS, f"{title}: {field}"


def test_a_wrong_option_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse(cli, "stillwatch", ["scan", "logs/", "--out", "x", "--fdrr", "1"], None)
    with pytest.raises(click.UsageError):
        parse(cli, "stillwatch", ["scann", "logs/"], None)


def test_completion_works_as_documented() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "stillwatch"],
        env={
            **os.environ,
            "_STILLWATCH_COMPLETE": "bash_complete",
            "COMP_WORDS": "stillwatch s",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    offered = {line.split(",")[1] for line in answer.stdout.splitlines()}
    assert offered == {"scan", "share", "sketch", "sources"}


def test_the_readme_shows_output_in_blocks_that_a_command_renews() -> None:
    text = README.read_text("utf-8")
    for name, command in (("demo", "make demo"), ("tests", "make test")):
        (shown,) = load("readme").block(name).finditer(text)
        lines = shown[0].splitlines()
        assert lines[1:3] == ["```console", f"$ {command}"], "run: make readme TESTS=1"
        assert len(lines) > 5
        assert max(map(len, lines)) <= 120


def test_renewing_a_block_leaves_the_rest() -> None:
    before = "a\n<!-- demo: by hand -->\nold\n<!-- end of demo -->\nz\n"
    after = load("readme").renewed(before, "demo", "make demo", "one  \ntwo\n")
    assert after == (
        "a\n<!-- demo: by hand -->\n```console\n$ make demo\none\ntwo\n```\n"
        "<!-- end of demo -->\nz\n"
    )
    with pytest.raises(SystemExit):
        load("readme").renewed("no block", "demo", "make demo", "")


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    pages = [README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    shown = {
        target
        for page in pages
        for target in re.findall(r"(?:\$ |`)make ([a-z-]+)", page.read_text("utf-8"))
    }
    assert {"demo", "test", "readme"} <= shown <= targets


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).is_file(), target
        titles = re.findall(r"^#+ (.+)$", (ROOT / path).read_bytes().decode(errors="ignore"), re.M)
        slugs = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
        assert not anchor or anchor in slugs, target


def test_the_pictures_are_small() -> None:
    pictures = re.findall(r"!\[.+\]\((.+\.png)\)", README.read_text("utf-8"))
    assert len(pictures) == len(load("readme").PICTURES)
    assert all((ROOT / path).stat().st_size < 300_000 for path in pictures)
