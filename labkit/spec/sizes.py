"""Amounts of memory and disk: a whole number and a binary unit, never one without the other."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic_core import core_schema

from labkit.spec import faults, words

if TYPE_CHECKING:
    import pydantic
    from pydantic.json_schema import JsonSchemaValue

_GUESS = re.compile(r"([1-9][0-9]{0,6})(?:\.0)?\s*([mg]?)(i?b)?", re.IGNORECASE)
"""What people write when they mean a size: 2048, 2GB, 2g, 512M."""


@dataclasses.dataclass(frozen=True, slots=True)
class Size:
    """A kind of size; the first of its units is the one that the model counts in."""

    kind: str
    units: tuple[tuple[str, int], ...]
    """Units and how many of the first one each of them is."""
    least: str
    most: str
    example: str

    @property
    def pattern(self) -> str:
        """The syntax as a regular expression."""
        return f"([1-9][0-9]{{0,6}}) ?({'|'.join(unit for unit, _ in self.units)})"

    def amount(self, text: str) -> int | None:
        """Return the amount in the first unit, or None when the text is no size."""
        found = re.fullmatch(self.pattern, text)
        return int(found[1]) * dict(self.units)[found[2]] if found else None

    def show(self, amount: int) -> str:
        """Write an amount as a lab file does, in the biggest unit that it is a multiple of."""
        unit, factor = next(pair for pair in reversed(self.units) if amount % pair[1] == 0)
        return f"{amount // factor} {unit}"

    def check(self, value: object) -> int:
        """Return the amount that a value of the file stands for.

        Raises:
            pydantic_core.PydanticCustomError: It stands for none, or is out of the limits.
        """
        amount = self.amount(value) if isinstance(value, str) else None
        if amount is None:
            unit = " without a unit" if type(value) is int else ""
            raise faults.wrong(f"{words.show(value)} is not {self.kind}{unit}", self._hint(value))
        too_small = amount < (self.amount(self.least) or 0)
        if too_small or amount > (self.amount(self.most) or 0):
            measure = "small" if too_small else "big"
            message = f"{words.show(value)} is too {measure} as {self.kind}"
            raise faults.wrong(message, f"write '{self.least}' to '{self.most}'")
        return amount

    def _hint(self, value: object) -> str:
        if found := _GUESS.fullmatch(str(value).strip()):
            letter = found[2].upper() or self.units[0][0][0]
            meant = f"{found[1]} {letter}iB"
            if self.amount(meant):
                return f"did you mean '{meant}'?"
        return f"write a whole number and a unit, for example '{self.example}'"

    def __get_pydantic_core_schema__(
        self, source: object, handler: pydantic.GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Read text, and write text into JSON."""
        return core_schema.no_info_before_validator_function(
            self.check,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.show, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the text to editors."""
        del schema, handler
        return {"type": "string", "pattern": f"^{self.pattern}$", "examples": [self.example]}


MEMORY = Size("an amount of memory", (("MiB", 1), ("GiB", 1024)), "64 MiB", "4096 GiB", "2 GiB")
DISK = Size("a disk size", (("GiB", 1),), "1 GiB", "65536 GiB", "32 GiB")

Memory: TypeAlias = Annotated[int, MEMORY]
"""MiB."""

Disk: TypeAlias = Annotated[int, DISK]
"""GiB."""
