"""What a package lets its operator set: `settings` of a manifest, and values for them. Pure.

Values are texts throughout, since that is how a program gets them; a setting's type says which.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import BeforeValidator as Before
from pydantic import Field, ValidationInfo, model_validator

from runtime_manager.errors import SettingsError
from runtime_manager.model.nearest import nearest
from runtime_manager.model.parts import Part
from runtime_manager.model.scalars import Flag, Text, without_nul

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_FLAGS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false"}
_FLAGS["off"] = "false"


class SettingType(enum.StrEnum):
    """What a value has to be."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"


def _default(value: object, info: ValidationInfo) -> object:
    """A number or flag as a text; where a text belongs, 1.10 must be quoted to stay 1.10."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and info.data.get("type") is not SettingType.TEXT:
        return str(value)
    return value


class Setting(Part):
    """One thing that can be set. A secret reaches the program as a file, never in its words."""

    type: SettingType = Field(SettingType.TEXT, description="text, integer, number or flag")
    description: Text = Field("", description="what it is for, in a sentence")
    default: Annotated[Text, Before(_default)] | None = Field(
        None, description="its value where none was given"
    )
    required: Flag = Field(False, description="whether the program cannot do without it")
    secret: Flag = Field(
        False, description="whether nobody may see it: it is kept and given as a file"
    )

    @model_validator(mode="after")
    def _default_fits(self) -> Setting:
        if self.default is not None:
            if self.secret:
                raise ValueError("a secret has no default: everybody could read it")
            fitting(self, self.default)
        return self


def named_well(settings: dict[str, Setting]) -> dict[str, Setting]:
    """`settings` itself. Raises ValueError for a name that could not be a variable's."""
    for name in settings:
        if not _NAME.fullmatch(name):
            raise ValueError(f"`{name}` is no name; expected a-z, 0-9 and _, such as api_url")
    return settings


def fitting(setting: Setting, text: str) -> str:
    """The value as a program gets it. Raises ValueError, which does not repeat the text."""
    match setting.type:
        case SettingType.INTEGER if _INTEGER.fullmatch(text.strip()):
            return str(int(text))
        case SettingType.NUMBER if _is_number(text):
            return text.strip()
        case SettingType.FLAG if text.strip().lower() in _FLAGS:
            return _FLAGS[text.strip().lower()]
        case SettingType.TEXT:
            return without_nul(text)
    raise ValueError(f"expected {_EXPECTED[setting.type]}")


def checked(settings: Mapping[str, Setting], given: Mapping[str, str]) -> dict[str, str]:
    """The values that were given, each fitting. Raises SettingsError that names the setting."""
    values = {}
    for name, text in given.items():
        if name not in settings:
            hint = nearest(name, settings) or f"there are: {', '.join(settings) or 'none'}"
            raise SettingsError(f"there is no setting `{name}`", hint=hint, key=name)
        try:
            values[name] = fitting(settings[name], text)
        except ValueError as exc:
            raise SettingsError(f"the setting `{name}`: {exc}", key=name) from None
    return values


def in_effect(settings: Mapping[str, Setting], values: Mapping[str, str]) -> dict[str, str]:
    """What is not secret, with defaults; values that no longer fit are left out."""
    found = {}
    for name, setting in settings.items():
        text = values.get(name, setting.default)
        if text is not None and not setting.secret and _fits(setting, text):
            found[name] = fitting(setting, text)
    return found


def missing(settings: Mapping[str, Setting], known: Collection[str]) -> list[str]:
    """The required ones that have neither value nor default."""
    return [
        name
        for name, setting in settings.items()
        if setting.required and setting.default is None and name not in known
    ]


def variable(name: str) -> str:
    """The variable in which a program finds a setting that is no secret."""
    return f"PROVIDER_SETTING_{name.upper()}"


_EXPECTED = {
    SettingType.INTEGER: "a whole number",
    SettingType.NUMBER: "a number",
    SettingType.FLAG: "true or false",
}


def _fits(setting: Setting, text: str) -> bool:
    try:
        fitting(setting, text)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
