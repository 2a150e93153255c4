"""A strict reading of MPDs against the tables and the schema of ISO/IEC 23009-1 (5th edition), as far as ours go.

No package that we could depend on ships the schema, so here are the elements that we write, with the attributes and
children that the standard allows them, in its order. What is not in here is a fault, as is an element out of order, a
value of another type, and what the text of the standard asks beyond the schema (marked with its section).

Held by hand against the schemas of the 4th edition and of the 6th's draft: both take every MPD that these rules take of
our plans, and of thousands that were broken at random these rules take none that one of the two refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

from defusedxml import ElementTree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE: Final = "{urn:mpeg:dash:schema:mpd:2011}"
CENC: Final = "{urn:mpeg:cenc:2013}"
LAURL: Final = "{https://dashif.org/CPS}Laurl"
MANY: Final = 1_000_000

Type: TypeAlias = Callable[[str], bool]


def pattern(text: str) -> Type:
    compiled = re.compile(text)
    return lambda value: compiled.fullmatch(value) is not None


def number(most: int) -> Type:
    return lambda value: re.fullmatch(r"[0-9]+", value) is not None and int(value) <= most


def one_of(*words: str) -> Type:
    return lambda value: value in words


def anything(_: str) -> bool:
    return True


UINT, ULONG, STRING = number(2**32 - 1), number(2**64 - 1), anything
DURATION = pattern(r"PT(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?")
_CHARACTER = r"([\w.~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})"
# RFC 3986 §3, §4.2: what has a colon ahead of any slash has a scheme.
URI = pattern(rf"(?![^/?#]*:|$){_CHARACTER}*|[A-Za-z][A-Za-z0-9+.-]*:{_CHARACTER}+")
PROFILES = pattern(r"(U)(,[ \t]*(U))*".replace("U", r"urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9:.-]+"))
DATE = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
LANGUAGE = pattern(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
RATIO, FRAME_RATE = pattern(r"[0-9]*:[0-9]*"), pattern(r"[0-9]+(/[1-9][0-9]*)?")
BOOLEAN, SAP = one_of("true", "false", "0", "1"), number(6)
NUMBER = pattern(r"[0-9]+(\.[0-9]+)?")
CODECS = pattern(r"[a-zA-Z0-9!#$%^*_\-+|'.`~&]+(,[a-zA-Z0-9!#$%^*_\-+|'.`~&]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`children` in their order, each with how many there may be at least and at most."""

    attributes: dict[str, Type] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    children: tuple[tuple[str, int, int], ...] = ()
    text: bool = False


