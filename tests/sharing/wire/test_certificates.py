"""TLS between real sockets on loopback: who gets in, and who does not."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest
from cryptography.exceptions import InvalidSignature

from stillwatch.core.errors import ConfigError, SharingRefused
from stillwatch.sharing.wire.certificates import (
    CertificateAuthority,
    client_context,
    member_named_in,
    new_tls_key,
    server_context,
)
from stillwatch.sharing.wire.credentials import Credentials
from stillwatch.sharing.wire.forum import ForumAuthority

ACME = "urn:stillwatch:member:acme"
TODAY = int(time.time())  # OpenSSL itself reads the clock
DAY = 86_400


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    forum = ForumAuthority.create(folder / "forum", "Trial forum", TODAY)
    server = forum.enrol_server(folder / "board", "board-1", ["board.example", "127.0.0.1"], TODAY)
    member = forum.enrol(folder / "acme", ACME, ["member"], "acme-1", TODAY)
    return forum, server, member


def handshake(server, client, name="board.example", sessions=None):
    """Connect over a socket pair; return what the server read off the client's certificate."""
    ours, theirs = socket.socketpair()
    outcome = []

    def serve():
        try:
            with server.wrap_socket(ours, server_side=True) as tls:
                outcome.append((tls.version(), tls.getpeercert()))
                tls.sendall(b"welcome")
        except OSError as fault:
            outcome.append(fault)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs, server_hostname=name) as tls:
            assert tls.recv(7) == b"welcome"
            if sessions is not None:
                sessions.append(tls.session)
    finally:
        theirs.close()
        thread.join()
        ours.close()
    return outcome[0]


def test_a_member_is_named_by_its_certificate(trial):
    _, server, member = trial
    version, peer = handshake(server.server_context(), member.client_context())
    assert version == "TLSv1.3"
    assert member_named_in(peer) == ACME


def test_no_session_outlives_its_certificate(trial):
    """Without tickets there is nothing to resume: every connection shows its certificate."""
    _, server, member = trial
    outcome = []
    handshake(server.server_context(), member.client_context(), sessions=outcome)
    assert [session.has_ticket for session in outcome] == [False]


def test_a_server_is_reached_under_its_names_only(trial):
    _, server, member = trial
    handshake(server.server_context(), member.client_context(), "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server.server_context(), member.client_context(), "other.example")


def without_certificate(member):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(member.folder / "authority.pem")
    return context


def of_another_forum(member, tmp_path):
    other = ForumAuthority.create(tmp_path / "other", "Trial forum", TODAY)
    stranger = other.enrol(tmp_path / "stranger", ACME, ["member"], "acme-1", TODAY)
    stranger.install(
        other.authority.client(ACME, stranger.tls_public(), TODAY), other.authority.certificate
    )
    (tmp_path / "stranger/authority.pem").write_bytes(
        (member.folder / "authority.pem").read_bytes()
    )
    return stranger.client_context()


def issued(forum, member, tmp_path, make):
    private = Credentials.create(tmp_path / "issued", ACME, "k")
    private.install(make(private.tls_public()), forum.authority.certificate)
    return private.client_context()


def test_nobody_else_gets_in(trial, tmp_path):
    forum, server, member = trial
    old = without_certificate(member)
    old.load_cert_chain(member.folder / "tls.pem", member.folder / "tls.key")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    expired = issued(
        forum,
        member,
        tmp_path / "a",
        lambda key: forum.authority.client(ACME, key, TODAY - 31 * DAY),
    )
    as_server = issued(
        forum,
        member,
        tmp_path / "b",
        lambda key: forum.authority.server(["board.example"], key, TODAY),
    )
    for client in (
        without_certificate(member),
        of_another_forum(member, tmp_path),
        old,
        expired,
        as_server,
    ):
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            handshake(server.server_context(), client)


def test_a_member_does_not_serve(trial):
    """Whoever stole a member's key cannot pass for the board."""
    _, _, member = trial
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(member.server_context(), member.client_context())


def test_an_expired_server_is_not_talked_to(trial, tmp_path):
    forum, _, member = trial
    made = forum.enrol_server(tmp_path / "old", "old", ["board.example"], TODAY - 91 * DAY)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made.server_context(), member.client_context())


@pytest.mark.parametrize(
    "peer",
    [
        None,
        {},
        {"subjectAltName": ()},
        {"subjectAltName": (("DNS", "board.example"),)},
        {"subjectAltName": (("URI", ACME), ("URI", "urn:other:x"))},
        b"",
    ],
)
def test_a_certificate_that_names_no_one_member(peer):
    with pytest.raises(SharingRefused) as refusal:
        member_named_in(peer)
    assert refusal.value.code == "sw.certificate.missing"


def test_a_key_of_another_certificate_is_refused(trial, tmp_path):
    _, server, member = trial
    folder = member.folder
    with pytest.raises(ConfigError):
        client_context(folder / "tls.pem", server.folder / "tls.key", folder / "authority.pem")
    with pytest.raises(ConfigError):
        server_context(folder / "none", folder / "tls.key", folder / "authority.pem")


def test_two_authorities_have_nothing_in_common():
    one, two = (CertificateAuthority.create("Forum", TODAY) for _ in range(2))
    issued_by_one = one.client(ACME, new_tls_key().public_key(), TODAY)
    issued_by_one.verify_directly_issued_by(one.certificate)
    with pytest.raises(InvalidSignature):
        issued_by_one.verify_directly_issued_by(two.certificate)
