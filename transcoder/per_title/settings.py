"""Settings of the per-title ladder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from infra.errors import SettingsError
from infra.settings import read, setting

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PerTitleSettings:
    """Whether titles get ladders of their own, and how good their top rung is to be."""

    enabled: bool = setting(
        True, env="CHANNEL_PER_TITLE", help="choose rungs and rates by looking into each title (VMAF); else all get one"
    )
    target: float = setting(
        94.0, env="CHANNEL_PER_TITLE_VMAF", unit="VMAF", help="quality of the top rung; more is seen by next to nobody"
    )

    def __post_init__(self) -> None:
        if not 50 <= self.target <= 100:
            raise SettingsError(f"CHANNEL_PER_TITLE_VMAF: {self.target:g} is no quality, write 50 to 100")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)
