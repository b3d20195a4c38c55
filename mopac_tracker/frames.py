"""Room for the frames of calls, so that how long a page takes doesn't hang on how deep in them it is rendered.

Python, since 3.11, keeps frames in blocks of 16 KB and gives a block back to the system when the calls in it have
returned. A loop at the edge of a block takes one and gives it back with every call: a page of 400 risks took from 0.36
to 1.01 s, by how deep it was called from (docs/performance.md). A function of very many variables asks for a block that
has room for all that it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VARIABLES = 20_000  # 160 KB of a block of 256

_many = "=".join(f"v{number}" for number in range(VARIABLES))
_made: dict[str, Callable[..., Any]] = {}
exec(f"def with_room(call, *args):\n    return call(*args)\n    {_many} = None\n", _made)  # noqa: S102 - ourselves
with_room = _made["with_room"]
