"""A node's identifiers turned into tags, by the key holder, in the current epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.forum.log_copy import published_keys
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.private.client import Lookups, Remote
from stillwatch.sharing.private.framing import Purpose
from stillwatch.sharing.private.id_types import DAY_SECONDS, Epoch, IdType
from stillwatch.sharing.private.identifiers import Identifier
from stillwatch.sharing.private.records import TagKey


async def tag_keys(
    node: Node, identifiers: Mapping[IdType, Sequence[Identifier]], purpose: Purpose
) -> dict[Epoch, list[TagKey]]:
    """Return the tag and seal key of each identifier, in the order given, by epoch.

    Raises:
        ProtocolAlarm: Proof or log of the key holder do not hold.
        SharingRefused: The key holder refused, such as for a quota that is spent.
        ExternalError: It cannot be reached; a retry costs only what is missing.
    """
    if not identifiers:
        return {}
    published = await published_keys(node)

    def witnessed(epoch: Epoch) -> bytes:
        if epoch not in published:
            message = f"the key holder has published no key for {epoch.id_type.label} yet"
            raise ExternalError(message, "retry in a minute")
        return published[epoch]

    remote = Remote(node.session, node.facts.keyholder_url, node.sign)
    lookups, found = Lookups(remote, witnessed, node.lookups), {}
    for id_type, ones in identifiers.items():
        epoch = Epoch.at(id_type, node.clock())
        until = epoch.end // DAY_SECONDS
        found[epoch] = await lookups.tag_keys(ones, epoch, purpose, until)
    return found


def epoch_days(day: date) -> int:
    """Return a day as a number, counted from 1 January 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()
