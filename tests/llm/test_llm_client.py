from __future__ import annotations

import logging
import random
from datetime import UTC, datetime

import pytest

from llm_server import RIGHT, Reply, answer, llm_server
from somex.core.errors import ConfigError, ServiceError
from somex.llm.chat import Message, RequestFailedError, Usage
from somex.llm.client import EndpointChat, read_key
from somex.llm.config import EndpointConfig
from somex.llm.prompts import JOINT_FORM
from somex.llm.retry import Backoff, Gate, parse_retry_after

ASKED = [Message("user", "Sentence: Leaves fell .")]
KEY = "sk-invented-0123456789"
OK = answer(RIGHT)


def chat(url: str, *, key: str | None = None, waits: list[float] | None = None, **changes: object):  # type: ignore[no-untyped-def]
    settings = {"name": "fake", "url": url, "timeout": 5.0, "first_wait": 0.25, **changes}
    sleep = (lambda _: None) if waits is None else waits.append
    return EndpointChat(EndpointConfig(**settings), key=key, sleep=sleep)  # type: ignore[arg-type]


def test_llm_client_sends_what_an_endpoint_takes() -> None:
    with llm_server([OK]) as server:
        found = chat(server.url, key=KEY, seed=7).complete(ASKED, JOINT_FORM)
    (body,) = server.bodies
    assert found.text == OK.text
    assert found.usage == Usage(100, 20)
    assert body["messages"] == [{"role": "user", "content": "Sentence: Leaves fell ."}]
    assert body["response_format"]["json_schema"]["schema"] == JOINT_FORM
    assert (body["model"], body["temperature"], body["seed"]) == ("fake", 0.0, 7)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (Reply(status=500, body="boom"), "server error"),
        (Reply(status=503, body=""), "server error"),
        (Reply(status=429, body="slow down"), "rate limited"),
        (Reply(body='{"choices": [{"mess'), "broken response"),
        (Reply(body='{"error": "overloaded"}'), "broken response"),
        (Reply("x" * 99, cut=20), "hang-up"),
        (Reply("x", cut=0), "hang-up"),
    ],
)
def test_llm_client_asks_again_after_a_fault(fault: Reply, name: str) -> None:
    with llm_server([fault, fault, OK]) as server:
        client = chat(server.url, first_wait=0.0)
        assert client.complete(ASKED, JOINT_FORM).text == OK.text
    assert len(server.bodies) == 3
    assert {k: n for k, n in client.faults.to_json().items() if n} == {name: 2}


def test_llm_client_asks_again_after_a_time_out() -> None:
    with llm_server([Reply(delay=1.0), OK]) as server:
        client = chat(server.url, timeout=0.2)
        assert client.complete(ASKED, JOINT_FORM).text == OK.text
    assert client.faults.to_json()["time-out"] == 1


def test_llm_client_waits_twice_as_long_each_time() -> None:
    waits: list[float] = []
    with llm_server([Reply(status=500), Reply(status=500), Reply(status=500), OK]) as server:
        chat(server.url, waits=waits).complete(ASKED, JOINT_FORM)
    assert [0.75 * w <= wait <= w for w, wait in zip((0.25, 0.5, 1.0), waits, strict=True)]
    assert waits == sorted(waits)


def test_llm_client_honours_retry_after() -> None:
    limited = Reply(status=429, headers={"Retry-After": "1"}, body="slow down")
    with llm_server([limited, OK]) as server:
        client = EndpointChat(EndpointConfig("fake", server.url, first_wait=0.0))
        client.complete(ASKED, JOINT_FORM)
    assert server.times[1] - server.times[0] >= 1.0


def test_llm_client_gives_up_where_a_server_asks_for_too_long_a_wait() -> None:
    limited = Reply(status=429, headers={"Retry-After": "9999"}, body="quota used up")
    with (
        llm_server([limited]) as server,
        pytest.raises(RequestFailedError, match="429: quota used up; given up after 1"),
    ):
        chat(server.url).complete(ASKED, JOINT_FORM)


def test_llm_client_gives_up_after_its_retries() -> None:
    with llm_server([Reply(status=500, body="boom")]) as server:
        client = chat(server.url, retries=2)
        with pytest.raises(RequestFailedError, match="HTTP 500: boom; given up after 3 attempts"):
            client.complete(ASKED, JOINT_FORM)
    assert len(server.bodies) == 3


def test_llm_client_counts_a_server_that_is_not_there() -> None:
    with llm_server([OK]) as server:
        pass
    client = chat(server.url, retries=1)
    with pytest.raises(RequestFailedError, match="no connection"):
        client.complete(ASKED, JOINT_FORM)
    assert client.faults.to_json()["no connection"] == 2


