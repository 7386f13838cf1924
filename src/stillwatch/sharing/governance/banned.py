"""Classes that no object may carry, each a refusal of its own name.

The schemas are closed, so whatever is not allowed is refused already. This says why: a member's
lawyer and a competition authority ask for the class, not for the name of a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final


@dataclass(frozen=True, slots=True)
class Banned:
    """A class of content that is never shared.

    Attributes:
        code: The refusal's code.
        what: The class in words.
        words: Whole words of field names and of texts that give it away.
        shapes: Patterns of values that give it away.
    """

    code: str
    what: str
    words: frozenset[str] = frozenset()
    shapes: tuple[re.Pattern[str], ...] = ()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LONGEST: Final = 200
_MOST: Final = 50
"""How much of a value is looked at: it is refused anyhow, and patterns take their time."""

_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_IP4: Final = re.compile(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b")
_IP6: Final = re.compile(r"\b[0-9a-f]{1,4}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{0,4}\b", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+[0-9][0-9 ()./-]{6,}[0-9]")
_PAN: Final = re.compile(r"\b(?:[0-9][ -]?){13,19}\b")
_MONEY: Final = re.compile(r"[$€£¥]\s?[0-9]|\b[0-9.,]+\s?(?:usd|eur|gbp|cny)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9][0-9,._]*")

CLASSES: Final = (
    Banned(
        "sw.banned.personal",
        "personal data or an identifier",
        _words(
            "email mail phone telephone mobile ip ipv4 ipv6 address street birthday birth dob "
            "passport ssn iban pan card cvv surname firstname lastname fullname gender username "
            "userid account_id accountid account_ids user_id end_user contact_information "
            "first_name last_name full_name national_id device_id cookie hostname fingerprint "
            "api_key apikey password secret credential credentials"
        ),
        (_EMAIL, _PHONE, _IP4, _IP6, _PAN),
    ),
    Banned(
        "sw.banned.recommendation",
        "a recommendation to refuse, raise or restrict anyone",
        _words(
            "action actions recommend recommendation recommended block blocked blocklist ban "
            "deny denylist refuse suspend terminate throttle restrict boycott verdict_action "
            "course_of_action mitigation should_block do_not_serve offboard embargo"
        ),
    ),
    Banned(
        "sw.banned.price",
        "price or spend",
        _words(
            "price prices pricing spend spending cost costs discount fee fees rebate invoice "
            "tariff budget margin usd eur gbp billing paid payment_amount list_price"
        ),
        (_MONEY,),
    ),
    Banned(
        "sw.banned.capacity",
        "capacity",
        _words(
            "capacity gpu gpus accelerators tpu tpus cluster_size datacenter datacentre "
            "utilisation utilization headroom throughput tokens_per_second racks megawatts "
            "compute quota_left inventory"
        ),
    ),
    Banned(
        "sw.banned.roadmap",
        "roadmap",
        _words(
            "roadmap launch launches release release_date upcoming unreleased next_model "
            "milestone ship_date preview_date deprecation go_live announcement"
        ),
    ),
    Banned(
        "sw.banned.model",
        "model size or training data",
        _words(
            "parameters parameter_count params model_size training training_data dataset "
            "datasets corpus weights flops architecture layers hyperparameters learning_rate "
            "training_tokens checkpoint finetune model_name model_version"
        ),
    ),
    Banned(
        "sw.banned.volume",
        "tokens, revenue or volume by customer",
        _words(
            "tokens token_count output_tokens input_tokens revenue turnover arr mrr volume "
            "sales traffic usage_volume customer_volume market_share share_of_traffic"
        ),
    ),
    Banned(
        "sw.banned.customer",
        "a customer's or an industry's name",
        _words(
            "customer customers client clients company organisation organization org firm "
            "industry industries sector sectors customer_name tenant reseller_name vendor "
            "partner competitor provider employer aliases"
        ),
    ),
    Banned(
        "sw.banned.exact_count",
        "an exact count",
        _words(
            "count counts number total n accounts requests exchanges exact_count num_accounts "
            "account_count request_count number_observed rows hits members size"
        ),
    ),
    Banned(
        "sw.banned.free_text",
        "free text",
        _words(
            "description comment comments explanation summary text content message note notes "
            "title label labels reason_text abstract name objective authors confidence_note "
            "x_comment remark remarks details body prompt reply response transcript"
        ),
    ),
)

CODES: Final = tuple(one.code for one in CLASSES)


def banned_class(key: str, value: object) -> Banned | None:
    """Return the class of what a schema refused, or None where no class fits.

    Args:
        key: Name of a field that no schema knows; empty where a known one's value is at fault.
        value: Its value; nothing of it is kept.
    """
    by_shape = _by_shape(value)
    if by_shape is not None:
        return by_shape
    words = _split(key[:_LONGEST])
    for one in CLASSES:
        if words & one.words:
            return one
    return _by_text(value)


def _by_shape(value: object) -> Banned | None:
    texts = list(islice(_texts(value), _MOST))
    for one in CLASSES:
        if any(shape.search(text) for shape in one.shapes for text in texts):
            return one
    return None


def _by_text(value: object) -> Banned | None:
    texts = list(islice(_texts(value), _MOST))
    if any(re.search(r"\s", text.strip()) for text in texts):
        words = {word for text in texts for word in re.split(r"[^a-z0-9]+", text.lower())}
        for one in CLASSES:
            if words & one.words:
                return one
        return CLASSES[-1]
    if _is_count(value) or any(_NUMBER.fullmatch(text) for text in texts):
        return next(one for one in CLASSES if one.code == "sw.banned.exact_count")
    return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _split(key: str) -> set[str]:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower().replace("-", "_")
    parts = [part for part in snake.split("_") if part and part != "x"]
    pairs = {"_".join(parts[n : n + 2]) for n in range(len(parts) - 1)}
    return {snake, *parts, *pairs, *(part.removesuffix("s") for part in parts)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:_LONGEST]
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)[:_LONGEST]
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
