"""A receipt: one file that proves, without asking anyone, that an event was logged and witnessed.

So a member accepts the public key of an epoch, for instance, only with the receipt of the leaf that
published it. Whoever gives the receipt away opens the leaf to the one who reads it.

Source: C2SP tlog-proof; its `extra` line holds leaf, salt and event.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger.cosign import Quorum
from stillwatch.sharing.ledger.leaves import LEAF_BYTES, SALT_BYTES, Leaf, Opening
from stillwatch.sharing.ledger.notes import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    VerifierKey,
    decoded_base64,
    signed_by,
)
from stillwatch.sharing.ledger.tree import leaf_hash, verify_inclusion

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_MAX_PROOF: Final = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """An opened leaf and the proof that it is in a checkpoint.

    Attributes:
        index: Place of the leaf.
        leaf: What anyone may read of it.
        opening: What it commits to.
        proof: Audit path, leaf end first.
        checkpoint: Signed by the log, with the cosignatures of its witnesses.
    """

    index: int
    leaf: Leaf
    opening: Opening
    proof: tuple[bytes, ...]
    checkpoint: Note

    def verify(self, log: VerifierKey, quorum: Quorum) -> None:
        """Check signature, quorum, inclusion and commitment.

        Args:
            log: Key of the log.
            quorum: Its witnesses.

        Raises:
            SharingRefused: One of them does not hold (`sw.log.unsigned`, `sw.log.no_quorum`,
                `sw.log.not_included`, `sw.log.not_opened`).
            InputError: The note is no checkpoint.
        """
        found = Checkpoint.parse(self.checkpoint.body)
        if found.origin != log.name or not signed_by(self.checkpoint, log):
            raise _refused("unsigned", "the log did not sign the receipt's checkpoint")
        quorum.check(self.checkpoint)
        hashed = leaf_hash(self.leaf.encode())
        if not verify_inclusion(hashed, self.index, found.size, self.proof, found.root):
            raise _refused("not_included", "the receipt's leaf is not in the log")
        if not self.leaf.opened_by(self.opening):
            raise _refused("not_opened", "the receipt's event is not the one that was logged")

    def encode(self) -> bytes:
        """Return the receipt as it is stored and sent."""
        extra = self.leaf.encode() + self.opening.salt + self.opening.event
        lines = [_FIRST, f"extra {b64encode(extra).decode()}", f"index {self.index}"]
        lines += [b64encode(step).decode() for step in self.proof]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint.encode()

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """Return the receipt that bytes state; nothing is verified.

        Raises:
            InputError: They have another form.
        """
        head, blank, note = data[:MAX_NOTE_BYTES].partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            lines = []
        if len(data) > MAX_NOTE_BYTES or not blank or not 3 <= len(lines) <= 3 + _MAX_PROOF:
            raise _unreadable()
        first, extra, index, *steps = lines
        opened = decoded_base64(extra.removeprefix("extra ")) or b""
        number = index.removeprefix("index ")
        proof = [step for step in map(decoded_base64, steps) if step is not None]
        receipt = cls(
            int(number) if number.isdigit() and len(number) < 20 else -1,
            Leaf.parse(opened[:LEAF_BYTES]),
            Opening(
                opened[LEAF_BYTES : LEAF_BYTES + SALT_BYTES], opened[LEAF_BYTES + SALT_BYTES :]
            ),
            tuple(proof),
            Note.parse(note),
        )
        if first != _FIRST or receipt.encode() != data:
            raise _unreadable()
        return receipt


def _refused(code: str, message: str) -> SharingRefused:
    return SharingRefused(message, "keep the receipt and tell the witnesses", f"sw.log.{code}")


def _unreadable() -> InputError:
    return InputError("the receipt cannot be read", "ask for it again")
