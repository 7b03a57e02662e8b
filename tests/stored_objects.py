"""Objects of a store, made by hand."""

from __future__ import annotations

from ipsecmig.diagnostics import Origin
from ipsecmig.stored.blobs import Blob
from ipsecmig.stored.objects import Attribute, ObjectClass, StoredObject

Value = str | int | bytes


def guid(number: int) -> str:
    return f"{{00000000-0000-4000-8000-{number:012x}}}"


def stored(
    kind: ObjectClass, number: int, data: Blob | bytes | None = None, **attributes: Value | tuple[Value, ...]
) -> StoredObject:
    """Return an object whose GUID ends in `number`; a reference is the name of an object, as `refer` returns it."""
    name = f"{kind.value}{guid(number)}"
    found = {
        key: Attribute(value if isinstance(value, tuple) else (value,), Origin(f"{name} {key}"))
        for key, value in attributes.items()
    }
    if data is not None:
        content = data if isinstance(data, bytes) else data.write()
        found["ipsecdata"] = Attribute((content,), Origin(f"{name} ipsecData"))
    return StoredObject(kind, guid(number), found, Origin(name))


def refer(kind: ObjectClass, number: int) -> str:
    return rf"SOFTWARE\Policies\Microsoft\Windows\IPSEC\Policy\Local\{kind.value}{guid(number).upper()}"
