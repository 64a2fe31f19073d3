"""Google's shapes as JSON Schemas, written from its reference for cards and events: what they do not name is wrong."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parent / "schemas"


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    resources = [(name, Resource.from_contents(schema)) for name, schema in schemas.items()]
    Draft202012Validator.check_schema(schemas[f"{name}.json"])
    return Draft202012Validator(schemas[f"{name}.json"], registry=Registry().with_resources(resources))


def check_schema(value: object, name: str) -> None:
    """Raise where a value does not have the shape of a schema."""
    _validator(name).validate(value)
