"""Instructions with answers, as JSON or JSON lines.

A row is {"instruction", "input" (may be left out), "output"}, or a chat: {"messages": [{"role", "content"}, …]}. Only
answers are learned. A row that is neither is left out and reported by its number, from 1; rows that ask the same belong
together, so that none measures what another taught.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from connectors.errors import UsageError
from retrieval.prompt import ChatMessage
from trainer.corpora.reading import Reading
from trainer.data.examples import tokenise
from trainer.data.packing import Example

MOST_BYTES = 2**30
WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)
"""The prompt of Stanford's Alpaca, for models without a form of their own for chats."""
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Response:\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What was asked, as a chat and as text where it can be said so, and what was answered."""

    name: str
    messages: tuple[ChatMessage, ...]
    text: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """Turns that belong together: those of one chat, and all answers to one question."""

    turns: list[Turn] = field(default_factory=list)

    def examples(self, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Iterator[Example | None]:
        """Yield an example for each answer; None where it is too long, or a chat that the model has no form for."""
        for turn in self.turns:
            if tokenizer.chat_template is not None:
                prompt, answer = tokenise(turn.messages, turn.answer, tokenizer)
            else:
                prompt, answer = _as_text(turn, tokenizer)
            yield _example(turn, prompt, answer) if len(prompt) + len(answer) <= max_tokens else None


def read(path: Path) -> Reading:
    """Read a file of rows.

    Raises:
        UsageError: it is not there, no JSON, too large, or most of its rows are of another shape.
    """
    reading, dialogues = Reading(), dict[str, Dialogue]()
    rows = _rows(path)
    for number, row in enumerate(rows, 1):
        try:
            turns = _turns(f"row {number}", row)
        except ValueError as fault:
            reading.leave_out(f"row {number}", "broken", str(fault))
            continue
        dialogue = dialogues.setdefault(json.dumps(turns[0].messages), Dialogue())
        if any(known.messages == turns[-1].messages and known.answer == turns[-1].answer for known in dialogue.turns):
            reading.leave_out(f"row {number}", "duplicate")
            continue
        dialogue.turns.extend(turns)
    reading.parts.extend(dialogues.values())
    if reading.dropped["broken"] > len(rows) / 2 or not rows:
        first = reading.problems[0] if reading.problems else "it has no rows"
        raise UsageError(
            f"{path.name} is no file of instructions: {reading.dropped['broken']} of {len(rows)} rows are of another "
            f"shape ({first}).",
            hint='Each row is {"instruction": …, "input": …, "output": …} or {"messages": […]}.',
        )
    return reading


def _rows(path: Path) -> list[Any]:
    """Return the values of a JSON list, or of lines of JSON; None for a line that is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path.name} is larger than 1 GiB.", hint="Take a part of it.")
        text = path.read_text(encoding="utf-8-sig")
        return (
            list(json.loads(text))
            if text.lstrip().startswith("[")
            else [*map(_line, filter(str.strip, text.split("\n")))]
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint="Give a JSON file in UTF-8.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{path.name} is no JSON: {error}", hint="Mend the file, or write a row to a line.") from error


def _line(line: str) -> Any:  # noqa: ANN401  whatever JSON can say
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return None


def _turns(name: str, row: Any) -> list[Turn]:  # noqa: ANN401  whatever JSON can say
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  a fault of the row, whatever it is
    if "messages" in row:
        return _chat(name, row["messages"])
    instruction, given, output = (_text(row, key) for key in ("instruction", "input", "output"))
    if not instruction:
        raise ValueError("it has no instruction")
    if not output:
        raise ValueError("it has no output")
    asked = f"{instruction}\n\n{given}" if given else instruction
    text = (WITH_INPUT if given else WITHOUT_INPUT).format(instruction=instruction, input=given)
    return [Turn(name=name, messages=({"role": "user", "content": asked},), text=text, answer=output)]


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key) or ""
    if not isinstance(value, str):
        raise ValueError(f"its {key} is no text")  # noqa: TRY004  see above
    return value.strip()


def _chat(name: str, messages: Any) -> list[Turn]:  # noqa: ANN401  whatever JSON can say
    """Return a turn for each answer, with all that was said before it."""
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise ValueError("its messages are no list of objects")
    said: list[ChatMessage] = [{"role": each.get("role", ""), "content": _text(each, "content")} for each in messages]
    roles = [message["role"] for message in said]
    if not all(message["content"] for message in said):
        raise ValueError("one of its messages is empty")
    begin = 1 if roles[:1] == ["system"] else 0
    if roles[begin : begin + 1] != ["user"] or roles[-1] != "assistant" or any(a == b for a, b in pairwise(roles)):
        raise ValueError("its messages do not alternate from user to assistant")
    turns = [index for index, role in enumerate(roles) if role == "assistant"]
    return [_turn_of(name, said, index) for index in turns]


def _turn_of(name: str, said: list[ChatMessage], index: int) -> Turn:
    earlier = tuple(said[:index])
    # Alpaca's form holds one question; what came before it stands in front.
    text = WITHOUT_INPUT.format(instruction="\n\n".join(message["content"] for message in earlier))
    return Turn(name=f"{name}.{index}", messages=earlier, text=text, answer=said[index]["content"])


def _as_text(turn: Turn, tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    prompt = tokenizer(turn.text)["input_ids"]
    # Some tokenizers close what they are given.
    if prompt and prompt[-1] == tokenizer.eos_token_id:
        prompt = prompt[:-1]
    answer = tokenizer(turn.answer, add_special_tokens=False)["input_ids"]
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    return prompt, [*answer, *end]


def _example(turn: Turn, prompt: list[int], answer: list[int]) -> Example:
    return Example(
        message_id=turn.name,
        tokens=(*prompt, *answer),
        prompt_tokens=len(prompt),
        reply_bytes=len(turn.answer.encode()),
    )
