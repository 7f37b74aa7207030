"""Copy the screens' libraries from npm's folder, as modules that a browser finds without a build step.

Run as `python -m tools.vendor node_modules web/vendor`. Browsers know no package names, so these become the addresses
of the files beside; nothing else is changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MODULES = {
    "preact": ("preact.js", "preact/dist/preact.mjs"),
    "preact/hooks": ("preact-hooks.js", "preact/hooks/dist/hooks.mjs"),
    "htm": ("htm.js", "htm/dist/htm.mjs"),
    "@preact/signals-core": ("signals-core.js", "@preact/signals-core/dist/signals-core.mjs"),
    "@preact/signals": ("signals.js", "@preact/signals/dist/signals.mjs"),
    "oauth4webapi": ("oauth4webapi.js", "oauth4webapi/build/index.js"),
}
"""By the name that other modules import: the file's name here, and its path in its package."""

_IMPORTED = re.compile(r"""(\bfrom\s*|\bimport\s*)(["'])([@\w][\w./-]*)\2""")
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=.*\n?")


def as_module(text: str) -> str:
    """Return a module that imports the files beside it; raise KeyError for a package that is not copied."""
    named = _IMPORTED.sub(lambda found: f"{found[1]}{found[2]}./{MODULES[found[3]][0]}{found[2]}", text)
    return _SOURCE_MAP.sub("\n", named)


def vendor(packages: Path, target: Path) -> None:
    """Write each module to `target`, with the license of its package and a note where its types are."""
    target.mkdir(parents=True, exist_ok=True)
    for package, (name, source) in MODULES.items():
        text = as_module((packages / source).read_text("utf-8"))
        (target / name).write_text(text, "utf-8")
        exported = "{ default }" if re.search(r"\bexport default\b|\bas default\b", text) else "*"
        (target / name).with_suffix(".d.ts").write_text(f'export {exported} from "{package}";\n', "utf-8")
        depth = 2 if source.startswith("@") else 1
        (license_file,) = packages.joinpath(*source.split("/")[:depth]).glob("LICENSE*")
        (target / f"{name.removesuffix('.js')}.LICENSE.md").write_bytes(license_file.read_bytes())


if __name__ == "__main__":
    vendor(Path(sys.argv[1]), Path(sys.argv[2]))
