"""The keys and certificates of one member or server, in a folder of its own.

id                who it is, and the name of its signing key
authority.pem     certificate of the forum
tls.pem, tls.key  certificate and key of its connections
signing.key       key of its signed requests or responses
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.wire.certificates import client_context, new_tls_key, server_context
from stillwatch.sharing.wire.signatures import SigningKey

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one party shows and signs with.

    Attributes:
        folder: Where its files are.
        party_id: Member id, or the name of a server.
        key: Its signing key.
    """

    folder: Path
    party_id: str
    key: SigningKey

    @classmethod
    def create(cls, folder: Path, party_id: str, keyid: str) -> Credentials:
        """Make fresh keys in a folder; certificates come from the forum.

        Raises:
            ConfigError: The folder has keys already.
            ExternalError: The disk failed.
        """
        if (folder / "signing.key").exists():
            raise ConfigError(f"{folder}: has keys already", "name another folder")
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = Ed25519PrivateKey.generate()
        write_private(folder / "tls.key", new_tls_key())
        write_durably(folder / "id", f"{party_id}\n{keyid}\n".encode())
        write_private(folder / "signing.key", private)
        return cls(folder, party_id, SigningKey(keyid, private))

    @classmethod
    def load(cls, folder: Path) -> Credentials:
        """Return what a folder holds.

        Raises:
            ConfigError: Something is missing or damaged.
            ExternalError: The disk failed.
        """
        private = read_private(folder / "signing.key")
        with disk_errors(folder):
            lines = (folder / "id").read_text("utf-8", "replace").splitlines()
        if not isinstance(private, Ed25519PrivateKey) or len(lines) != 2:
            raise ConfigError(f"{folder}: is damaged", "enrol again")
        return cls(folder, lines[0], SigningKey(lines[1], private))

    def tls_public(self) -> ec.EllipticCurvePublicKey:
        """Return the key that a certificate is wanted for.

        Raises:
            ConfigError: The key is missing or damaged.
        """
        private = read_private(self.folder / "tls.key")
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"{self.folder}: is damaged", "enrol again")
        return private.public_key()

    def install(self, certificate: x509.Certificate, authority: x509.Certificate) -> None:
        """Store a certificate that the forum issued, and the forum's own.

        Raises:
            ExternalError: The disk failed.
        """
        for name, content in (("tls.pem", certificate), ("authority.pem", authority)):
            pem = content.public_bytes(serialization.Encoding.PEM)
            write_durably(self.folder / name, pem)
        sync_folder(self.folder)

    def client_context(self) -> ssl.SSLContext:
        """Return the TLS context to connect with.

        Raises:
            ConfigError: A file is missing or damaged.
        """
        return client_context(*self._tls_files())

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS context to serve with.

        Raises:
            ConfigError: A file is missing or damaged.
        """
        return server_context(*self._tls_files())

    def _tls_files(self) -> tuple[Path, Path, Path]:
        return self.folder / "tls.pem", self.folder / "tls.key", self.folder / "authority.pem"


def write_private(path: Path, key: PrivateKey) -> None:
    """Write a private key so that only its owner may read it.

    Raises:
        ExternalError: The disk failed.
    """
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_durably(path, pem, 0o600)
    sync_folder(path.parent)


def read_private(path: Path) -> object:
    """Return a private key.

    Raises:
        ConfigError: It is missing or damaged.
    """
    try:
        return serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, TypeError, ValueError):
        raise ConfigError(f"{path}: is missing or no private key", "restore the file") from None
