"""Signed notes and checkpoints: the published examples, and notes that are none."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import ConfigError, InputError
from stillwatch.sharing.ledger.notes import (
    Checkpoint,
    Note,
    NoteSignature,
    VerifierKey,
    signed_by,
)

EXAMPLES = [
    (  # C2SP signed-note, "Example"
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "This is an example message.\n\n"
        "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
        "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    ),
    (  # the note package of the Go checksum database
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
        "ngotpRZb6KE6RyyBwJnAM=\n",
    ),
]
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


@pytest.mark.parametrize(("vkey", "text"), EXAMPLES)
def test_published_notes_verify(vkey, text):
    key, note = VerifierKey.parse(vkey), Note.parse(text.encode())
    assert signed_by(note, key)
    assert key.text() == vkey
    assert note.encode() == text.encode()
    assert not signed_by(Note(note.body.replace("e", "E"), note.signatures), key)
    assert not signed_by(note, VerifierKey(key.name, 1, bytes(32)))
    assert not signed_by(note, VerifierKey("example.com/other", 1, key.public))


def test_the_published_checkpoint():
    checkpoint = Checkpoint.parse(SOFA)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.body() == SOFA


def test_lines_of_strangers_do_not_count_and_a_bad_one_of_the_key_spoils_the_note(signer):
    body = Checkpoint(signer.name, 3, bytes(32)).body()
    bad = NoteSignature(signer.name, signer.key.key_id, bytes(64))
    stranger = NoteSignature("stranger.example", bytes(4), bytes(64))
    other_id = NoteSignature(signer.name, bytes(4), bytes(64))
    assert signed_by(Note(body, (stranger, other_id, signer.sign(body))), signer.key)
    for lines in ((), (stranger,), (bad,), (bad, signer.sign(body)), (signer.sign(body), bad)):
        assert not signed_by(Note(body, lines), signer.key)


def test_signing_again_replaces_the_line(signer):
    body = Checkpoint(signer.name, 3, bytes(32)).body()
    note = Note(body, (signer.sign(body),))
    assert note.signed(signer.sign(body)) == note


LINE = "— a AAAAAAAA\n"

NO_NOTES = [
    b"",
    b"text\n",
    b"text\n\n",
    b"text\n\n" + LINE[:-1].encode(),
    b"\n\n" + LINE.encode(),
    b"\xff\n\n" + LINE.encode(),
    b"te\rxt\n\n" + LINE.encode(),
    b"text\n\n- a AAAAAAAA\n",
    "text\n\n— a AAAAAAA\n".encode(),
    "text\n\n— a AAAA\n".encode(),
    "text\n\n— AAAAAAAA\n".encode(),
    "text\n\n— a AAAAAAB=\n".encode(),  # bits beyond the last byte: no canonical base64
    f"text\n\n{LINE * 200}".encode(),
    b"a" * 1_000_001 + f"\n\n{LINE}".encode(),
]


@pytest.mark.parametrize("data", NO_NOTES, ids=lambda data: repr(data[:24]))
def test_what_is_no_note_is_refused(data):
    with pytest.raises(InputError):
        Note.parse(data)


@pytest.mark.parametrize(
    "body",
    [
        SOFA + "extension\n",
        SOFA[:-1],
        SOFA.replace("20852163", "020852163"),
        SOFA.replace("20852163", "+20852163"),
        SOFA.replace("20852163", "-1"),
        SOFA.replace("20852163", "²"),
        SOFA.replace("20852163", "9" * 30),
        SOFA.replace("CsUY", "CsU"),
        SOFA.replace("CsUYapGG", ""),
        "\n" + SOFA.split("\n", 1)[1],
    ],
)
def test_what_is_no_checkpoint_is_refused(body):
    with pytest.raises(InputError):
        Checkpoint.parse(body)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+",
        "name+00000000+AQ==",
        "name+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "na me+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ConfigError):
        VerifierKey.parse(text)


@pytest.mark.parametrize("name", ["", "a+b", "a b", "a\nb", "a\u2003b"])
def test_a_name_that_a_line_could_not_hold_is_refused(name):
    with pytest.raises(ConfigError, match="name"):
        VerifierKey(name, 1, bytes(32))


@given(st.text(max_size=40), st.binary(max_size=30))
def test_any_bytes_are_a_note_or_refused(text, signature):
    for data in (text.encode(), f"{text}\n\n— a {b64encode(signature).decode()}\n".encode()):
        try:
            note = Note.parse(data)
        except InputError:
            continue
        assert note.encode() == data


def test_a_malformed_key_verifies_nothing(signer):
    body = Checkpoint(signer.name, 3, bytes(32)).body()
    short = VerifierKey(signer.name, 1, b"short")
    line = NoteSignature(signer.name, short.key_id, bytes(64))
    assert not signed_by(Note(body, (line,)), short)
