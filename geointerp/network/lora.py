"""LoRA through peft: low-rank updates of the attention's qkv and proj, with the decoder trained whole."""

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from geointerp.network.segmenter import Segmenter

# A list of names would match by suffix and take patch_embed.proj too; as a pattern it must match the whole
# name.
ATTENTION = r"(.*\.)?blocks\.\d+\.attn\.(qkv|proj)"


def add_lora(segmenter: Segmenter, *, rank: int = 8, alpha: float = 8.0, dropout: float = 0.0) -> PeftModel:
    """Wrap ``segmenter`` so that only LoRA and its decoder are trained.

    Args:
        segmenter: the model to adapt; its encoder is frozen from here on.
        rank: rank of the updates.
        alpha: their scale is ``alpha / rank``.
        dropout: on the input of the updates, while training.
    """
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]  # peft's annotation says int; it only divides it by the rank
        lora_dropout=dropout,
        target_modules=ATTENTION,
        modules_to_save=["decoder"],
    )
    return get_peft_model(segmenter, config)


def merged(model: PeftModel) -> nn.Module:
    """The segmenter with its LoRA updates added into the weights, in float32; ``model`` is used up."""
    return model.float().merge_and_unload(safe_merge=True)  # type: ignore[no-any-return]
