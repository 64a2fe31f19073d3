"""Checking requests against the discovery document that google-api-python-client ships: Google's own word for it."""

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote

Json = dict[str, Any]

_BASE64 = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_UNSIGNED = {"uint32", "uint64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The method a request is for."""

    id: str
    """As the document names it: "gmail.users.messages.get"."""
    arguments: dict[str, str]
    """What stands in the path."""
    scopes: frozenset[str]
    """Any of which allows it."""
    is_upload: bool = False


class Discovery:
    """The document, as a judge of requests."""

    def __init__(self) -> None:
        text = (files("googleapiclient") / "discovery_cache" / "documents" / "gmail.v1.json").read_text("utf-8")
        self._document: Json = json.loads(text)
        self._methods: list[tuple[str, re.Pattern[str], Json, bool]] = []
        self._collect(self._document)

    @property
    def batch_path(self) -> str:
        """Where batches go."""
        return f"/{self._document['batchPath']}"

    def match(self, http_method: str, path: str) -> Match | None:
        """Find the method a request is for; None where there is none."""
        for verb, pattern, method, is_upload in self._methods:
            found = pattern.fullmatch(path)
            if verb == http_method and found:
                arguments = {name: unquote(value) for name, value in found.groupdict().items()}
                scopes = frozenset(method["scopes"])
                return Match(id=method["id"], arguments=arguments, scopes=scopes, is_upload=is_upload)
        return None

    def faults(self, match: Match, query: str, body: Any) -> list[str]:
        """Say what is wrong with a request; nothing where it is as the document wants it."""
        method = next(each for _, _, each, _ in self._methods if each["id"] == match.id)
        known = self._document["parameters"] | method.get("parameters", {})
        given = parse_qs(query, keep_blank_values=True)
        found = [f"unknown parameter {name}" for name in given if name not in known]
        for name, values in given.items():
            found += self._parameter_faults(name, values, known.get(name, {}))
        for name, wanted in method.get("parameters", {}).items():
            if wanted.get("required") and wanted["location"] == "query" and name not in given:
                found.append(f"missing parameter {name}")
        if body is None:
            return found
        if "request" not in method:
            return [*found, "a body where none belongs"]
        return found + self._value_faults(body, {"$ref": method["request"]["$ref"]}, "body")

    def _collect(self, resource: Json) -> None:
        for method in resource.get("methods", {}).values():
            paths = [(f"/{method.get('flatPath', method['path'])}", False)]
            uploads = method.get("mediaUpload", {}).get("protocols", {})
            paths += [(protocol["path"], True) for protocol in uploads.values()]
            for path, is_upload in paths:
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
                self._methods.append((method["httpMethod"], re.compile(pattern), method, is_upload))
        for child in resource.get("resources", {}).values():
            self._collect(child)

    def _parameter_faults(self, name: str, values: list[str], wanted: Json) -> list[str]:
        found = []
        if len(values) > 1 and not wanted.get("repeated"):
            found.append(f"parameter {name} stands there {len(values)} times")
        for value in values:
            if wanted.get("type") == "integer" and not value.lstrip("-").isdecimal():
                found.append(f"parameter {name} is no number")
            if wanted.get("format") in _UNSIGNED and not value.isdecimal():
                found.append(f"parameter {name} is no number from 0")
            if wanted.get("type") == "boolean" and value not in {"true", "false"}:
                found.append(f"parameter {name} is neither true nor false")
            if "enum" in wanted and value not in wanted["enum"]:
                found.append(f"parameter {name} is none of {wanted['enum']}")
        return found

    def _value_faults(self, value: Any, schema: Json, where: str) -> list[str]:
        schema = self._document["schemas"][schema["$ref"]] if "$ref" in schema else schema
        match schema.get("type"):
            case "object" if isinstance(value, dict):
                return self._object_faults(value, schema, where)
            case "array" if isinstance(value, list):
                return [fault for each in value for fault in self._value_faults(each, schema["items"], f"{where}[]")]
            case "string" if isinstance(value, str):
                return self._text_faults(value, schema, where)
            case "integer" if isinstance(value, int) and not isinstance(value, bool):
                return []
            case "boolean" if isinstance(value, bool):
                return []
        return [f"{where} is not of type {schema.get('type')}"]

    def _object_faults(self, value: Json, schema: Json, where: str) -> list[str]:
        known = schema.get("properties", {})
        found = [f"unknown field {where}.{name}" for name in value if name not in known]
        for name in value.keys() & known.keys():
            if known[name].get("readOnly"):
                found.append(f"{where}.{name} is Google's to set")
            found += self._value_faults(value[name], known[name], f"{where}.{name}")
        return found

    @staticmethod
    def _text_faults(value: str, schema: Json, where: str) -> list[str]:
        if schema.get("format") == "byte" and not _BASE64.fullmatch(value):
            return [f"{where} is not base64 as in addresses"]
        return []
