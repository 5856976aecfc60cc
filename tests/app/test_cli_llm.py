from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from llm_server import EMPTY, Reply, Script, answer, llm_server
from somex.app.cli.main import app
from somex.core.errors import AnnotationError, ConfigError, ServiceError
from somex.core.types import LabeledDocument
from somex.llm.sentence import labels_to_json, view_labeled
from somex.metrics import evaluate
from somex.readers.somd import read_somd_split
from somex.readers.somd_writer import read_submission

KEY = "sk-invented-0123456789"
RECIPE = """
name: fake
model: {{url: "{url}", name: fake-1, concurrency: {concurrency}, first_wait: 0.01, retries: 3,
  timeout: 5, input_price: 2.0, output_price: 10.0}}
prompt: {{strategy: {strategy}, corrections: 1}}
"""


def write_recipe(
    folder: Path, url: str, *, concurrency: int = 4, strategy: str = "joint", more: str = ""
) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.format(url=url, concurrency=concurrency, strategy=strategy) + more)
    return path


def run(recipe: Path, data: Path, out: Path, *args: object) -> Result:
    arguments = ["llm", "run", str(recipe), "--data", str(data), "--split", "train"]
    return CliRunner().invoke(
        app, [*arguments, "--out", str(out), *map(str, args)], catch_exceptions=False
    )


def oracle(gold: list[LabeledDocument], *, delay: float = 0.0) -> Script:
    """Answers as the gold says."""
    right = {item.document.text: view_labeled(item) for item in gold}

    def script(body: dict[str, Any], _: int) -> Reply:
        text = body["messages"][-1]["content"].removeprefix("Sentence: ")
        reply = answer(labels_to_json(right[text], with_relations=True))
        reply.delay = delay
        return reply

    return script


