"""PURE. Examples of what the API answers, made from the schemas that describe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from signaling.example_values import ABSENT, TRUE, VALUES

UNKNOWN: Final = "string"
"""What stands for a text that nobody gave an example; the contract test allows none."""
_PREFIX: Final = "#/components/schemas/"
_NUMBERS: Final = {"integer": 1, "number": 1.0}


def example_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """A value that fits ``schema``: each field's value, its own example, or the least that fits.

    ``definitions`` are the schemas that ``schema`` may refer to.
    """
    return _Examples(definitions).value(schema, ("", ""))


class _Examples:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def value(self, schema: Mapping[str, Any], place: tuple[str, str]) -> Any:
        """The example of what lies at ``place``, a model and a field of it."""
        model, field = place
        named = f"{model}.{field}"
        kinds = schema.get("anyOf", schema.get("oneOf", [schema]))
        if named in VALUES:
            return VALUES[named]
        if {"type": "null"} in kinds and (named in ABSENT or field in ABSENT):
            return None
        for key in ("examples", "const"):
            if key in schema and "properties" not in schema:
                return schema[key][0] if key == "examples" else schema[key]
        if kinds != [schema]:
            return self.value(next((k for k in kinds if k.get("type") != "null"), kinds[0]), place)
        if "$ref" in schema:
            return self._referred(str(schema["$ref"]).removeprefix(_PREFIX), place)
        return self._plain(schema, field, place)

    def _referred(self, name: str, place: tuple[str, str]) -> Any:
        """An object field by field, an enumeration by its name."""
        target = self._definitions[name]
        short = name.rpartition("__")[2].partition("-")[0]
        if short in VALUES:
            return VALUES[short]
        if "properties" not in target:
            return self.value(target, place)
        return self._object(target, short)

    def _object(self, schema: Mapping[str, Any], model: str) -> dict[str, Any]:
        made = {
            name: self.value(field, (model, name)) for name, field in schema["properties"].items()
        }
        own = schema.get("examples", [{}])[0]
        return made | {name: own[name] for name in own if f"{model}.{name}" not in VALUES}

    def _plain(self, schema: Mapping[str, Any], field: str, place: tuple[str, str]) -> Any:
        kind = schema.get("type")
        if "properties" in schema:
            return self._object(schema, str(schema.get("title", "")))
        if "enum" in schema:
            return schema["enum"][0]
        if kind == "boolean":
            return field in TRUE
        if field in VALUES:
            return VALUES[field]
        if kind == "array" and "items" in schema:
            return [self.value(schema["items"], place)]
        if kind in ("array", "object", None):
            return [] if kind == "array" else {}
        if kind in _NUMBERS:
            return max(schema.get("minimum", 0), _NUMBERS[kind])
        if schema.get("format") == "date-time":
            return "2026-11-25T09:36:20Z"
        return schema.get("default", UNKNOWN) if kind == "string" else None
