"""LoRA: two small matrices beside each of the model's own, which stay as they are (arXiv 2106.09685).

By name also DoRA, which learns the length of each row of a weight apart from its direction (arXiv 2402.09353), and
rsLoRA, which divides by the root of the rank instead of the rank (arXiv 2312.03732). The model may be quantised.
"""

from pathlib import Path

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from connectors.errors import UsageError
from connectors.train_settings import TrainSettings
from trainer.methods.base import ChoosesNothing, Serving
from trainer.methods.targets import for_peft


class Lora(ChoosesNothing):
    """LoRA by peft; the engine loads the saved folder as it is."""

    def wrap(self, model: nn.Module, settings: TrainSettings) -> nn.Module:
        """Freeze the model and put adapters beside its linear layers, in fp32.

        Raises:
            UsageError: a target names no layer, or DoRA meets 8-bit weights on a processor.
        """
        if settings.variant == "dora" and settings.quantisation == "int8" and _is_on_processor(model):
            # peft 0.21 reads such a weight and leaves it without its scales, so that the next product fails.
            raise UsageError(
                "DoRA cannot be trained beside 8-bit weights without a GPU.",
                hint='Set [train] quantisation to "nf4" or "none", or variant to "plain".',
            )
        wrapped: nn.Module = get_peft_model(model, lora_config(model, settings))
        return wrapped

    def serving(self, settings: TrainSettings) -> Serving:
        """Tell how an engine serves it: vLLM turns DoRA away, unless it is published as plain LoRA."""
        return "merged" if settings.variant == "dora" and not settings.as_lora else "lora"

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write adapter_config.json and adapter_model.safetensors."""
        assert isinstance(model, PeftModel)
        model.save_pretrained(str(folder))
        # peft adds a card of the hub's kind; ours is card.json.
        (folder / "README.md").unlink(missing_ok=True)

    def load(self, model: nn.Module, folder: Path) -> nn.Module:
        """Put a saved adapter beside the base model it was trained on."""
        loaded: nn.Module = PeftModel.from_pretrained(model, str(folder))
        return loaded


def _is_on_processor(model: nn.Module) -> bool:
    return next(model.parameters()).device.type == "cpu"


def lora_config(model: nn.Module, settings: TrainSettings) -> LoraConfig:
    """Return peft's form of the settings.

    Raises:
        UsageError: a target names no layer of the model.
    """
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=for_peft(model, settings.targets),
        use_dora=settings.variant == "dora",
        use_rslora=settings.variant == "rslora",
    )