def report_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def test_cli_llm_run_writes_a_submission_that_scores_as_the_model_answers(
    somd_folder: Path, tmp_path: Path
) -> None:
    gold = read_somd_split(somd_folder, "train")
    with llm_server(oracle(gold)) as server:
        result = run(write_recipe(tmp_path, server.url), somd_folder, tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = read_submission(tmp_path / "out", [item.document for item in gold])
    assert evaluate(gold, found).total_macro_f1 == 1.0
    report = report_of(tmp_path / "out")
    assert report["sentences"]["total"] == len(gold)
    assert report["structured"] == "json_schema"
    n = report["all"]["answers"]["total"]
    paid = report["usage"]["this run"]
    assert (paid["prompt tokens"], paid["completion tokens"]) == (100 * n, 20 * n)
    assert paid["cost"] == pytest.approx(n * (100 * 2.0 + 20 * 10.0) / 1e6)


def test_cli_llm_run_survives_faults_and_counts_them(somd_folder: Path, tmp_path: Path) -> None:
    gold = read_somd_split(somd_folder, "train")
    right = oracle(gold)
    faults = {
        0: Reply(status=429, headers={"Retry-After": "0"}, body="slow down"),
        1: Reply(status=500, body="boom"),
        2: Reply("x" * 99, cut=10),
        3: Reply('{"mentions": [{"id": 1, "te', finish="length"),
        4: answer({**EMPTY, "note": "x"}),
        5: answer({**EMPTY, "mentions": [{"id": 1, "text": "Zorbulon", "occurrence": 1,
                                          "type": "Application"}]}),
        6: Reply("I could not find any."),
    }  # fmt: skip

    def script(body: dict[str, Any], n: int) -> Reply:
        if n in faults:
            return faults[n]
        turns = [m for m in body["messages"] if "errors" not in m["content"]]
        asked = [m for m in turns if m["role"] == "user"][-1:]
        return right({"messages": asked}, n)

    with llm_server(script) as server:
        recipe = write_recipe(tmp_path, server.url, concurrency=1)
        result = run(recipe, somd_folder, tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = read_submission(tmp_path / "out", [item.document for item in gold])
    assert evaluate(gold, found).total_macro_f1 > 0.5
    report = report_of(tmp_path / "out")
    counted = {k: n for k, n in report["requests"].items() if n}
    assert counted == {"rate limited": 1, "server error": 1, "hang-up": 1}
    first = report["first"]
    wrong = {
        name: fault["count"]
        for part in ("answers", "mentions", "relations")
        for name, fault in first[part]["faults"].items()
        if fault["count"]
    }
    by_name = Counter(wrong)
    again = {
        name: fault["count"]
        for part in ("answers", "mentions")
        for name, fault in report["all"][part]["faults"].items()
        if fault["count"]
    }
    assert again == {
        "truncated JSON": 1,
        "no JSON": 1,
        "schema-breaking output": 1,
        "invented text": 1,
    }
    assert set(by_name) <= set(again)
    texts = (tmp_path / "out" / "predictions.entities.txt").read_text()
    assert "Zorbulon" not in texts


def test_cli_llm_run_killed_goes_on_and_repeats_no_answered_request(
    somd_folder: Path, tmp_path: Path
) -> None:
    gold = read_somd_split(somd_folder, "train")
    out = tmp_path / "out"
    with llm_server(oracle(gold, delay=0.15)) as server:
        recipe = write_recipe(tmp_path, server.url, concurrency=2)
        arguments = [str(recipe), "--data", str(somd_folder), "--split", "train", "--out", str(out)]
        somex = Path(sys.executable).with_name("somex")
        process = subprocess.Popen(
            [somex, "llm", "run", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SOMEX_LLM_API_KEY": KEY},
        )
        deadline = time.monotonic() + 120
        while len(server.answered) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.5)  # what was on its way is answered into nothing
        n_asked_first = len(server.bodies)
        assert 5 <= n_asked_first < len(gold)
        assert not (out / "report.json").exists()
        result = run(recipe, somd_folder, out)
        assert result.exit_code == 0, result.output
        n_again = len(server.bodies) - len({json.dumps(b["messages"]) for b in server.bodies})
        assert n_again <= 2, "only what was in flight may be asked again"
        report = report_of(out)
        assert report["usage"]["this run"]["answers"] == len(server.bodies) - n_asked_first
        assert report["usage"]["all answers"]["answers"] == len(gold)
        n_before = len(server.bodies)
        assert run(recipe, somd_folder, out).exit_code == 0
        assert len(server.bodies) == n_before
    assert report_of(out)["usage"]["this run"]["answers"] == 0
    found = read_submission(out, [item.document for item in gold])
    assert evaluate(gold, found).total_macro_f1 == 1.0


def test_cli_llm_run_key_stands_in_no_output(
    somd_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)

    def script(_: dict[str, Any], n: int) -> Reply:
        return Reply(status=422, body=f"bad key {KEY}") if n % 2 else answer(EMPTY)

    with llm_server(script) as server:
        recipe = write_recipe(tmp_path, server.url)
        result = run(recipe, somd_folder, tmp_path / "out", "--set", "model.key_variable=OTHER_KEY")
    assert result.exit_code == 0
    assert {h["Authorization"] for h in server.headers} == {f"Bearer {KEY}"}
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) >= 4
    assert [text for text in (*written, result.output.encode()) if KEY.encode() in text] == []
    assert "[key]" in json.dumps(report_of(tmp_path / "out")["errors"])


def test_cli_llm_run_leaves_refused_sentences_empty_and_lists_them(
    somd_folder: Path, tmp_path: Path
) -> None:
    def script(_: dict[str, Any], n: int) -> Reply:
        return Reply(status=413, body="too long") if n == 2 else answer(EMPTY)

    with llm_server(script) as server:
        recipe = write_recipe(tmp_path, server.url, concurrency=1)
        assert run(recipe, somd_folder, tmp_path / "out").exit_code == 0
    report = report_of(tmp_path / "out")
    assert report["sentences"]["without an answer"] == 1
    assert [e["sentence"] for e in report["errors"]] == [3]
    assert "HTTP 413: too long" in report["errors"][0]["error"]


def test_cli_llm_run_stops_where_the_key_is_wrong_or_the_server_down(
    somd_folder: Path, tmp_path: Path
) -> None:
    with llm_server([Reply(status=401, body="who are you?")]) as server:
        recipe = write_recipe(tmp_path, server.url, concurrency=1)
        with pytest.raises(ServiceError, match="HTTP 401: who are you"):
            run(recipe, somd_folder, tmp_path / "out")
        assert len(server.bodies) <= 2
    with llm_server([Reply(status=500, body="boom")]) as server:
        recipe = write_recipe(tmp_path, server.url)
        with pytest.raises(ServiceError, match="10 sentences in a row got no answer"):
            run(recipe, somd_folder, tmp_path / "out")


def test_cli_llm_run_shows_retrieved_examples_but_never_the_sentence_itself(
    somd_folder: Path, tmp_path: Path
) -> None:
    source = f"{{path: {somd_folder}, format: somd, split: train}}"
    with llm_server([answer(EMPTY)]) as server:
        recipe = write_recipe(tmp_path, server.url)
        sets = ("prompt.n_examples=2", f"prompt.examples={source}", "prompt.retrieval=lexical")
        options = [part for value in sets for part in ("--set", value)]
        assert run(recipe, somd_folder, tmp_path / "out", "--first", 3, *options).exit_code == 0
    assert report_of(tmp_path / "out")["retrieval"] == "lexical"
    for body in server.bodies:
        users = [m["content"] for m in body["messages"] if m["role"] == "user"]
        assert len(users) == len(set(users)) == 3


def test_cli_llm_run_reads_texts_and_refuses_other_input(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("We used Tessarix 2.1 .\n\nLeaves fell .\n")
    with llm_server([answer(EMPTY)]) as server:
        recipe = write_recipe(tmp_path, server.url)
        arguments = ["llm", "run", str(recipe), "--out", str(tmp_path / "out")]
        runner = CliRunner()
        done = runner.invoke(app, [*arguments, "--texts", str(texts)], catch_exceptions=False)
        assert done.exit_code == 0
        with pytest.raises(ConfigError, match="either --texts FILE or --data CORPUS"):
            runner.invoke(app, arguments, catch_exceptions=False)
        (tmp_path / "empty").mkdir()
        broken = [*arguments, "--data", str(tmp_path), "--split", "best"]
        with pytest.raises(ConfigError, match="--split is 'best'"):
            runner.invoke(app, broken, catch_exceptions=False)
    assert len(server.bodies) == 2
    lines = (tmp_path / "out" / "predictions.entities.txt").read_text().split("\n")
    assert lines == ["O O O O O", "", "O O O", ""]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("model.temperature=9", "temperature is 9.0; valid: 0.0 to 2.0"),
        ("prompt.n_examples=2", "n_examples is 2, but examples names no corpus"),
        ("model.api_key=x", "unknown key model.api_key"),
        ("prompt.strategy=guess", "prompt.strategy is 'guess'; valid: joint, staged"),
        ("model.adapter=x", "adapter needs backend: transformers"),
    ],
)
def test_cli_llm_run_refuses_wrong_recipes(
    change: str, named: str, somd_folder: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path, "http://127.0.0.1:1/v1")
    with pytest.raises((ConfigError, AnnotationError)) as caught:
        run(recipe, somd_folder, tmp_path / "out", "--set", change)
    assert named in str(caught.value)
