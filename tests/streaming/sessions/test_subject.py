from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import AssetId, ChannelId
from streaming.sessions.subject import ChannelEvent, Subject, name_of, subject_of

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
SUBJECTS: st.SearchStrategy[Subject] = st.one_of(
    IDS.map(AssetId),
    st.builds(ChannelEvent, channel=IDS.map(ChannelId), event=st.integers(1, 10**9)),
)


@given(SUBJECTS, SUBJECTS)
def test_a_name_tells_one_subject_from_all_others(one: Subject, other: Subject) -> None:
    assert subject_of(name_of(one)) == one
    assert (name_of(one) == name_of(other)) == (one == other)
