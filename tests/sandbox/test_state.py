import stat
from pathlib import Path

import pytest

from sandbox import SandboxError
from sandbox.state import StateFolder


def test_what_an_ended_sandbox_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("{}", encoding="utf-8")
    (tmp_path / "tmp-old").mkdir()
    folder = StateFolder(tmp_path)

    assert not (tmp_path / "sandbox.json").exists()
    assert not (tmp_path / "tmp-old").exists()
    folder.close()


def test_the_description_appears_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.publish({"site": "http://localhost:1"})
    published = tmp_path / "sandbox.json"

    assert published.read_text(encoding="utf-8") == '{\n  "site": "http://localhost:1"\n}\n'
    assert stat.S_IMODE(published.stat().st_mode) == 0o600
    assert published.stat().st_nlink == 1
    folder.close()


def test_a_description_that_is_not_finished_is_not_to_be_seen(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    with pytest.raises(TypeError):
        folder.publish({"site": object()})

    assert not (tmp_path / "sandbox.json").exists()
    folder.close()


def test_nothing_is_left_at_the_end_but_logs(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    (folder.temporary / "file").write_text("", encoding="utf-8")
    folder.publish({})
    folder.close()

    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path) -> None:
    first = StateFolder(tmp_path)
    first.publish({})
    with pytest.raises(SandboxError, match="another sandbox runs"):
        StateFolder(tmp_path)

    assert (tmp_path / "sandbox.json").exists()
    first.close()
    StateFolder(tmp_path).close()
