"""Changed content is taken up while the service runs; broken content is not."""

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from bot.core.content import Library, load_library
from bot.service.answers import FORMS, Answers
from bot.service.content_watch import ContentWatch

FIGURE, NEW_FIGURE = "arb_limit_years: {value: 1,", "arb_limit_years: {value: 7,"


class Now:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=timezone.utc)


class Service:
    """Answers that a watch renews."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        library = load_library(folder)
        self.answers = Answers(library, Now())
        self.watch = ContentWatch(folder, library, [self.answers.renew])

    def change(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def looks(self) -> bool:
        """Two looks: the first sees the change, the second that it has settled."""
        self.watch.look()
        return self.watch.look()

    def says(self, answer_id: str = "wages/unpaid") -> str:
        return self.answers.answer(answer_id, "en", FORMS["text"])[1]


@pytest.fixture
def service(content_copy: Path) -> Service:
    return Service(content_copy)


def test_a_changed_figure_is_in_the_next_answer(service: Service) -> None:
    assert "within 1 year" in service.says()
    service.change("data/figures/common.yml", FIGURE, NEW_FIGURE)
    assert service.looks()
    assert "within 7 year" in service.says()
    assert service.watch.problem is None


def test_nothing_is_read_while_nothing_changes(service: Service) -> None:
    assert not service.looks()
    assert not service.looks()


def test_a_change_is_taken_up_only_when_it_has_settled(service: Service) -> None:
    service.change("data/figures/common.yml", FIGURE, NEW_FIGURE)
    assert not service.watch.look()
    service.change("data/figures/common.yml", NEW_FIGURE, NEW_FIGURE.replace("7", "8"))
    assert not service.watch.look()
    assert service.watch.look()
    assert "within 8 year" in service.says()


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("data/figures/common.yml", FIGURE, "arb_limit_years: {value: [", "common.yml"),
        ("answers/wages/unpaid.yml", "  en: |\n", "  en: |\n    Within 3 days.\n", "the figure 3"),
        ("answers/wages/unpaid.yml", "id: wages/unpaid", "id: wages/paid", "wages/paid"),
    ],
)
def test_broken_files_leave_the_last_good_ones_in_use(
    service: Service, name: str, old: str, new: str, told: str
) -> None:
    before = service.says()
    service.change(name, old, new)
    assert not service.looks()
    assert service.says() == before
    assert told in (service.watch.problem or "")
    service.change(name, new, old)
    assert service.looks()
    assert service.watch.problem is None


def test_a_missing_file_leaves_the_last_good_ones_in_use(service: Service) -> None:
    (service.folder / "phrases.yml").rename(service.folder / "phrases.old")
    assert not service.looks()
    assert "phrases.yml" in (service.watch.problem or "")
    assert service.says()


def test_new_words_wait_for_their_signature_and_the_old_ones_go_out(service: Service) -> None:
    before = service.says()
    service.change("answers/wages/unpaid.yml", "  en: |\n", "  en: |\n    New words.\n")
    assert service.looks()
    assert service.says() == before


def test_one_who_cannot_take_it_does_not_stop_the_watch(content_copy: Path) -> None:
    def fails(_: Library) -> None:
        raise RuntimeError("words that must not be logged")

    watch = ContentWatch(content_copy, load_library(content_copy), [fails])
    path = content_copy / "data" / "figures" / "common.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(FIGURE, NEW_FIGURE), encoding="utf-8")
    watch.look()
    assert not watch.look()
    assert watch.problem == "the files could not be read (RuntimeError)"


def test_the_thread_takes_it_up_by_itself(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.Event()
    renew: Callable[[Library], None] = service.answers.renew

    def told(library: Library) -> None:
        renew(library)
        taken.set()

    monkeypatch.setattr("bot.service.content_watch.EVERY_S", 0.05)
    watch = ContentWatch(service.folder, service.answers.library, [told])
    service.change("data/figures/common.yml", FIGURE, NEW_FIGURE)
    watch.start()
    assert taken.wait(60)
    assert "within 7 year" in service.says()


def test_changed_hours_of_duty_are_taken_up_and_a_mistake_in_them_is_told(service: Service) -> None:
    service.change("duty.yml", "week: always", "week: {}")
    assert service.looks()
    assert service.answers.library.hours.next_opening(Now().now()) is None
    service.change("duty.yml", "zone: Asia/Shanghai\nweek", "zone: nowhere\nweek")
    assert not service.looks()
    assert "the zone nowhere is not known" in (service.watch.problem or "")
