"""The vectors of RFC 9497, A.1.2, on both implementations; what each refuses."""

from __future__ import annotations

import pytest
import voprf as packaged
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError
from stillwatch.sharing.private import voprf
from stillwatch.sharing.private.refused import ProtocolAlarm
from stillwatch.sharing.private.voprf import ORDER, PackagedEvaluator

from .sodium_evaluator import SodiumEvaluator, derive_key

SEED, INFO = b"\xa3" * 32, b"test key"
PRIVATE = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909"
PUBLIC = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
R1 = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e"
R3 = "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c"
BLIND_1 = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
INPUT_2 = "5a" * 17
B1 = "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"
B2 = "cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"
B3 = "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654"
Z1 = "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"
Z2 = "60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"
Z3 = "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a"
P1 = (
    "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
    "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d"
)
P2 = (
    "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
    "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02"
)
P3 = (
    "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
    "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08"
)
Y1 = (
    "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
    "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
)
Y2 = (
    "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
    "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"
)

# inputs, blinds, blinded elements, evaluated elements, random scalar of the proof, proof, outputs
VECTORS = [
    (["00"], [BLIND_1], [B1], [Z1], R1, P1, [Y1]),
    ([INPUT_2], [BLIND_1], [B2], [Z2], R1, P2, [Y2]),
    (["00", INPUT_2], [BLIND_1, R1], [B1, B3], [Z1, Z3], R3, P3, [Y1, Y2]),
]
NOT_ELEMENTS = {
    "identity": bytes(32),
    "short": b"\x02" + bytes(30),
    "long": bytes.fromhex(B1) + b"\x00",
    "empty": b"",
    "the field's order": (2**255 - 19).to_bytes(32, "little"),
    "beyond the field": b"\xff" * 32,
    "negative": b"\x01" + bytes(31),
}
NOT_SCALARS = {
    "zero": bytes(32),
    "the order": ORDER.to_bytes(32, "little"),
    "beyond": b"\xff" * 32,
    "short": b"\x01" * 31,
}


def unhex(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def split(answer: bytes) -> tuple[list[bytes], bytes]:
    count = (len(answer) - 64) // 32
    return [answer[32 * i : 32 * i + 32] for i in range(count)], answer[-64:]


def test_keys_are_derived_as_published() -> None:
    assert derive_key(SEED, INFO).to_bytes(32, "little").hex() == PRIVATE
    assert PackagedEvaluator(SEED, INFO).public_key.hex() == PUBLIC
    assert SodiumEvaluator(SEED, INFO).public_key.hex() == PUBLIC


@pytest.mark.parametrize("vector", VECTORS, ids=["1", "2", "3"])
def test_vectors(vector: tuple[list[str], ...]) -> None:
    inputs, blinds, blinded, evaluated, random, proof, outputs = vector
    hidden = [
        voprf.blind(x, scalar) for x, scalar in zip(unhex(inputs), unhex(blinds), strict=True)
    ]
    assert [h.element.hex() for h in hidden] == blinded
    elements = [h.element for h in hidden]

    sodium = SodiumEvaluator(SEED, INFO, int.from_bytes(bytes.fromhex(str(random)), "little"))
    assert sodium.evaluate(elements).hex() == "".join(evaluated) + str(proof)

    answers, _ = split(PackagedEvaluator(SEED, INFO).evaluate(elements))
    assert [answer.hex() for answer in answers] == evaluated

    public = bytes.fromhex(PUBLIC)
    voprf.verify(public, elements, unhex(evaluated), bytes.fromhex(str(proof)))
    made = [voprf.finalise(h, z).hex() for h, z in zip(hidden, unhex(evaluated), strict=True)]
    assert made == outputs


def test_the_packaged_client_takes_what_libsodium_answers() -> None:
    suite = packaged.ristretto
    clients, inputs = zip(*(suite.Client.blind(bytes([i])) for i in range(3)), strict=True)
    sodium = SodiumEvaluator(SEED, INFO)
    answer = sodium.evaluate([one.serialize() for one in inputs])
    outputs = suite.Client.finalize_batch(
        list(clients),
        suite.VerifiableBatchOutput.deserialize(answer[-64:] + answer[:-64]),
        suite.PublicKey.deserialize(sodium.public_key),
    )
    holder = suite.Evaluator.from_seed(SEED, INFO)
    assert outputs == [holder.evaluate_known_input(bytes([i])) for i in range(3)]


@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5), st.binary(max_size=9))
def test_both_implementations_agree(inputs: list[bytes], info: bytes) -> None:
    ours, theirs = PackagedEvaluator(SEED, info), SodiumEvaluator(SEED, info)
    assert ours.public_key == theirs.public_key
    hidden = [voprf.blind(x) for x in inputs]
    elements = [h.element for h in hidden]
    for holder in (ours, theirs):
        answers, proof = split(holder.evaluate(elements))
        voprf.verify(ours.public_key, elements, answers, proof)
    made = [voprf.finalise(h, z) for h, z in zip(hidden, answers, strict=True)]
    reference = packaged.ristretto.Evaluator.from_seed(SEED, info)
    assert made == [reference.evaluate_known_input(x) for x in inputs]


