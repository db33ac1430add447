"""The virtual file: any range is the slice of the whole, and altered bytes are never served."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import fmp4, webm
from recorder.depacketise import Codec
from recorder.fragments import Fragment, Sample
from recorder.frame_cut import cut_frame
from recorder.h264_parameters import find_parameter_sets, picture_size, units, vp8_picture_size
from recorder.playback import Playback
from recorder.sample_index import (
    STALE_MS,
    compress,
    needed_to_decode,
    pack_fragment,
    picture_at,
    picture_shown_at,
    picture_with,
    read_table,
    sample_offsets,
)
from recorder.virtual_file import BodyRange, Container, lay_out
from runtime.errors import CaseError, StoreError
from tests.support.recording_rig import T0_NS, SpoolRig, decoded_pictures, read_all, source_of
from tests.support.tap_feed import encode_video, nal_units
from tests.unit.recorder.test_recording import record

FORMS = {Container.MP4: fmp4, Container.WEBM: webm}

runs = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(1, 9_000), st.booleans(), st.binary(max_size=60)), max_size=5
        ),
        st.lists(
            st.tuples(st.integers(1, 3_000), st.just(True), st.binary(max_size=9)), max_size=5
        ),
    ).filter(lambda pair: bool(pair[0] or pair[1])),
    min_size=1,
    max_size=6,
)


def build(
    container: Container, plan: list[tuple[list[tuple[int, bool, bytes]], ...]]
) -> tuple[bytes, list[bytes], bytes, list[Sample]]:
    """Initialisation, fragments, sample table and samples in file order of made-up samples."""
    form = FORMS[container]
    at = [0, 0]
    fragments, records, samples = [], [], []
    for number, pair in enumerate(plan, 1):
        made: list[list[Sample]] = [[], []]
        for track, run in enumerate(pair):
            for duration, key, data in run:
                made[track].append(
                    Sample(track, at[track], duration, at[track] & 0xFFFF, key, data)
                )
                at[track] += duration
        fragment = Fragment(made[0], made[1], [], 10**18, 10**18)
        fragments.append(form.fragment_bytes(number, fragment))
        ordered = form.in_file_order(fragment)
        samples += ordered
        records.append(
            pack_fragment(
                (s.track, s.keyframe, len(s.data), s.duration, s.time, s.rtp_timestamp)
                for s in ordered
            )
        )
    init = fmp4.initialisation() if container is Container.MP4 else webm.initialisation(10**18)
    return init, fragments, compress(b"".join(records)), samples


@given(st.sampled_from(list(Container)), runs)
@settings(max_examples=80, deadline=None)
def test_the_sample_table_finds_every_sample(
    container: Container, plan: list[tuple[list[tuple[int, bool, bytes]], ...]]
) -> None:
    """The offsets computed from the table point at exactly the bytes that were given."""
    _, fragments, index, samples = build(container, plan)
    table = read_table(index)
    offsets = sample_offsets(table, [len(one) for one in fragments], container.header_bytes)
    body = b"".join(fragments)
    for sample, offset, row in zip(samples, offsets, table, strict=True):
        assert body[offset : offset + len(sample.data)] == sample.data
        assert int(row["time"]) == sample.time


@given(st.sampled_from(list(Container)), runs, st.data())
@settings(max_examples=80, deadline=None)
def test_any_range_is_the_slice_of_the_whole(
    container: Container,
    plan: list[tuple[list[tuple[int, bool, bytes]], ...]],
    data: st.DataObject,
) -> None:
    """Pieces of a range put together are the bytes of the file from start to end."""
    init, fragments, index, _ = build(container, plan)
    body = b"".join(fragments)
    layout = lay_out(container, init, [len(one) for one in fragments], read_table(index))
    whole = layout.head + body + layout.tail
    assert len(whole) == layout.size
    start = data.draw(st.integers(0, layout.size))
    end = data.draw(st.integers(start, layout.size))
    pieces = layout.pieces(start, end)
    assert whole[start:end] == b"".join(
        body[one.start : one.end] if isinstance(one, BodyRange) else one for one in pieces
    )


def test_a_range_outside_the_file_is_refused() -> None:
    """Neither before the beginning nor past the end."""
    init, fragments, index, _ = build(Container.MP4, [([(1, True, b"x")], [])])
    layout = lay_out(Container.MP4, init, [len(fragments[0])], read_table(index))
    for start, end in ((-1, 2), (3, 2), (0, layout.size + 1)):
        with pytest.raises(ValueError, match="range"):
            layout.pieces(start, end)


def test_a_table_that_does_not_fit_is_refused() -> None:
    """Too few fragments, impossible sizes, torn or foreign bytes."""
    init, fragments, index, _ = build(Container.MP4, [([(1, True, b"x" * 90)], [])] * 3)
    table = read_table(index)
    for sizes in ([len(fragments[0])], [10, 10, 10]):
        with pytest.raises(ValueError, match="fit"):
            lay_out(Container.MP4, init, sizes, table)
    with pytest.raises(ValueError, match="room"):
        lay_out(Container.MP4, b"\0\0\0\x08junk", [len(one) for one in fragments], table)
    for wrong in (b"", index[:-4], compress(b"12345"), compress(b"\x07" * 22)):
        with pytest.raises(ValueError, match="sample table"):
            read_table(wrong)


async def test_ranges_of_a_stored_recording_equal_the_whole(tmp_path: Path) -> None:
    """Read in small steps across head, segments and tail, the bytes are the same."""
    rig = SpoolRig(tmp_path)
    await record(rig, "h264")
    file = await rig.open()
    whole = await read_all(file)
    step = file.size // 7 + 1
    parts = []
    for start in range(0, file.size, step):
        end = min(start + step, file.size)
        parts.append(b"".join([part async for part in file.read(start, end)]))
    assert b"".join(parts) == whole


async def test_only_the_segments_of_a_range_are_fetched(tmp_path: Path) -> None:
    """The head costs one segment at opening (for the picture's size), a second read none."""
    rig = SpoolRig(tmp_path)
    await record(rig, "h264")
    store = rig.store()
    playback = Playback(store)
    source = source_of(rig.facts())
    file = await playback.open(source)
    assert store.reads == 1
    b"".join([part async for part in file.read(0, 2_000)])
    assert store.reads == 1
    b"".join([part async for part in file.read(file.size - 10, file.size)])
    assert store.reads == 1
    assert await playback.open(source) is file


async def test_altered_bytes_are_never_served(tmp_path: Path) -> None:
    """A flipped bit, an exchanged object, a wrong key and a missing object are errors."""
    rig = SpoolRig(tmp_path)
    await record(rig, "h264")
    source = source_of(rig.facts())
    first, second = (row.object_key for row in source.segments)

    async def attempt(store: object, altered: object = source) -> None:
        file = await Playback(store).open(altered)  # type: ignore[arg-type]
        await read_all(file)

    store = rig.store()
    flipped = bytearray(store.objects[second])
    flipped[100] ^= 1
    store.objects[second] = bytes(flipped)
    with pytest.raises(StoreError, match="not what was stored"):
        await attempt(store)
    store = rig.store()
    store.objects[first], store.objects[second] = store.objects[second], store.objects[first]
    with pytest.raises(StoreError, match="not what was stored"):
        await attempt(store)
    store = rig.store()
    del store.objects[second]
    with pytest.raises(StoreError, match="there is no"):
        await attempt(store)
    with pytest.raises(StoreError, match="decrypt"):
        await attempt(rig.store(), replace(source, key=bytes(32)))
    fragment = replace(source.segments[0].fragments[0], sha256="00" * 32)
    row = replace(source.segments[0], fragments=[fragment, *source.segments[0].fragments[1:]])
    with pytest.raises(StoreError, match="not what was recorded"):
        await attempt(rig.store(), replace(source, segments=[row, source.segments[1]]))


async def test_a_recording_without_its_first_seconds_of_picture_keeps_its_times(
    tmp_path: Path,
) -> None:
    """A track that begins late is placed late in the virtual file."""
    plan = [([], [(960, True, b"\xf8\xff\xfe")] * 40)] * 3
    init, fragments, index, _ = build(Container.MP4, plan)
    layout = lay_out(Container.MP4, init, [len(one) for one in fragments], read_table(index))
    whole = layout.head + b"".join(fragments) + layout.tail
    with av.open(io.BytesIO(whole)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
        assert container.streams.audio[0].frames == 120
    del tmp_path


def test_pictures_are_found_by_time_and_by_timestamp() -> None:
    """The shown picture at a moment; of equal timestamps the nearest; back to the key frame."""
    plan = [([(3_000, number % 4 == 0, b"p")] * 1, [(960, True, b"a")]) for number in range(10)]
    _, _, index, _ = build(Container.MP4, plan)
    table = read_table(index)
    row = picture_at(table, 100.0)
    assert row is not None
    assert int(table["time"][row]) == 9_000
    assert picture_at(table, -5) == 0
    exact = picture_with(table, 18_000)
    assert exact is not None
    assert [int(table["time"][at]) for at in needed_to_decode(table, exact)] == [
        12_000,
        15_000,
        18_000,
    ]
    assert picture_with(table, 123) is None


def test_the_picture_of_a_moment_is_named_only_where_the_table_can_tell() -> None:
    """Not before a later picture came or the recording is over, and never across a hole."""
    plan = [([(3_000, number == 0, b"p")], [(960, True, b"a")]) for number in range(10)]
    _, _, index, _ = build(Container.MP4, plan)
    table = read_table(index)
    last_ms = 9 * 3_000 / 90
    assert picture_shown_at(table, 100.0, over=False) == picture_at(table, 100.0)
    assert picture_shown_at(table, last_ms - 1, over=False) == picture_at(table, last_ms - 1)
    assert picture_shown_at(table, last_ms, over=False) is None, "the next may begin as soon"
    assert picture_shown_at(table, last_ms + STALE_MS, over=True) == picture_at(table, last_ms)
    assert picture_shown_at(table, last_ms + STALE_MS + 1, over=True) is None
    assert picture_shown_at(table, -STALE_MS, over=False) == 0
    assert picture_shown_at(table, -STALE_MS - 1, over=True) is None
    holed = table.copy()
    later = holed["time"] > 9_000
    holed["time"][later & (holed["track"] == 0)] += 5 * 90_000
    assert picture_shown_at(holed, 100.0 + STALE_MS, over=False) is not None
    assert picture_shown_at(holed, 101.0 + STALE_MS, over=False) is None
    assert picture_shown_at(table[:0], 0.0, over=True) is None


def test_parameter_sets_tell_the_picture_size() -> None:
    """libx264's own sets, with cropping, and made-up ones that are torn."""
    for size in ((640, 360), (1280, 720), (322, 182)):
        key = encode_video("h264", 1, size=size)[0].data
        sample = b"".join(len(u).to_bytes(4, "big") + u for u in nal_units(key))
        found = find_parameter_sets(sample)
        assert found is not None
        assert (found.width, found.height) == size
        assert len(units(sample)) == len(nal_units(key))
        for cut in range(4, len(found.sps) - 1):
            torn = found.sps[:cut]
            try:
                picture_size(torn)
            except ValueError:
                continue
    vp8 = encode_video("vp8", 1, size=(322, 182))[0].data
    assert vp8_picture_size(vp8) == (322, 182)
    assert vp8_picture_size(vp8[:9]) is None


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_made_up_parameter_sets_never_break_the_reader(junk: bytes) -> None:
    """Any bytes give parameter sets or None."""
    sample = b"".join(
        len(unit).to_bytes(4, "big") + unit for unit in (b"\x67" + junk, b"\x68" + junk)
    )
    find_parameter_sets(sample)
    find_parameter_sets(junk)
    vp8_picture_size(junk)


async def test_a_recording_still_going_on_plays_as_far_as_it_is_stored(tmp_path: Path) -> None:
    """Only the first segment: a shorter file, another etag."""
    rig = SpoolRig(tmp_path)
    await record(rig, "vp8")
    source = source_of(rig.facts())
    part = replace(source, segments=source.segments[:1])
    playback = Playback(rig.store())
    short, whole = await playback.open(part), await playback.open(source)
    assert short.etag != whole.etag
    assert short.content_type == "video/webm"
    assert 100 <= len(decoded_pictures(await read_all(short))) < 180


async def test_a_picture_that_does_not_decode_is_a_clear_error(tmp_path: Path) -> None:
    """The child that decodes gives up; the caller is told, nothing else happens."""
    rig = SpoolRig(tmp_path)
    track = rig.session.open_track("par_1", "trk_v", "peer_1", Codec.H264)
    assert track is not None
    for number in range(30):
        payload = b"\x65\x88" + bytes([number]) * 500
        track.rtp(number, number * 3_000, True, payload, T0_NS + number * 33_000_000)
    rig.advance(1.0)
    await rig.session.close("ended")
    with pytest.raises(CaseError) as caught:
        await cut_frame(await rig.open(), ms=500)
    assert caught.value.code == "frame_undecodable"
