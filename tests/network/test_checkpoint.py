"""Weights from files of the published formats, with random values."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from geointerp.errors import ModelError
from geointerp.network.backbone import create_backbone
from geointerp.network.checkpoint import load_backbone_weights, read_weights, weights_sha256

TIMM_NAME = "vit_small_patch14_dinov2.lvd142m"


def meta_state(dim: int = 384, depth: int = 12, grid: int = 37) -> dict[str, Tensor]:
    """Random weights under the keys of Meta's ``dinov2_vits14_pretrain.pth``."""
    torch.manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, dim),
        "pos_embed": (1, 1 + grid * grid, dim),
        "mask_token": (1, dim),
        "patch_embed.proj.weight": (dim, 3, 14, 14),
        "patch_embed.proj.bias": (dim,),
        "norm.weight": (dim,),
        "norm.bias": (dim,),
    }
    for k in range(depth):
        for name, shape in {
            "norm1.weight": (dim,),
            "norm1.bias": (dim,),
            "attn.qkv.weight": (3 * dim, dim),
            "attn.qkv.bias": (3 * dim,),
            "attn.proj.weight": (dim, dim),
            "attn.proj.bias": (dim,),
            "ls1.gamma": (dim,),
            "norm2.weight": (dim,),
            "norm2.bias": (dim,),
            "mlp.fc1.weight": (4 * dim, dim),
            "mlp.fc1.bias": (4 * dim,),
            "mlp.fc2.weight": (dim, 4 * dim),
            "mlp.fc2.bias": (dim,),
            "ls2.gamma": (dim,),
        }.items():
            shapes[f"blocks.{k}.{name}"] = shape
    return {name: torch.randn(shape) * 0.05 for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def meta_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("meta") / "dinov2_vits14_pretrain.pth"
    torch.save(meta_state(), path)
    return path


@pytest.mark.parametrize("tile", [(518, 518), (224, 224), (56, 70)])
def test_metas_file_gives_the_features_of_timms_own_conversion(
    meta_file: Path, tile: tuple[int, int]
) -> None:
    ours = create_backbone("dinov2-small", tile)
    load_backbone_weights(ours, meta_file)
    theirs = timm.create_model(
        TIMM_NAME,
        img_size=tile,
        pretrained=True,
        pretrained_cfg_overlay={"file": str(meta_file)},
        num_classes=0,
    )
    image = torch.rand(1, 3, *tile)
    with torch.inference_mode():
        assert torch.equal(ours.eval().forward_features(image), theirs.eval().forward_features(image))


def test_metas_values_land_where_they_belong(meta_file: Path) -> None:
    ours = create_backbone("dinov2-small", (518, 518))
    load_backbone_weights(ours, meta_file)
    state = meta_state()
    assert torch.equal(ours.blocks[7].ls2.gamma, state["blocks.7.ls2.gamma"])
    assert torch.equal(ours.blocks[3].attn.qkv.weight, state["blocks.3.attn.qkv.weight"])
    assert torch.equal(ours.pos_embed, state["pos_embed"])


def test_a_timm_safetensors_file_loads(tmp_path: Path) -> None:
    source = create_backbone("starter", (56, 56))
    save_file(source.state_dict(), tmp_path / "weights.safetensors")
    target = create_backbone("starter", (56, 56))
    load_backbone_weights(target, tmp_path / "weights.safetensors")
    assert weights_sha256(target.state_dict()) == weights_sha256(source.state_dict())


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no weights at"):
        read_weights(tmp_path / "nothing.pth")


@pytest.mark.parametrize("content", [b"\x80\x02not a checkpoint at all, only bytes", b"junkjunkjunk", b""])
@pytest.mark.parametrize("name", ["damaged.pth", "damaged.safetensors"])
def test_a_damaged_file_is_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        read_weights(tmp_path / name)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"x": Path("/")}, tmp_path / "evil.pth")
    with pytest.raises(
        ModelError, match=r"damaged, or not a checkpoint: it holds more than tensors, or none$"
    ):
        read_weights(tmp_path / "evil.pth")


def test_the_first_missing_key_is_named(tmp_path: Path) -> None:
    state = meta_state()
    del state["blocks.4.mlp.fc1.bias"]
    torch.save(state, tmp_path / "short.pth")
    with pytest.raises(ModelError, match=r"'blocks\.4\.mlp\.fc1\.bias' is missing"):
        load_backbone_weights(create_backbone("dinov2-small", (56, 56)), tmp_path / "short.pth")


def test_the_first_unknown_key_is_named(tmp_path: Path) -> None:
    torch.save(meta_state() | {"register_token": torch.zeros(1)}, tmp_path / "long.pth")
    with pytest.raises(ModelError, match=r"'register_token' is unknown"):
        load_backbone_weights(create_backbone("dinov2-small", (56, 56)), tmp_path / "long.pth")


def test_a_checkpoint_of_another_size_names_both_shapes(tmp_path: Path, meta_file: Path) -> None:
    with pytest.raises(ModelError, match=r"\(1, 1, 384\), but the model has \(1, 1, 768\)"):
        load_backbone_weights(create_backbone("dinov2-base", (56, 56)), meta_file)
