"""Tiles: the paths and widths of the specification, and trees read back from files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, UnitError
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.tiles import (
    Tiles,
    levels_at,
    split_entries,
    tile_path,
    width_at,
)


def made(size):
    return [b"leaf %d" % index for index in range(size)]


def test_paths_of_the_specification():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(63, 999) == "tile/63/999"
    assert tile_path(0, 1000) == "tile/0/x001/000"
    assert tile_path("entries", 273, 112) == "tile/entries/273.p/112"


def test_widths_of_the_specification():
    """Its two examples: a tree of 70,000 leaves, and one of 256."""
    assert [width_at(0, index, 70_000) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [width_at(1, index, 70_000) for index in (0, 1, 2)] == [256, 17, 0]
    assert (width_at(2, 0, 70_000), levels_at(70_000)) == (1, 3)
    assert (width_at(0, 0, 256), width_at(1, 0, 256), levels_at(256)) == (256, 1, 2)
    assert (levels_at(0), levels_at(1), levels_at(255)) == (0, 1, 1)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_files_of_a_log_of_70_000(tmp_path):
    tiles = Tiles(tmp_path)
    tiles.extend(0, [b""] * 70_000)
    hashes = {name: size for name, size in files(tmp_path).items() if "entries" not in name}
    assert len(hashes) == 273 + 1 + 1 + 1 + 1
    assert hashes["tile/0/272"] == hashes["tile/1/000"] == 8192
    assert hashes["tile/0/273.p/112"] == 112 * 32
    assert hashes["tile/1/001.p/17"] == 17 * 32
    assert hashes["tile/2/000.p/1"] == 32
    assert tree.root(tiles.at(70_000), 70_000) == tree.MemoryTree([b""] * 70_000).root()


@settings(max_examples=25)
@given(steps=st.lists(st.integers(0, 700), min_size=1, max_size=5))
def test_a_log_that_grows_in_steps_is_the_log_written_at_once(steps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles")
    tiles, size = Tiles(folder), 0
    entries = made(sum(steps))
    for step in steps:
        tiles.extend(size, entries[size : size + step])
        tiles.drop_partial(size, size + step)
        size += step
        expected = tree.MemoryTree(entries[:size])
        assert tree.root(tiles.at(size), size) == expected.root()
        if size:
            middle = size // 2
            proof = tree.inclusion_proof(tiles.at(size), middle, size)
            assert proof == tree.inclusion_proof(expected, middle, size)
            assert (
                tiles.entries(middle // 256, width_at(0, middle // 256, size))[middle % 256]
                == entries[middle]
            )
    at_once = tmp_path_factory.mktemp("at_once")
    Tiles(at_once).extend(0, entries)
    stepwise, whole = files(folder), files(at_once)
    assert whole.items() <= stepwise.items()
    for name in whole:
        assert (folder / name).read_bytes() == (at_once / name).read_bytes()
    full = {name for name in whole if ".p/" not in name}
    assert not any(name.split(".p/")[0] in full for name in stepwise if ".p/" in name)


def test_a_dropped_part_is_read_from_the_full_tile(tmp_path):
    tiles = Tiles(tmp_path)
    tiles.extend(0, made(300))
    assert tiles.hashes(0, 0, 10) == [tree.leaf_hash(entry) for entry in made(10)]
    assert tiles.entries(0, 10) == made(10)


def test_an_interrupted_write_may_be_repeated(tmp_path):
    tiles = Tiles(tmp_path)
    tiles.extend(0, made(200))
    tiles.extend(200, [b"never acknowledged"] * 900)
    tiles.extend(200, made(1000)[200:])
    assert tree.root(tiles.at(1000), 1000) == tree.MemoryTree(made(1000)).root()


def test_damaged_tiles_are_named(tmp_path):
    tiles = Tiles(tmp_path)
    tiles.extend(0, made(300))
    (tmp_path / "tile/0/000").write_bytes(b"short")
    (tmp_path / "tile/entries/000").write_bytes(b"\x00\x05leaf")
    (tmp_path / "tile/1/000.p/1").unlink()
    for call, named in (
        (lambda: tiles.hashes(0, 0), "tile/0/000: 5 bytes, not 8,192"),
        (lambda: tiles.entries(0), "tile/entries/000: does not hold 256 whole entries"),
        (lambda: tiles.hashes(1, 0, 1), "tile/1/000.p/1: missing"),
    ):
        with pytest.raises(InputError) as fault:
            call()
        assert fault.value.message == named


def test_an_entry_must_fit_its_length(tmp_path):
    tiles = Tiles(tmp_path)
    tiles.extend(0, [bytes(65_535)])
    assert tiles.entries(0, 1) == [bytes(65_535)]
    with pytest.raises(UnitError, match="65,535"):
        tiles.extend(1, [bytes(65_536)])


@given(st.lists(st.binary(max_size=5)), st.binary(max_size=3))
def test_bundles_are_split_or_refused(entries, rest):
    framed = b"".join(len(e).to_bytes(2, "big") + e for e in entries)
    assert split_entries(framed) == entries
    found = split_entries(framed + rest)
    if found is not None:
        assert b"".join(len(e).to_bytes(2, "big") + e for e in found) == framed + rest