DESCRIPTOR = Rule(
    attributes={"schemeIdUri": URI, "value": STRING, "id": STRING}, required=frozenset({"schemeIdUri"})
)  # fmt: skip
# §5.3.7, table 14: what AdaptationSet and Representation have in common
_COMMON_ATTRIBUTES: Final[dict[str, Type]] = {
    "profiles": PROFILES, "width": UINT, "height": UINT, "sar": RATIO, "frameRate": FRAME_RATE,
    "audioSamplingRate": lambda value: 1 <= len(value.split()) <= 2 and all(map(UINT, value.split())),
    "mimeType": pattern(r"(video|audio|text|application)/[a-z0-9.+-]+"), "codecs": CODECS,
    "maximumSAPPeriod": NUMBER, "startWithSAP": SAP, "maxPlayoutRate": NUMBER,
    "codingDependency": BOOLEAN, "scanType": one_of("progressive", "interlaced", "unknown"), "selectionPriority": UINT,
    "tag": STRING,
}  # fmt: skip
_COMMON_CHILDREN: Final = tuple(
    (name, 0, MANY)
    for name in (
        "FramePacking", "AudioChannelConfiguration", "ContentProtection", "EssentialProperty", "SupplementalProperty",
        "InbandEventStream", "Switching", "RandomAccess", "GroupLabel", "Label", "ProducerReferenceTime", "Resync",
    )
)  # fmt: skip
RULES: Final[dict[str, Rule]] = {
    # §5.3.1, table 3
    "MPD": Rule(
        attributes={
            "id": STRING, "profiles": PROFILES,
            "type": one_of("static", "dynamic"), "availabilityStartTime": DATE, "availabilityEndTime": DATE,
            "publishTime": DATE, "mediaPresentationDuration": DURATION, "minimumUpdatePeriod": DURATION,
            "minBufferTime": DURATION, "timeShiftBufferDepth": DURATION, "suggestedPresentationDelay": DURATION,
            "maxSegmentDuration": DURATION, "maxSubsegmentDuration": DURATION,
        },
        required=frozenset({"profiles", "minBufferTime"}),
        children=(
            ("ProgramInformation", 0, MANY), ("BaseURL", 0, MANY), ("Location", 0, MANY),
            ("ServiceDescription", 0, MANY), ("Period", 1, MANY), ("UTCTiming", 0, MANY),
        ),
    ),
    # annex K
    "ServiceDescription": Rule(
        attributes={"id": UINT}, children=(("Latency", 0, MANY), ("PlaybackRate", 0, MANY))
    ),
    "Latency": Rule(attributes={"target": UINT, "max": UINT, "min": UINT}),
    "PlaybackRate": Rule(attributes={"max": NUMBER, "min": NUMBER}),
    "Resync": Rule(
        attributes={"type": number(3), "dT": UINT, "dImax": NUMBER, "dImin": NUMBER, "marker": BOOLEAN}
    ),
    # §5.3.2, table 4
    "Period": Rule(
        attributes={"id": STRING, "start": DURATION, "duration": DURATION, "bitstreamSwitching": BOOLEAN},
        children=(
            ("BaseURL", 0, MANY), ("AssetIdentifier", 0, 1), ("EventStream", 0, MANY), ("AdaptationSet", 1, MANY),
        ),
    ),
    # §5.10.2, table 35
    "EventStream": Rule(
        attributes={"schemeIdUri": URI, "value": STRING, "timescale": UINT},
        required=frozenset({"schemeIdUri"}),
        children=(("Event", 0, MANY),),
    ),
    "Event": Rule(
        attributes={"presentationTime": UINT, "duration": UINT, "id": UINT},
        children=(("{http://www.scte.org/schemas/35/2016}Signal", 1, 1),),
    ),
    # SCTE 35 §12.1
    "{http://www.scte.org/schemas/35/2016}Signal": Rule(
        children=(("{http://www.scte.org/schemas/35/2016}Binary", 1, 1),)
    ),
    "{http://www.scte.org/schemas/35/2016}Binary": Rule(text=True),
    # §5.3.3, table 5
    "AdaptationSet": Rule(
        attributes={
            **_COMMON_ATTRIBUTES, "id": UINT, "group": UINT, "lang": LANGUAGE,
            "contentType": one_of("text", "image", "audio", "video", "application", "font"), "par": RATIO,
            "minBandwidth": UINT, "maxBandwidth": UINT, "minWidth": UINT, "maxWidth": UINT, "minHeight": UINT,
            "maxHeight": UINT, "minFrameRate": FRAME_RATE, "maxFrameRate": FRAME_RATE, "segmentAlignment": BOOLEAN,
            "subsegmentAlignment": BOOLEAN, "subsegmentStartsWithSAP": SAP, "bitstreamSwitching": BOOLEAN,
        },
        children=(
            *_COMMON_CHILDREN, ("Accessibility", 0, MANY), ("Role", 0, MANY), ("Rating", 0, MANY),
            ("Viewpoint", 0, MANY), ("ContentComponent", 0, MANY), ("BaseURL", 0, MANY), ("SegmentTemplate", 0, 1),
            ("Representation", 1, MANY),
        ),
    ),
    # §5.3.5, table 9
    "Representation": Rule(
        attributes={**_COMMON_ATTRIBUTES, "id": pattern(r"\S+"), "bandwidth": UINT, "qualityRanking": UINT},
        required=frozenset({"id", "bandwidth"}),
        children=(*_COMMON_CHILDREN, ("BaseURL", 0, MANY), ("SegmentTemplate", 0, 1)),
    ),
    # §5.3.9.2, §5.3.9.4, tables 16 to 21
    "SegmentTemplate": Rule(
        attributes={
            "timescale": UINT, "presentationTimeOffset": ULONG, "duration": UINT, "startNumber": UINT,
            "endNumber": UINT, "media": URI, "index": URI, "initialization": URI, "bitstreamSwitching": URI,
            "availabilityTimeOffset": NUMBER, "availabilityTimeComplete": BOOLEAN,
        },
        required=frozenset({"media"}),
        children=(("SegmentTimeline", 0, 1),),
    ),
    # §5.3.9.6, table 22
    "SegmentTimeline": Rule(children=(("S", 1, MANY),)),
    "S": Rule(
        attributes={"t": ULONG, "n": ULONG, "d": ULONG, "r": pattern(r"-?[0-9]+"), "k": ULONG},
        required=frozenset({"d"}),
    ),
    # §5.8.4.1, with what ISO/IEC 23001-7 §11.2 and DASH-IF's guidelines put into its open content
    "ContentProtection": Rule(
        attributes={
            "schemeIdUri": URI, "value": STRING, "id": STRING, "robustness": STRING, "refId": STRING, "ref": STRING,
            f"{CENC}default_KID": pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        },
        required=frozenset({"schemeIdUri"}),
        children=((f"{CENC}pssh", 0, 1), (LAURL, 0, 1)),
    ),
    f"{CENC}pssh": Rule(text=True),
    LAURL: Rule(attributes={"licenseType": one_of("EME-1.0")}, text=True),
    "Label": Rule(attributes={"id": UINT, "lang": LANGUAGE}, text=True),
    "BaseURL": Rule(text=True),
    **dict.fromkeys(
        (
            "Role", "Accessibility", "AudioChannelConfiguration", "SupplementalProperty", "EssentialProperty",
            "UTCTiming",
        ),
        DESCRIPTOR,
    ),
}  # fmt: skip


