"""What a model folder says of itself: ``geointerp.json``, everything needed to run the model."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from geointerp.errors import ModelError
from geointerp.tasks import LabelClass

SCHEMA_VERSION = 1
FILE_NAME = "geointerp.json"
CHANNELS = {"repeat": 1, "neighbours": 3}
"""How many slices each way of filling the network's channels takes."""
Elevation = Literal["hillshade", "raw"]
_COPY_AGAIN = "mend it, or copy the model's folder again from where it is whole"


@dataclass(frozen=True)
class BackboneInfo:
    """The encoder: its name (``starter``, ``dinov2-small``, a timm name) and the sha256 of its weights."""

    id: str
    sha256: str


@dataclass(frozen=True)
class DecoderInfo:
    """The decoder, or ``unet``: its name and the factor on the paper's channels."""

    name: str
    width: float = 1.0


@dataclass(frozen=True)
class Normalisation:
    """How amplitudes become grey values in [0, 1], once for a whole volume.

    ``symmetric``: ``0.5 + 0.5 clip(x / s, -1, 1)`` with ``s`` the ``percentile`` of the absolute amplitudes;
    ``range``: from the percentile ``100 - percentile`` to ``percentile``.
    """

    kind: Literal["symmetric", "range"]
    percentile: float = 99.0


@dataclass(frozen=True)
class ModelDescription:
    """A model folder's own account of the model.

    Attributes:
        name: of the model; the folder's name for bundled ones.
        task: one of the five, or None for classes of one's own.
        classes: in the order of their label values.
        backbone: the encoder the adapter belongs to; None for a U-Net, which has none.
        decoder: the decoder that is stored with the adapter; None for a backbone alone, such as the starter.
        normalisation: how amplitudes become grey values.
        channels: ``repeat`` (the slice alone) or ``neighbours`` (the slice between its two neighbours).
        tile: height and width the model was trained with, in pixels.
        fixed_tile: whether a prediction keeps to this tile, unless asked for another, or takes one that suits
            the slices. What has learnt from little labels tiles of other sizes worse.
        overlap: the least part of a tile that neighbouring tiles share, by default.
        views: the slices a 3D volume is read as, by default.
        elevation: what a model of rasters wants of an elevation model: ``hillshade``, its relief under a low
            sun, as images show it; ``raw``, the heights; None where it does not say, and heights are given.
        patch: tiles are multiples of it.
        training: how the model was trained.
        metrics: measured figures.
        files: sha256 of the weight files in the folder, by name.
        network: ``vit`` (encoder and decoder) or ``unet``.
        method: what learnt: ``lora`` (updates of the attention, and the decoder), ``full`` (all) or
            ``frozen`` (the decoder alone).
    """

    name: str
    task: str | None
    classes: tuple[LabelClass, ...]
    backbone: BackboneInfo | None
    decoder: DecoderInfo | None
    normalisation: Normalisation
    channels: Literal["repeat", "neighbours"] = "repeat"
    tile: tuple[int, int] = (224, 224)
    fixed_tile: bool = False
    overlap: float = 0.25
    views: tuple[str, ...] = ("inline",)
    elevation: Elevation | None = None
    patch: int = 14
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    network: Literal["vit", "unet"] = "vit"
    method: Literal["lora", "full", "frozen"] = "lora"
    schema_version: int = SCHEMA_VERSION

    def write(self, folder: Path) -> None:
        """Write ``geointerp.json`` into ``folder``."""
        (folder / FILE_NAME).write_text(json.dumps(_in_unicode(asdict(self)), indent=2) + "\n")


def _in_unicode(value: Any) -> Any:
    """Return it with what is no text in strings escaped: a folder's name need not be UTF-8, JSON is."""
    if isinstance(value, dict):
        return {_in_unicode(name): _in_unicode(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_in_unicode(one) for one in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def read_description(folder: Path) -> ModelDescription:
    """Read and check ``geointerp.json``.

    Raises:
        ModelError: the file is missing, is not JSON, or a field is missing or wrong.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{folder} is not a model folder: {FILE_NAME} cannot be read ({error.strerror})",
            hint="`geointerp models` lists the bundled models",
        ) from error
    try:
        version = json.loads(text).get("schema_version", SCHEMA_VERSION)
        if version > SCHEMA_VERSION:
            raise ModelError(
                f"{path}: schema version {version}, but this geointerp reads up to {SCHEMA_VERSION}",
                hint="upgrade geointerp",
            )
        return TypeAdapter(ModelDescription).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(f"{path}: {where}: {first['msg']}", hint=_COPY_AGAIN) from error
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{path}: not a JSON object: {error}", hint=_COPY_AGAIN) from error
