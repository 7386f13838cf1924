"""What the operator of a forum holds: the authority, the register and the key of the pseudonyms.

authority.pem, authority.key  issue certificates
pseudonym.key                 derives contributor pseudonyms
members.json                  the register
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.wire.certificates import CertificateAuthority
from stillwatch.sharing.wire.credentials import Credentials, read_private, write_private
from stillwatch.sharing.wire.register import Member, MemberKey, Register

KEY_BYTES: Final = 32
PSEUDONYM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Names contributors so that peers cannot link one across campaigns.

    Attributes:
        key: 32 secret bytes of the forum; repr and logs never show them.
    """

    key: bytes

    def __repr__(self) -> str:
        return "Pseudonyms(...)"

    def of(self, member_id: str, campaign_id: str) -> bytes:
        """Return the pseudonym of a member in a campaign, 16 bytes.

        The member's id is preceded by its length (u16), so that no two pairs give one input.
        """
        member = member_id.encode()
        given = len(member).to_bytes(2, "big") + member + campaign_id.encode()
        return hmac.digest(self.key, given, "sha256")[:PSEUDONYM_BYTES]


@dataclass(frozen=True, slots=True)
class ForumAuthority:
    """The operator's side of a forum.

    Attributes:
        folder: Where its files are.
        authority: Issues certificates.
        pseudonyms: Derives pseudonyms.
        register: The members.
    """

    folder: Path
    authority: CertificateAuthority
    pseudonyms: Pseudonyms
    register: Register

    @classmethod
    def create(cls, folder: Path, name: str, now: int) -> ForumAuthority:
        """Make a forum without members.

        Args:
            folder: Made if it is missing.
            name: Of the forum, for people.
            now: Unix seconds.

        Raises:
            ConfigError: The folder holds a forum already.
            ExternalError: The disk failed.
        """
        if (folder / "authority.pem").exists():
            raise ConfigError(f"{folder}: holds a forum already", "name another folder")
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = CertificateAuthority.create(name, now)
        write_private(folder / "authority.key", authority.private)
        write_durably(folder / "pseudonym.key", secrets.token_bytes(KEY_BYTES), 0o600)
        pem = authority.certificate.public_bytes(serialization.Encoding.PEM)
        write_durably(folder / "authority.pem", pem)
        sync_folder(folder)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> ForumAuthority:
        """Return the forum that a folder holds.

        Raises:
            ConfigError: Something is missing or damaged.
        """
        private = read_private(folder / "authority.key")
        try:
            certificate = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
            key = (folder / "pseudonym.key").read_bytes()
        except (OSError, ValueError):
            raise ConfigError(f"{folder}: holds no whole forum", "restore the folder") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or len(key) != KEY_BYTES:
            raise ConfigError(f"{folder}: holds no whole forum", "restore the folder")
        register = Register(folder / "members.json")
        return cls(folder, CertificateAuthority(certificate, private), Pseudonyms(key), register)

    def admit(
        self,
        member_id: str,
        roles: Sequence[str],
        tls: ec.EllipticCurvePublicKey,
        signing: tuple[str, Ed25519PublicKey],
        now: int,
    ) -> x509.Certificate:
        """Enter a member into the register and issue its certificate; again, to renew it.

        Args:
            member_id: A URI.
            roles: Such as `member` and `witness`.
            tls: The member's TLS key.
            signing: Name and public half of its request-signing key.
            now: Unix seconds.

        Raises:
            ConfigError: Id or key name cannot be used or are taken, or the member was revoked.
            ExternalError: The disk failed.
        """
        known = self.register.members().by_id.get(member_id, Member(member_id, ()))
        if known.revoked:
            raise ConfigError("the member was revoked", "admit the firm under a new id")
        key = MemberKey(signing[0], signing[1].public_bytes_raw())
        others = tuple(held for held in known.keys if held.keyid != key.keyid)
        if any(held.keyid == key.keyid and held != key for held in known.keys):
            raise ConfigError("the name of the signing key is taken", "name the key anew")
        self.register.put(Member(member_id, tuple(roles), (*others, key)))
        return self.authority.client(member_id, tls, now)

    def enrol(
        self, folder: Path, member_id: str, roles: Sequence[str], keyid: str, now: int
    ) -> Credentials:
        """Make a member's keys here and admit it: for a trial on one machine.

        Raises:
            ConfigError: As for `admit`, or the folder has keys already.
            ExternalError: The disk failed.
        """
        made = Credentials.create(folder, member_id, keyid)
        signing = (keyid, made.key.private.public_key())
        certificate = self.admit(member_id, roles, made.tls_public(), signing, now)
        made.install(certificate, self.authority.certificate)
        return made

    def enrol_server(self, folder: Path, name: str, hosts: Sequence[str], now: int) -> Credentials:
        """Make the keys and the certificate of a server of the forum.

        Args:
            folder: Where they are written.
            name: Of the server; also that of the key that signs its responses.
            hosts: Names and addresses under which it is reached.
            now: Unix seconds.

        Raises:
            ConfigError: The folder has keys already.
            ExternalError: The disk failed.
        """
        made = Credentials.create(folder, name, name)
        certificate = self.authority.server(hosts, made.tls_public(), now)
        made.install(certificate, self.authority.certificate)
        return made
