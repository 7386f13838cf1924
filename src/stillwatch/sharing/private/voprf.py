"""An oblivious pseudorandom function whose answers can be verified (RFC 9497).

Suite ristretto255-SHA512, mode 0x01. The key holder evaluates without seeing what; the member
learns nothing of the key; one proof a batch shows that the published key was used.

The two sides stand on implementations of different authors: the key holder's on the `voprf`
package, the member's on libsodium through `rbcl`. Each so checks the other at every batch. The
member's side needs the blinding scalar, which `voprf` hides: without it no batch can be opened to
an auditor. Elements and scalars are 32 bytes; the identity, zero, non-canonical and short encodings
are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from stillwatch.core.errors import InputError
from stillwatch.sharing.private.refused import ProtocolAlarm

if TYPE_CHECKING:
    from types import ModuleType

ELEMENT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
PROOF_BYTES: Final = 64
OUTPUT_BYTES: Final = 64
SEED_BYTES: Final = 32
MOST_ELEMENTS: Final = 2**16 - 1
CONTEXT: Final = b"OPRFV1-" + b"\x01" + b"-ristretto255-SHA512"
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_BLOCK: Final = 128  # bytes of a block of SHA-512


class Evaluator(Protocol):
    """The key holder's side, for one key."""

    @property
    def public_key(self) -> bytes:
        """The key that the answers can be verified with, 32 bytes."""
        ...

    def check(self, blinded: Sequence[bytes]) -> None:
        """Refuse what cannot be evaluated, before it costs anything.

        Raises:
            InputError: One of them is no element of the group, or the identity.
        """
        ...

    def evaluate(self, blinded: Sequence[bytes]) -> bytes:
        """Return the evaluated elements and one proof over them, joined.

        Args:
            blinded: 1 to 65,535 elements.

        Raises:
            InputError: One of them is no element of the group, or the identity.
        """
        ...


