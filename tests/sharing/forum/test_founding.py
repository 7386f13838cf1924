"""A forum in a folder: what is made, and what is refused before anything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.forum.facts import Facts, keyholder_log
from stillwatch.sharing.forum.founding import found, member_id
from stillwatch.sharing.forum.node import join
from stillwatch.sharing.wire.credentials import Credentials

URLS = ("https://127.0.0.1:1", "https://127.0.0.1:2")


def test_a_member_gets_its_own_and_no_other_secret(tmp_path: Path) -> None:
    forum = tmp_path / "forum"
    facts = found(forum, ["a", "b"], *URLS, 1_800_000_000)
    assert Facts.read(forum / "public") == facts
    node = tmp_path / "node"
    assert join(node, forum, "a") == facts
    assert Credentials.load(node / "credentials").party_id == member_id("a")
    secrets = [forum / name for name in ("authority.key", "pseudonym.key", "board/cursor.key")]
    secrets += [forum / "members" / "b" / name for name in ("signing.key", "tls.key")]
    held = b"".join(one.read_bytes() for one in node.rglob("*") if one.is_file())
    assert not [one for one in secrets if one.read_bytes() in held]
    assert node.stat().st_mode & 0o077 == 0
    assert {one.stat().st_mode & 0o077 for one in (node / "credentials").iterdir()} == {0}
    with pytest.raises(ConfigError, match="holds a node already"):
        join(node, forum, "a")
    with pytest.raises(ConfigError, match=r"keyholder\.vkey"):
        keyholder_log(node)


@pytest.mark.parametrize(
    ("names", "urls"),
    [
        (["a"], URLS),
        (["a", "a"], URLS),
        (["a", "../b"], URLS),
        (["a", ""], URLS),
        (["a", "B"], URLS),
        (["a", "b"], ("http://127.0.0.1:1", URLS[1])),
        (["a", "b"], (URLS[0], "https://127.0.0.1:2/path")),
    ],
)
def test_names_and_addresses_are_held_against_the_rules(
    names: list[str], urls: tuple[str, str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError):
        found(tmp_path / "forum", names, *urls, 1_800_000_000)
    assert not (tmp_path / "forum").exists()


def test_credentials_of_another_member_are_not_taken(tmp_path: Path) -> None:
    forum = tmp_path / "forum"
    found(forum, ["a", "b"], *URLS, 1_800_000_000)
    (forum / "members" / "a").rename(forum / "members" / "x")
    (forum / "members" / "b").rename(forum / "members" / "a")
    with pytest.raises(ConfigError, match="another member"):
        join(tmp_path / "node", forum, "a")
    assert not (tmp_path / "node").exists()


def test_a_folder_without_facts_is_no_node(tmp_path: Path) -> None:
    for content in (None, "[]", "{}", "{"):
        if content is not None:
            (tmp_path / "forum.json").write_text(content)
        with pytest.raises(ConfigError, match=r"forum\.json"):
            Facts.read(tmp_path)
