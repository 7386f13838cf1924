"""What every member of a forum knows of it: one JSON file, handed over with the credentials."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.ledger.durable import write_durably
from stillwatch.sharing.ledger.notes import VerifierKey

FACTS: Final = "forum.json"
BASES: Final = "legal_basis.toml"
KEYHOLDER_LOG: Final = "keyholder.vkey"
"""The key holder's operator adds it: the forum does not vouch for the key holder's log."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A forum, as its members know it.

    Attributes:
        board_url: Scheme, host and port of the board; signatures cover it.
        keyholder_url: The same of the key holder.
        audience: Id of the audience that all members belong to.
        legal_basis: Id of the entry of the register that members share under.
        members: How many were enrolled when the forum was founded; evidence is averaged over all.
        board_log: Verifier key of the board's log, as C2SP writes it.
    """

    board_url: str
    keyholder_url: str
    audience: str
    legal_basis: str
    members: int
    board_log: str

    def write(self, folder: Path) -> None:
        """Write the facts into a folder.

        Raises:
            ExternalError: The disk failed.
        """
        write_durably(folder / FACTS, json.dumps(asdict(self), indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> Facts:
        """Return the facts that a folder holds.

        Raises:
            ConfigError: None, or damaged ones.
        """
        try:
            return cls(**json.loads((folder / FACTS).read_bytes()))
        except (OSError, ValueError, TypeError):
            hint = "run `stillwatch share join` with the folder that the forum's operator gave"
            raise ConfigError(f"{folder}: holds no {FACTS} of a forum", hint) from None


def keyholder_log(folder: Path) -> VerifierKey:
    """Return the verifier key of the key holder's log.

    Raises:
        ConfigError: The folder holds none, or a damaged one.
    """
    try:
        return VerifierKey.parse((folder / KEYHOLDER_LOG).read_text("utf-8").strip())
    except (OSError, ValueError) as error:
        hint = f"put the key holder's {KEYHOLDER_LOG} there: `stillwatch keyholder init` wrote it"
        raise ConfigError(f"{folder}: holds no {KEYHOLDER_LOG}", hint) from error
