"""A typed door to numba: kernels keep their Python signature for the type checker."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function to machine code on first call, without the interpreter lock.

    Compiled code is cached beside the source, or in numba's cache folder where the source is
    read-only.
    """
    from numba import njit  # noqa: PLC0415 (numba takes longer to import than most commands run)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cast("Callable[P, R]", njit(cache=True, nogil=True)(function))
