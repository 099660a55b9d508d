"""Weights in files: timm's safetensors, Meta's DINOv2 ``.pth``, our starter; checked key by key."""

import hashlib
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from torch import Tensor, nn

from geointerp.errors import ModelError


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.safetensors`` or PyTorch file by name; nothing but tensors is unpickled.

    Raises:
        ModelError: no such file, or not a checkpoint.
    """
    if not path.is_file():
        raise ModelError(f"no weights at {path}", hint="pass a timm .safetensors file or Meta's DINOv2 .pth")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).split("\n")[0] or "it ends too soon"
        raise ModelError(f"{path} is damaged, or not a checkpoint: {reason}") from error
    if not isinstance(state, Mapping):
        raise ModelError(f"{path} holds a {type(state).__name__}, not named weights")
    return dict(state)


def load_backbone_weights(backbone: VisionTransformer, path: Path) -> None:
    """Load ``path`` into ``backbone`` by timm's own conversion, which knows Meta's key names.

    Position embeddings are resampled to the backbone's tile.

    Raises:
        ModelError: a key is missing, unknown or of another shape; the message names the first.
    """
    weights = read_weights(path)
    try:
        converted = checkpoint_filter_fn(weights, backbone)
    except (KeyError, RuntimeError, AttributeError, ValueError) as error:
        raise ModelError(f"{path} is not a vision transformer's checkpoint: {error}") from error
    # A classifier's head is of no use to us; a checkpoint may come with one.
    tensors = {name: w for name, w in converted.items() if not name.startswith("head.")}
    check_keys(backbone.state_dict(), tensors, path)
    backbone.load_state_dict(tensors)


def check_keys(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that do not fit, naming the first key that differs.

    Raises:
        ModelError: with the key and, for a shape, both.
    """
    for name, tensor in expected.items():
        if name not in found:
            raise ModelError(f"{path}: '{name}' is missing", hint=_elsewhere(expected, found))
        if found[name].shape != tensor.shape:
            raise ModelError(
                f"{path}: '{name}' is {tuple(found[name].shape)}, but the model has {tuple(tensor.shape)}",
                hint="the file belongs to a backbone of another size",
            )
    for name in found:
        if name not in expected:
            raise ModelError(f"{path}: '{name}' is unknown to the model", hint=_elsewhere(expected, found))


def _elsewhere(expected: Iterable[str], found: Iterable[str]) -> str:
    shared = len(set(expected) & set(found))
    return f"{shared} of the model's {len(list(expected))} keys are in the file; is it the right backbone?"


def write_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write a safetensors file that others may read; safetensors itself gives it to the owner alone."""
    save_file(weights, path, metadata={"format": "pt"})
    path.chmod(0o644)


def stored_as(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A contiguous copy of ``tensor`` in the type it is stored in."""
    exact = "running_" in name or not tensor.is_floating_point()
    return tensor.detach().cpu().contiguous() if exact else tensor.detach().cpu().to(dtype).contiguous()


def plain_weights(module: nn.Module) -> dict[str, Tensor]:
    """The weights of a module as they are without the LoRA that peft may have put beside them, float32."""
    return {
        name.replace(".base_layer", ""): stored_as(name, tensor, torch.float32)
        for name, tensor in module.state_dict().items()
        if ".lora_" not in name
    }


def weights_sha256(weights: Mapping[str, Tensor]) -> str:
    """Fingerprint of named weights: names, shapes and float32 values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu()
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
