"""Adapters as the trainer publishes them, but for what is in them."""

from pathlib import Path

from connectors.adapter import WEIGHTS, AdapterCard, publish


def publish_one(root: Path, account: str = "ana", **changes: object) -> AdapterCard:
    """Publish an adapter with weights, a configuration and a report."""
    built = root.parent / "built"
    built.mkdir(parents=True)
    (built / WEIGHTS).write_bytes(b"weights")
    (built / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "/there/m"}')
    (built / "report.html").write_text("<p>how it went</p>")
    values = {"base_model": "m", "prompt_version": "1", "method": "lora", "is_approved": True, **changes}
    return publish(root, built, AdapterCard(account=account, created_at="", verdict="", **values))  # type: ignore[arg-type]