def test_llm_client_does_not_repeat_what_is_refused() -> None:
    with llm_server([Reply(status=400, body="context too long")]) as server:
        client = chat(server.url)
        with pytest.raises(RequestFailedError, match="HTTP 400: context too long"):
            client.complete(ASKED, JOINT_FORM)
    assert len(server.bodies) == 1
    assert client.faults.to_json()["refused"] == 1


def test_llm_client_stops_all_at_a_wrong_key_and_never_shows_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = Reply(status=401, body=f"Incorrect API key provided: {KEY}")
    with llm_server([echo]) as server, pytest.raises(ServiceError, match="SOMEX_LLM") as caught:
        chat(server.url, key=KEY).complete(ASKED, JOINT_FORM)
    assert not isinstance(caught.value, RequestFailedError)
    assert "HTTP 401: Incorrect API key provided: [key]" in str(caught.value)
    assert KEY not in caplog.text
    assert caught.value.__cause__ is None


def test_llm_client_takes_weaker_forms_where_the_server_lacks_them() -> None:
    def script(body: dict[str, object], _: int) -> Reply:
        form = body.get("response_format")
        if isinstance(form, dict) and form["type"] == "json_schema":
            return Reply(status=400, body="response_format json_schema is not supported")
        if "grammar" in body:
            return Reply(status=422, body="Extra inputs are not permitted: grammar")
        return OK

    with llm_server(script) as server:
        client = chat(server.url)
        for _ in range(2):
            assert client.complete(ASKED, JOINT_FORM).text == OK.text
    assert client.structured == "json_object"
    assert len(server.bodies) == 4
    assert server.bodies[-1]["response_format"] == {"type": "json_object"}
    assert client.faults.to_json()["refused"] == 0


def test_llm_client_keeps_the_form_that_a_recipe_asks_for() -> None:
    refusal = Reply(status=400, body="no response_format here")
    with llm_server([refusal]) as server:
        client = chat(server.url, structured="json_schema")
        with pytest.raises(RequestFailedError, match="no response_format here"):
            client.complete(ASKED, JOINT_FORM)


def test_llm_client_takes_a_refusal_of_the_model_as_an_empty_answer() -> None:
    body = '{"choices": [{"message": {"content": null}, "finish_reason": "content_filter"}]}'
    with llm_server([Reply(body=body)]) as server:
        found = chat(server.url).complete(ASKED, JOINT_FORM)
    assert (found.text, found.usage) == ("", Usage(0, 0))


@pytest.mark.parametrize("value", ["two words", "tab\tinside", "schlüssel"])
def test_llm_client_refuses_a_key_that_no_header_can_hold(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(ConfigError, match="SOME_KEY is no API key") as caught:
        read_key("SOME_KEY")
    assert value not in str(caught.value)


def test_llm_client_reads_the_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", f"  {KEY}\n")
    monkeypatch.delenv("OTHER_KEY", raising=False)
    assert read_key("SOME_KEY") == KEY
    assert read_key("OTHER_KEY") is None


@pytest.mark.parametrize(
    "url", ["ftp://host/v1", "host/v1", "https://me:secret@host/v1", "https://host/v1?key=secret"]
)
def test_llm_config_refuses_urls_that_hold_keys_or_lead_nowhere(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        EndpointConfig("fake", url)
    assert "secret" not in str(caught.value)


def test_llm_retry_reads_seconds_and_dates() -> None:
    now = datetime(2030, 1, 31, 12, 0, 0, tzinfo=UTC)
    assert parse_retry_after("7", now=now) == 7.0
    assert parse_retry_after("Thu, 31 Jan 2030 12:01:30 GMT", now=now) == 90.0
    assert parse_retry_after("Thu, 31 Jan 2030 11:00:00 GMT", now=now) == 0.0
    assert [parse_retry_after(v) for v in (None, "soon", "-3", "inf", "nan")] == [None] * 5


def test_llm_retry_waits_no_longer_than_the_longest_wait() -> None:
    backoff, rng = Backoff(9, first=1.0, most=5.0), random.Random(1)
    assert backoff.wait(9, asked=None, rng=rng) <= 5.0  # type: ignore[operator]
    assert backoff.wait(1, asked=4.0, rng=rng) == 4.0
    assert backoff.wait(1, asked=6.0, rng=rng) is None
    assert backoff.wait(10, asked=None, rng=rng) is None


def test_llm_retry_gate_holds_until_the_longest_pause_is_over() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    gate = Gate(sleep=sleep, clock=lambda: now[0])
    gate.wait()
    gate.close(3.0)
    gate.close(1.0)
    gate.wait()
    gate.wait()
    assert slept == [3.0]
