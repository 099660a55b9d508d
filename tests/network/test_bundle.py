import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from peft import PeftModel
from safetensors.torch import save_file

from geointerp.errors import ModelError, UsageError
from geointerp.network import home as places
from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import ADAPTER, BACKBONE, CONFIG
from geointerp.network.checkpoint import load_backbone_weights, read_weights, weights_sha256
from geointerp.network.decoders import create_decoder
from geointerp.network.description import (
    FILE_NAME,
    BackboneInfo,
    DecoderInfo,
    ModelDescription,
    Normalisation,
    read_description,
)
from geointerp.network.home import bundled_model, find_model
from geointerp.network.loading import load_adapter, load_model, load_trained
from geointerp.network.lora import add_lora
from geointerp.network.saving import save_model
from geointerp.network.segmenter import Segmenter
from geointerp.tasks import TASKS

TILE = (28, 42)
Saved = tuple[Path, PeftModel]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundled models with a random starter in it."""
    monkeypatch.setattr(places, "_HOMES", (tmp_path,))
    torch.manual_seed(0)
    (tmp_path / "starter").mkdir()
    state = create_backbone("starter", (42, 42)).state_dict()
    save_file({k: v.half() for k, v in state.items()}, tmp_path / "starter" / BACKBONE)
    (tmp_path / "starter" / FILE_NAME).write_text("{}")
    return tmp_path


@pytest.fixture
def saved(home: Path) -> Callable[..., Saved]:
    """Saves a model whose LoRA and batch normalisation have moved."""

    def save(dtype: torch.dtype = torch.float32, channels: str = "repeat") -> Saved:
        starter = home / "starter" / BACKBONE
        backbone = create_backbone("starter", TILE)
        load_backbone_weights(backbone, starter)
        model = add_lora(Segmenter(backbone, create_decoder("mla", 192, 2, 0.25)))
        for name, p in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(p, std=0.1)
        model.train()
        model(torch.rand(4, 1, *TILE))
        for p in model.parameters():
            if p.requires_grad:
                p.data = p.data.to(dtype).float()
        description = ModelDescription(
            name="mine",
            task="faults",
            classes=TASKS["faults"].classes,
            backbone=BackboneInfo("starter", weights_sha256(read_weights(starter))),
            decoder=DecoderInfo("mla", 0.25),
            normalisation=Normalisation("symmetric"),
            channels=channels,  # type: ignore[arg-type]
            tile=TILE,
        )
        save_model(home / "mine", model, description, dtype)
        return home / "mine", model.eval()

    return save


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_model_comes_back_exactly(saved: Callable[..., Saved], dtype: torch.dtype) -> None:
    folder, model = saved(dtype)
    grey = torch.rand(2, 1, *TILE)
    again, description = load_adapter(folder)
    assert torch.equal(again(grey), model(grey))
    assert description.classes == TASKS["faults"].classes


def test_the_model_for_inference_agrees_with_the_trained_one(saved: Callable[..., Saved]) -> None:
    folder, model = saved()
    grey = torch.rand(2, 1, *TILE)
    torch.testing.assert_close(load_model(folder).network(grey), model(grey), atol=1e-5, rtol=1e-4)


def test_saving_what_was_loaded_does_not_merge_twice(saved: Callable[..., Saved], tmp_path: Path) -> None:
    folder, model = saved()
    again, description = load_adapter(folder)
    save_model(tmp_path / "second", again, description)
    grey = torch.rand(1, 1, *TILE)
    assert torch.equal(load_adapter(tmp_path / "second")[0](grey), model(grey))
    assert torch.equal(load_model(tmp_path / "second").network(grey), load_model(folder).network(grey))


def test_three_channels_are_three_slices(saved: Callable[..., Saved]) -> None:
    folder, model = saved(channels="neighbours")
    grey = torch.rand(2, 3, *TILE)
    torch.testing.assert_close(load_model(folder).network(grey), model(grey), atol=1e-5, rtol=1e-4)


def test_a_model_can_be_built_for_another_tile(saved: Callable[..., Saved]) -> None:
    folder, _ = saved()
    loaded = load_model(folder, (56, 84))
    assert loaded.description.tile == (56, 84)
    assert loaded.network(torch.rand(1, 1, 56, 84)).shape == (1, 2, 56, 84)


def save_with_encoder(folder: Path, encoder: str, tile: tuple[int, int], patch: int) -> Segmenter:
    """Save a model all of whose weights are its own, its position embeddings far from zero."""
    torch.manual_seed(3)
    model = Segmenter(create_backbone(encoder, tile), create_decoder("linear", 192, 2)).eval()
    torch.nn.init.normal_(model.backbone.pos_embed)
    about = ModelDescription(
        name="mine",
        task=None,
        classes=TASKS["faults"].classes,
        backbone=BackboneInfo(encoder, ""),
        decoder=DecoderInfo("linear"),
        normalisation=Normalisation("symmetric"),
        tile=tile,
        patch=patch,
        method="full",
    )
    save_model(folder, model, about, with_backbone=True)
    return model


@pytest.mark.parametrize("tile", [(112, 28), (28, 112)])
def test_an_encoder_of_its_own_keeps_its_grid(tmp_path: Path, tile: tuple[int, int]) -> None:
    # 8 x 2 patches are as many as 4 x 4: the file alone does not tell where each embedding belongs.
    model = save_with_encoder(tmp_path / "mine", "starter", (112, 28), 14)
    again = load_trained(tmp_path / "mine", tile)[0]
    grid = model.backbone.pos_embed.detach()[:, 1:].reshape(1, 8, 2, 192).permute(0, 3, 1, 2)
    if tile != (112, 28):
        grid = F.interpolate(grid, (2, 8), mode="bicubic", antialias=True)
    expected = grid.permute(0, 2, 3, 1).reshape(1, 16, 192)
    torch.testing.assert_close(again.backbone.pos_embed[:, 1:], expected)  # type: ignore[union-attr,index]


def test_no_other_encoder_stands_in_for_a_missing_one(tmp_path: Path) -> None:
    save_with_encoder(tmp_path / "mine", "vit_tiny_patch16_224", (32, 32), 16)
    assert load_model(tmp_path / "mine").description.name == "mine"
    (tmp_path / "mine" / BACKBONE).unlink()
    with pytest.raises(ModelError, match=f"{BACKBONE} is missing"):
        load_model(tmp_path / "mine")


def test_one_flipped_bit_is_noticed(saved: Callable[..., Saved]) -> None:
    folder, _ = saved()
    weights = bytearray((folder / ADAPTER).read_bytes())
    weights[-100] ^= 1
    (folder / ADAPTER).write_bytes(weights)
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors: sha256 "):
        load_model(folder)


def test_another_backbone_is_noticed(saved: Callable[..., Saved], home: Path) -> None:
    folder, _ = saved()
    state = create_backbone("starter", (42, 42)).state_dict()
    save_file(state, home / "starter" / BACKBONE)
    with pytest.raises(ModelError, match="was trained on"):
        load_model(folder)


@pytest.mark.parametrize("name", [ADAPTER, CONFIG])
@pytest.mark.parametrize("recorded", [True, False])
def test_a_missing_file_is_named(saved: Callable[..., Saved], name: str, recorded: bool) -> None:
    folder, _ = saved()
    if not recorded:
        replace(read_description(folder), files={}).write(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_model(folder)


def test_another_strength_of_the_lora_is_noticed_and_is_another_model(saved: Callable[..., Saved]) -> None:
    folder, _ = saved()
    before = load_model(folder).sha256
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | {"lora_alpha": 2 * config["lora_alpha"]}))
    with pytest.raises(ModelError, match=rf"{CONFIG}: sha256 "):
        load_model(folder)
    # A folder from before the configuration was recorded.
    description = read_description(folder)
    replace(description, files={ADAPTER: description.files[ADAPTER]}).write(folder)
    assert load_model(folder).sha256 != before


def test_new_figures_do_not_make_another_model(saved: Callable[..., Saved]) -> None:
    folder, _ = saved()
    before, description = load_model(folder).sha256, read_description(folder)
    replace(description, metrics={"f1": 0.9}, training={"steps": 2}, views=("crossline",)).write(folder)
    assert load_model(folder).sha256 == before
    replace(description, normalisation=Normalisation("range")).write(folder)
    assert load_model(folder).sha256 != before


def test_a_tile_that_is_no_multiple_of_the_patch_is_the_callers_fault(saved: Callable[..., Saved]) -> None:
    folder, _ = saved()
    with pytest.raises(UsageError, match=r"7 x 55 samples .* patch of 14") as error:
        load_model(folder, (7, 55))
    assert "--tile 14x56" in str(error.value.hint)


@pytest.fixture
def decoys(saved: Callable[..., Saved], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with model folders of one's own: ``mine``, bundled as well, and ``salt``."""
    saved()
    work = tmp_path / "work"
    for name in ("mine", "salt", "starter"):
        (work / name).mkdir(parents=True)
        (work / name / FILE_NAME).write_text("{}")
    monkeypatch.chdir(work)
    return work