def test_another_key_raises_the_alarm() -> None:
    hidden = [voprf.blind(b"a"), voprf.blind(b"b")]
    elements = [h.element for h in hidden]
    other = PackagedEvaluator(b"\x01" * 32, INFO)
    answers, proof = split(other.evaluate(elements))
    voprf.verify(other.public_key, elements, answers, proof)
    public = bytes.fromhex(PUBLIC)
    for changed in (
        (public, elements, answers, proof),
        (other.public_key, elements, answers[::-1], proof),
        (other.public_key, elements[::-1], answers, proof),
        (other.public_key, elements, answers, proof[:-1]),
        (other.public_key, elements, answers, proof[32:] + proof[:32]),
        (other.public_key, elements, answers, bytes(64)),
        (other.public_key, elements, answers[:1], proof),
        (other.public_key, [], [], proof),
        (bytes(32), elements, answers, proof),
    ):
        with pytest.raises(ProtocolAlarm) as caught:
            voprf.verify(*changed)
        assert caught.value.code == "sw.protocol.proof"


@pytest.mark.parametrize("name", NOT_ELEMENTS)
def test_wrong_elements_are_refused(name: str) -> None:
    wrong, right = NOT_ELEMENTS[name], bytes.fromhex(B1)
    with pytest.raises(InputError):
        PackagedEvaluator(SEED, INFO).evaluate([right, wrong])
    with pytest.raises(InputError):
        voprf.finalise(voprf.blind(b"a"), wrong)
    with pytest.raises(ProtocolAlarm):
        voprf.verify(bytes.fromhex(PUBLIC), [right], [wrong], bytes.fromhex(P1))
    with pytest.raises(ProtocolAlarm):
        voprf.verify(bytes.fromhex(PUBLIC), [wrong], [right], bytes.fromhex(P1))


@pytest.mark.parametrize("name", NOT_SCALARS)
def test_wrong_scalars_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        voprf.blind(b"a", NOT_SCALARS[name])


def test_sizes_are_bounded() -> None:
    holder = PackagedEvaluator(SEED, INFO)
    for count in (0, 2**16):
        with pytest.raises(InputError):
            holder.evaluate([bytes.fromhex(B1)] * count)
    for x in (b"", bytes(2**16)):
        with pytest.raises(InputError):
            voprf.blind(x)
    with pytest.raises(InputError):
        PackagedEvaluator(b"short", INFO)


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_no_bytes_end_in_another_error(element: bytes, proof: bytes) -> None:
    with pytest.raises(InputError):
        PackagedEvaluator(SEED, INFO).evaluate([element, bytes(32)])
    with pytest.raises(ProtocolAlarm):
        voprf.verify(bytes.fromhex(PUBLIC), [element], [element], proof)


def test_blinding_is_fresh_and_never_shown() -> None:
    one, two = voprf.blind(b"planted"), voprf.blind(b"planted")
    assert one.element != two.element
    assert "planted" not in repr(one)
    assert str(one.blind) not in repr(one)
