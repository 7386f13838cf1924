"""Records open for who holds the identifier, and for nobody else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.records import (
    PLAIN_BYTES,
    SEALED_BYTES,
    Confidence,
    Record,
    TagKey,
    open_sealed,
    seal,
)

EPOCH = Epoch(IdType.EMAIL, 228)
Y = bytes(range(64))
KEY = TagKey.of(EPOCH, Y)
PSEUDONYM = b"p" * 16
RECORD = Record(b"c" * 16, frozenset({1, 4, 26}), Confidence.HIGH, 2930, 2935, 20_700, "desk-7.a")

RECORDS = st.builds(
    lambda campaign, tactics, confidence, weeks, day, handle: Record(
        campaign, tactics, confidence, *sorted(weeks), day, handle
    ),
    st.binary(min_size=16, max_size=16),
    st.frozensets(st.integers(1, 26), min_size=1),
    st.sampled_from(Confidence),
    st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
    st.integers(0, 65535),
    st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True),
)


def test_keys_are_derived_by_hkdf() -> None:
    sha256 = hashes.SHA256()
    assert HKDF(sha256, 16, EPOCH.info, b"tag").derive(Y) == KEY.tag
    assert HKDF(sha256, 32, EPOCH.info, b"seal").derive(Y) == KEY.seal
    sealed = seal(KEY, PSEUDONYM, RECORD, b"r" * 16)
    key = HKDFExpand(sha256, 32, b"rec" + b"r" * 16).derive(KEY.seal)
    bound = b"\x01\x01\x00\xe4" + KEY.tag + b"r" * 16 + PSEUDONYM
    assert AESGCMSIV(key).decrypt(bytes(12), sealed.ciphertext, bound) == RECORD.encode()


@given(RECORDS)
def test_a_record_comes_back(record: Record) -> None:
    assert len(record.encode()) == PLAIN_BYTES
    assert Record.decode(record.encode()) == record
    sealed = seal(KEY, PSEUDONYM, record)
    assert len(sealed.ciphertext) == SEALED_BYTES
    assert open_sealed(KEY, sealed) == record


def test_nothing_else_opens_it() -> None:
    sealed = seal(KEY, PSEUDONYM, RECORD)
    flipped = bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]
    for changed in (
        replace(sealed, rid=bytes(16)),
        replace(sealed, pseudonym=bytes(16)),
        replace(sealed, ciphertext=flipped),
        replace(sealed, ciphertext=sealed.ciphertext[:-1]),
        replace(sealed, ciphertext=b""),
    ):
        with pytest.raises(InputError):
            open_sealed(KEY, changed)
    for other in (
        TagKey.of(EPOCH, bytes(64)),
        TagKey.of(Epoch(IdType.EMAIL, 229), Y),
        TagKey.of(Epoch(IdType.PHONE, 228), Y),
        replace(KEY, tag=bytes(16)),
        replace(KEY, epoch=Epoch(IdType.EMAIL, 229)),
    ):
        with pytest.raises(InputError):
            open_sealed(other, sealed)


def test_two_records_of_one_identifier_share_neither_id_nor_bytes() -> None:
    one, two = seal(KEY, PSEUDONYM, RECORD), seal(KEY, PSEUDONYM, RECORD)
    assert one.rid != two.rid
    assert one.ciphertext != two.ciphertext


def test_a_tag_of_one_epoch_says_nothing_in_the_next() -> None:
    assert TagKey.of(Epoch(IdType.EMAIL, 229), Y).tag != KEY.tag


@given(st.binary(max_size=PLAIN_BYTES + 1))
def test_no_plaintext_ends_in_another_error(plain: bytes) -> None:
    try:
        record = Record.decode(plain)
    except InputError:
        return
    assert record.encode() == plain


@pytest.mark.parametrize(
    "change",
    [
        {"campaign": b"c"},
        {"tactics": frozenset()},
        {"tactics": frozenset({27})},
        {"first_week": 3000},
        {"last_week": 65536},
        {"retain_until": -1},
        {"handle": ""},
        {"handle": "call me +49 30"},
        {"handle": "x" * 65},
    ],
    ids=str,
)
def test_records_hold_no_free_text_and_nothing_out_of_range(change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(RECORD, **change)  # type: ignore[arg-type]


def test_decoding_refuses_other_forms() -> None:
    plain = RECORD.encode()
    for changed in (
        b"\x02" + plain[1:],
        plain[:-1] + b"\x01",
        plain[:17] + b"\xff" + plain[18:],
        plain[:21] + b"\x09" + plain[22:],
    ):
        with pytest.raises(InputError):
            Record.decode(changed)


def test_the_seal_is_not_shown() -> None:
    assert not re.search(re.escape(repr(KEY.seal)), repr(KEY))


def test_a_pseudonym_of_another_length_is_refused() -> None:
    with pytest.raises(InputError):
        seal(KEY, b"short", RECORD)
