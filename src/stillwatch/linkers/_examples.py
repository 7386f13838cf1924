"""Examples that every linker of plain keys has: a few who share, strangers, and a crowd."""

from __future__ import annotations

from stillwatch.core.records import Example


def key_examples(kind: str, shared: str, crowd: str) -> tuple[Example, ...]:
    """Return the examples of a linker that reads one kind of key.

    Args:
        kind: Of the key.
        shared: What the example that fires is called.
        crowd: What the hard benign example is called, in which twelve parties share a key.
    """

    def row(party: int, key: int) -> dict[str, object]:
        return {"kind": kind, "party": party, "key": key, "uses": 3}

    return (
        Example(shared, "fires", tuple(row(party, 7) for party in range(3))),
        Example("nothing shared", "benign", (row(0, 1), row(1, 2))),
        Example(crowd, "hard_benign", tuple(row(party, 9) for party in range(12))),
        Example("no such column", "abstains", ()),
    )
