"""Where models are found. Free of torch, so that listing them is quick."""

from pathlib import Path

from geointerp.errors import ModelError
from geointerp.network.description import FILE_NAME

# Beside the package in a source tree, inside it in an installed wheel.
_PACKAGE = Path(__file__).resolve().parents[1]
_HOMES = (_PACKAGE / "models", _PACKAGE.parent / "models")

STARTER = "starter"
RUN_MODEL = "model"
"""Where the best model lies in the run folder of a training."""

HUB = "hf:"
_OF_A_MODEL = (FILE_NAME, "*.safetensors", "adapter_config.json", "README.md")


def models_home() -> Path:
    """The folder of the bundled models."""
    return next((home for home in _HOMES if home.is_dir()), _HOMES[-1])


def list_models() -> list[Path]:
    """Folders of the bundled models, the starter backbone first."""
    folders = [path.parent for path in models_home().glob(f"*/{FILE_NAME}")]
    return sorted(folders, key=lambda folder: (folder.name != STARTER, folder.name))


def bundled_model(name: str) -> Path:
    """The folder of a bundled model; what lies in the working folder is not looked at.

    Raises:
        ModelError: there is none; names those there are.
    """
    folder = models_home() / name
    if not (folder / FILE_NAME).is_file():
        raise ModelError(f"no model '{name}' is bundled", hint=_known())
    return folder


def find_model(path: str | Path) -> Path:
    """The folder of the model at a path, or of the best model of the training whose run folder is there.

    A word that is neither may be the name of a bundled one.

    Raises:
        ModelError: there is neither; names the bundled ones. Or it is on the hub and cannot be fetched.
    """
    words = str(path)
    if words.startswith(HUB):
        return _fetched(words.removeprefix(HUB))
    for folder in (Path(path), Path(path) / RUN_MODEL):
        if (folder / FILE_NAME).is_file():
            return folder
    if words == Path(words).name and (models_home() / words / FILE_NAME).is_file():
        return models_home() / words
    raise ModelError(f"no model '{path}': neither bundled nor a folder with {FILE_NAME}", hint=_known())


def _fetched(name: str) -> Path:
    """The folder of a model on the Hugging Face hub, ``owner/name``, from the hub's cache where it is there.

    Raises:
        ModelError: it cannot be fetched, or is no model of this project.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        folder = Path(snapshot_download(name, allow_patterns=list(_OF_A_MODEL)))
    except HFValidationError as error:
        raise ModelError(f"'{name}' is no name on the hub: {error}", hint="write hf:owner/name") from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise ModelError(
            f"the model '{name}' could not be fetched from the hub: {reason}",
            hint="without a network, download its folder elsewhere and give the path",
        ) from error
    if not (folder / FILE_NAME).is_file():
        raise ModelError(f"'{name}' on the hub is no model of geointerp: it has no {FILE_NAME}")
    return folder


def _known() -> str:
    bundled = ", ".join(folder.name for folder in list_models()) or "none"
    return f"bundled are: {bundled}; `geointerp models` describes them"
