"""Has the instruction of one mail written: asks, judges the answer, and asks again where it will not do.

The rules this module keeps:
1. Each try is more daring: a fault of a cautious answer is not cured by another cautious one.
2. A mail that is refused is shown by half the next time: most likely it was longer than the model reads.
3. No question has a seed. vLLM 0.32 draws by a request's own seed one row at a time; and without a GPU its engine dies
   of one ("CPU Generator does not use offset") as soon as so many prompts come together that it reads one in parts.
"""

import logging
from dataclasses import dataclass, replace

from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.instruction import Instruction
from connectors.llm import Sampling
from connectors.message import Email, ThreadMessage
from trainer.data.faults import find_fault
from trainer.data.instruction import LONGEST_MAIL, ask, digest, extract, tidy
from trainer.data.patience import Unanswered, Writer

logger = logging.getLogger(__name__)

TEMPERATURES = (0.3, 0.6, 0.9)
"""One for each try."""
TRIES = len(TEMPERATURES)
MAX_TOKENS = 160
REFUSED, UNANSWERED = "refused", "no answer"
"""Faults of the engine, not of its words."""

Question = tuple[Email, ThreadMessage | None]
"""A mail, and the message that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one try: words, what is wrong with them, and what the engine said if there are none."""

    text: str = ""
    fault: str = ""
    refusal: EngineError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The instruction of a mail, and the answers before it that would not do."""

    instruction: Instruction
    failed: tuple[Answer, ...] = ()

    @property
    def calls(self) -> int:
        """How many answers it took."""
        return len(self.failed) + (self.instruction.source == "model")

    @property
    def refusal(self) -> EngineError | None:
        """Why the engine would not answer the last time, where that is why the mail has an extract."""
        return self.failed[-1].refusal if self.failed and self.instruction.source == "extract" else None


class Scribe:
    """Asks a writer for instructions. Threads share it."""

    def __init__(self, writer: Writer, model: str) -> None:
        self._writer = writer
        self._model = model

    def __call__(self, question: Question) -> Written:
        """Return the instruction of a mail: the model's words, else an extract.

        Raises:
            EngineDown: the engine went away.
            ModelMissing: it does not know the model.
        """
        email, answered = question
        failed: list[Answer] = []
        for number in range(TRIES):
            halvings = sum(answer.fault == REFUSED for answer in failed)
            answer = self._try(email, answered, number, longest=LONGEST_MAIL >> halvings)
            if not answer.fault:
                instruction = Instruction(
                    message_id=email.message_id, text=answer.text, source="model", asked=digest(email, answered)
                )
                return Written(instruction=instruction, failed=tuple(failed))
            failed.append(answer)
            if answer.fault == UNANSWERED:
                break
        instead = replace(extracted(email), asked=digest(email, answered))
        return Written(instruction=instead, failed=tuple(failed))

    def _try(self, email: Email, answered: ThreadMessage | None, number: int, *, longest: int) -> Answer:
        sampling = Sampling(temperature=TEMPERATURES[number], max_tokens=MAX_TOKENS)
        try:
            text = tidy(self._writer.complete(self._model, ask(email, answered, longest=longest), sampling))
        except (EngineDown, ModelMissing):
            raise
        except EngineError as error:
            logger.info("no answer about a mail of %d characters: %s", len(email.text), type(error).__name__)
            return Answer(fault=UNANSWERED if isinstance(error, Unanswered) else REFUSED, refusal=error)
        return Answer(text=text, fault=find_fault(text, email))


def extracted(email: Email) -> Instruction:
    """Return the instruction that does where no model wrote one."""
    return Instruction(message_id=email.message_id, text=extract(email), source="extract")
