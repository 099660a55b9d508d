"""Where models are found. Free of torch, so that listing them is quick."""

from pathlib import Path

from geointerp.errors import ModelError
from geointerp.network.description import FILE_NAME

# Beside the package in a source tree, inside it in an installed wheel.
_PACKAGE = Path(__file__).resolve().parents[1]
_HOMES = (_PACKAGE / "models", _PACKAGE.parent / "models")

STARTER = "starter"


def models_home() -> Path:
    """The folder of the bundled models."""
    return next((home for home in _HOMES if home.is_dir()), _HOMES[-1])


def list_models() -> list[Path]:
    """Folders of the bundled models, the starter backbone first."""
    folders = [path.parent for path in models_home().glob(f"*/{FILE_NAME}")]
    return sorted(folders, key=lambda folder: (folder.name != STARTER, folder.name))


def find_model(name: str | Path) -> Path:
    """The folder of a bundled model, or of the model at a path.

    Raises:
        ModelError: there is none; names those there are.
    """
    for folder in (models_home() / name, Path(name)):
        if (folder / FILE_NAME).is_file():
            return folder
    bundled = ", ".join(folder.name for folder in list_models()) or "none"
    raise ModelError(
        f"no model '{name}': neither bundled nor a folder with {FILE_NAME}",
        hint=f"bundled are: {bundled}; `geointerp models` describes them",
    )
