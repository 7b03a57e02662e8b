"""Whether a document keeps to `schemas/ir.schema.json`, and what to tell a person when it does not.

`jsonschema_rs` judges, because it is a hundred times faster on a large policy; `jsonschema` explains, because it names
the part of the schema that was not met. Values never reach a message: one may be a preshared key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ipsecmig import resources
from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.errors import InputError
from ipsecmig.model.policy import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MALFORMED: Final = "IR001"
VERSION: Final = "IR002"
SCHEMA: Final = "IR003"
MEANING: Final = "IR004"

_MOST: Final = 20
"""How many mistakes are told at once."""

_NAMES: Final = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
_TYPES: Final = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "boolean": "a boolean",
    "integer": "a whole number",
    "null": "null",
}


def check(document: object, file: str) -> None:
    """Raise InputError, with every mistake up to twenty, unless `document` keeps to the schema and its version."""
    _check_version(document, file)
    if is_valid(document):
        return
    found = tuple(islice(explain(document, file), _MOST))
    raise InputError(found or (mistake(SCHEMA, file, (), "does not keep to the schema"),))


def _check_version(document: object, file: str) -> None:
    version = document.get("version") if isinstance(document, dict) else None
    major = SCHEMA_VERSION.partition(".")[0]
    if isinstance(version, str) and version.partition(".")[0] != major:
        message = f"is of another version of the format than {major}.x, which this program reads"
        raise InputError((mistake(VERSION, file, ("version",), message, f"a version {major}.x"),))


def is_valid(document: object) -> bool:
    """Return whether `document` keeps to the schema, by the fast validator."""
    return _fast()(document)


def explain(document: object, file: str) -> Iterator[Diagnostic]:
    """Yield what in `document` does not keep to the schema, by the validator that explains."""
    for error in _explaining().iter_errors(document):
        yield _diagnostic(error, file)


@cache
def _schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(resources.schema("ir.schema.json").read_text(encoding="utf-8"))
    return document


@cache
def _fast() -> Callable[[object], bool]:
    import jsonschema_rs

    valid: Callable[[object], bool] = jsonschema_rs.Draft202012Validator(_schema()).is_valid
    return valid


@cache
def _explaining() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_schema())


def mistake(code: str, file: str, path: tuple[str | int, ...], message: str, expected: str = "") -> Diagnostic:
    """Return the diagnostic about the value at `path`, whose JSON pointer (RFC 6901) begins the message."""
    return Diagnostic(code, Severity.ERROR, f"{pointer(path)}: {message}", Origin(file), expected=expected)


def pointer(path: tuple[str | int, ...]) -> str:
    """Return the JSON pointer of `path`; the whole document, whose pointer is empty, as `(document)`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "(document)"


def _diagnostic(error: ValidationError, file: str) -> Diagnostic:
    path, schema = tuple(error.absolute_path), _mapping(error.schema)
    value: Any = error.instance
    if error.validator == "additionalProperties":
        known = schema["properties"]
        unknown = ", ".join(repr(key) for key in value if key not in known)
        return mistake(SCHEMA, file, path, f"has the unknown key(s) {unknown}", f"only {', '.join(known)}")
    if error.validator == "required":
        missing = ", ".join(key for key in schema["required"] if key not in value)
        return mistake(SCHEMA, file, path, f"lacks {missing}", f"the key(s) {missing}")
    expected = _expected(schema)
    return mistake(SCHEMA, file, path, f"{_NAMES.get(type(value), 'this')} that is not {expected}", expected)


def _mapping(schema: object) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {}


def _expected(schema: dict[str, Any]) -> str:
    """Return in words what `schema` asks for."""
    if "title" in schema:
        return str(schema["title"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(value) for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = " or ".join(_TYPES[kind] for kind in kinds)
    if "maximum" in schema:
        return f"{words} from {schema['minimum']} to {schema['maximum']}"
    return f"{words} of {schema['minimum']} or more" if "minimum" in schema else words