class PackagedEvaluator:
    """The key holder's side on the `voprf` package.

    Args:
        seed: 32 random bytes, of this key alone.
        info: What the key is for.

    Raises:
        InputError: The seed is of another length.
    """

    def __init__(self, seed: bytes, info: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise InputError(f"a seed has {SEED_BYTES} bytes")
        from voprf import ristretto  # noqa: PLC0415 (only the key holder needs it)

        self._suite: Any = ristretto
        self._key: Any = ristretto.Evaluator.from_seed(seed, info)
        self._public_key = bytes(self._key.public_key.serialize())

    @property
    def public_key(self) -> bytes:
        """The key that the answers can be verified with, 32 bytes."""
        return self._public_key

    def check(self, blinded: Sequence[bytes]) -> None:
        """Refuse what cannot be evaluated, before it costs anything.

        Raises:
            InputError: One of them is no element of the group, or the identity; or there are none,
                or too many.
        """
        self._read(blinded)

    def evaluate(self, blinded: Sequence[bytes]) -> bytes:
        """Return the evaluated elements and one proof over them, joined (RFC 9497, 3.3.2).

        Raises:
            InputError: One of them is no element of the group, or the identity; or there are none,
                or too many.
        """
        answer = bytes(self._key.evaluate_batch(self._read(blinded)).serialize())
        return answer[PROOF_BYTES:] + answer[:PROOF_BYTES]

    def _read(self, blinded: Sequence[bytes]) -> list[Any]:
        if not 0 < len(blinded) <= MOST_ELEMENTS:
            raise InputError(f"a batch has 1 to {MOST_ELEMENTS} elements")
        # the package would read the first 32 bytes of a longer encoding
        if any(len(element) != ELEMENT_BYTES for element in blinded):
            raise InputError(f"a blinded element has {ELEMENT_BYTES} bytes")
        try:
            return list(map(self._suite.BlindedInput.deserialize, blinded))
        except ValueError:
            raise InputError("a blinded element is none of the group, or the identity") from None


@dataclass(frozen=True, slots=True)
class Blinded:
    """One input on its way to the key holder.

    Attributes:
        x: The input; never leaves the member but to an auditor.
        blind: The scalar that hides it, 32 bytes; as secret as the input.
        element: What the key holder sees, 32 bytes.
    """

    x: bytes = field(repr=False)
    blind: bytes = field(repr=False)
    element: bytes


def blind(x: bytes, scalar: bytes | None = None) -> Blinded:
    """Hide an input (RFC 9497, 3.3.1).

    Args:
        x: 1 to 65,535 bytes.
        scalar: The blind, 32 bytes; None draws a fresh one, which a member always does.

    Raises:
        InputError: The input cannot be hidden, or the scalar is zero or out of range.
    """
    if scalar is None:
        scalar = _bytes_of(1 + secrets.randbelow(ORDER - 1))
    return Blinded(x, scalar, _times(scalar, hash_to_group(x)))


def hash_to_group(x: bytes) -> bytes:
    """Return the element of an input, 32 bytes (RFC 9497, 4.1; RFC 9380, 5.3.1 and appendix B).

    Raises:
        InputError: The input is empty or too long, or its element is the identity.
    """
    if not 0 < len(x) <= MOST_ELEMENTS:
        raise InputError("an input has 1 to 65,535 bytes")
    point = _uniform_element(_expand(x, b"HashToGroup-" + CONTEXT))
    if point == bytes(ELEMENT_BYTES):
        raise InputError("the input's element is the identity")
    return point


def verify(
    public_key: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes
) -> None:
    """Check that one key evaluated a whole batch (RFC 9497, 2.2.2).

    Raises:
        ProtocolAlarm: It did not, or what came back is no proof.
    """
    try:
        held = len(proof) == PROOF_BYTES and _holds(public_key, blinded, evaluated, proof)
    except InputError:
        held = False
    if not held:
        raise ProtocolAlarm(
            "the key holder's proof fails: another key than the published one was used",
            "use none of its answers, and report the batch to the forum",
            "sw.protocol.proof",
        )


def finalise(blinded: Blinded, evaluated: bytes) -> bytes:
    """Return the output of the function, 64 bytes (RFC 9497, 3.3.1); verify the batch before.

    Raises:
        InputError: What was evaluated is no element.
    """
    inverse = _bytes_of(pow(_scalar(blinded.blind), -1, ORDER))
    return output(blinded.x, _times(inverse, evaluated))


def output(x: bytes, unblinded: bytes) -> bytes:
    """Hash an input and its unblinded element to the output of the function, 64 bytes."""
    framed = b"".join(len(part).to_bytes(2, "big") + part for part in (x, unblinded))
    return hashlib.sha512(framed + b"Finalize").digest()


def composites(
    public_key: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the weighted sums of a batch's blinded and evaluated elements (RFC 9497, 2.2.1).

    Raises:
        InputError: An encoding is wrong, or the two lists differ in length.
    """
    if not 0 < len(blinded) == len(evaluated) <= MOST_ELEMENTS:
        raise InputError("a batch has as many answers as elements")
    seed_tag = b"Seed-" + CONTEXT
    seed = hashlib.sha512(_framed(public_key) + _framed(seed_tag)).digest()
    left = right = None
    for index, (b, z) in enumerate(zip(blinded, evaluated, strict=True)):
        at = index.to_bytes(2, "big")
        weight = _bytes_of(
            hash_to_scalar(_framed(seed) + at + _framed(b) + _framed(z) + b"Composite")
        )
        left = _sum(left, _times(weight, b))
        right = _sum(right, _times(weight, z))
    assert left is not None  # noqa: S101 (for the type checker: a batch is not empty)
    assert right is not None  # noqa: S101
    return left, right


def challenge(public_key: bytes, *elements: bytes) -> int:
    """Return the challenge of a proof (RFC 9497, 2.2.1)."""
    return hash_to_scalar(b"".join(map(_framed, (public_key, *elements))) + b"Challenge")


def hash_to_scalar(message: bytes) -> int:
    """Return a scalar below the order of the group (RFC 9497, 4.1)."""
    return int.from_bytes(_expand(message, b"HashToScalar-" + CONTEXT), "little") % ORDER


def _holds(
    public_key: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes
) -> bool:
    c, s = proof[:SCALAR_BYTES], proof[SCALAR_BYTES:]
    left, right = composites(public_key, blinded, evaluated)
    t2 = _sum(_times(s, _generator()), _times(c, public_key))
    t3 = _sum(_times(s, left), _times(c, right))
    expected = challenge(public_key, left, right, t2, t3)
    return hmac.compare_digest(_bytes_of(expected), c)


def _expand(message: bytes, tag: bytes) -> bytes:
    """Return 64 uniform bytes: expand_message_xmd of RFC 9380 on SHA-512, for one block."""
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(_BLOCK) + message + b"\x00\x40\x00" + suffix).digest()
    return hashlib.sha512(first + b"\x01" + suffix).digest()


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(2, "big") + part


def _bytes_of(scalar: int) -> bytes:
    return scalar.to_bytes(SCALAR_BYTES, "little")


def _scalar(encoded: bytes) -> int:
    value = int.from_bytes(encoded, "little")
    if len(encoded) != SCALAR_BYTES or not 0 < value < ORDER:
        raise InputError("a scalar is zero, out of range or of another length")
    return value


def _times(scalar: bytes, element: bytes) -> bytes:
    _scalar(scalar)
    try:
        product: bytes = _sodium().crypto_scalarmult_ristretto255(scalar, element)
    except (RuntimeError, ValueError):
        raise InputError("an encoding is no element of the group, or the identity") from None
    return product


def _sum(left: bytes | None, right: bytes) -> bytes:
    """Add elements that `_times` made, which are valid; None is the empty sum."""
    if left is None:
        return right
    total: bytes = _sodium().crypto_core_ristretto255_add(left, right)
    return total


def _uniform_element(uniform: bytes) -> bytes:
    point: bytes = _sodium().crypto_core_ristretto255_from_hash(uniform)
    return point


@cache
def _generator() -> bytes:
    generator: bytes = _sodium().crypto_scalarmult_ristretto255_base(_bytes_of(1))
    return generator


@cache
def _sodium() -> ModuleType:
    """Load libsodium, which the package unpacks into a file that it then leaves behind."""
    import importlib  # noqa: PLC0415
    import sys  # noqa: PLC0415

    bindings = importlib.import_module("rbcl")
    unpacked = getattr(sys.modules.get("rbcl._sodium"), "lib_path", None)
    if unpacked and sys.platform != "win32":
        Path(unpacked).unlink(missing_ok=True)
    return bindings
