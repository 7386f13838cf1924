"""The node's side of a lookup: blind, have evaluated, verify, finalise.

The key holder sees padded counts of blinded elements. What it answers counts only if the proof
holds for the public key that the log published and witnesses saw.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stillwatch.core.errors import ExternalError, InputError
from stillwatch.sharing.private import voprf
from stillwatch.sharing.private.asking import Signer, ask
from stillwatch.sharing.private.commit_open import MOST_REAL, CommittedBatch, commit
from stillwatch.sharing.private.framing import MEDIA_TYPE, Answer, Purpose, Request
from stillwatch.sharing.private.id_types import Epoch
from stillwatch.sharing.private.identifiers import Identifier
from stillwatch.sharing.private.node_store import NodeStore
from stillwatch.sharing.private.records import TagKey

if TYPE_CHECKING:
    import aiohttp

Witnessed = Callable[[Epoch], bytes]
"""Returns the public key of an epoch, as the log published it and witnesses saw it."""

_AT_ONCE: Final = 2  # one is finalised while the other is evaluated
_MOST_ANSWER_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Remote:
    """A key holder over HTTP.

    Attributes:
        session: Carries TLS and the client certificate.
        base_url: Such as `https://keys.example.org`.
        sign: Signs requests.
    """

    session: aiohttp.ClientSession
    base_url: str
    sign: Signer

    async def evaluate(self, request: Request) -> Answer:
        """Have a batch evaluated; the caller verifies the proof.

        Raises:
            EpochOver: The key is destroyed, or about to be.
            QuotaSpent: The day's quota does not reach.
            SharingRefused: The key holder refused; the code says why.
            ExternalError: It cannot be reached, or answered what is no answer.
        """
        body = request.encode()
        answer = await ask(
            self.session,
            self.sign,
            "POST",
            f"{self.base_url}/v1/evaluate",
            _MOST_ANSWER_BYTES,
            body,
            MEDIA_TYPE,
        )
        try:
            return Answer.decode(answer, len(request.elements))
        except InputError as error:
            raise ExternalError(error.message, "ask the key holder's operator") from None


@dataclass(frozen=True, slots=True)
class Lookups:
    """Turns identifiers into what finds and opens records.

    Attributes:
        remote: The key holder.
        witnessed: The published public keys.
        store: Remembers outputs, so that a second lookup in an epoch costs no quota.
    """

    remote: Remote
    witnessed: Witnessed
    store: NodeStore

    async def tag_keys(
        self,
        identifiers: Sequence[Identifier],
        epoch: Epoch,
        purpose: Purpose,
        retain_until: int,
    ) -> list[TagKey]:
        """Return the tag and seal key of each identifier.

        Args:
            identifiers: Of the epoch's type; repeated ones are evaluated once.
            epoch: The epoch of the tags.
            purpose: Why; peers see it beside the count.
            retain_until: Last day that outputs and batches may be kept, from 1 January 1970.

        Raises:
            InputError: An identifier is of another type.
            ProtocolAlarm: A proof fails. No answer of that batch is used or kept.
            EpochOver: The epoch ended; look up in the current one.
            SharingRefused: The key holder refused; batches before stay remembered.
            ExternalError: The key holder, the network or the disk failed; a retry costs only what
                is missing.
        """
        if any(one.id_type is not epoch.id_type for one in identifiers):
            raise InputError(f"the identifiers are not all of {epoch.id_type.label}")
        inputs = list(dict.fromkeys(one.x for one in identifiers))
        known = dict(zip(inputs, self.store.outputs(epoch, inputs), strict=True))
        missing = [x for x, y in known.items() if y is None]
        batches = iter(_batches(missing))

        async def work() -> None:
            try:
                for batch in batches:
                    outputs = await self._evaluated(batch, epoch, purpose, retain_until)
                    known.update(zip(batch, outputs, strict=True))
            except Exception:
                deque(batches, maxlen=0)  # nobody starts another batch
                raise

        done = await asyncio.gather(*(work() for _ in range(_AT_ONCE)), return_exceptions=True)
        for failure in filter(None, done):
            raise failure
        derived = {x: TagKey.of(epoch, y) for x, y in known.items() if y is not None}
        return [derived[one.x] for one in identifiers]

    async def _evaluated(
        self, inputs: Sequence[bytes], epoch: Epoch, purpose: Purpose, retain_until: int
    ) -> list[bytes]:
        public_key = self.witnessed(epoch)
        batch = await asyncio.to_thread(commit, inputs)
        elements = [one.element for one in batch.blinded]
        self.store.keep_batch(batch, retain_until)
        answer = await self.remote.evaluate(Request(epoch, purpose, batch.root, elements))
        self.store.logged(batch.root, answer.leaf)
        outputs = await asyncio.to_thread(_finalised, public_key, batch, answer, len(inputs))
        self.store.keep_outputs(epoch, inputs, outputs, retain_until)
        return outputs


def _finalised(public_key: bytes, batch: CommittedBatch, answer: Answer, real: int) -> list[bytes]:
    elements = [one.element for one in batch.blinded]
    voprf.verify(public_key, elements, answer.elements, answer.proof)
    pairs = zip(batch.blinded[:real], answer.elements[:real], strict=True)
    return [voprf.finalise(one, evaluated) for one, evaluated in pairs]


def _batches(inputs: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(inputs), MOST_REAL):
        yield inputs[start : start + MOST_REAL]
