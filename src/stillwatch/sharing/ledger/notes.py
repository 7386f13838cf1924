"""Signed notes, and the checkpoints that a log signs as such.

A checkpoint states origin, size and root of a log, a line each, and carries one signature line for
the log and one for every witness:

    forum.example/log
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — forum.example/log Az3grlgtzPICa5OS8npVmf1M…

Source: C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.core.errors import ConfigError, InputError

ED25519: Final = 0x01
MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 128

_DASH: Final = "— "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by its name: that of a log, or of a witness.

    Attributes:
        name: As in the signature lines; for a log its origin.
        kind: Signature type, one byte.
        public: Raw public key.
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name):
            raise ConfigError(f"{self.name!r} cannot be a key's name: it has spaces or a plus")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        prefix = f"{self.name}\n".encode() + bytes([self.kind])
        return sha256(prefix + self.public).digest()[:4]

    def text(self) -> str:
        """Return the key as one line of text (a *vkey*)."""
        material = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Return the key that a line of text states.

        Raises:
            ConfigError: The line is no verifier key, or its id is not that of the key.
        """
        parts = text.strip().split("+", 2)
        data = decoded_base64(parts[2]) if len(parts) == 3 else None
        if not data:
            raise ConfigError("not a verifier key", "expected name+id+key")
        key = cls(parts[0], data[0], data[1:])
        if key.key_id.hex() != parts[1]:
            raise ConfigError(f"{parts[0]}: the key's id is not that of its key")
        return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the name and id of the key, and what it made."""

    name: str
    key_id: bytes
    signature: bytes

    def made_with(self, key: VerifierKey) -> bool:
        """Say whether the line claims to be made with a key."""
        return (self.name, self.key_id) == (key.name, key.key_id)

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """Return the signature that a line without its newline states.

        Raises:
            InputError: The line has another form.
        """
        name, _, text = line.removeprefix(_DASH).partition(" ")
        data = decoded_base64(text)
        if not line.startswith(_DASH) or not name or data is None or len(data) < 5:
            raise InputError("a signature line of the note cannot be read")
        return cls(name, data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines.

    Attributes:
        body: The text, which ends with a newline.
        signatures: In the order of their lines.
    """

    body: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the note as it is stored and sent."""
        return (self.body + "\n" + "".join(s.line() for s in self.signatures)).encode()

    def signed(self, *more: NoteSignature) -> Note:
        """Return the note with more signatures; one key signs a note once."""
        held = {(s.name, s.key_id): s for s in (*self.signatures, *more)}
        return Note(self.body, tuple(held.values()))

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Return the note that bytes state; nothing is verified.

        Raises:
            InputError: It is no signed note, or too large.
        """
        if len(data) > MAX_NOTE_BYTES:
            raise InputError(f"the note is larger than {MAX_NOTE_BYTES:,} bytes")
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise InputError("the note is not UTF-8") from None
        body, blank, lines = text.rpartition("\n\n")
        controls = any(c < " " and c != "\n" for c in text)
        if not blank or controls or not body or not lines.endswith("\n"):
            raise InputError("the text is no signed note")
        signatures = lines[:-1].split("\n")
        if len(signatures) > MAX_SIGNATURES:
            raise InputError(f"the note has more than {MAX_SIGNATURES} signatures")
        return cls(body + "\n", tuple(map(NoteSignature.parse, signatures)))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself.

    Attributes:
        origin: Name of the log.
        size: Leaves.
        root: Root over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, body: str) -> Checkpoint:
        """Return the checkpoint that a note's text states.

        Raises:
            InputError: It has another form; extension lines are refused.
        """
        lines = body.split("\n")
        if len(lines) == 4 and lines[1].isascii() and lines[1].isdigit() and len(lines[1]) < 20:
            root = decoded_base64(lines[2])
            found = cls(lines[0], int(lines[1]), root or b"")
            if lines[0] and len(found.root) == 32 and found.body() == body:
                return found
        raise InputError("the note is no checkpoint of three lines")


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A log's signing key.

    Attributes:
        name: Origin of the log.
        private: Its Ed25519 key.
    """

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, ED25519, self.private.public_key().public_bytes_raw())

    def sign(self, body: str) -> NoteSignature:
        """Sign a note's text."""
        return NoteSignature(self.name, self.key.key_id, self.private.sign(body.encode()))


def signed_by(note: Note, key: VerifierKey) -> bool:
    """Say whether an Ed25519 key signed the text.

    Lines of other keys do not count; one of this key that does not verify spoils the note.
    """
    made = [s.signature for s in note.signatures if s.made_with(key)]
    return (
        key.kind == ED25519
        and bool(made)
        and all(ed25519_verifies(key.public, s, note.body.encode()) for s in made)
    )


def ed25519_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether an Ed25519 signature over a message holds; False for a malformed key too."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def decoded_base64(text: str) -> bytes | None:
    """Return what standard base64 in its one canonical form states; None where it is not that."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if b64encode(data).decode() == text else None
