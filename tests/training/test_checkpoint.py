import subprocess
import sys
from pathlib import Path

import pytest
import torch

from geointerp.errors import ModelError, OutputError
from geointerp.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from geointerp.training.progress import Epoch

EPOCH = Epoch(1, 1e-3, 1.5, 1.25, 0.5, 0.6, 0.7, (0.5, None))

# Begins to write a second checkpoint over the first and is killed in the midst of it, or finds the disk full.
CUT_SHORT = """
import os, resource, signal, sys
from pathlib import Path
import torch
from geointerp.errors import OutputError
from geointerp.training.checkpoint import Checkpoint, write_checkpoint

run, how = Path(sys.argv[1]), sys.argv[2]
checkpoint = Checkpoint((), 0, 0.0, {"weights": torch.ones(1 << 20)})
if how == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    try:
        write_checkpoint(run, checkpoint)
    except OutputError as error:
        print(error.message, "/", error.hint)
else:
    def save(content, file):
        file.write(b"half of it")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    torch.save = save
    write_checkpoint(run, checkpoint)
"""


def checkpoint() -> Checkpoint:
    return Checkpoint((EPOCH,), 1, 12.5, {"weights": torch.arange(5.0)})


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    write_checkpoint(tmp_path, checkpoint())
    found = read_checkpoint(tmp_path)
    assert found is not None
    assert (found.epochs, found.best, found.seconds) == ((EPOCH,), 1, 12.5)
    assert torch.equal(found.state["weights"], torch.arange(5.0))


@pytest.mark.parametrize("how", ["killed", "full"])
def test_the_former_one_survives_what_happens_to_the_next(tmp_path: Path, how: str) -> None:
    write_checkpoint(tmp_path, checkpoint())
    done = subprocess.run(
        [sys.executable, "-c", CUT_SHORT, str(tmp_path), how], capture_output=True, text=True, check=False
    )
    assert done.returncode == (-9 if how == "killed" else 0), done.stderr
    if how == "full":
        assert "training.pt cannot be written" in done.stdout
        assert "--resume" in done.stdout
        assert [path.name for path in (tmp_path / "last").iterdir()] == ["training.pt"]
    found = read_checkpoint(tmp_path)
    assert found is not None
    assert torch.equal(found.state["weights"], torch.arange(5.0))
    write_checkpoint(tmp_path, checkpoint())  # what was left behind is in nobody's way
    assert [path.name for path in (tmp_path / "last").iterdir()] == ["training.pt"]


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "last").write_text("a file where the folder belongs")
    with pytest.raises(OutputError, match=r"training\.pt cannot be written"):
        write_checkpoint(tmp_path, checkpoint())


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_one_is_named(tmp_path: Path, content: bytes | None) -> None:
    write_checkpoint(tmp_path, checkpoint())
    path = tmp_path / "last" / "training.pt"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ModelError, match=r"training\.pt is damaged") as refused:
        read_checkpoint(tmp_path)
    assert "--overwrite" in str(refused.value.hint)
