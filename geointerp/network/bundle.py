"""The model folder: its files, and how they are known again; `saving` writes it, `loading` reads it.

geointerp.json              everything needed to run the model (see description.py)
adapter_config.json         peft's description of the LoRA
adapter_model.safetensors   LoRA and decoder; never merged, so that loading merges exactly once
decoder.safetensors         in place of these two where there is no LoRA: the decoder
unet.safetensors            in place of all: the convolutional baseline
backbone.safetensors        the encoder, unless it is the bundled starter as it is: the model can so be used
                            without a network, and on exactly the weights that it was adapted to
README.md                   the model card
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from peft import PeftModel, get_peft_model_state_dict
from torch import Tensor

from geointerp.errors import ModelError
from geointerp.network.checkpoint import file_sha256
from geointerp.network.description import FILE_NAME, ModelDescription
from geointerp.network.segmenter import Segmenter
from geointerp.network.unet import UNet

ADAPTER = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
BACKBONE = "backbone.safetensors"
DECODER = "decoder.safetensors"
UNET = "unet.safetensors"


def weight_files(description: ModelDescription) -> tuple[str, ...]:
    """The files that hold what was learnt, the weights first; an encoder beside them is known by its own."""
    if description.network == "unet":
        return (UNET,)
    return (ADAPTER, CONFIG) if description.method == "lora" else (DECODER,)


def learnt(model: PeftModel | Segmenter | UNet) -> dict[str, Tensor]:
    """The weights that are stored for a model, the encoder's not among them."""
    if isinstance(model, PeftModel):
        adapter: dict[str, Tensor] = get_peft_model_state_dict(model, save_embedding_layers=False)
        return adapter
    return (model.decoder if isinstance(model, Segmenter) else model).state_dict()


def verify_files(folder: Path, description: ModelDescription) -> None:
    """Compare the files of an adapter with their recorded fingerprints.

    Raises:
        ModelError: a file is missing or has changed.
    """
    for name in sorted({*weight_files(description), *description.files}):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} is missing", hint="the model folder is incomplete")
    for name, expected in description.files.items():
        found = file_sha256(folder / name)
        if found != expected:
            raise ModelError(
                f"{folder / name}: sha256 {found[:12]}…, but {FILE_NAME} says {expected[:12]}…",
                hint="the file is damaged or was exchanged: fetch the model again",
            )


def fingerprint(folder: Path, description: ModelDescription) -> str:
    """sha256 of what decides a model's output; its name, its training and its figures do not.

    The tile does, but is chosen anew for each prediction.
    """
    whole = asdict(description)
    decides = {name: whole[name] for name in ("classes", "backbone", "decoder", "channels", "normalisation")}
    unrecorded = [name for name in weight_files(description) if name not in description.files]
    files = {**description.files, **{name: file_sha256(folder / name) for name in unrecorded}}
    text = json.dumps({**decides, "patch": description.patch, "files": files}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
