"""The key holder's keys: one a (type, epoch), made fresh, published before use, then destroyed.

A seed is 32 random bytes in a file of its own, never derived from a master: else destroying it
would forget nothing. The public key enters the log before the key answers. A day after its epoch
the key no longer answers, its seed is overwritten and removed, and that enters the log.

Every step can be interrupted: a seed without its public record is published at the next start, a
seed gone without the log knowing is logged then. Overwriting reaches the medium only where the
file system writes in place; elsewhere keep the folder on an encrypted volume.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.private.id_types import DAY_SECONDS, Epoch, IdType
from stillwatch.sharing.private.refused import EpochOver
from stillwatch.sharing.private.voprf import SEED_BYTES, Evaluator, PackagedEvaluator

LEAD_SECONDS: Final = DAY_SECONDS
"""So long before an epoch its key is published, for witnesses to see it."""
SUITE: Final = "ristretto255-SHA512"
HOLDER: Final = bytes(16)
"""The pseudonym of leaves that are about the key holder itself."""


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """What everyone may know of a key.

    Attributes:
        type: Name of the identifiers' type.
        epoch: Number of the epoch.
        public_key: 32 bytes, hexadecimal.
        leaf: Index of the leaf of the log that published it.
        destroyed_leaf: Index of the leaf that logged its end, if it came.
    """

    type: str
    epoch: int
    public_key: str
    leaf: int
    destroyed_leaf: int | None = None


class EpochKeys:
    """Keys in a folder.

    Args:
        folder: Where seeds and public records live; made if missing, for the owner alone.
        log: Where keys are published and their end is logged.
        clock: Seconds since 1 January 1970, UTC.
        make: Makes the evaluator of a seed and an `Epoch.info`.
    """

    def __init__(
        self,
        folder: Path,
        log: LeafLog,
        clock: Callable[[], float],
        make: Callable[[bytes, bytes], Evaluator] = PackagedEvaluator,
    ) -> None:
        self._folder, self._log, self._clock, self._make = folder, log, clock, make
        self._lock = threading.Lock()
        self._loaded: dict[Epoch, Evaluator] = {}
        with _disk_errors():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def rotate(self) -> None:
        """Publish the keys that are needed within a day, and destroy those that are past.

        Raises:
            ExternalError: The disk or the log failed; call again, what was done stays done.
        """
        now = self._clock()
        with self._lock, _disk_errors():
            for id_type in IdType:
                for epoch in {Epoch.at(id_type, now), Epoch.at(id_type, now + LEAD_SECONDS)}:
                    if self._published(epoch) is None:
                        self._publish(epoch)
            for key in self._all():
                epoch = Epoch(IdType.named(key.type), key.epoch)
                if key.destroyed_leaf is None and now >= epoch.destroyed_from:
                    self._destroy(epoch, key)

    def evaluator(self, epoch: Epoch) -> Evaluator:
        """Return the key of an epoch that is under way, or was until a day ago.

        Raises:
            EpochOver: It is past; whether the seed is destroyed yet makes no difference.
            SharingRefused: It has not begun, or its key is not published.
            ExternalError: The seed is gone or changed.
        """
        now = self._clock()
        if now >= epoch.destroyed_from:
            raise EpochOver(
                "the epoch is over and its key destroyed",
                "look up in the current epoch",
                "sw.epoch.over",
            )
        with self._lock, _disk_errors():
            key = self._published(epoch)
            if now < epoch.start or key is None:
                raise SharingRefused(
                    "the epoch has not begun, or its key is not published yet",
                    code="sw.epoch.not_begun",
                )
            if epoch not in self._loaded:
                self._loaded[epoch] = self._load(epoch, key)
            return self._loaded[epoch]

    def listing(self) -> list[PublishedKey]:
        """Return every key that was ever published, destroyed ones as well.

        Raises:
            ExternalError: The disk failed.
        """
        with self._lock, _disk_errors():
            return self._all()

    def _publish(self, epoch: Epoch) -> None:
        path = self._seed_path(epoch)
        if not path.exists():
            _write(path, secrets.token_bytes(SEED_BYTES))
        public_key = self._make(path.read_bytes(), epoch.info).public_key.hex()
        leaf = self._log.append(
            LeafKind.EPOCH_KEY_PUBLISHED,
            HOLDER,
            {
                "type": epoch.id_type.label,
                "epoch": epoch.number,
                "suite": SUITE,
                "public_key": public_key,
                "from": epoch.start,
                "until": epoch.destroyed_from,
            },
        )
        self._record(PublishedKey(epoch.id_type.label, epoch.number, public_key, leaf))

    def _destroy(self, epoch: Epoch, key: PublishedKey) -> None:
        self._loaded.pop(epoch, None)
        path = self._seed_path(epoch)
        if path.exists():
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(SEED_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync_folder(self._folder)
        event = {"type": key.type, "epoch": key.epoch, "public_key": key.public_key}
        leaf = self._log.append(LeafKind.EPOCH_KEY_DESTROYED, HOLDER, event)
        self._record(replace(key, destroyed_leaf=leaf))

    def _load(self, epoch: Epoch, key: PublishedKey) -> Evaluator:
        seed = self._seed_path(epoch).read_bytes()
        evaluator = self._make(seed, epoch.info) if len(seed) == SEED_BYTES else None
        if evaluator is None or evaluator.public_key.hex() != key.public_key:
            raise ExternalError(
                f"the seed of {key.type}, epoch {key.epoch}, is not the published one",
                "restore the folder from its backup; a key is never made twice",
            )
        return evaluator

    def _seed_path(self, epoch: Epoch) -> Path:
        return self._folder / f"{epoch.id_type.label}.{epoch.number}.seed"

    def _published(self, epoch: Epoch) -> PublishedKey | None:
        path = self._folder / f"{epoch.id_type.label}.{epoch.number}.json"
        return _read(path) if path.exists() else None

    def _record(self, key: PublishedKey) -> None:
        path = self._folder / f"{key.type}.{key.epoch}.json"
        _write(path, json.dumps(asdict(key)).encode())

    def _all(self) -> list[PublishedKey]:
        found = [_read(path) for path in self._folder.glob("*.json")]
        return sorted(found, key=lambda key: (key.type, key.epoch))


def _read(path: Path) -> PublishedKey:
    try:
        return PublishedKey(**json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise ExternalError(
            f"{path} is damaged", "restore it from a backup, or from the log"
        ) from None


def _write(path: Path, content: bytes) -> None:
    """Put a file in place, for the owner alone; after a crash it is there whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = error.filename or "the key holder's folder"
        raise ExternalError(f"{name}: {error.strerror}", "mend the disk, then retry") from None
