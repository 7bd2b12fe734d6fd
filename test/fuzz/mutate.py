"""Damages files: their bytes, their text, or what their format says of a model."""

import random
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import onnx
from ai_edge_litert import schema_py_generated as schema

EDITS = (1, 4)  # how many a mutant has
BYTES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
INTEGERS = (0, 1, -1, 2, 3, 7, 127, -128, 255, 65536, 2**31 - 1, -(2**31))
FLOATS = (0.0, -1.0, 1e-30, 1e30, float("inf"), float("nan"))
LONGS = (*INTEGERS, 2**62, -(2**63))

Random = random.Random


def mutate(data: bytes, suffix: str, rng: Random) -> bytes:
    """Return a damaged copy of a file of one of the formats that can be compiled."""
    if suffix == ".mlir":
        edit = rng.choice([_edit_text, _edit_text, _edit_text, _edit_bytes])
    elif suffix == ".onnx":
        edit = rng.choice([_edit_onnx, _edit_onnx, _edit_bytes])
    else:
        edit = rng.choice([_edit_tflite, _edit_tflite, _edit_bytes])
    return edit(data, rng)


# Bytes


def _edit_bytes(data: bytes, rng: Random) -> bytes:
    buffer = bytearray(data)
    for _ in range(rng.randint(*EDITS)):
        rng.choice(_BYTE_EDITS)(buffer, rng)
    return bytes(buffer)


def _set_byte(buffer: bytearray, rng: Random) -> None:
    if buffer:
        buffer[rng.randrange(len(buffer))] = rng.choice([*BYTES, rng.randrange(256)])


def _flip_bit(buffer: bytearray, rng: Random) -> None:
    if buffer:
        buffer[rng.randrange(len(buffer))] ^= 1 << rng.randrange(8)


