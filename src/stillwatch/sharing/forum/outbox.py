"""What a node shares, written down whole before any of it is posted.

A publish that is killed at any step is repeated with the very same objects and rows. The board
holds an object by its id and version, and a set of rows by its root, so nothing is there twice.
The file holds what leaves and no more: no identifier, no account, no text.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.core.errors import ConfigError, InputError
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.stix.build import Stix


@dataclass(slots=True)
class Parcel:
    """One campaign on its way to the forum.

    Attributes:
        path: Its file.
        campaign: The campaign object as posted.
        contributor: This member's pseudonym in it, hex; empty until the board has told it.
        sets: Joined rows of each set; None until they are sealed.
        objects: Indicators and relationships that have been made.
        withdrawal: The last versions, once it is withdrawn.
        done: Whether all of it was posted.
    """

    path: Path
    campaign: Stix
    contributor: str = ""
    sets: list[bytes] | None = None
    objects: list[Stix] = field(default_factory=list)
    withdrawal: list[Stix] = field(default_factory=list)
    done: bool = False

    @property
    def campaign_id(self) -> str:
        """Id of the campaign object."""
        return str(self.campaign["id"])

    def save(self) -> None:
        """Write the parcel durably.

        Raises:
            ExternalError: The disk failed.
        """
        content: Stix = {
            "campaign": self.campaign,
            "contributor": self.contributor,
            "sets": None if self.sets is None else [b64encode(s).decode() for s in self.sets],
            "objects": self.objects,
            "withdrawal": self.withdrawal,
            "done": self.done,
        }
        with disk_errors(self.path):
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
        write_durably(self.path, json.dumps(content).encode(), 0o600)
        sync_folder(self.path.parent)


def parcel_path(folder: Path, scan_campaign: str) -> Path:
    """Return the file of the parcel of a scan's campaign."""
    name = hashlib.sha256(scan_campaign.encode()).hexdigest()[:32]
    return folder / "outbox" / f"{name}.json"


def load(path: Path) -> Parcel | None:
    """Return a parcel; None where there is none.

    Raises:
        ConfigError: The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        sets = content.pop("sets")
        return Parcel(path, sets=None if sets is None else [b64decode(s) for s in sets], **content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise ConfigError(f"{path}: is damaged", "restore the node from a backup") from None


def every(folder: Path) -> list[Parcel]:
    """Return all parcels of a node.

    Raises:
        ConfigError: A file is damaged.
    """
    found = [load(path) for path in sorted((folder / "outbox").glob("*.json"))]
    return [one for one in found if one is not None]


def of_campaign(folder: Path, campaign_id: str) -> Parcel:
    """Return the parcel of a campaign that this node shared.

    Raises:
        InputError: This node shared no such campaign.
    """
    for one in every(folder):
        if one.campaign_id == campaign_id:
            return one
    raise InputError("this node shared no such campaign", "see `stillwatch share audit`")
