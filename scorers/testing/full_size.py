"""Models of random weights with the sizes and the file formats of those that people score with."""

from __future__ import annotations

from pathlib import Path

CLOTHES: dict[int, str] = dict(
    enumerate(
        (
            *("Background", "Hat", "Hair", "Sunglasses", "Upper-clothes", "Skirt", "Pants", "Dress", "Belt", "Left-shoe"),
            *("Right-shoe", "Face", "Left-leg", "Right-leg", "Left-arm", "Right-arm", "Bag", "Scarf"),
        )
    )
)
"""The 18 labels of mattmdjaga/segformer_b2_clothes (ATR)."""


def write_vit_l_14(path: Path) -> None:
    import open_clip
    from safetensors.torch import save_file

    model = open_clip.create_model("ViT-L-14", pretrained=None)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)


def write_dinov2_base(folder: Path) -> None:
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    config = Dinov2Config(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, image_size=518, patch_size=14)
    Dinov2Model(config).save_pretrained(folder)
    BitImageProcessor(
        size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}, image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)  # fmt: skip


def write_segformer_b2(folder: Path) -> None:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

    config = SegformerConfig(
        depths=[3, 4, 6, 3], hidden_sizes=[64, 128, 320, 512], decoder_hidden_size=768, num_attention_heads=[1, 2, 5, 8],
        id2label=CLOTHES, label2id={name: index for index, name in CLOTHES.items()},
    )  # fmt: skip
    SegformerForSemanticSegmentation(config).save_pretrained(folder)
    SegformerImageProcessor(size={"height": 512, "width": 512}).save_pretrained(folder)