def test_a_folder_comes_before_a_bundled_model(decoys: Path, home: Path) -> None:
    for own in ("mine", "./mine", Path("mine"), decoys / "mine"):
        assert find_model(own).resolve() == decoys / "mine"
    (decoys / "mine" / FILE_NAME).unlink()
    assert find_model("mine") == home / "mine"
    for path in ("./mine", "../work/mine", str(decoys / "mine")):
        with pytest.raises(ModelError, match="no model"):
            find_model(path)


def test_a_bundled_model_is_looked_for_nowhere_else(decoys: Path, home: Path) -> None:
    assert bundled_model("mine") == home / "mine"
    with pytest.raises(ModelError, match="no model 'salt' is bundled"):
        bundled_model("salt")
    assert load_model(home / "mine").path == home / "mine"  # its backbone is not ./starter


def test_an_unknown_model_names_the_bundled_ones(home: Path) -> None:
    with pytest.raises(ModelError, match="no model 'salt'") as error:
        find_model("salt")
    assert "starter" in str(error.value.hint)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": "both"}, "channels"),
        ({"tile": [224]}, "tile"),
        ({"elevation": "relief"}, "elevation: Input should be 'hillshade' or 'raw'"),
        ({"schema_version": 99}, "schema version 99"),
        ({"classes": [{"name": "fault"}]}, "colour"),
    ],
)
def test_a_wrong_description_names_the_field(
    saved: Callable[..., Saved], change: dict[str, object], message: str
) -> None:
    folder, _ = saved()
    content = json.loads((folder / FILE_NAME).read_text()) | change
    (folder / FILE_NAME).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=message):
        read_description(folder)


def test_the_description_survives_its_file(saved: Callable[..., Saved], tmp_path: Path) -> None:
    folder, _ = saved()
    description = replace(
        read_description(folder), metrics={"f1": 0.5}, views=("inline", "crossline"), elevation="hillshade"
    )
    description.write(tmp_path)
    assert read_description(tmp_path) == description


def test_a_folder_that_says_nothing_of_elevation_is_valid(saved: Callable[..., Saved]) -> None:
    folder, _ = saved()
    content = json.loads((folder / FILE_NAME).read_text())
    del content["elevation"]
    (folder / FILE_NAME).write_text(json.dumps(content))
    assert read_description(folder).elevation is None


def test_what_it_learnt_from_need_not_be_named_in_unicode(untrained_model: Path, tmp_path: Path) -> None:
    told = {"folder": os.fsdecode(b"caf\xe9"), "names": ["\u00e9", os.fsdecode(b"\xff")]}
    replace(read_description(untrained_model), training=told).write(tmp_path)
    expected = {"folder": "caf\\udce9", "names": ["\u00e9", "\\udcff"]}
    assert read_description(tmp_path).training == expected
