"""The wire format: what is sent comes back, anything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.private.framing import MOST_REQUEST_BYTES, Answer, Purpose, Request
from stillwatch.sharing.private.id_types import Epoch, IdType

EPOCHS = st.builds(Epoch, st.sampled_from(IdType), st.integers(0, 65535))
REQUEST = Request(Epoch(IdType.IP4, 2930), Purpose.CONTROL, b"r" * 32, [b"e" * 32] * 64)


COUNTS = st.sampled_from([64, 128, 1024])
ROOTS = st.binary(min_size=32, max_size=32)


@given(EPOCHS, st.sampled_from(Purpose), COUNTS, ROOTS)
def test_a_request_comes_back(epoch: Epoch, purpose: Purpose, count: int, root: bytes) -> None:
    request = Request(epoch, purpose, root, [bytes([i % 256]) * 32 for i in range(count)])
    assert Request.decode(request.encode()) == request
    assert len(request.encode()) <= MOST_REQUEST_BYTES


def test_the_layout_is_the_published_one() -> None:
    head = b"SWEV\x01\x04\x0b\x72\x04\x00\x00\x00\x40" + b"r" * 32
    assert REQUEST.encode() == head + b"e" * (64 * 32)


@pytest.mark.parametrize("count", [0, 1, 63, 65, 192, 1000, 2048, 2**16])
def test_counts_that_are_not_padded_are_refused(count: int) -> None:
    body = Request(REQUEST.epoch, REQUEST.purpose, REQUEST.root, [b"e" * 32] * count).encode()
    with pytest.raises(InputError):
        Request.decode(body)


def test_other_bodies_are_refused() -> None:
    body = REQUEST.encode()
    for changed in (
        b"",
        body[:-1],
        body + b"\x00",
        b"SWEX" + body[4:],
        body[:4] + b"\x02" + body[5:],
        body[:8] + b"\x09" + body[9:],
    ):
        with pytest.raises(InputError):
            Request.decode(changed)
    with pytest.raises(SharingRefused):
        Request.decode(body[:5] + b"\x63" + body[6:])


def test_an_answer_comes_back_to_its_batch_only() -> None:
    body = Answer.encode(7, 2, b"a" * 32 + b"b" * 32 + b"p" * 64)
    assert Answer.decode(body, 2) == Answer(7, [b"a" * 32, b"b" * 32], b"p" * 64)
    wrong = [(body, 1), (body[:-1], 2), (body + b"x", 2), (b"", 2), (b"x" + body[1:], 2)]
    for changed, count in wrong:
        with pytest.raises(InputError):
            Answer.decode(changed, count)


@given(st.binary(max_size=200))
def test_no_bytes_end_in_another_error(body: bytes) -> None:
    with pytest.raises((InputError, SharingRefused)):
        Request.decode(body)
    with pytest.raises(InputError):
        Answer.decode(body, 64)
