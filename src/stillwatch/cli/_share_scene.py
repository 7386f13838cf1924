"""The demonstration's traffic and sign-up data, and what each party is found to hold in the end."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

    from stillwatch.pipeline.intake import Progress
    from stillwatch.sharing.forum.processes import LocalForum

_SCALE: Final = 0.5
_HISTORY_SCALE: Final = 1.5
_HISTORY_SEED: Final = 1_000_003
_DAYS: Final = 7
_SHARES: Final = {"a": 70, "b": 92, "c": 100}
"""Of the operation's accounts, in per cent and summed up: A sees most of it, C next to nothing."""
_PAYMENTS: Final = 30
_SUSPECTS: Final = 20
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


@dataclass(frozen=True, slots=True)
class Place:
    """One provider.

    Attributes:
        name: Of the member.
        results: Folder of its scan.
        campaign: Id of the largest campaign that its scan found; None where it found none.
        truth: Accounts of the operation here.
        found: How many of them its scan flagged.
        active: All accounts here.
        identifiers: File of the cluster's identifiers.
        customers: File of ordinary customers' identifiers.
        accounts: File of the cluster's accounts.
    """

    name: str
    results: Path
    campaign: str | None
    truth: int
    found: int
    active: int
    identifiers: Path
    customers: Path
    accounts: Path


@dataclass(frozen=True, slots=True)
class Scene:
    """All providers."""

    places: tuple[Place, ...]

    def of(self, name: str) -> Place:
        """Return one provider."""
        return next(place for place in self.places if place.name == name)


def compose(folder: Path, seed: int, progress: Progress) -> Scene:
    """Compose a week with one operation, deal it out, and have each provider scan its own.

    The profile is calibrated once, on a week without the operation. Payment references and e-mail
    addresses are made up: the operation's accounts share 30 cards, customers have one each.
    """
    from stillwatch import pipeline
    from stillwatch.range._assemble import assemble
    from stillwatch.range.campaigns.fixed_template import CAMPAIGN
    from stillwatch.range.compose import benign, compose_demo, stream, world_of, write
    from stillwatch.settings import load_settings

    settings = load_settings(None, {"scan": {"seed": seed}})
    past = compose_demo(seed + _HISTORY_SEED, _DAYS, _HISTORY_SCALE, campaigns=False)
    history = write(past, folder / "history")[0]
    pipeline.calibrate([str(history)], folder / "profile.json", settings, progress=progress)
    world = world_of(seed, _DAYS, _SCALE)
    parts = [*benign(world), CAMPAIGN.compose(stream(seed, "tactic.fixed_template"), world)]
    made = assemble(stream(seed, "assemble"), world, parts)
    labels = made.labels.to_pylist()
    hidden = {row["account_id"] for row in labels if row["campaign_id"] is not None}
    dealt = {row["account_id"]: _dealt(row["account_id"], row["account_id"] in hidden)
             for row in labels}  # fmt: skip
    places = []
    for name in _SHARES:
        own = {account for account, place in dealt.items() if place == name}
        place = folder / "providers" / name
        place.mkdir(parents=True)
        _write(made.exchanges, own, place / "traffic.parquet")
        scanned = pipeline.scan(
            [str(place / "traffic.parquet")], place / "results", settings,
            profile=folder / "profile.json", progress=progress,
        )  # fmt: skip
        places.append(_place(name, place, scanned.results, own, hidden))
    return Scene(tuple(places))


def _dealt(account: str, hidden: bool) -> str:
    at = zlib.crc32(account.encode()) % 100
    if not hidden:
        return "abc"[at % 3]
    return next(name for name, upto in _SHARES.items() if at < upto)


def _write(exchanges: pa.Table, accounts: set[str], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    kept = pc.is_in(exchanges["account_id"], pa.array(sorted(accounts)))
    pq.write_table(exchanges.filter(kept), path, compression="zstd")


def _place(name: str, folder: Path, results: Any, own: set[str], hidden: set[str]) -> Place:
    campaigns = sorted(results.campaigns, key=lambda one: -len(one.members))
    flagged = {m.account_id for one in campaigns for m in one.members}
    if campaigns:
        cluster = sorted(m.account_id for m in campaigns[0].members)
    else:
        cluster = _oddest(folder / "results" / "accounts.parquet")
    others = sorted(own - flagged - set(cluster))
    files = [folder / f"{what}.txt" for what in ("identifiers", "customers", "accounts")]
    for file, accounts in zip(files, (cluster, others), strict=False):
        file.write_text("".join(_identifiers(one, one in hidden) for one in accounts), "utf-8")
    files[2].write_text("".join(f"{one}\n" for one in cluster), "utf-8")
    return Place(
        name, folder / "results", campaigns[0].campaign_id if campaigns else None,
        len(own & hidden), len(flagged & hidden), len(own), *files,
    )  # fmt: skip


def _oddest(accounts: Path) -> list[str]:
    """Return the accounts that look least ordinary, where the scan flags none."""
    import pyarrow.parquet as pq

    rows = pq.read_table(accounts, columns=["account_id", "p_value"]).to_pylist()
    known = [row for row in rows if row["p_value"] is not None]
    known.sort(key=lambda row: (row["p_value"], row["account_id"]))
    return sorted(row["account_id"] for row in known[:_SUSPECTS])


def _identifiers(account: str, hidden: bool) -> str:
    number = zlib.crc32(f"card {account}".encode())
    owner = f"operation {number % _PAYMENTS}" if hidden else f"customer {account}"
    # In letters: a row of digits may read like a card number, which is never shared.
    card = hashlib.sha256(owner.encode()).hexdigest()[:24].translate(_LETTERS)
    return f"pay-ref processor:{card}\nemail {account.lower()}@mail.example\n"


def seen(
    forum: LocalForum, scene: Scene, outcome: Sequence[dict[str, object]]
) -> list[dict[str, object]]:
    """Look into what each party holds, and say it; identifiers are searched for byte by byte."""
    planted = {
        line.split(" ", 1)[1].encode()
        for place in scene.places
        for file in (place.identifiers, place.customers)
        for line in file.read_text("utf-8").splitlines()
    }
    outputs = b"".join(file.read_bytes() for file in forum.folder.glob("*.log"))
    held = {name: outputs + _held(forum.folder / name) for name in ("forum/board", "keyholder")}
    leaked = {name: sum(value in data for value in planted) for name, data in held.items()}
    rows = sum(file.stat().st_size // 280
               for file in (forum.folder / "forum/board/tags").glob("*.rows"))  # fmt: skip
    opened = {
        str(row["provider"]): sum(int(str(m["hits"])) for m in _list(row.get("matches")))
        for row in outcome
    }
    own = "sealed records, of identifiers that it holds itself"
    said = {
        "board": f"{rows} tags and what A stated in bands; {_told(leaked['forum/board'], planted)}",
        "key holder": "member, type, padded count and time of each lookup; "
        + _told(leaked["keyholder"], planted),
        "A of B and C": f"{outcome[0]['of_others']} objects: a match stays at home",
        "B of A": f"the bands, and {opened['B']} {own}",
        "C of A": f"the bands, and {opened['C']} {own}",
    }
    return [{"party": party, "saw": saw} for party, saw in said.items()]


def _told(found: int, planted: set[bytes]) -> str:
    return f"{found} of {len(planted)} identifiers"


def _held(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
