"""Cosignatures: what a witness signs, with which algorithm, and how many make a quorum.

A cosignature says that, at a time, this was the largest consistent tree of the log that the witness
had seen. Without those of a majority a checkpoint proves nothing: the log alone could show every
member another one.

Source: C2SP tlog-cosignature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from stillwatch.core.errors import ConfigError, SharingRefused
from stillwatch.sharing.ledger.notes import (
    Checkpoint,
    Note,
    NoteSignature,
    VerifierKey,
    ed25519_verifies,
)

ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06


@dataclass(frozen=True, slots=True)
class CosignatureKind:
    """An algorithm: what of a checkpoint is signed, and how a signature is verified.

    Attributes:
        message: From the witness's name, the time in Unix seconds and the checkpoint.
        verifies: From public key, signature and message.
    """

    message: Callable[[str, int, Checkpoint], bytes]
    verifies: Callable[[bytes, bytes, bytes], bool]


def _ed25519_message(_: str, timestamp: int, checkpoint: Checkpoint) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{checkpoint.body()}".encode()


def _mldsa44_message(name: str, timestamp: int, checkpoint: Checkpoint) -> bytes:
    """Return the `cosigned_message` of the whole tree: start 0, end its size."""
    named = [bytes([len(text)]) + text for text in (name.encode(), checkpoint.origin.encode())]
    numbers = [number.to_bytes(8, "big") for number in (timestamp, 0, checkpoint.size)]
    return (
        b"subtree/v1\n\0"
        + named[0]
        + numbers[0]
        + named[1]
        + b"".join(numbers[1:])
        + (checkpoint.root)
    )


def _mldsa44_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


KINDS: Final = {
    ED25519_COSIGNATURE: CosignatureKind(_ed25519_message, ed25519_verifies),
    MLDSA44_COSIGNATURE: CosignatureKind(_mldsa44_message, _mldsa44_verifies),
}
"""By signature type; another algorithm is one more entry."""


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's signing key; its type decides the algorithm.

    Attributes:
        name: Of the witness, such as `acme.example/witness`.
        private: Used for nothing else: an Ed25519 cosignature does not bind the name.
    """

    name: str
    private: Ed25519PrivateKey | MLDSA44PrivateKey

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        ed25519 = isinstance(self.private, Ed25519PrivateKey)
        kind = ED25519_COSIGNATURE if ed25519 else MLDSA44_COSIGNATURE
        return VerifierKey(self.name, kind, self.private.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint, timestamp: int) -> NoteSignature:
        """Cosign a checkpoint at a time in Unix seconds, whatever it says; see `Witness`."""
        key = self.key
        made = self.private.sign(KINDS[key.kind].message(self.name, timestamp, checkpoint))
        return NoteSignature(self.name, key.key_id, timestamp.to_bytes(8, "big") + made)


def cosigned_by(note: Note, key: VerifierKey) -> bool:
    """Say whether a witness cosigned a checkpoint.

    Lines of other keys do not count; one of this key that does not verify spoils the note.

    Raises:
        InputError: The note is no checkpoint.
    """
    checkpoint, kind = Checkpoint.parse(note.body), KINDS.get(key.kind)
    made = [s.signature for s in note.signatures if s.made_with(key)]
    if kind is None or not made:
        return False
    messages = (
        kind.message(key.name, int.from_bytes(signature[:8], "big"), checkpoint)
        for signature in made
    )
    return all(
        kind.verifies(key.public, signature[8:], message)
        for signature, message in zip(made, messages, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Quorum:
    """The witnesses of a log, of whom a majority must have cosigned.

    Attributes:
        witnesses: One key each; two entries of one name or one key are refused.
    """

    witnesses: tuple[VerifierKey, ...]

    def __post_init__(self) -> None:
        names = {key.name for key in self.witnesses}
        keys = {key.public for key in self.witnesses}
        if not self.witnesses or not len(names) == len(keys) == len(self.witnesses):
            raise ConfigError("a quorum needs witnesses, each with a name and a key of its own")

    @property
    def needed(self) -> int:
        """How many cosignatures make a majority."""
        return len(self.witnesses) // 2 + 1

    def check(self, note: Note) -> tuple[str, ...]:
        """Return the names of the witnesses that cosigned.

        Raises:
            SharingRefused: Fewer than a majority did (`sw.log.no_quorum`).
            InputError: The note is no checkpoint.
        """
        names = tuple(key.name for key in self.witnesses if cosigned_by(note, key))
        if len(names) < self.needed:
            raise SharingRefused(
                f"{len(names)} of {len(self.witnesses)} witnesses cosigned the checkpoint, "
                f"{self.needed} must",
                "ask the witnesses to cosign, and find out why those that did not refused",
                "sw.log.no_quorum",
            )
        return names
