"""Cameras as stored objects, on both databases."""

from __future__ import annotations

import pytest

from models import Database
from services.cameras.service import CameraService
from services.config import Settings
from services.errors import ConflictError, InvalidInputError, NotFoundError, SourceRefusedError


def started(database: Database, data_dir, cameras: str = "test") -> CameraService:
    service = CameraService(database, Settings(data_dir=data_dir, cameras=cameras))  # type: ignore[arg-type]
    service.start()
    return service


def names(service: CameraService) -> list[str]:
    return [camera["name"] for camera in service.list().items]


@pytest.fixture
def service(database: Database, tmp_path) -> CameraService:
    return started(database, tmp_path)


def test_the_cameras_of_the_settings_are_there(database: Database, tmp_path) -> None:
    service = started(database, tmp_path, "door=rtsp://user:word@10.0.0.7/a,test,/dev/video2,test")
    cameras = service.list().items
    assert [camera["name"] for camera in cameras] == ["door", "test", "camera 2", "test 2"]
    assert [camera["configured"] for camera in cameras] == [True] * 4
    assert cameras[0]["source"] == "rtsp://user:***@10.0.0.7/a"


def test_an_unnamed_camera_does_not_take_the_name_of_another(database: Database, tmp_path) -> None:
    service = started(database, tmp_path, "test,test=test:64x48")
    assert {camera["name"]: camera["source"] for camera in service.list().items} == {
        "test 2": "test",
        "test": "test:64x48",
    }


def test_they_follow_the_settings_at_each_start_and_keep_what_they_were_told(database: Database, tmp_path) -> None:
    first = started(database, tmp_path, "a=test,b=0")
    first.create("test", name="mine")
    first.control("a", fps=12, quality=33)
    second = started(database, tmp_path, "a=test,c=1")
    assert names(second) == ["a", "mine", "c"]
    assert (second.get("a")["fps"], second.get("a")["quality"]) == (12, 33)


def test_a_source_given_by_a_client_stays_until_the_settings_change(database: Database, tmp_path) -> None:
    started(database, tmp_path, "a=test").control("a", source="test:64x48")
    assert started(database, tmp_path, "a=test").get("a")["source"] == "test:64x48"
    assert started(database, tmp_path, "a=test@5").get("a")["source"] == "test@5"


def test_a_name_that_is_anothers_id_does_not_stand_in_its_way(service: CameraService) -> None:
    second = service.create("test", name="second")["id"]
    service.update(1, name=str(second))
    assert service.get(str(second))["name"] == "second"
    service.delete(second)
    assert service.get(str(second))["id"] == 1


def test_no_name_made_from_a_source_shows_its_secrets(service: CameraService) -> None:
    made = service.create("http://user:word@93.184.216.34:81?token=abc")
    assert made["name"] == "93.184.216.34:81"


def test_the_id_of_a_deleted_camera_is_never_anothers(service: CameraService) -> None:
    first = service.create("test")["id"]
    service.delete(first)
    assert service.create("test")["id"] > first


def test_who_found_a_camera_just_before_it_was_deleted_does_not_open_it(service: CameraService, monkeypatch) -> None:
    made = service.create("test")["id"]
    row = service._store.find(made)
    service.delete(made)
    monkeypatch.setattr(service._store, "find", lambda _key: row)
    with pytest.raises(NotFoundError):
        service.watch(made)
    assert service.figures() == []


def test_a_camera_is_made_changed_and_deleted(service: CameraService) -> None:
    made = service.create("test:640x480", name="  yard ", fps=5, width=320)
    assert made["name"] == "yard"
    assert (made["fps"], made["quality"], made["width"], made["configured"]) == (5, 80, 320, False)
    changed = service.update(made["id"], name="garden", width=None, quality=50)
    assert (changed["name"], changed["fps"], changed["quality"], changed["width"]) == ("garden", 5, 50, None)
    assert service.get("garden") == service.get(made["id"]) == service.get(str(made["id"]))
    service.delete(made["id"])
    with pytest.raises(NotFoundError):
        service.get(made["id"])


def test_without_a_name_it_gets_one(service: CameraService) -> None:
    made = [service.create(source)["name"] for source in ("test", "test", "3", "rtsp://u:p@93.184.216.34:8554/a")]
    assert made == ["test 2", "test 3", "camera 3", "93.184.216.34:8554"]


def test_names_are_unique(service: CameraService) -> None:
    service.create("test", name="yard")
    with pytest.raises(ConflictError, match="yard"):
        service.create("test", name="yard")
    with pytest.raises(ConflictError, match="yard"):
        service.update(1, name="yard")


def test_a_camera_of_the_settings_cannot_be_deleted(service: CameraService) -> None:
    with pytest.raises(ConflictError, match="TASKBEAM_CAMERAS"):
        service.delete(1)


@pytest.mark.parametrize("values", [{"fps": 0}, {"quality": 100}, {"width": 5}, {"name": " "}, {"name": "a\nb"}])
def test_values_out_of_bounds_are_refused(service: CameraService, values) -> None:
    with pytest.raises(InvalidInputError):
        service.create("test", **values)
    with pytest.raises(InvalidInputError):
        service.update(1, **values)


@pytest.mark.parametrize("source", ["/etc/passwd", "http://127.0.0.1/", "ftp://x/", "nonsense", ""])
def test_a_source_that_may_not_be_opened_is_refused_and_nothing_changes(service: CameraService, source) -> None:
    with pytest.raises(SourceRefusedError):
        service.create(source)
    with pytest.raises(SourceRefusedError):
        service.update(1, source=source)
    assert names(service) == ["test"]
    assert service.get(1)["source"] == "test"


def test_pages_follow_one_another(service: CameraService) -> None:
    for number in range(3):
        service.create("test", name=f"c{number}")
    first = service.list(limit=2)
    second = service.list(limit=2, cursor=first.next_cursor)
    assert [camera["name"] for camera in [*first.items, *second.items]] == ["test", "c0", "c1", "c2"]
    assert (first.total, second.next_cursor) == (4, None)


@pytest.mark.parametrize("key", [99, "99", "nobody", "9" * 30])
def test_an_unknown_camera_is_not_found(service: CameraService, key) -> None:
    with pytest.raises(NotFoundError):
        service.get(key)


def test_nobody_watches_yet(service: CameraService) -> None:
    assert service.status()["state"] == "closed"
    assert service.figures() == []
