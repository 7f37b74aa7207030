"""Keep the sandbox's folder while it runs: `.sandbox`, with `sandbox.json` in it once all is ready."""

import fcntl
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sandbox import SandboxError


class StateFolder:
    """The folder, locked by one sandbox at a time; what another one left in it is removed."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SandboxError(f"another sandbox runs in {self.path}; end it, or set SANDBOX_DIR") from None
        self._description = self.path / "sandbox.json"
        self._description.unlink(missing_ok=True)
        for left_over in self.path.glob("tmp-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        self.temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=self.path))

    def publish(self, description: dict[str, Any]) -> None:
        """Write `sandbox.json` in one step, readable for its owner only: no reader sees a part of it."""
        draft = self.temporary / "sandbox.json"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(self._description)

    def close(self) -> None:
        self._description.unlink(missing_ok=True)
        shutil.rmtree(self.temporary, ignore_errors=True)
        os.close(self._lock)
