"""Namespace `/camera`, over the test pattern."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.integration.sockets.client import RefusedError
from tests.integration.sockets.conftest import Subject, running_subject
from tests.integration.sockets.test_documents import validator
from tests.integration.sockets.viewer import PollingViewer, Viewer
from web.asyncapi import build_document

CAMERAS = "front=test:320x240@30,back=test:160x120@10"


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    data_dir = tmp_path_factory.mktemp("cameras") / "data"
    with running_subject(data_dir, f"cameras={CAMERAS}", "rate_limit=1000000/minute") as subject:
        yield subject
    assert "Traceback" not in subject.log_path.read_text()


@pytest.fixture
def watch(cameras: Subject) -> Iterator[Callable[..., Viewer]]:
    viewers: list[Viewer] = []

    def start(*, acks: bool = True, **wish: object) -> Viewer:
        viewer = Viewer(cameras.port, acks=acks)
        viewers.append(viewer)
        answer = viewer.call("watch", wish)
        assert answer["ok"], answer
        return viewer

    yield start
    for viewer in viewers:
        viewer.__exit__()


def size_of(jpeg: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(jpeg)).size


def test_who_watches_gets_frames_as_bytes(watch: Callable[..., Viewer]) -> None:
    frames = watch(camera_id="front").wait_frames(10)
    assert [size_of(frame["data"]) for frame in frames[:10]] == [(320, 240)] * 10
    assert (frames[0]["type"], frames[0]["width"], frames[0]["height"]) == ("image", 320, 240)
    seqs = [frame["seq"] for frame in frames]
    assert seqs == sorted(set(seqs))


def test_the_first_camera_is_watched_without_naming_it(watch: Callable[..., Viewer]) -> None:
    viewer = watch()
    assert viewer.wait_frames(1)[0]["camera_id"] == viewer.named("camera_status")[0]["camera_id"]
    assert viewer.named("camera_status")[0]["name"] == "front"


def test_a_watch_needs_no_data(cameras: Subject) -> None:
    with Viewer(cameras.port) as viewer:
        assert viewer.call("watch")["name"] == "front"
        viewer.wait_frames(1)


def test_base64_comes_as_text(watch: Callable[..., Viewer]) -> None:
    frame = watch(camera_id="front", encoding="base64", width=64).wait_frames(2)[1]
    assert isinstance(frame["data"], str)
    assert size_of(base64.b64decode(frame["data"])) == (64, 48)


def test_websocket_and_polling_viewers_both_get_their_frames(cameras: Subject, watch: Callable[..., Viewer]) -> None:
    over_websocket = watch(camera_id="front")
    over_websocket.wait_frames(1)
    with PollingViewer(cameras.port) as polling:
        polling.watch(camera_id="front")
        deadline = time.monotonic() + 20
        while len(polling.frames) < 5 and time.monotonic() < deadline:
            polling.poll()
    assert [size_of(frame["data"]) for frame in polling.frames[:5]] == [(320, 240)] * 5
    mine = {frame["seq"]: frame["data"] for frame in over_websocket.frames}
    shared = [frame for frame in polling.frames if frame["seq"] in mine]
    assert shared
    assert all(frame["data"] == mine[frame["seq"]] for frame in shared)


def test_a_viewer_that_acks_has_at_most_two_frames_on_their_way(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front", acks=False)
    viewer.wait_frames(2)
    viewer.ack(viewer.unacked.pop(0))  # now it is known to ack
    viewer.wait_frames(3)
    time.sleep(2.5)
    assert len(viewer.frames) == 3


def test_an_ack_brings_the_newest_frame(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front", acks=False)
    viewer.wait_frames(2)
    viewer.ack(viewer.unacked.pop(0))
    viewer.wait_frames(3)
    time.sleep(1.0)
    before = viewer.frames[-1]["seq"]
    viewer.ack(viewer.unacked.pop(0))
    newest = viewer.wait_frames(4)[3]
    assert newest["seq"] - before > 8
    assert time.time() - newest["timestamp"] < 0.9


def test_a_viewer_that_never_acks_is_waited_for_and_then_gets_what_its_connection_takes(
    watch: Callable[..., Viewer],
) -> None:
    viewer = watch(camera_id="front", acks=False)
    viewer.wait_frames(2)
    time.sleep(1.0)
    assert len(viewer.frames) == 2
    began = time.monotonic()
    viewer.wait_frames(22)
    assert time.monotonic() - began < 15  # a frame a second would take 20


def test_numbers_that_were_never_given_out_are_no_acks(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front", acks=False)
    viewer.wait_frames(2)
    for number in range(50):
        if number not in viewer.unacked:
            viewer.ack(10**8 + number)
    time.sleep(0.5)
    assert len(viewer.frames) <= 3


def test_a_second_watch_changes_the_first(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front")
    viewer.wait_frames(1)
    assert viewer.call("watch", {"camera_id": "front", "width": 64, "fps": 5})["width"] == 64
    viewer.wait(lambda: viewer.frames[-1]["width"] == 64)
    viewer.wait(lambda: viewer.named("camera_status")[-1]["viewers"] == 1)


def test_one_connection_may_watch_two_cameras(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front")
    assert viewer.call("watch", {"camera_id": "back"})["ok"]
    viewer.wait(lambda: {frame["width"] for frame in viewer.frames} == {320, 160})


def test_who_unwatches_gets_no_more(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front")
    viewer.wait_frames(1)
    camera_id = viewer.frames[0]["camera_id"]
    assert viewer.call("unwatch") == {"ok": True, "camera_ids": [camera_id]}
    count = len(viewer.frames)
    time.sleep(0.5)
    assert len(viewer.frames) == count
    assert viewer.call("unwatch", {"camera_id": camera_id})["ok"]


def test_its_state_is_told_at_once_and_its_figures_now_and_then(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="back")
    viewer.wait_frames(1)
    viewer.wait(lambda: [status for status in viewer.named("camera_status") if status["state"] == "live"])
    figures = viewer.wait(lambda: [each for each in viewer.named("camera_status") if each.get("you", {}).get("fps")])[0]
    assert figures["you"]["sent"] > 0
    assert figures["encoded"]
    assert figures["age"] < 5


def test_control_changes_the_camera_for_who_asked_for_nothing_else(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="back")
    viewer.wait_frames(1)
    answer = viewer.call("control", {"camera_id": "back", "width": 80, "quality": 50})
    assert (answer["ok"], answer["width"], answer["quality"]) == (True, 80, 50)
    viewer.wait(lambda: viewer.frames[-1]["width"] == 80)
    viewer.call("control", {"camera_id": "back", "width": 160, "quality": 80})


def test_what_cannot_be_served_is_acked_and_told(watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front")
    refused = viewer.call("watch", {"camera_id": 999})
    assert (refused["ok"], refused["code"]) == (False, "NOT_FOUND")
    fault = viewer.wait(lambda: viewer.named("camera_error"))[-1]
    assert (fault["camera_id"], fault["type"], fault["code"]) == (999, "error", "NOT_FOUND")
    for event, data in (
        ("watch", {"fps": 0}),
        ("watch", {"encoding": "png"}),
        ("watch", {"width": "wide"}),
        ("control", {"camera_id": "front", "source": "file:///etc/passwd"}),
    ):
        assert viewer.call(event, data)["ok"] is False, data
    assert viewer.call("dance")["code"] == "UNKNOWN_EVENT"


def test_a_source_that_cannot_be_opened_is_a_camera_error(tmp_path: Path) -> None:
    with (
        running_subject(tmp_path / "data", "cameras=gone=/nowhere/at/all.mp4") as subject,
        Viewer(subject.port) as viewer,
    ):
        assert viewer.call("watch")["ok"]
        fault = viewer.wait(lambda: viewer.named("camera_error"))[0]
        assert fault["type"] == "error"
        viewer.wait(lambda: viewer.named("camera_status")[-1]["state"] == "stalled")
        with Viewer(subject.port) as late:
            late.call("watch")
            assert late.wait(lambda: late.named("camera_error"))[0]["code"] == fault["code"]


def test_scopes_are_asked_for(tmp_path: Path) -> None:
    with running_subject(tmp_path / "data", f"cameras={CAMERAS}", "auth=required") as subject:
        keys = {
            name: subject.call("POST", "/test/keys", {"name": name, "scopes": scopes})
            for name, scopes in (
                ("viewer", ["camera:view"]),
                ("boss", ["camera:view", "camera:control"]),
                ("tasks", ["tasks:read"]),
            )
        }
        with pytest.raises(RefusedError) as refused:
            Viewer(subject.port)
        assert refused.value.answer["data"]["code"] == "UNAUTHORIZED"
        with pytest.raises(RefusedError) as refused:
            Viewer(subject.port, auth={"token": keys["tasks"]["key"]})
        assert refused.value.answer["data"]["code"] == "FORBIDDEN"
        with Viewer(subject.port, auth={"token": keys["boss"]["key"]}) as boss:
            assert boss.call("control", {"camera_id": "front", "quality": 60})["ok"]
        with Viewer(subject.port, auth={"token": keys["viewer"]["key"]}) as viewer:
            assert viewer.call("watch")["ok"]
            assert viewer.call("control", {"camera_id": "front", "quality": 60})["code"] == "FORBIDDEN"
            viewer.wait_frames(1)
            subject.call("DELETE", f"/test/keys/{keys['viewer']['id']}")
            viewer.wait(lambda: ("disconnected", None) in viewer.events)
            assert viewer.named("camera_error")[-1]["code"] == "UNAUTHORIZED"
            count = len(viewer.frames)
            time.sleep(0.5)
            assert len(viewer.frames) == count


def test_who_stops_reading_does_not_slow_the_others(watch: Callable[..., Viewer]) -> None:
    stalled = watch(camera_id="front", quality=95)
    stalled.wait_frames(3)
    stalled.stop_reading()
    other = watch(camera_id="front", quality=95)
    other.wait_frames(1)
    began, count = time.monotonic(), len(other.frames)
    time.sleep(3)
    rate = (len(other.frames) - count) / (time.monotonic() - began)
    seen = len(stalled.frames)
    stalled.go_on_reading()
    stalled.wait(lambda: len(stalled.frames) > seen + 5)
    assert rate > 8
    old = [frame for frame in stalled.frames[seen:] if other.frames[count]["seq"] < frame["seq"]]
    assert len(stalled.frames[seen:]) - len(old) <= 4  # what was on its way when it stopped


def test_every_event_and_every_ack_is_as_the_document_has_it(watch: Callable[..., Viewer]) -> None:
    document = build_document(version="0", auth_required=False)
    viewer = watch(camera_id="front", encoding="base64")
    answers = [
        ("watch", viewer.call("watch", {"camera_id": "front", "encoding": "base64"})),
        ("watch", viewer.call("watch", {"camera_id": 999})),
        ("control", viewer.call("control", {"camera_id": "front", "quality": 80})),
        ("unwatch", viewer.call("unwatch", {"camera_id": "back"})),
    ]
    viewer.wait_frames(3)
    viewer.wait(lambda: [status for status in viewer.named("camera_status") if status.get("encoded")])
    for event, answer in answers:
        validator(document, f"camera.client.{event}.ack").validate(answer)
    for event, data in (*viewer.events, *(("frame", frame) for frame in viewer.frames)):
        validator(document, f"camera.server.{event}").validate(data)
    assert viewer.named("camera_error")


def test_what_flows_is_in_the_metrics(cameras: Subject, watch: Callable[..., Viewer]) -> None:
    viewer = watch(camera_id="front")
    viewer.wait_frames(30)
    text = requests.get(f"{cameras.url}/metrics", timeout=20).text
    figures = dict(line.split() for line in text.splitlines() if line.startswith("taskbeam_camera_"))
    assert float(figures['taskbeam_camera_viewers{camera="1"}']) == 1
    assert float(figures['taskbeam_camera_live{camera="1"}']) == 1
    assert float(figures['taskbeam_camera_sent_bytes{camera="1"}']) > 0
    assert float(figures['taskbeam_camera_sent_fps{camera="1"}']) > 0
