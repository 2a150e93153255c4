"""How far what an editor is told of an encode is from what turned out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

QUARTER: Final = 25
"""Percent from which on the time left is to be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`percent` and `eta_s` as they were shown at `at` (seconds after the source's last byte); the encoders had used
    `cpu` seconds by then."""

    at: float
    percent: int
    eta_s: int | None
    cpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Shares of the whole time or CPU, from a quarter on; signs are lost but in `bias`.

    `eta` and `eta_p95`: of the foretold end, at worst and in 95 of 100; `bias`: its mean, above 0 where the end was
    foretold too late. `of_the_rest`: the same error as a share of what was then left, in the middle one of all.
    `known`: in what share of the looks there was a time at all. `by_time`, `by_cpu`: of the percentage, at worst, from
    the beginning on.
    """

    looks: int
    known: float
    eta: float
    eta_p95: float
    bias: float
    of_the_rest: float
    by_time: float
    by_cpu: float


def errors(said: Sequence[Said], *, end: float, cpu: float) -> Errors | None:
    """Of an encode that was done `end` seconds after the source's last byte, and took `cpu` seconds; None if no end was
    foretold from a quarter on."""
    late = [each for each in said if each.percent >= QUARTER and each.at < end]
    foretold = [(each, each.at + each.eta_s - end) for each in late if each.eta_s is not None]
    if not foretold:
        return None
    wrong = sorted(abs(error) / end for _, error in foretold)
    rest = sorted(abs(error) / (end - each.at) for each, error in foretold)
    return Errors(
        looks=len(late),
        known=len(foretold) / len(late),
        eta=wrong[-1],
        eta_p95=wrong[int(0.95 * (len(wrong) - 1))],
        bias=sum(error for _, error in foretold) / len(foretold) / end,
        of_the_rest=rest[len(rest) // 2],
        by_time=max(abs(each.percent / 100 - each.at / end) for each in said),
        by_cpu=max(abs(each.percent / 100 - each.cpu / cpu) for each in said) if cpu else 0.0,
    )
