"""Canonical JSON: the samples of RFC 8785, and bodies that have no one reading."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.ledger.jcs import MAX_DEPTH, MAX_INTEGER, canonical, parse_strict

WEIRD = rb"""{
  "\u20ac": "Euro Sign",
  "\r": "Carriage Return",
  "\u000a": "Newline",
  "1": "One",
  "\u0080": "Control\u007f",
  "\ud83d\ude02": "Smiley",
  "\u00f6": "Latin Small Letter O With Diaeresis",
  "\ufb33": "Hebrew Letter Dalet With Dagesh",
  "</script>": "Browser Challenge"
}"""

# The samples published with RFC 8785. `values` and `structures` hold fractions, which the forum
# refuses: of them only the parts without stand here.
SAMPLES = {
    "arrays": (
        b'[ 56, { "d": true, "10": null, "1": [ ] } ]',
        '[56,{"1":[],"10":null,"d":true}]',
    ),
    "french": (
        '{"peach": "This sorting order", "péché": "is wrong according to French",'
        ' "pêche": "but canonicalization MUST", "sin":   "ignore locale"}'.encode(),
        '{"peach":"This sorting order","péché":"is wrong according to French",'
        '"pêche":"but canonicalization MUST","sin":"ignore locale"}',
    ),
    "unicode": (
        rb'{"Unnormalized Unicode":"A\u030a"}',
        '{"Unnormalized Unicode":"A\u030a"}',
    ),
    "weird": (
        WEIRD,
        '{"\\n":"Newline","\\r":"Carriage Return","1":"One","</script>":"Browser Challenge",'
        '"\u0080":"Control\u007f","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",'
        '"\U0001f602":"Smiley","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ),
    "values": (
        rb"""{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]}""",
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ),
    "structures": (
        b'{"1": {"f": {"f": "hi","F": 5}}, "10": { }, "": "empty", "a": { },'
        b' "111": [ {"e": "yes","E": "no" } ], "A": { }}',
        '{"":"empty","1":{"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],'
        '"A":{},"a":{}}',
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_published_samples(name):
    given_text, expected = SAMPLES[name]
    assert canonical(parse_strict(given_text)) == expected.encode()


def test_keys_are_ordered_by_utf16_code_units():
    """U+10000 is written with code units below U+E000, so it comes first."""
    assert list(json.loads(canonical({"\ue000": 1, "\U00010000": 2}))) == ["\U00010000", "\ue000"]
    assert sorted(["\ue000", "\U00010000"]) == ["\ue000", "\U00010000"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain)
def test_one_content_one_form(value):
    form = canonical(value)
    assert parse_strict(form) == value
    assert canonical(parse_strict(form)) == form
    assert canonical(parse_strict(json.dumps(value, indent=3).encode())) == form


@given(plain)
def test_escapes_as_the_json_module_does(value):
    """An independent writer agrees wherever its order of keys, by code points, is the same."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if not any(c > "\uffff" for c in written):
        assert canonical(value) == written.encode()


REFUSED = {
    b'{"a":1,"a":1}': "duplicate_key",
    rb'{"a":1,"\u0061":2}': "duplicate_key",
    b'[{"b":{"a":1,"a":2}}]': "duplicate_key",
    b"1.0": "number",
    b"[1e2]": "number",
    b"NaN": "number",
    b"-Infinity": "number",
    b"9007199254740992": "number",
    b"-9007199254740992": "number",
    b"9" * 5000: "number",
    b'"\xff"': "utf8",
    b'"\xed\xa0\x80"': "utf8",
    b'"\xc0\x80"': "utf8",
    rb'"\ud800"': "surrogate",
    rb'{"\udc00":1}': "surrogate",
    b"": "syntax",
    b'{"a":1}}': "syntax",
    b"{'a':1}": "syntax",
    b'"\n"': "syntax",
    b"[1,]": "syntax",
    b"\xef\xbb\xbf1": "syntax",
    b"[" * 1_000_000 + b"]" * 1_000_000: "depth",
    b"[" * 1_000_000: "depth",
    b'{"a":' * 1_000_000: "depth",
    b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1): "depth",
    b" " * 100_000_000: "size",
}


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: f"{body[:18]!r}-{len(body)}")
def test_what_has_no_single_reading_is_refused(body):
    with pytest.raises(SharingRefused) as refusal:
        parse_strict(body)
    assert refusal.value.code == f"sw.json.{REFUSED[body]}"


def test_the_limits_themselves_are_allowed():
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert canonical(parse_strict(deep)) == deep
    assert parse_strict(b"[9007199254740991,-9007199254740991,-0]") == [2**53 - 1, 1 - 2**53, 0]


@pytest.mark.parametrize(
    ("value", "code"),
    [(1.5, "number"), (2**53, "number"), ({1: 2}, "type"), (b"x", "type"), ("\ud800", "surrogate")],
)
def test_data_without_a_canonical_form_is_refused(value, code):
    with pytest.raises(SharingRefused) as refusal:
        canonical([value])
    assert refusal.value.code == f"sw.json.{code}"


@given(
    st.binary(max_size=60) | st.text(alphabet='[]{}",:\\u0d8e1 \x00', max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_refused(body):
    try:
        value = parse_strict(body)
    except SharingRefused:
        return
    assert parse_strict(canonical(value)) == value


def test_refusals_do_not_repeat_the_body():
    for body in (
        b'{"planted":1,"planted":2}',
        b'["planted", 1.5]',
        b"planted",
        rb'"planted\ud800"',
    ):
        with pytest.raises(SharingRefused) as refusal:
            parse_strict(body)
        assert "planted" not in str(refusal.value)
