"""The forum's certificate authority, and TLS contexts that accept nobody else.

TLS 1.3 only; both sides show a certificate of the forum. A member's certificate names it by a URI
and lives thirty days at most; its key is not the one that signs requests.

Source: RFC 5280; RFC 8446.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stillwatch.core.errors import ConfigError, SharingRefused

CLIENT_DAYS: Final = 30
SERVER_DAYS: Final = 90
AUTHORITY_DAYS: Final = 3650
_EARLIER: Final = timedelta(minutes=5)  # for clocks that are behind


def new_tls_key() -> ec.EllipticCurvePrivateKey:
    """Return a fresh key for a certificate, on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """Issues the certificates of one forum.

    Attributes:
        certificate: Its own.
        private: Its key.
    """

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str, now: int) -> CertificateAuthority:
        """Return a new authority.

        Args:
            name: Of the forum, for people.
            now: Unix seconds.
        """
        private = new_tls_key()
        subject = _named(name)
        usage = _usage(sign_certificates=True)
        built = (
            _builder(subject, subject, private.public_key(), now, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        return cls(built.sign(private, hashes.SHA256()), private)

    def client(
        self, member_id: str, public: ec.EllipticCurvePublicKey, now: int, days: int = CLIENT_DAYS
    ) -> x509.Certificate:
        """Issue the certificate of a member.

        Args:
            member_id: A URI; the certificate's only name.
            public: The member's TLS key.
            now: Unix seconds.
            days: At most `CLIENT_DAYS`.

        Raises:
            ConfigError: A longer life was asked for.
        """
        if not 0 < days <= CLIENT_DAYS:
            raise ConfigError(f"a member's certificate lives 1 to {CLIENT_DAYS} days")
        names = [x509.UniformResourceIdentifier(member_id)]
        return self._issue(names, public, now, days, ExtendedKeyUsageOID.CLIENT_AUTH)

    def server(
        self, hosts: Sequence[str], public: ec.EllipticCurvePublicKey, now: int
    ) -> x509.Certificate:
        """Issue the certificate of a server for `SERVER_DAYS`.

        Args:
            hosts: Names and addresses under which it is reached.
            public: The server's TLS key.
            now: Unix seconds.
        """
        names = [_host(host) for host in hosts]
        return self._issue(names, public, now, SERVER_DAYS, ExtendedKeyUsageOID.SERVER_AUTH)

    def _issue(
        self,
        names: Sequence[x509.GeneralName],
        public: ec.EllipticCurvePublicKey,
        now: int,
        days: int,
        purpose: x509.ObjectIdentifier,
    ) -> x509.Certificate:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.private.public_key())
        built = (
            _builder(x509.Name([]), self.certificate.subject, public, now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(authority, critical=False)
        )
        return built.sign(self.private, hashes.SHA256())


def server_context(certificate: Path, private: Path, authority: Path) -> ssl.SSLContext:
    """Return the context of a server of the forum: no client without a certificate gets in.

    Raises:
        ConfigError: A file is missing, or the key is not that of the certificate.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, certificate, private, authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0  # a resumed session would outlive its certificate
    return context


def client_context(certificate: Path, private: Path, authority: Path) -> ssl.SSLContext:
    """Return the context of a member: it talks to servers of the forum by their right name only.

    Raises:
        ConfigError: A file is missing, or the key is not that of the certificate.
    """
    return _context(ssl.PROTOCOL_TLS_CLIENT, certificate, private, authority)


def member_named_in(peer: object) -> str:
    """Return the member id of a verified client certificate.

    Args:
        peer: What `ssl.SSLSocket.getpeercert` returns.

    Raises:
        SharingRefused: There is no certificate, or it does not name one member
            (`sw.certificate.missing`).
    """
    names = list(peer.get("subjectAltName", ())) if isinstance(peer, dict) else []
    if len(names) != 1 or names[0][0] != "URI":
        hint = "connect with the certificate that the forum issued"
        message = "the connection shows no certificate of a member"
        raise SharingRefused(message, hint, "sw.certificate.missing")
    return str(names[0][1])


def _context(
    protocol: ssl._SSLMethod, certificate: Path, private: Path, authority: Path
) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(authority)
        context.load_cert_chain(certificate, private)
    except OSError:  # ssl.SSLError is one
        hint = "enrol again, or restore the folder of keys"
        raise ConfigError(f"{certificate}: cannot be used with {private.name}", hint) from None
    return context


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: int,
    days: int,
) -> x509.CertificateBuilder:
    start = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _EARLIER)
        .not_valid_after(start + timedelta(days=days) - _EARLIER)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
