"""A copy of a log's public files at a node, checked in full and against the copy before it.

Whole tiles never change, so only what is new is fetched. A log that shows a member another past
than it showed before is caught here; one that shows two members different logs is caught when they
compare checkpoints, or by witnesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.forum.facts import keyholder_log
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.audit import Audit, verify_log
from stillwatch.sharing.ledger.durable import disk_errors, write_durably
from stillwatch.sharing.ledger.leaves import Leaf, Opening
from stillwatch.sharing.ledger.log import CHECKPOINT
from stillwatch.sharing.ledger.notes import Checkpoint, Note, VerifierKey, signed_by
from stillwatch.sharing.ledger.tiles import WIDTH, Tiles, levels_at, tile_path, width_at
from stillwatch.sharing.private.asking import ask
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.refused import ProtocolAlarm

_MOST_TILE: Final = 2**20
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A log of the forum as one node holds it.

    Attributes:
        node: Whose copy.
        base_url: Of the server that shows the log.
        key: Of the log.
        name: Of the copy's folder.
    """

    node: Node
    base_url: str
    key: VerifierKey
    name: str

    @property
    def folder(self) -> Path:
        """Where the copy is."""
        return self.node.folder / "logs" / self.name

    async def refresh(self) -> Audit:
        """Fetch what is new and verify the whole copy.

        Raises:
            ProtocolAlarm: The log shows another past than before.
            ExternalError: Server or disk failed.
            InputError: The server sent what is no log.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for attempt in range(_TRIES):
            before = self._held()
            raw = await self._get(CHECKPOINT)
            note = Note.parse(raw)
            if not signed_by(note, self.key):
                raise _alarm("the log's checkpoint is not signed by its key", "sw.log.unsigned")
            checkpoint = Checkpoint.parse(note.body)
            try:
                await self._fetch(checkpoint.size)
                break
            except SharingRefused as refused:  # the log grew meanwhile and dropped a partial tile
                if attempt == _TRIES - 1:
                    raise ExternalError("the log lacks a tile", "retry") from refused
        if before is not None:
            self._extends(before, checkpoint)
        write_durably(self.folder / CHECKPOINT, raw)
        return verify_log(self.folder, self.key)

    async def entries(self) -> list[bytes]:
        """Return all leaves of the copy."""
        tiles, held = Tiles(self.folder), self._held()
        size = held.size if held else 0
        bundles = range(-(-size // WIDTH))
        return [e for at in bundles for e in tiles.entries(at, width_at(0, at, size))]

    def _held(self) -> Checkpoint | None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return None
        with disk_errors(path):
            return Checkpoint.parse(Note.parse(path.read_bytes()).body)

    def _extends(self, old: Checkpoint, new: Checkpoint) -> None:
        """Hold both roots against the new tiles, of which whole ones were fetched long before."""
        nodes = Tiles(self.folder).at(new.size)
        if old.size > new.size or any(tree.root(nodes, c.size) != c.root for c in (old, new)):
            raise _alarm("the log shows another past than it showed before", "sw.log.rewritten")

    async def _fetch(self, size: int) -> None:
        for level in range(levels_at(size)):
            for index in range(-(-(size >> (8 * level)) // WIDTH)):
                width = width_at(level, index, size)
                await self._keep(tile_path(level, index, width))
                if level == 0:
                    await self._keep(tile_path("entries", index, width))

    async def _keep(self, path: str) -> None:
        target = self.folder / path
        if target.is_file():
            return
        data = await self._get(path)
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        write_durably(target, data)

    async def _get(self, path: str) -> bytes:
        uri = f"{self.base_url}/log/{path}"
        return await ask(self.node.session, self.node.sign, "GET", uri, _MOST_TILE)


def board_log(node: Node) -> LogCopy:
    """Return the node's copy of the board's log."""
    key = VerifierKey.parse(node.facts.board_log)
    return LogCopy(node, node.facts.board_url, key, "board")


def keyholder_copy(node: Node) -> LogCopy:
    """Return the node's copy of the key holder's log.

    Raises:
        ConfigError: The node has no key of it.
    """
    return LogCopy(node, node.facts.keyholder_url, keyholder_log(node.folder), "keyholder")


async def published_keys(node: Node) -> dict[Epoch, bytes]:
    """Return the public keys of epochs as the key holder's log published them.

    Every leaf that publishes a key is opened and held against the verified copy. Where one epoch
    has two keys, none counts: a key holder could give each member another.

    Raises:
        ProtocolAlarm: The log does not verify, or two keys of one epoch were published.
        ExternalError: The key holder cannot be reached.
        ConfigError: The node has no key of the key holder's log.
    """
    copy = keyholder_copy(node)
    audit = await copy.refresh()
    if audit.faults:
        message = f"the key holder's log does not verify: {audit.faults[0].where}"
        raise _alarm(message, "sw.log.faults")
    found: dict[Epoch, bytes] = {}
    leaves = [(index, Leaf.parse(entry)) for index, entry in enumerate(await copy.entries())]
    for index, leaf in leaves:
        if leaf.kind == LeafKind.EPOCH_KEY_PUBLISHED:
            event = await _opening(node, index, leaf)
            if event is None:
                continue
            epoch, public = _key(event)
            if found.setdefault(epoch, public) != public:
                raise _alarm("two public keys of one epoch were published", "sw.log.two_keys")
    return found


async def _opening(node: Node, index: int, leaf: Leaf) -> bytes | None:
    """Return what a leaf was about; None once that was erased."""
    uri = f"{node.facts.keyholder_url}/log/openings?first={index}"
    answer = await ask(node.session, node.sign, "GET", uri, 2**24)
    try:
        row = next((one for one in orjson.loads(answer)["openings"] if one["leaf"] == index), None)
        if row is None:
            return None
        opening = Opening(bytes.fromhex(row["salt"]), row["event"].encode())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ExternalError("the key holder's answer cannot be read", "report it") from None
    if not leaf.opened_by(opening):
        raise _alarm("the key holder opens a leaf to what it did not log", "sw.log.opening")
    return opening.event


def _key(event: bytes) -> tuple[Epoch, bytes]:
    try:
        content = orjson.loads(event)
        epoch = Epoch(IdType.named(content["type"]), int(content["epoch"]))
        return epoch, bytes.fromhex(content["public_key"])
    except (ValueError, TypeError, KeyError):
        raise InputError("the log's event is none of a key", "report it") from None


def _alarm(message: str, code: str) -> ProtocolAlarm:
    return ProtocolAlarm(message, "stop, and tell the forum", code)
