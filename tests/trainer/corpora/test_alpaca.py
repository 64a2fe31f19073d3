"""Instructions with answers, from JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from connectors.errors import UsageError
from trainer.corpora import alpaca
from trainer.data.packing import Example

ROW = {"instruction": "Name a colour.", "input": "", "output": "Green."}
CHAT = {
    "messages": [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day."},
        {"role": "user", "content": "And now?"},
        {"role": "assistant", "content": "Goodbye."},
    ]
}


@pytest.fixture
def tokenizer(tiny: Path) -> PreTrainedTokenizerBase:
    """The tiny model's tokenizer, fresh."""
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny)
    return loaded


def written(folder: Path, rows: Any, *, is_lines: bool = False) -> Path:
    """Write rows as a list, or one to a line."""
    path = folder / "rows.json"
    path.write_text("\n".join(map(json.dumps, rows)) if is_lines else json.dumps(rows), encoding="utf-8")
    return path


def made(path: Path, tokenizer: PreTrainedTokenizerBase, most: int = 1000) -> list[Example | None]:
    """Return the examples of a file."""
    return [example for part in alpaca.read(path).parts for example in part.examples(tokenizer, most)]


def learned(example: Example | None, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return what is learned of an example."""
    assert example is not None
    return str(tokenizer.decode(example.tokens[example.prompt_tokens :]))


@pytest.mark.parametrize("is_lines", [False, True])
def test_a_list_and_lines_hold_the_same_rows(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, *, is_lines: bool
) -> None:
    """Both forms give an example for each row, and only the output is learned."""
    rows = [ROW, {"instruction": "Double it.", "input": "21", "output": "42"}]
    examples = made(written(tmp_path, rows, is_lines=is_lines), tokenizer)
    assert [learned(example, tokenizer) for example in examples] == ["Green.</s>", "42</s>"]
    assert [example.reply_bytes for example in examples if example] == [6, 2]


def test_the_models_own_chat_form_is_used_where_there_is_one(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    """The instruction and its input are what a user says."""
    [example] = made(written(tmp_path, [{"instruction": "Double it.", "input": "21", "output": "42"}]), tokenizer)
    assert example is not None
    assert tokenizer.decode(example.tokens) == "<s><|user|>Double it.\n\n21</s><|assistant|>42</s>"


def test_alpacas_form_serves_models_that_cannot_chat(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Without a chat template the prompt is Alpaca's, with or without an input."""
    tokenizer.chat_template = None
    rows = [ROW, {"instruction": "Double it.", "input": "21", "output": "42"}]
    short, long = made(written(tmp_path, rows), tokenizer)
    assert short is not None
    assert long is not None
    assert "### Instruction:\nName a colour.\n\n### Response:\nGreen.</s>" in tokenizer.decode(short.tokens)
    assert "### Instruction:\nDouble it.\n\n### Input:\n21\n\n### Response:\n42</s>" in tokenizer.decode(long.tokens)
    assert learned(long, tokenizer) == "42</s>"


def test_each_answer_of_a_chat_is_learned(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """A chat gives an example for each answer, with all that was said before as its prompt, and stays together."""
    [part] = alpaca.read(written(tmp_path, [CHAT])).parts
    first, second = part.examples(tokenizer, 1000)
    assert learned(first, tokenizer) == "Good day.</s>"
    assert learned(second, tokenizer) == "Goodbye.</s>"
    assert second is not None
    prompt = tokenizer.decode(second.tokens[: second.prompt_tokens])
    assert (
        prompt
        == "<s><|system|>Be short.</s><|user|>Hello</s><|assistant|>Good day.</s><|user|>And now?</s><|assistant|>"
    )


def test_rows_that_ask_the_same_stay_together(tmp_path: Path) -> None:
    """Two answers to one question are one part, and a row that is there twice is taken once."""
    reading = alpaca.read(written(tmp_path, [ROW, {**ROW, "output": "Blue."}, ROW, CHAT]))
    assert len(reading.parts) == 2
    assert reading.dropped == {"duplicate": 1}
    assert reading.problems == ["row 3: duplicate"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("text", "no JSON object"),
        ({"instruction": "x"}, "no output"),
        ({"output": "x"}, "no instruction"),
        ({"instruction": "x", "output": ["y"]}, "output is no text"),
        ({"messages": "hello"}, "no list"),
        ({"messages": []}, "alternate"),
        ({"messages": [{"role": "user", "content": "x"}]}, "alternate"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "alternate"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}]}, "empty"),
        ({"messages": [{"role": ["user"], "content": "x"}, {"role": "assistant", "content": "x"}]}, "alternate"),
    ],
)
def test_a_broken_row_is_left_out_by_its_number(tmp_path: Path, row: Any, why: str) -> None:
    """The others are read, and the report says which one it was and why, without its text."""
    reading = alpaca.read(written(tmp_path, [ROW, row, CHAT]))
    assert len(reading.parts) == 2
    assert reading.dropped == {"broken": 1}
    [problem] = reading.problems
    assert problem.startswith("row 2: ")
    assert why in problem


def test_a_line_that_is_no_json_is_left_out(tmp_path: Path) -> None:
    """In JSON lines a broken line costs only itself."""
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\n{half\n\n" + json.dumps(CHAT), encoding="utf-8")
    reading = alpaca.read(path)
    assert (len(reading.parts), reading.problems) == (2, ["row 2: it is no JSON object"])


def test_what_is_too_long_gives_none(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """An example has at most as many tokens as allowed; one more is too many."""
    path = written(tmp_path, [ROW])
    [whole] = made(path, tokenizer)
    assert whole is not None
    assert made(path, tokenizer, len(whole.tokens)) == [whole]
    assert made(path, tokenizer, len(whole.tokens) - 1) == [None]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "[{half", '{"train": [1]}', '[{"question": "x"}]', "[" * 100_000, b"\xff\xfe\x00", '["\\ud800"]'],
)
def test_another_file_is_refused(tmp_path: Path, content: str | bytes) -> None:
    """What is no such file, or mostly not, ends with what it should be."""
    path = tmp_path / "rows.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as caught:
        alpaca.read(path)
    assert caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(UsageError, match="nowhere"):
        alpaca.read(tmp_path / "nowhere.json")
