"""TTML and IMSC1 text (TTML2, IMSC 1.2). Pictures of text are refused by name.

Times are resolved as §12 says: containers run their children side by side ("par") or one after the other ("seq"), and
nobody outlives his parent. Where spans of a paragraph come and go, it becomes a cue for each state of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count, pairwise
from typing import TYPE_CHECKING, Final

from manifests.captions import cue_text, ttml_style, xml_tree
from manifests.captions.collector import Collector
from manifests.captions.model import MAX_TIME
from manifests.captions.ttml_time import Clock, clock
from manifests.captions.xml_tree import local
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from manifests.captions.model import CaptionTrack

_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_NAMESPACES: Final = re.compile(r"(?:\{[^}]*(?:ttml|ttaf1)[^}#]*\})?[A-Za-z]+")
_FOREVER: Final = Fraction(MAX_TIME, 1000)
_MAX_WORK: Final = 5_000_000
"""Pieces of paragraphs that come and go, times the moments at which they do: a film of karaoke has less."""

_Span = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Text that is shown together: `path` are the tags around it, each with a number of its own."""

    text: str
    path: tuple[tuple[str, int], ...]
    shown: tuple[_Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What an element hands down to its children."""

    begin: Fraction
    end: Fraction
    shown: tuple[_Span, ...]
    style: Mapping[str, str]
    region: str | None = None
    preserve: bool = False
    path: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class _Reader:
    clock: Clock
    styles: ttml_style.Styles
    collector: Collector
    numbers: Iterator[int] = field(default_factory=count)
    said: set[str] = field(default_factory=set)
    work: int = 0

    def spend(self, work: int) -> None:
        """Raises CaptionError if parts that come and go would take minutes to resolve.

        The unit is a span that is looked at; one that is cut costs about ten.
        """
        self.work += work
        if self.work > _MAX_WORK:
            raise CaptionError("too-complex", "Too many parts of the captions have times of their own.")

    def clip(self, spans: tuple[_Span, ...], to: _Span) -> tuple[_Span, ...]:
        """What of the spans lies within another."""
        if len(spans) > 1:
            self.spend(10 * len(spans))
        clipped = ((max(begin, to[0]), min(end, to[1])) for begin, end in spans)
        return tuple((begin, end) for begin, end in clipped if begin < end)

    def warn_once(self, text: str) -> None:
        if text not in self.said:
            self.said.add(text)
            self.collector.warn(text)

    def time(self, element: Element, name: str) -> Fraction | None:
        """Raises ValueError for what is no time."""
        value = element.attrib.get(name)
        return None if value is None else self.clock.seconds(value)

    def container(self, element: Element, outer: _Scope, start: Fraction, runs: list[_Run] | None) -> Fraction:
        """Read an element that begins `start` at the earliest; gives its end.

        Inside a paragraph `runs` takes its text, outside it is None.
        """
        try:
            begin, duration, end = (self.time(element, name) for name in ("begin", "dur", "end"))
        except ValueError as exc:
            self.collector.warn(f"{exc}, so what it stands for was left out.")
            return start
        first = start + (begin or 0)
        limits = [outer.end]
        limits += [] if duration is None else [first + duration]
        limits += [] if end is None else [start + end]
        last = max(min(limits), first)
        scope = self._scope(element, outer, first, last)
        if local(element.tag) == "p":
            words: list[_Run] = []
            implicit = self._children(element, scope, words)
            self._paragraph(words, scope)
        else:
            implicit = self._children(element, scope, runs)
        return last if duration is not None or end is not None else min(last, implicit)

    def _scope(self, element: Element, outer: _Scope, first: Fraction, last: Fraction) -> _Scope:
        own = self.styles.own(element)
        region = element.attrib.get("region", outer.region)
        base = ttml_style.inherited(outer.style)
        if region != outer.region:
            base = {**ttml_style.inherited(self.styles.region(region)), **base}
        style = {**base, **own}
        space = element.attrib.get(_SPACE)
        return replace(
            outer,
            begin=first,
            end=last,
            shown=self._shown(element, style, self.clip(outer.shown, (first, last)), first),
            style=style,
            region=region,
            preserve=outer.preserve if space is None else space == "preserve",
            path=self._path(element, own, outer.path),
        )

    def _path(
        self, element: Element, own: Mapping[str, str], outer: tuple[tuple[str, int], ...]
    ) -> tuple[tuple[str, int], ...]:
        """Tags of a paragraph or span; ruby is a container with its text on top (§10.2.37)."""
        if local(element.tag) not in ("p", "span"):
            return outer
        ruby = {"container": ("ruby",), "text": ("rt",)}.get(own.get("ruby", ""), ())
        return (*outer, *((tag, next(self.numbers)) for tag in (*ruby, *ttml_style.tags(own))))

    def _shown(
        self, element: Element, style: Mapping[str, str], spans: tuple[_Span, ...], first: Fraction
    ) -> tuple[_Span, ...]:
        """The times at which an element is displayed, `set` heeded (§13.1.1)."""
        hidden = style.get("display") == "none" or style.get("visibility") == "hidden"
        spans = () if hidden else spans
        for child in element:
            if local(child.tag) not in ("set", "animate"):
                continue
            changed = self.styles.own(child)
            wanted = changed.get("display", changed.get("visibility"))
            if wanted is None:
                self.warn_once("changes of style within a caption are not kept.")
                continue
            try:
                begin, duration, end = (self.time(child, name) for name in ("begin", "dur", "end"))
            except ValueError as exc:
                self.collector.warn(f"{exc}, so a change was left out.")
                continue
            at = first + (begin or 0)
            until = min(
                _FOREVER if duration is None else at + duration,
                _FOREVER if end is None else first + end,
            )
            span = (at, max(at, until))
            spans = _without(spans, span) if wanted in ("none", "hidden") else (*_without(spans, span), span)
            self.spend(10 * len(spans))
        return tuple(sorted(spans))

    def _children(self, element: Element, scope: _Scope, runs: list[_Run] | None) -> Fraction:
        """Read the children; gives when the last of them ends, which is how long their parent lasts of itself."""
        sequence = element.attrib.get("timeContainer") == "seq"
        ended = scope.begin
        latest = scope.begin
        # A text of its own has no end side by side, and no length one after the other (§12.2.4).
        text_ends = scope.begin if sequence else scope.end
        if runs is not None and self._text(element.text, scope, runs, hidden=sequence):
            latest = max(latest, text_ends)
        for child in element:
            name = local(child.tag)
            if isinstance(child.tag, str) and _NAMESPACES.fullmatch(child.tag):
                if name == "br" and runs is not None:
                    runs.append(_Run(text="\n", path=scope.path, shown=((scope.begin, scope.end),)))
                elif name in ("div", "p", "span") and (runs is None or name == "span"):
                    ended = self._child(child, scope, ended if sequence else scope.begin, runs)
                    latest = max(latest, ended)
            if runs is not None and self._text(child.tail, scope, runs, hidden=sequence):
                latest = max(latest, text_ends)
        return latest

    def _child(self, child: Element, scope: _Scope, start: Fraction, runs: list[_Run] | None) -> Fraction:
        # §10.2.37: what stands between base and text is for those who cannot show ruby.
        if local(child.tag) == "span" and self.styles.own(child).get("ruby") == "delimiter":
            return start
        return self.container(child, scope, start, runs)

    def _text(self, text: str | None, scope: _Scope, runs: list[_Run], *, hidden: bool) -> bool:
        """Keep a text; whether there was one."""
        if not text:
            return False
        kept = text if scope.preserve else re.sub(r"[ \t\r\n]+", " ", text)
        shown = () if hidden else self.clip(scope.shown, (scope.begin, scope.end))
        runs.append(_Run(text=kept, path=scope.path, shown=shown))
        return bool(kept.strip())

    def _paragraph(self, runs: list[_Run], scope: _Scope) -> None:
        settings = ttml_style.settings(scope.style, self.styles.region(scope.region))
        words = [run for run in runs if run.text.strip()]
        moments = sorted({moment for run in words for span in run.shown for moment in span})
        if len(moments) > 2:
            self.spend(len(moments) * len(runs))
        states: list[tuple[Fraction, Fraction, str]] = []
        for begin, end in pairwise(moments):
            text = _marked(
                [run for run in runs if run.text == "\n" or any(b <= begin and end <= e for b, e in run.shown)]
            )
            if states and states[-1][1:] == (begin, text):
                states[-1] = (states[-1][0], end, text)
            else:
                states.append((begin, end, text))
        for begin, end, text in states:
            if cue_text.plain(cue_text.clean(text)).strip():
                self.collector.add(round(begin * 1000), round(end * 1000), text, settings=settings)


def parse(text: str) -> CaptionTrack:
    """The cues of a TTML document. Raises CaptionError if it cannot be read, holds pictures, or nothing to show."""
    root = xml_tree.parse(text)
    if local(root.tag) != "tt":
        raise CaptionError("unknown-format", "The XML is no TTML: its first element must be <tt>.")
    _refuse_pictures(root)
    collector = Collector()
    collect(root, collector)
    return collector.track("ttml")


def collect(root: Element, collector: Collector) -> None:
    """Hand the cues of a tree to a collector. Raises CaptionError."""
    reader = _Reader(clock=clock(root), styles=ttml_style.Styles(root), collector=collector)
    if reader.clock.smpte:
        collector.warn("the times are SMPTE time codes; they were taken to begin with the video.")
    everything = (Fraction(0), _FOREVER)
    outer = _Scope(
        begin=everything[0],
        end=everything[1],
        shown=(everything,),
        style={},
        preserve=root.attrib.get(_SPACE) == "preserve",
    )
    for child in root:
        if isinstance(child.tag, str) and local(child.tag) == "body":
            reader.container(child, outer, Fraction(0), None)


def _refuse_pictures(root: Element) -> None:
    """IMSC's image profile, SMPTE-TT with pictures: no text that a player could show."""
    profiles = " ".join(value for name, value in root.attrib.items() if local(name) in ("profile", "contentProfiles"))
    pictured = any(
        local(element.tag) == "image" or any(local(name) == "backgroundImage" for name in element.attrib)
        for element in root.iter()
        if isinstance(element.tag, str)
    )
    if pictured or re.search(r"/imsc1(?:\.\d)?/image", profiles):
        message = (
            "The captions are pictures (the image profile of IMSC or SMPTE-TT). Only captions as text can be used."
        )
        raise CaptionError("image-captions", message)


def _without(spans: tuple[_Span, ...], hole: _Span) -> tuple[_Span, ...]:
    found: list[_Span] = []
    for span in spans:
        found += [
            part for part in ((span[0], min(span[1], hole[0])), (max(span[0], hole[1]), span[1])) if part[0] < part[1]
        ]
    return tuple(found)


def _marked(runs: list[_Run]) -> str:
    """Runs as cue text: tags that two neighbours share stay open between them."""
    pieces: list[str] = []
    current: tuple[tuple[str, int], ...] = ()
    for run in (*runs, _Run(text="", path=(), shown=())):
        shared = 0
        while shared < min(len(current), len(run.path)) and current[shared] == run.path[shared]:
            shared += 1
        pieces += [f"</{tag.partition('.')[0]}>" for tag, _ in reversed(current[shared:])]
        pieces += [f"<{tag}>" for tag, _ in run.path[shared:]]
        pieces.append(cue_text.escape(run.text))
        current = run.path
    return "".join(pieces)
