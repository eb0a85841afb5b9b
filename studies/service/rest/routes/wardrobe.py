"""The wardrobe: LoRAs with their previews; and a LoRA that takes another's place in an outfit."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from models.errors import InputError
from models.language.translate import Phrase, phrase, translated
from studies.derive.swap import Change, swap_loras
from studies.service.rest.asked import Housed, Opened
from studies.service.rest.bodies import LoraPage, StudyPage, Swap, Wardrobe
from studies.service.rest.house import House
from studies.service.rest.problems import described
from studies.service.rest.views import lora_page, lora_view, page_view
from studies.service.rooms import NotThereError
from studies.service.sets.photo_set import PhotoSet, set_of
from studies.study import Study

router = APIRouter(prefix="/api", tags=["wardrobe"])


@router.get("/wardrobe", responses=described())
def list_loras(house: Housed) -> Wardrobe:
    """The LoRAs that lie in the served folder or that its studies name."""
    cards, wrong = house.wardrobe.cards()
    return Wardrobe(loras=[lora_view(card) for card in cards], wrong=list(wrong))


@router.get("/wardrobe/{lora}", responses=described(404))
def show_lora(house: Housed, lora: str) -> LoraPage:
    """One LoRA, read whole: rank, method, hash, what is odd about it."""
    return lora_page(house.wardrobe.card(lora))


@router.get("/wardrobe/{lora}/preview", responses=described(404), response_class=Response)
def preview(house: Housed, lora: str) -> Response:
    """The picture beside its file, or a photo that it was trained on; WebP."""
    card = house.wardrobe.card(lora)
    if card.preview is None:
        raise NotThereError("no picture lies beside it", card.path, "put one there: NAME.preview.png")
    return Response(house.small.of(card.preview), media_type="image/webp", headers={"cache-control": "private, max-age=60"})


@router.post("/studies/{study}/swap", status_code=201, responses=described(404, 409))
def swap(house: Housed, opened: Opened, body: Swap) -> StudyPage:
    """The same face and seeds, the next dress: a new study that learns from this one, as `huanhua swap` makes it."""
    changes = [_change(house, opened, body, name) for name in body.wear]
    files = "-".join(change.file.stem for change in changes)
    folder = house.rooms.new_folder(body.name or _free_name(house, f"{opened.folder.name}-{files}"))
    text, notes = (opened.folder / "study.yaml").read_text(encoding="utf-8"), list[str]()
    new = swap_loras(opened, text, changes, folder, report=notes.append)
    view = page_view(house.rooms, folder.name, new)
    return view.model_copy(update={"notes": [_said(note) for note in notes]})


def _said(note: str) -> str:
    """A line of a swap's report, without the word that the command line puts before it."""
    inner = next(iter(note.values.values()), note) if isinstance(note, Phrase) else note
    return translated(inner) if isinstance(inner, str) else str(inner)


def _change(house: House, study: Study, body: Swap, name: str) -> Change:
    card = house.wardrobe.card(body.wear[name])
    _check(study, name, card.kind)
    chosen = body.references.get(name)
    photos = card.found.references if chosen is None else _photos(set_of(house.rooms, chosen))
    return Change(name, card.path, photos, body.triggers.get(name) or card.found.trigger)


def _photos(found: PhotoSet) -> Path:
    """Its training set, whose boxes say where the thing is; or the photos as they are."""
    return found.data if found.is_cut else found.photos


def _check(study: Study, name: str, kind: str) -> None:
    """Raises InputError for a name that is not searched, and for a LoRA of another kind."""
    searched = study.spec.searched()
    if name not in searched:
        raise InputError(
            phrase("no LoRA called {name} is searched here", name=name),
            study.spec.name,
            phrase("name one of {searched}", searched=", ".join(searched)),
        )
    if searched[name].kind != kind:
        what = phrase("a LoRA of {kind} where {name} is {other}", kind=kind, name=name, other=searched[name].kind)
        raise InputError(what, "wear", "choose one of the same kind")


def _free_name(house: House, name: str) -> str:
    """With a number behind it, where the name is taken."""
    names = (name[:74], *(f"{name[:74]}-{number}" for number in range(2, 100)))
    return next((each for each in names if not (house.rooms.studies_folder / each).exists()), name)