def faults(document: str) -> list[str]:
    """What is wrong with an MPD; nothing for one that keeps to the standard."""
    root = ElementTree.fromstring(document)
    found: list[str] = []
    if root.tag != f"{NAMESPACE}MPD":
        return [f"{root.tag} is no MPD"]
    _check(root, "MPD", found)
    if not found and root.get("type") == "dynamic":
        _check_dynamic(root, found)
    elif not found:
        _check_text(root, found)
    return found


def _check(element: Element, name: str, found: list[str]) -> None:
    rule = RULES[name]
    for key, value in element.attrib.items():
        if key not in rule.attributes:
            found.append(f"{name}@{key} is not known")
        elif not rule.attributes[key](value):
            found.append(f"{name}@{key} must not be {value!r}")
    found += [f"{name} needs @{key}" for key in sorted(rule.required - element.attrib.keys())]
    if not rule.text and (element.text or "").strip():
        found.append(f"{name} holds text")
    names = [child.tag.removeprefix(NAMESPACE) for child in element]
    order = [child for child, _, _ in rule.children]
    found += [f"{name} holds no {child}" for child in names if child not in order]
    places = [order.index(child) for child in names if child in order]
    if places != sorted(places):
        found.append(f"children of {name} out of order: {names}")
    for child, least, most in rule.children:
        if not least <= names.count(child) <= most:
            found.append(f"{names.count(child)} {child} in {name}")
    for child in element:
        short = child.tag.removeprefix(NAMESPACE)
        if short in order:
            _check(child, short, found)


def _check_text(root: Element, found: list[str]) -> None:
    """What the text asks beyond the schema."""
    if "mediaPresentationDuration" not in root.attrib:
        found.append("a static MPD needs @mediaPresentationDuration (§5.3.1.2)")
        return
    total = seconds(root.attrib["mediaPresentationDuration"])
    period = root.find(f"{NAMESPACE}Period")
    assert period is not None
    sets = period.findall(f"{NAMESPACE}AdaptationSet")
    ids = [each.get("id") for each in sets]
    names = [each.get("id") for each in root.iter(f"{NAMESPACE}Representation")]
    if len(set(ids)) != len(ids) or len(set(names)) != len(names):
        found.append("an @id comes twice (§5.3.3.2, §5.3.5.2)")
    longest, ends = Fraction(0), []
    for each in sets:
        template = each.find(f"{NAMESPACE}SegmentTemplate")
        assert template is not None
        spans = timeline(template)
        longest = max(longest, *(end - begin for begin, end in spans))
        if "$Number$" not in template.attrib["media"]:
            found.append("SegmentTemplate@media without $Number$ (§5.3.9.4.4)")
        if each.get("contentType") != "text":
            ends.append(spans[-1][1])
        _check_protection(each.findall(f"{NAMESPACE}ContentProtection"), found)
        for representation in each.findall(f"{NAMESPACE}Representation"):
            if each.get("mimeType", representation.get("mimeType")) is None:
                found.append("a Representation without @mimeType (§5.3.7.2)")
    if not 0 <= total - max(ends) < Fraction(1, 10**6):
        found.append(f"the longest set ends at {float(max(ends))} s, the presentation at {float(total)}")
    if longest > seconds(root.attrib["maxSegmentDuration"]) + Fraction(1, 10**6):
        found.append("a segment longer than @maxSegmentDuration (§5.3.1.2)")


