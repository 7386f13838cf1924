"""The transparency log: appends commitments, publishes signed checkpoints, proves what it holds.

    public/checkpoint   signed note; the only public file that changes
    public/tile/…       what anyone may read: a web server may serve all of `public`
    private/log.sqlite  what opens the commitments, and leaves not published yet

An append is durable when it returns. `prepare` writes tiles and signs a checkpoint, witnesses
cosign it, `publish` puts it in place. A process killed at any point loses nothing acknowledged.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from stillwatch.core.errors import ExternalError, InputError, UnitError
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.ledger.jcs import canonical
from stillwatch.sharing.ledger.leaves import SALT_BYTES, Leaf, Opening
from stillwatch.sharing.ledger.notes import Checkpoint, Note, NoteSigner, signed_by
from stillwatch.sharing.ledger.private import PrivateStore
from stillwatch.sharing.ledger.receipts import Receipt
from stillwatch.sharing.ledger.tiles import WIDTH, Tiles, width_at

CHECKPOINT: Final = "checkpoint"

Event = tuple[LeafKind, bytes, Mapping[str, object]]
"""Kind, pseudonym of 16 bytes, plain JSON data; see `contracts.LeafLog`."""


class Log:
    """One log, written by one process at a time.

    Args:
        folder: Holds `public` and `private`; made if it is missing.
        signer: Key of the log; its name is the origin.
        clock: Unix seconds; a leaf keeps the hour only.

    Raises:
        ExternalError: Another process holds the log, or the disk failed.
        InputError: What is on the disk is not this log.
    """

    def __init__(
        self, folder: Path, signer: NoteSigner, clock: Callable[[], float] = time.time
    ) -> None:
        self.public = folder / "public"
        self._signer = signer
        self._clock = clock
        self._lock = threading.Lock()  # of the private store
        self._tiling = threading.Lock()  # of tiles and checkpoint; taken first
        self._tiles = Tiles(self.public)
        private = folder / "private"
        with disk_errors(folder):
            self.public.mkdir(parents=True, exist_ok=True)
            private.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder)
        self._held = _hold(private / "lock")
        try:
            self._store = PrivateStore(private / "log.sqlite")
            self._published = self._read_checkpoint()
            self._next = self._published + len(self._store.journal(self._published))
        except BaseException:
            self._held.close()
            raise
        self._tiled = self._published

    @property
    def size(self) -> int:
        """Leaves appended, published or not."""
        return self._next

    @property
    def published(self) -> int:
        """Leaves that the published checkpoint covers."""
        return self._published

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        """Commit to an event and return the index of its leaf; see `contracts.LeafLog`.

        Raises:
            SharingRefused: The event is no plain JSON data.
            UnitError: The pseudonym is not 16 bytes.
            ExternalError: The leaf could not be made durable; nothing was appended.
        """
        return self.append_many([(kind, pseudonym, event)])[0]

    def append_many(self, events: Sequence[Event]) -> range:
        """Commit to events at once, all or none, and return the indices of their leaves.

        Raises:
            As for `append`.
        """
        hour = int(self._clock()) // 3600
        openings = [
            Opening(secrets.token_bytes(SALT_BYTES), canonical(dict(e))) for *_, e in events
        ]
        entries = [
            Leaf(kind, hour, pseudonym, opening.commitment()).encode()
            for (kind, pseudonym, _), opening in zip(events, openings, strict=True)
        ]
        with self._lock:
            found = range(self._next, self._next + len(entries))
            self._store.add(found.start, entries, openings)
            self._next = found.stop
        return found

    def prepare(self) -> Note:
        """Write the tiles of every leaf so far and return a signed checkpoint, not yet published.

        Raises:
            InputError: The last tiles of the log are damaged.
            ExternalError: The disk failed.
        """
        with self._tiling:
            with self._lock:
                entries = self._store.journal(self._published)
            self._tiles.extend(self._published, entries)
            self._tiled = size = self._published + len(entries)
        found = tree.root(self._tiles.at(size), size)
        body = Checkpoint(self._signer.name, size, found).body()
        return Note(body, (self._signer.sign(body),))

    def publish(self, note: Note) -> Checkpoint:
        """Put a prepared checkpoint in place, with what witnesses have added to it.

        Raises:
            InputError: It is no checkpoint of this log, or a smaller one than is published.
            ExternalError: The disk failed.
        """
        checkpoint = Checkpoint.parse(note.body)
        with self._tiling:
            size, ours = checkpoint.size, signed_by(note, self._signer.key)
            if not (ours and self._published <= size <= self._tiled) or (
                tree.root(self._tiles.at(self._tiled), size) != checkpoint.root
            ):
                raise InputError("the checkpoint was not prepared here, or another one overtook it")
            write_durably(self.public / CHECKPOINT, note.encode())
            sync_folder(self.public)
            before, self._published = self._published, size
            with self._lock:
                self._store.trim(size)
            self._tiles.drop_partial(before, size)
        return checkpoint

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the audit path of a leaf in the published checkpoint, leaf end first.

        Raises:
            UnitError: The published checkpoint does not cover the leaf.
            InputError: A tile is damaged.
        """
        return tree.inclusion_proof(self._tiles.at(self._published), index, self._published)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of `old` leaves is a prefix of a prepared one.

        Raises:
            UnitError: The sizes are not in order, or nothing of the larger size was prepared.
            InputError: A tile is damaged.
        """
        if new > self._tiled:
            raise UnitError(f"no checkpoint of {new:,} leaves was prepared")
        return tree.consistency_proof(self._tiles.at(self._tiled), old, new)

    def entry(self, index: int) -> bytes:
        """Return a published leaf as it was logged, 54 bytes.

        Raises:
            UnitError: The published checkpoint does not cover it.
            InputError: Its bundle is damaged.
        """
        if not 0 <= index < self._published:
            raise UnitError(f"leaf {index:,} is not published")
        bundle, place = divmod(index, WIDTH)
        return self._tiles.entries(bundle, width_at(0, bundle, self._published))[place]

    def opening(self, index: int) -> Opening | None:
        """Return what opens a leaf; None once it is erased.

        Raises:
            ExternalError: The disk failed.
        """
        with self._lock:
            return self._store.opening(index)

    def receipt(self, index: int) -> Receipt:
        """Return the proof that a published leaf was logged, with what opens it.

        Raises:
            UnitError: The published checkpoint does not cover the leaf, or it was erased.
            InputError: A tile is damaged.
        """
        opening = self.opening(index)
        if opening is None:
            raise UnitError(f"leaf {index:,} has nothing left that could open it")
        with self._tiling:
            leaf, proof = Leaf.parse(self.entry(index)), self.inclusion_proof(index)
            with disk_errors(self.public / CHECKPOINT):
                note = Note.parse((self.public / CHECKPOINT).read_bytes())
        return Receipt(index, leaf, opening, tuple(proof), note)

    def erase(self, indices: Sequence[int]) -> None:
        """Erase salt and event of leaves for good; the leaves and all proofs stay.

        Raises:
            ExternalError: The disk failed.
        """
        with self._lock:
            self._store.erase(indices)

    def close(self) -> None:
        """Let another process write."""
        self._store.close()
        self._held.close()

    def _read_checkpoint(self) -> int:
        path = self.public / CHECKPOINT
        if not path.exists():
            return 0
        with disk_errors(path):
            note = Note.parse(path.read_bytes())
        if not signed_by(note, self._signer.key):
            raise InputError(f"{path}: not signed by {self._signer.key.text()}")
        return Checkpoint.parse(note.body).size


def _hold(path: Path) -> BinaryIO:
    """Lock a file until it is closed, by whatever end the process finds."""
    with disk_errors(path):
        held = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise ExternalError(f"{path.parent.parent}: another process writes this log") from None
    return held


CONTRACT: type[LeafLog] = Log
