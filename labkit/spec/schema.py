"""The JSON Schema (draft 2020-12) of a lab file, for editors and for the reference.

`python -m labkit.spec.schema` prints it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from pydantic import json_schema

from labkit import docstrings
from labkit.spec import model, own_checks, vagrant, vcenter

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import core_schema

_DESCRIBED = {each.__name__ for each in (model, own_checks, vagrant, vcenter)}


class _Generator(json_schema.GenerateJsonSchema):
    """Describes the file as it is written: there, None is the absence of a key."""

    def model_schema(self, schema: core_schema.ModelSchema) -> json_schema.JsonSchemaValue:
        described = super().model_schema(schema)
        for kind in schema["cls"].__mro__:
            if kind.__module__ in _DESCRIBED:
                for name, text in docstrings.attributes(kind).items():
                    described["properties"].get(name, {}).setdefault("description", text)
        return described

    def nullable_schema(self, schema: core_schema.NullableSchema) -> json_schema.JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> json_schema.JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> json_schema.JsonSchemaValue:
        described = super().dict_schema(schema)
        if "patternProperties" in described:
            described["additionalProperties"] = False
        return described

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema  # A title would repeat the key.
        return False


def generate(root: type[pydantic.BaseModel] = model.LabFile, title: str = "lab file") -> str:
    """Return the schema as text: keys sorted, so that it changes only when the model does."""
    schema = root.model_json_schema(schema_generator=_Generator)
    schema = {"$schema": _Generator.schema_dialect, **schema, "title": f"labkit {title}"}
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(generate())
