"""All profiles that there are at one moment, and which of them an upload gets. Pure.

A file with mistakes is no profile, and stands in the way of those alone that need it: who names it, and whose default
it is. Nobody gets another profile in its stead, for it may be the one that encrypts.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from streaming.profiles.errors import BrokenProfile, UnknownProfile
from transcoder.profile import DEFAULT, DEFAULT_NAME, Profile
from transcoder.profile_file import SUFFIX, ParsedProfile, on_this_machine, without_packager

_BUILT_IN = ParsedProfile(name=DEFAULT_NAME, profile=DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFile:
    """A file as it was read; `text` is "" for the built-in one."""

    parsed: ParsedProfile
    text: str = ""

    def claims(self, tenant: str) -> bool:
        """Whether it is the default of a tenant. One that is no TOML is, if the tenant's name stands in it."""
        if self.parsed.tenants or self.parsed.profile is not None:
            return tenant in self.parsed.tenants
        return f'"{tenant}"' in self.text or f"'{tenant}'" in self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Files by the names of their profiles, `default` among them."""

    files: Mapping[str, ProfileFile] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Mapping[str, ProfileFile]) -> Shelf:
        """Two that claim the same tenant are both broken: nobody can tell which is meant."""
        claims: dict[str, list[str]] = {}
        for name, file in files.items():
            for tenant in file.parsed.tenants:
                claims.setdefault(tenant, []).append(name)
        checked = dict(files)
        for tenant, names in claims.items():
            for name in names if len(names) > 1 else ():
                error = f'{name}{SUFFIX}: tenants: "{tenant}" stands in {" and ".join(f"{n}{SUFFIX}" for n in names)}'
                parsed = checked[name].parsed
                checked[name] = replace(
                    checked[name], parsed=replace(parsed, profile=None, errors=(*parsed.errors, error))
                )
        return cls(files={DEFAULT_NAME: ProfileFile(parsed=_BUILT_IN), **checked})

    @property
    def asks_for_more(self) -> bool:
        """Whether a profile has codecs that not every ffmpeg can make."""
        made = [file.parsed.profile for file in self.files.values() if file.parsed.profile is not None]
        return any(set(profile.codecs) - set(DEFAULT.codecs) for profile in made)

    def on_this_machine(self, encoders: Container[str]) -> Shelf:
        """The same, with what its ffmpeg cannot make as mistakes."""
        return self._each(lambda parsed: on_this_machine(parsed, encoders))

    def without_packager(self) -> Shelf:
        """The same, with what needs Shaka Packager as mistakes."""
        return self._each(without_packager)

    def _each(self, change: Callable[[ParsedProfile], ParsedProfile]) -> Shelf:
        return Shelf(files={name: replace(file, parsed=change(file.parsed)) for name, file in self.files.items()})

    def name_for(self, tenant: str) -> str:
        """The profile of a tenant who names none."""
        return next((name for name, file in self.files.items() if file.claims(tenant)), DEFAULT_NAME)

    def chosen(self, name: str, *, tenant: str) -> Profile:
        """The profile of this name, or, if that is "", the tenant's. Raises UnknownProfile, BrokenProfile."""
        name = name or self.name_for(tenant)
        file = self.files.get(name)
        if file is None:
            near = get_close_matches(name, self.files, n=1)
            said = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(self.files))}."
            raise UnknownProfile(f"There is no profile {name[:64]!r}: {said}")
        if file.parsed.profile is None:
            raise BrokenProfile(f"Nothing can be uploaded by the profile {name}: {'; '.join(file.parsed.errors)}.")
        return file.parsed.profile
