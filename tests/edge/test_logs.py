import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from proxy.edge.logs import Sampled, configure_logging
from proxy.sections import Log
from tests.clock import Clock

_log = logging.getLogger("proxy.some.module")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Give the root logger, and put everything back as it was."""
    root = logging.getLogger()
    noisy = [logging.getLogger(name) for name in ("httpx2", "httpcore2", "uvicorn", "asyncio")]
    before = [(one, one.level) for one in (root, *noisy)]
    handlers = list(root.handlers)
    yield root
    root.handlers[:] = handlers
    for logger, level in before:
        logger.setLevel(level)


class TestSampled:
    def test_the_first_of_a_kind_is_logged_at_once_and_the_rest_are_counted(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock = Clock()
        sampled = Sampled(_log, every_s=10.0, clock=clock)
        for _ in range(1000):
            sampled.warning("no decision", reason="timeout")
        clock.now += 10
        sampled.warning("no decision", reason="timeout")
        assert [record.__dict__["times"] for record in caplog.records] == [1, 1000]

    def test_kinds_do_not_hide_each_other(self, caplog: pytest.LogCaptureFixture) -> None:
        sampled = Sampled(_log, clock=Clock())
        for reason in ("timeout", "garbage", "timeout"):
            sampled.warning("no decision", reason=reason)
        assert [record.__dict__["reason"] for record in caplog.records] == ["timeout", "garbage"]


class TestLogLines:
    def test_for_machines_a_line_is_one_json_object(
        self, root: logging.Logger, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(Log(format="json"))
        _log.warning("rules %s", "loaded", extra={"version": "é\n1", "count": 2})
        line = json.loads(capsys.readouterr().err)
        assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
        assert line == {
            "level": "warning",
            "logger": "proxy.some.module",
            "message": "rules loaded",
            "version": "é\n1",
            "count": 2,
        }
        assert root.handlers

    @pytest.mark.usefixtures("root")
    def test_an_exception_stands_in_the_same_object(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(Log(format="json"))
        try:
            int("broken")
        except ValueError:
            _log.exception("failed")
        assert "'broken'" in json.loads(capsys.readouterr().err)["exception"]

    @pytest.mark.usefixtures("root")
    def test_for_people_what_is_extra_follows_the_message(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(Log(format="text"))
        _log.info("request", extra={"path": "/placements/hero", "status": 200})
        line = capsys.readouterr().err
        assert line.endswith("INFO    request path=/placements/hero status=200\n")

    @pytest.mark.parametrize("form", ["json", "text"])
    @pytest.mark.usefixtures("root")
    def test_nothing_that_a_caller_sends_begins_a_line_of_its_own(
        self, capsys: pytest.CaptureFixture[str], form: str
    ) -> None:
        configure_logging(Log.model_validate({"format": form}))
        _log.info("request", extra={"path": "/x\n12:00:00 ERROR   forged\r\u2028\x1b[2J"})
        assert len(capsys.readouterr().err.splitlines()) == 1

    @pytest.mark.usefixtures("root")
    def test_the_level_is_the_configured_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(Log(level="error"))
        _log.warning("unheard")
        assert not capsys.readouterr().err

    @pytest.mark.parametrize("name", ["httpx2", "httpcore2.http11", "uvicorn.error"])
    @pytest.mark.usefixtures("root")
    def test_libraries_that_would_tell_urls_are_silent_at_any_level(
        self, capsys: pytest.CaptureFixture[str], name: str
    ) -> None:
        configure_logging(Log(level="debug"))
        logging.getLogger(name).info("GET http://host/?secret=1")
        assert not capsys.readouterr().err
