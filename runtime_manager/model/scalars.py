"""The plain values that files of every kind are made of; light, so that few lines cost little."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator as After
from pydantic import Strict

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""What pydantic's schemas are written in."""


def without_nul(text: str) -> str:
    """`text`, which goes to a program: no argument or variable can hold a NUL byte."""
    if "\0" in text:
        raise ValueError("expected a text without NUL")
    return text


Flag = Annotated[bool, Strict()]
Text = Annotated[str, After(without_nul)]
Whole = Annotated[int, Strict()]
