"""Every choice of a training, with its default; what is left open is decided from the others."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from geointerp.errors import UsageError
from geointerp.network.decoders import DECODERS
from geointerp.network.description import CHANNELS, Elevation
from geointerp.network.home import STARTER
from geointerp.tasks import task_named
from geointerp.training.losses import LOSSES

NO_WEIGHTS = "none"
METHODS = ("lora", "full", "frozen")
NETWORKS = ("vit", "unet")

# What was learnt before moves little; what begins at random has a way to go.
_RATES = {"lora": 2e-3, "frozen": 2e-3, "full": 3e-4, "unet": 1e-3}
# Where and for how long it is computed decides nothing; the data are known by their fingerprint.
_FREE = ("data", "output", "max_minutes", "patience", "workers", "device")


@dataclass(frozen=True)
class Settings:
    """What the options of ``finetune`` say, by the same names; described there."""

    data: Path
    output: Path
    task: str | None = None
    classes: tuple[str, ...] | None = None
    network: Literal["vit", "unet"] = "vit"
    backbone: str = STARTER
    weights: str | None = None
    decoder: str = "mla"
    width: float = 1.0
    method: Literal["lora", "full", "frozen"] = "lora"
    rank: int = 8
    alpha: float = 8.0
    dropout: float = 0.0
    channels: Literal["repeat", "neighbours"] = "repeat"
    views: tuple[str, ...] | None = None
    elevation: Elevation | None = None
    tile: tuple[int, int] | None = None
    epochs: int = 30
    batch_size: int | None = None
    lr: float | None = None
    weight_decay: float = 0.05
    warmup: float = 0.05
    clip: float = 1.0
    loss: str = "ce+dice"
    class_weights: bool = True
    augment: bool = True
    ema: float | None = None
    patience: int | None = None
    max_minutes: float | None = None
    seed: int = 0
    deterministic: bool = False
    device: str = "auto"
    precision: str = "auto"
    workers: int | None = None
    command: str = ""

    def resolved(self) -> "Settings":
        """Return the settings with what was left open decided, and what does not apply at its default.

        Raises:
            UsageError: a choice does not exist, is out of range, or contradicts another.
        """
        _check_choices(self)
        _check_ranges(self)
        if self.task is not None:
            task_named(self.task)
        if self.network == "unet" and (self.backbone != STARTER or self.weights is not None):
            raise UsageError(
                "a U-Net has no backbone and learns from random weights",
                hint="leave --backbone and --weights out, or --network unet",
            )
        self._refuse_what_does_not_apply()
        kind = self.network if self.network == "unet" else self.method
        return replace(self, lr=_RATES[kind] if self.lr is None else self.lr)

    def _refuse_what_does_not_apply(self) -> None:
        """Refuse choices about parts that the network does not have.

        Raises:
            UsageError: names them.
        """
        adapted: tuple[str, ...] = ("rank", "alpha", "dropout")
        names: tuple[str, ...]
        if self.network == "unet":
            what, names = "a U-Net", ("method", "decoder", *adapted)
        elif self.method != "lora":
            what, names = f"--method {self.method}", adapted
        else:
            return
        plain = {field.name: field.default for field in fields(self)}
        idle = [f"--{name}" for name in names if name in plain and getattr(self, name) != plain[name]]
        if idle:
            raise UsageError(f"{what} has no {' and no '.join(idle)}", hint=f"leave {', '.join(idle)} out")

    @property
    def rate(self) -> float:
        """The peak learning rate, once resolved."""
        assert self.lr is not None
        return self.lr

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a tile, once decided."""
        assert self.tile is not None
        return self.tile

    @property
    def batch(self) -> int:
        """Tiles a step, once decided."""
        assert self.batch_size is not None
        return self.batch_size

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as YAML and JSON have them; the command they came from is none."""
        return {name: _plain(value) for name, value in asdict(self).items() if name != "command"}

    def decisive(self) -> dict[str, Any]:
        """Return the settings that decide the result: a run is gone on with only where they are the same."""
        return {name: value for name, value in self.as_dict().items() if name not in _FREE}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _check_choices(settings: Settings) -> None:
    """Refuse words that are none of a setting's."""
    for name, known in (
        ("network", NETWORKS),
        ("method", METHODS),
        ("decoder", tuple(DECODERS)),
        ("channels", CHANNELS),
        ("loss", LOSSES),
        ("elevation", ("hillshade", "raw")),
    ):
        value = getattr(settings, name)
        if value is not None and value not in known:
            raise UsageError(f"no {name} is called '{value}'", hint=f"there is {', '.join(known)}")


def _check_ranges(settings: Settings) -> None:
    """Refuse numbers that mean nothing."""
    for name, least in (("rank", 1), ("epochs", 1), ("batch_size", 1), ("patience", 1), ("workers", 0)):
        value = getattr(settings, name)
        if value is not None and value < least:
            raise UsageError(f"{_option(name)} is {value}", hint=f"give {least} or more")
    for name in ("lr", "alpha", "width", "clip", "max_minutes"):
        value = getattr(settings, name)
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"{_option(name)} is {value:g}", hint="give a number above 0")
    for name in ("dropout", "ema", "warmup"):
        value = getattr(settings, name)
        if value is not None and not 0 <= value < 1:
            raise UsageError(f"{_option(name)} is {value:g}", hint="give a number from 0 to less than 1")
    if not 0 <= settings.weight_decay < float("inf"):
        raise UsageError(f"--weight-decay is {settings.weight_decay:g}", hint="give 0 or more")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