def _check_protection(told: list[Element], found: list[str]) -> None:
    """Of one set: nothing, or the scheme with its key once, and behind it systems, each once."""
    schemes = [each.attrib["schemeIdUri"] for each in told]
    if len(set(schemes)) != len(schemes):
        found.append("two ContentProtection of one scheme (§5.8.4.1)")
    if told and schemes[0] != "urn:mpeg:dash:mp4protection:2011":
        found.append("ContentProtection without that of the scheme (ISO/IEC 23001-7 §11.2)")
    for each, scheme in zip(told, schemes, strict=True):
        if scheme == "urn:mpeg:dash:mp4protection:2011":
            if each.get("value") not in {"cenc", "cbc1", "cens", "cbcs"} or f"{CENC}default_KID" not in each.attrib:
                found.append("mp4protection needs the scheme and @cenc:default_KID (ISO/IEC 23001-7 §11.2)")
        elif re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", scheme) is None:
            found.append(f"{scheme} names no system (§5.8.4.1)")
        elif (address := each.find(LAURL)) is not None and re.match("https?://", address.text or "") is None:
            found.append("a licence address that players would have to resolve (DASH-IF, content protection)")


def _check_dynamic(root: Element, found: list[str]) -> None:
    """The same of @type="dynamic"."""
    found += [f"a dynamic MPD needs @{name} (§5.3.1.2)" for name in ("availabilityStartTime", "publishTime")
              if name not in root.attrib]  # fmt: skip
    if ("minimumUpdatePeriod" in root.attrib) == ("mediaPresentationDuration" in root.attrib):
        found.append("an MPD is updated, or says where it ends (§5.3.1.2)")
    at = Fraction(-1)
    periods = root.findall(f"{NAMESPACE}Period")
    if len({period.get("id") for period in periods}) != len(periods):
        found.append("a dynamic MPD needs an @id in every Period, and no two (§5.3.2.2)")
    for period in periods:
        if seconds(period.attrib["start"]) < at:
            found.append("periods that overlap (§5.3.2.1)")
        at = seconds(period.attrib["start"])
        for template in period.iter(f"{NAMESPACE}SegmentTemplate"):
            if "duration" in template.attrib:
                _check_steady(template, seconds(root.attrib["maxSegmentDuration"]), found)
                continue
            spans = timeline(template)
            if spans[0][0] < 0:
                found.append("a segment before its period (§5.3.9.6)")
            if any(end - begin > seconds(root.attrib["maxSegmentDuration"]) for begin, end in spans):
                found.append("a segment longer than @maxSegmentDuration (§5.3.1.2)")
            at = max(at, seconds(period.attrib["start"]) + spans[-1][1])

    if root.find(f"{NAMESPACE}ServiceDescription") is not None:
        _check_latency(root, found)


def _check_steady(template: Element, longest: Fraction, found: list[str]) -> None:
    lasts = Fraction(int(template.attrib["duration"]), int(template.get("timescale", "1")))
    early = Fraction(template.get("availabilityTimeOffset", "0"))
    if template.find(f"{NAMESPACE}SegmentTimeline") is not None:
        found.append("@duration beside a SegmentTimeline (§5.3.9.2.1)")
    if lasts > longest:
        found.append("a segment longer than @maxSegmentDuration (§5.3.1.2)")
    if early >= lasts:
        found.append("a segment that is there before its beginning (§5.3.9.2)")
    if template.get("availabilityTimeComplete") == "false" and not early:
        found.append("@availabilityTimeComplete without @availabilityTimeOffset (§5.3.9.2)")


def _check_latency(root: Element, found: list[str]) -> None:
    """What annex K asks."""
    latency = root.find(f"{NAMESPACE}ServiceDescription/{NAMESPACE}Latency")
    clock = root.find(f"{NAMESPACE}UTCTiming")
    if latency is None or clock is None:
        found.append("low latency needs a Latency, and a UTCTiming")
        return
    target = latency.get("target", "0")
    if not int(latency.get("min", "0")) <= int(target) <= int(latency.get("max", target)):
        found.append("Latency@target outside of its bounds")


def seconds(duration: str) -> Fraction:
    """An xs:duration of seconds alone."""
    return Fraction(duration.removeprefix("PT").removesuffix("S"))


def timeline(template: Element) -> list[tuple[Fraction, Fraction]]:
    """Begin and end of each segment, in seconds of the presentation (§5.3.9.6)."""
    scale, offset = int(template.get("timescale", "1")), int(template.get("presentationTimeOffset", "0"))
    at, spans = 0, []
    for entry in template.iter(f"{NAMESPACE}S"):
        at = int(entry.get("t", at))
        for _ in range(int(entry.get("r", "0")) + 1):
            ticks = int(entry.attrib["d"])
            spans.append((Fraction(at - offset, scale), Fraction(at + ticks - offset, scale)))
            at += ticks
    return spans
