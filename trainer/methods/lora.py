"""LoRA: two small matrices beside each of the model's own, which stay as they are (arXiv 2106.09685)."""

from pathlib import Path

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from connectors.train_settings import TrainSettings


class Lora:
    """LoRA by peft; the engine loads the saved folder as it is."""

    def wrap(self, model: nn.Module, settings: TrainSettings) -> nn.Module:
        """Freeze the model and put adapters beside its linear layers."""
        targets = settings.targets if isinstance(settings.targets, str) else list(settings.targets)
        config = LoraConfig(
            task_type="CAUSAL_LM",
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=targets,
        )
        wrapped: nn.Module = get_peft_model(model, config)
        return wrapped

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write adapter_config.json and adapter_model.safetensors."""
        assert isinstance(model, PeftModel)
        model.save_pretrained(str(folder))
        # peft adds a card of the hub's kind; ours is card.json.
        (folder / "README.md").unlink(missing_ok=True)
