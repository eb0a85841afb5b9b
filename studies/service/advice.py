"""What a person does on the page, or a client by REST, where the command line would advise a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.errors import InputError
from models.language.translate import Phrase, phrase

DRESS: Final = "dress her at this seed (POST run)"
DRAW: Final = "draw both boxes on each photo (PUT boxes)"
INSTEAD: Final[Mapping[str, str]] = {
    "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`": "scout seeds (POST scout), then tick one (PUT lock)",
    "`huanhua scout STUDY` draws seeds to choose from; --unseen locks it without having seen it": (
        "scout seeds to choose from (POST scout); ?unseen=true locks it without having seen it"
    ),
    "move it away, then `huanhua lock STUDY SEED`": "move it away, then tick the seeds anew (PUT lock)",
    "`huanhua show STUDY` shows what was found": "its page shows what was found",
    "run `huanhua run STUDY --seed {seed}`": DRESS,
    "run `huanhua run STUDY --seed {seed}`, which draws them": DRESS,
    "run the seed first: `huanhua run STUDY`": DRESS,
    "run `huanhua run STUDY` first": "dress her first (POST run)",
    "run `huanhua run STUDY`, which draws them anew or says how to go on": (
        "dress her once more (POST run), which draws them anew or says how to go on"
    ),
    "run the seed first, or see `huanhua show STUDY` for what blocks it": (
        "dress her at this seed first, or see there what blocks it"
    ),
    "see `huanhua show STUDY` for what blocks them": "see at each seed what blocks it",
    "see `huanhua show STUDY` for what else may help": "see there what else may help",
    "{run}, which makes them again": DRESS,
    "{run}, or name one that was run: {seeds}": "dress her at this seed (POST run), or take one that was run: {seeds}",
    "leave it out of --parts, or name other seeds with --seed": "leave that part out (parts)",
    "leave it out of --parts, or require it in search": "leave that part out (parts), or require it in search of study.yaml",
    "make room, or give a smaller --by": "make room, or make it less large (by)",
    "move it away: `huanhua run STUDY` writes it anew, `huanhua lock STUDY SEED` the locked seeds": (
        "move it away: dressing her writes it anew, ticking seeds the locked ones"
    ),
    "start a new study from what still holds: `huanhua run STUDY --fork DIR`": "make a new outfit, or put back what was changed",
    "draw boxes with `huanhua boxes PHOTOS`": DRAW,
    "draw boxes with `huanhua boxes PHOTOS` (or give --boxes FILE), which needs no parser; or name one by --parser": DRAW,
    "name their folder: --references DIR": "name a folder of photos in the project (references)",
    "name a folder that is empty or does not exist: {option}": "give the new outfit another name (name)",
}
"""Advice by the command line's, as templates of phrases."""
HINTED: Final = "{hint}: {option}"


def on_page(error: InputError) -> InputError:
    """The same error with the advice that holds here; one whose advice holds everywhere stays as it is."""
    mend = error.mend
    template = mend.template if isinstance(mend, Phrase) else str(mend)
    if template == HINTED:
        template = str(mend.values["hint"]) + ": {option}" if isinstance(mend, Phrase) else template
    advice = INSTEAD.get(template)
    values = mend.values if isinstance(mend, Phrase) else {}
    return error if advice is None else type(error)(error.what, error.where, phrase(advice, **values))
