"""A witness: it remembers the largest tree of a log that it saw, and cosigns what extends it.

Two members that are shown different logs are witnesses of different trees, and no proof joins them:
the second of the two checkpoints is refused, and the refusal names a split view.

Source: C2SP tlog-witness (order of the checks, what is remembered), tlog-cosignature.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger.cosign import Cosigner
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.ledger.notes import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    NoteSignature,
    VerifierKey,
    decoded_base64,
    signed_by,
)
from stillwatch.sharing.ledger.tree import EMPTY_ROOT, verify_consistency

MAX_PROOF: Final = 63


@dataclass(frozen=True, slots=True)
class CosignRequest:
    """What a log asks of a witness (tlog-witness, `add-checkpoint`).

    Attributes:
        old: Leaves of the tree that the proof starts at.
        proof: That it is a prefix of the tree of the checkpoint.
        note: The checkpoint, signed by the log.
    """

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """Return the body of the request."""
        steps = "".join(f"{b64encode(step).decode()}\n" for step in self.proof)
        return f"old {self.old}\n{steps}\n".encode() + self.note.encode()

    @classmethod
    def parse(cls, body: bytes) -> CosignRequest:
        """Return the request that a body states.

        Raises:
            InputError: It has another form.
        """
        head, _, note = body[:MAX_NOTE_BYTES].partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            first, lines = "", []
        number = first.removeprefix("old ")
        steps = [step for step in map(decoded_base64, lines) if step is not None]
        if number.isdigit() and len(number) < 20 and len(lines) <= MAX_PROOF:
            found = cls(int(number), tuple(steps), Note.parse(note))
            if found.encode() == body:
                return found
        raise InputError("the request to cosign cannot be read", "see C2SP tlog-witness")


class Witness:
    """Cosigns the checkpoints of one log.

    Args:
        cosigner: The witness's own key.
        log: Key of the log.
        state: File that holds the checkpoint cosigned last; without it nothing was seen yet.
    """

    def __init__(self, cosigner: Cosigner, log: VerifierKey, state: Path) -> None:
        self._cosigner = cosigner
        self._log = log
        self._state = state
        self._lock = threading.Lock()

    def held(self) -> Checkpoint:
        """Return the largest checkpoint seen: where the log's consistency proof must start.

        Raises:
            InputError: The state file is damaged.
            ExternalError: It cannot be read.
        """
        if not self._state.exists():
            return Checkpoint(self._log.name, 0, EMPTY_ROOT)
        with disk_errors(self._state):
            return Checkpoint.parse(self._state.read_text("utf-8", "replace"))

    def cosign(self, request: CosignRequest, now: int) -> NoteSignature:
        """Return a cosignature, once the new tree is remembered durably.

        Args:
            request: A checkpoint and its proof.
            now: Unix seconds.

        Raises:
            SharingRefused: The log did not sign it (`sw.witness.unsigned`), it is smaller than
                what was seen (`sw.witness.rollback`), its proof does not start at what was seen
                (`sw.witness.conflict`; the message says where it must) or does not hold
                (`sw.witness.proof`), or it has the size of what was seen and another root: the log
                showed two views (`sw.witness.split_view`).
            InputError: It is no checkpoint, or the state file is damaged.
            ExternalError: The new tree could not be remembered; nothing was signed.
        """
        checkpoint = Checkpoint.parse(request.note.body)
        if checkpoint.origin != self._log.name or not signed_by(request.note, self._log):
            raise _refused("unsigned", "the log did not sign this checkpoint")
        with self._lock:
            self._extends(checkpoint, request)
            write_durably(self._state, checkpoint.body().encode())
            sync_folder(self._state.parent)
        return self._cosigner.sign(checkpoint, now)

    def _extends(self, new: Checkpoint, request: CosignRequest) -> None:
        held = self.held()
        if new.size < held.size:
            raise _refused("rollback", f"the log went back from {held.size:,} to {new.size:,}")
        if new.size == held.size and new.root != held.root:
            raise _refused("split_view", f"the log has two different trees of {new.size:,} leaves")
        if request.old != held.size:
            raise _refused("conflict", f"the proof must start at the tree of {held.size} leaves")
        if not verify_consistency(held.size, new.size, held.root, new.root, request.proof):
            raise _refused("proof", f"no proof that the tree of {held.size:,} leaves was extended")


def _refused(code: str, message: str) -> SharingRefused:
    hint = "keep both checkpoints and tell the other witnesses: together they are evidence"
    return SharingRefused(message, hint, f"sw.witness.{code}")
