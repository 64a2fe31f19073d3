"""Words of the base model, also where an adapter is merged into it."""

import pytest

from connectors.errors import ModelMissing
from connectors.llm import ModelServer, Sampling
from tests.fake_engine import BASE, FakeEngine, draft_of
from trainer.data.served import AsServed

MESSAGES = [{"role": "user", "content": "Hello"}]


def test_the_merged_model_writes_where_there_is_no_base_model() -> None:
    """Also when it changes in the middle, and back."""
    with FakeEngine() as engine:
        writer = AsServed(ModelServer(engine.url))
        for served in (BASE, "ana@v3", "ana@v4", BASE):
            engine.behaviour.models = {served: ""}
            assert writer.complete(BASE, MESSAGES, Sampling()) == draft_of(served)


@pytest.mark.parametrize("names", [["other"], ["other", "ana@v3"], []])
def test_another_model_is_not_taken_for_it(names: list[str]) -> None:
    """An engine of another model, with adapters beside it or without, is the wrong one."""
    with FakeEngine() as engine:
        engine.behaviour.models = dict.fromkeys(names, "")
        with pytest.raises(ModelMissing):
            AsServed(ModelServer(engine.url)).complete(BASE, MESSAGES, Sampling())
