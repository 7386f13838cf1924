"""What a node shared, received and decided, for somebody who reads law rather than JSON.

One HTML page and one CSV file a table. Objects are shown at the level of their schema: every field
that is there, and the rule for it. Nothing of the private plane is in it: no identifier, no tag,
no account.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from stillwatch.sharing.forum import outbox
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.governance.gate import fields_of
from stillwatch.sharing.ledger.durable import disk_errors, write_durably
from stillwatch.sharing.stix.extensions import Extension

_STYLE: Final = (
    "body{font:15px/1.5 sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin-bottom:2rem}caption{text-align:left;font-weight:600}"
    "td,th{border:1px solid #999;padding:.2rem .5rem;text-align:left;vertical-align:top}"
)
_NAMES: Final = {str(one): one.name.lower().replace("_", " ") for one in Extension}


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the export.

    Attributes:
        name: Of its CSV file.
        title: What it shows, in a sentence.
        columns: Headers.
        rows: Cells, as text.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def export(node: Node, out: Path) -> dict[str, int]:
    """Write the export; return how many rows each table has.

    Raises:
        ExternalError: The disk failed.
    """
    sections = [
        Section("shared", "What this member shared with the forum, field by field",
                _FIELDS, list(_shared(node))),
        Section("received", "What other members shared and this node keeps, field by field",
                _FIELDS, list(_received(node))),
        Section("decisions", "What this node decided; never told to anyone", _DECISIONS,
                list(_decisions(node))),
        Section("derived", "What each decision was derived from", ("decision", "rests on"),
                list(_rows(node, "SELECT child, parent FROM derived ORDER BY child, parent"))),
        Section("reviews", "Decisions to look at again: what they rest on was taken back",
                ("decision", "cause", "due", "outcome"),
                list(_rows(node, "SELECT decision_id, cause, due, outcome FROM review "
                                 "ORDER BY review_id"))),
        Section("withdrawals", "What was withdrawn", ("object", "learned", "reason"),
                [(a, _time(b), c) for a, b, c in _rows(
                    node, "SELECT object_id, at_us, reason FROM withdrawal ORDER BY at_us")]),
        Section("appeals", "Appeals that this node knows of",
                ("appeal", "object", "opened", "due", "state"),
                list(_rows(node, "SELECT appeal_id, object_id, opened, due, state FROM appeal "
                                 "ORDER BY opened, appeal_id"))),
    ]  # fmt: skip
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    for one in sections:
        write_durably(out / f"{one.name}.csv", _csv(one))
    write_durably(out / "audit.html", _page(sections, node).encode())
    return {one.name: len(one.rows) for one in sections}


_FIELDS: Final = ("object", "type", "part", "field", "value")
_DECISIONS: Final = ("decision", "when", "step", "reason", "own E", "T", "undone")


def _shared(node: Node) -> Iterator[tuple[str, ...]]:
    for parcel in outbox.every(node.folder):
        for stix in (parcel.campaign, *parcel.objects, *parcel.withdrawal):
            yield from _object(stix)


def _received(node: Node) -> Iterator[tuple[str, ...]]:
    with node.state.transaction() as rows:
        bodies = [bytes(row["body"]) for row in rows.execute("SELECT body FROM object")]
    for body in bodies:
        yield from _object(orjson.loads(body))


def _object(stix: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    about = str(stix["id"]), str(stix["type"])
    for field, value in stix.items():
        if field not in ("id", "type", "extensions"):
            yield (*about, "object", field, _text(value))
    for extension in Extension:
        for field, value in fields_of(stix, extension).items():
            if field != "extension_type":
                yield (*about, _NAMES[str(extension)], field, _text(value))


def _decisions(node: Node) -> Iterator[tuple[str, ...]]:
    query = "SELECT * FROM decision ORDER BY at_us, decision_id"
    with node.state.transaction() as rows:
        found = rows.execute(query).fetchall()
    for row in found:
        undone = "" if row["undone_us"] is None else _time(row["undone_us"])
        yield (
            row["decision_id"], _time(row["at_us"]), row["step"], row["reason"],
            f"{row['own_e']:.3g}", f"{row['total_e']:.3g}", undone,
        )  # fmt: skip


def _rows(node: Node, query: str) -> Iterator[tuple[str, ...]]:
    with node.state.transaction() as rows:
        found = rows.execute(query).fetchall()
    for row in found:
        yield tuple("" if cell is None else str(cell) for cell in row)


def _time(micros: object) -> str:
    moment = datetime.fromtimestamp(int(str(micros)) / 1_000_000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _csv(section: Section) -> bytes:
    """A cell that begins like a formula gets an apostrophe: spreadsheets run formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(section.columns)
    for row in section.rows:
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in row])
    return out.getvalue().encode()


def _page(sections: Sequence[Section], node: Node) -> str:
    body = "".join(map(_table, sections))
    member, board = (html.escape(one) for one in (node.credentials.party_id, node.facts.board_url))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Audit of {member}</title>'
        f"<style>{_STYLE}</style><h1>Audit of {member}</h1><p>Forum: {board}. "
        f"Written {_time(node.now_us)}.</p>{body}</html>\n"
    )


def _table(section: Section) -> str:
    head = "".join(f"<th>{html.escape(one)}" for one in section.columns)
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in row) for row in section.rows
    )
    caption = f"<caption>{html.escape(section.title)}: {len(section.rows)} rows</caption>"
    return f"<table>{caption}<tr>{head}{cells}</table>"
