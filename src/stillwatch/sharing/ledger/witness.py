"""A witness: it remembers the largest tree of a log that it saw, and cosigns what extends it.

Two members that are shown different logs are witnesses of different trees, and no proof joins them:
the second of the two checkpoints is refused, and the refusal names a split view.

Source: C2SP tlog-witness (order of the checks, what is remembered), tlog-cosignature.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.ledger.cosign import Cosigner
from stillwatch.sharing.ledger.durable import sync_folder, write_durably
from stillwatch.sharing.ledger.notes import Checkpoint, Note, NoteSignature, VerifierKey, signed_by
from stillwatch.sharing.ledger.tree import EMPTY_ROOT, verify_consistency


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
        """
        if not self._state.exists():
            return Checkpoint(self._log.name, 0, EMPTY_ROOT)
        return Checkpoint.parse(self._state.read_text("utf-8"))

    def cosign(self, note: Note, proof: Sequence[bytes], now: int) -> NoteSignature:
        """Return a cosignature, once the new tree is remembered durably.

        Args:
            note: A checkpoint that the log signed.
            proof: That the tree of `held()` is a prefix of it.
            now: Unix seconds.

        Raises:
            SharingRefused: The log did not sign it (`sw.witness.unsigned`), it is smaller than
                what was seen (`sw.witness.rollback`), its proof does not start at what was seen or
                is wrong (`sw.witness.proof`), or it has the same size and another root: the log
                showed two views (`sw.witness.split_view`).
            InputError: It is no checkpoint, or the state file is damaged.
            ExternalError: The new tree could not be remembered; nothing was signed.
        """
        checkpoint = Checkpoint.parse(note.body)
        if checkpoint.origin != self._log.name or not signed_by(note, self._log):
            raise _refused("unsigned", "the log did not sign this checkpoint")
        with self._lock:
            self._extends(checkpoint, proof)
            write_durably(self._state, checkpoint.body().encode())
            sync_folder(self._state.parent)
        return self._cosigner.sign(checkpoint, now)

    def _extends(self, new: Checkpoint, proof: Sequence[bytes]) -> None:
        held = self.held()
        if new.size < held.size:
            raise _refused("rollback", f"the log went back from {held.size:,} to {new.size:,}")
        if new.size == held.size and new.root != held.root:
            raise _refused("split_view", f"the log has two different trees of {new.size:,} leaves")
        if not verify_consistency(held.size, new.size, held.root, new.root, proof):
            raise _refused("proof", f"no proof that the tree of {held.size:,} leaves was extended")


def _refused(code: str, message: str) -> SharingRefused:
    hint = "keep both checkpoints and tell the other witnesses: together they are evidence"
    return SharingRefused(message, hint, f"sw.witness.{code}")
