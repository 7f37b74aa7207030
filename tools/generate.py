"""Write the documents that are generated from the code, or with --check report which are out of date.

Run as `python -m tools.generate`, from the root of the repository, with layers/core and functions importable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "layers" / "core"), str(ROOT / "layers" / "rendering"), str(ROOT / "functions")]

from online_orders.domain import catalog  # noqa: E402 - the layers are importable from here on
from tools import catalog_words, events, fonts, iso_codes, permissions, screen_limits  # noqa: E402
from tools.openapi import document  # noqa: E402

EVENTS = ROOT / "docs" / "events"
GENERATED = ROOT / "layers" / "core" / "online_orders" / "generated"
SCREENS = ROOT / "web" / "lib" / "generated"


def main(arguments: list[str]) -> int:
    described = document()
    written: dict[Path, Any] = {
        **iso_codes.documents(),  # the following ones depend on these: `make generate` writes them first
        GENERATED / "openapi.json": described,
        SCREENS / "limits.js": screen_limits.module(described),
        SCREENS / "catalog-words.js": catalog_words.module(catalog.shipped()),
        fonts.FONTS / "characters.json": fonts.characters(),
        **{EVENTS / f"{name}.json": schema for name, schema in events.documents().items()},
        ROOT / "docs" / "permissions.md": permissions.document(),
    }
    stale = []
    for path, content in written.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT).as_posix())
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    if stale and "--check" in arguments:
        print(f"out of date: {', '.join(stale)}; run `make generate`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
