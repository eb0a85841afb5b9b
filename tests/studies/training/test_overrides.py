from __future__ import annotations

import pytest

from models.errors import InputError
from studies.training.overrides import overridden
from trainers.train.settings.preset_families import preset


def test_settings_are_replaced_with_their_types() -> None:
    made = overridden(
        preset("sd15", "shoes"), ["rank=16", "alpha = 8", "plan.epochs=3", "min_snr_gamma=none", "variety.shuffle=no"]
    )
    assert (made.rank, made.alpha, made.plan.epochs, made.min_snr_gamma, made.variety.shuffle) == (16, 8.0, 3, None, False)
    assert (made.plan.batch, made.text_rank) == (2, 32)
    assert overridden(made, ["schedule=constant"]).schedule == "constant"
    assert overridden(made, ["variety.beside=myface,myshoes"]).variety.beside == ("myface", "myshoes")
    assert overridden(made, ["variety.beside=myface, myshoes,"]).variety.beside == ("myface", "myshoes")
    assert overridden(made, ["variety.beside="]).variety.beside == ()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("rank", "not a setting"),
        ("rnak=3", "no such setting"),
        ("rank=high", "integer"),
        ("plan=3", "has parts"),
        ("rank.x=3", "no parts"),
        ("schedule=zigzag", "schedule=zigzag: Input should be"),
        ("plan.epoch=3", "no such setting"),
        ("plan.batch=0", "at least 1"),
        ("accumulate=0", "at least 1"),
        ("noisy=0", "above 0"),
        ("seed=-1", "no seed: -1: seed; use a whole number from 0 to 4294967295"),
        ("seed=4294967296", "no seed: 4294967296"),
        ("plan.steps=3", "the training set lays that down: plan.steps=3: --set; rename the folders"),
        ("plan.reg_ratio=1", "rename the folders of reg"),
        ("size=256x384", "huanhua prepare --size"),
    ],
)
def test_a_wrong_setting_is_one_line(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        overridden(preset("sd15", "face"), [setting])