def _set_word(buffer: bytearray, rng: Random) -> None:
    if len(buffer) >= 4:
        place = rng.randrange(len(buffer) // 4) * 4
        value = rng.choice([*INTEGERS, rng.randint(-100, 100), len(buffer)])
        buffer[place : place + 4] = struct.pack("<i", value)


def _copy_word(buffer: bytearray, rng: Random) -> None:
    if len(buffer) >= 4:
        source, place = (rng.randrange(len(buffer) // 4) * 4 for _ in range(2))
        buffer[place : place + 4] = buffer[source : source + 4]


def _truncate(buffer: bytearray, rng: Random) -> None:
    del buffer[rng.randint(0, len(buffer)) :]


def _remove_range(buffer: bytearray, rng: Random) -> None:
    first = rng.randint(0, len(buffer))
    del buffer[first : first + rng.randint(1, 64)]


def _repeat_range(buffer: bytearray, rng: Random) -> None:
    first = rng.randint(0, len(buffer))
    buffer[first:first] = buffer[first : first + rng.randint(1, 64)]


def _clear_range(buffer: bytearray, rng: Random) -> None:
    first = rng.randint(0, len(buffer))
    last = min(len(buffer), first + rng.randint(1, 64))
    buffer[first:last] = bytes(last - first)


_BYTE_EDITS: Sequence[Callable[[bytearray, Random], None]] = (
    _set_byte,
    _set_byte,
    _flip_bit,
    _flip_bit,
    _set_word,
    _set_word,
    _copy_word,
    _truncate,
    _remove_range,
    _repeat_range,
    _clear_range,
)


# Text

_TOKEN = re.compile(r"[%#@!]?[\w.]+|-?\d+|[^\s\w]")
_WORDS = (
    *("i8", "i32", "i64", "f32", "f64", "i1", "index", "tensor<*xf32>", "tensor<?x3xi8>"),
    *(
        "-1",
        "0",
        "4294967296",
        "1.0e+39",
        "%arg0",
        "%0",
        "%99",
        "dense<0>",
        "affine_map<(d0)->(d0)>",
    ),
    *('"', "}", "{", ">", "(", "tosa.conv2d", "linalg.generic", "arith.addi", "return", "\u00e9"),
)


def _edit_text(data: bytes, rng: Random) -> bytes:
    text = data.decode()
    for _ in range(rng.randint(*EDITS)):
        text = rng.choice([_edit_token, _edit_token, _edit_token, _edit_line])(text, rng)
    return text.encode()


def _edit_token(text: str, rng: Random) -> str:
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return text
    token = rng.choice(tokens)
    other = rng.choice(tokens)[0]
    word = str(rng.choice(INTEGERS)) if token[0].isdigit() else rng.choice(_WORDS)
    new = rng.choice(["", other, word, word, token[0] + token[0]])
    return text[: token.start()] + new + text[token.end() :]


def _edit_line(text: str, rng: Random) -> str:
    lines = text.split("\n")
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(place, lines[other])
    elif kind == 2:
        lines[place], lines[other] = lines[other], lines[place]
    else:
        del lines[place:]
    return "\n".join(lines)


# What the formats say


def _edit_onnx(data: bytes, rng: Random) -> bytes:
    """Change fields of the protobuf messages, wherever they are."""
    model = onnx.ModelProto.FromString(data)
    for _ in range(rng.randint(*EDITS)):
        _edit_message(rng.choice(_messages(model)), rng)
    return model.SerializeToString()


def _messages(message: Any) -> list[Any]:
    found = [message]
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                found += _messages(inner)
    return found


def _edit_message(message: Any, rng: Random) -> None:
    fields = message.ListFields()
    if not fields:
        return
    field, value = rng.choice(fields)
    if rng.random() < 0.15:
        message.ClearField(field.name)
    elif field.is_repeated:
        _edit_repeated(value, field, rng)
    elif field.message_type is None:
        _try(lambda: setattr(message, field.name, _other(value, rng)))


def _edit_repeated(values: Any, field: Any, rng: Random) -> None:
    place = rng.randrange(len(values))
    kind = rng.random()
    if kind < 0.35:
        del values[place]
    elif kind < 0.5 and field.message_type is not None:
        values.add().CopyFrom(values[rng.randrange(len(values))])
    elif kind < 0.5:
        values.append(values[rng.randrange(len(values))])
    elif field.message_type is None:
        _try(lambda: values.__setitem__(place, _other(values[place], rng)))


def _edit_tflite(data: bytes, rng: Random) -> bytes:
    """Change fields of the flatbuffer's tables, wherever they are."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    for _ in range(rng.randint(*EDITS)):
        tables = [table for table in _tables(model) if not isinstance(table, schema.BufferT)]
        table = rng.choice(tables)
        names = [name for name, value in vars(table).items() if _is_plain(value)]
        if names:
            name = rng.choice(names)
            setattr(table, name, _other(getattr(table, name), rng))
    builder = flatbuffers.Builder(1024)
    try:
        builder.Finish(model.Pack(builder), b"TFL3")
    except Exception:
        return _edit_bytes(data, rng)  # values that the format cannot hold
    return bytes(builder.Output())


def _tables(value: Any) -> list[Any]:
    """The tables of an object of the object API."""
    if isinstance(value, list):
        return [table for item in value for table in _tables(item)]
    if not hasattr(value, "__dict__"):
        return []
    return [value, *(table for item in vars(value).values() for table in _tables(item))]


def _is_plain(value: Any) -> bool:
    is_numbers = hasattr(value, "dtype") and value.size > 0
    return isinstance(value, int | float | bytes | list) or is_numbers


def _other(value: Any, rng: Random) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([*LONGS, value + 1, value - 1, value * 2, rng.randint(0, 200)])
    if isinstance(value, float):
        return rng.choice([*FLOATS, -value, value * 1e6])
    if isinstance(value, bytes | str):
        return value[: len(value) // 2] if rng.random() < 0.5 else value + value
    if isinstance(value, list):
        return rng.choice([value[1:], value + value[:1], value[::-1], []])
    changed = value.copy()  # an array
    kind = rng.random()
    if kind < 0.5:
        flat = changed.reshape(-1)
        place = rng.randrange(flat.size)
        _try(lambda: flat.__setitem__(place, _other(flat[place].item(), rng)))
        return changed
    return rng.choice([changed[:-1], changed[::-1].copy(), changed[:0]])


def _try(change: Callable[[], Any]) -> None:
    """Make a change, unless the value does not fit the field."""
    try:
        change()
    except (OverflowError, TypeError, ValueError):
        return
