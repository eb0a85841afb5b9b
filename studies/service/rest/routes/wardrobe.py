"""The wardrobe: LoRAs with their previews; and a LoRA that takes another's place in an outfit."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from models.errors import InputError
from models.language.translate import phrase
from studies.derive.swap import swap_lora
from studies.service.rest.asked import Housed, Opened
from studies.service.rest.bodies import LoraPage, StudyPage, Swap, Wardrobe
from studies.service.rest.house import House
from studies.service.rest.problems import described
from studies.service.rest.views import lora_page, lora_view, page_view
from studies.service.rooms import NotThereError
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
    card = house.wardrobe.card(body.wear)
    _check(opened, body, card.kind)
    folder = house.rooms.new_folder(body.name or _free_name(house, f"{opened.folder.name}-{card.path.stem}"))
    text = (opened.folder / "study.yaml").read_text(encoding="utf-8")
    found, notes = card.found, list[str]()
    trigger = body.trigger or found.trigger
    new = swap_lora(opened, text, body.lora, card.path, folder, references=found.references, trigger=trigger, report=notes.append)
    view = page_view(house.rooms, folder.name, new)
    return view.model_copy(update={"notes": [note.removeprefix("note: ") for note in notes]})


def _check(study: Study, body: Swap, kind: str) -> None:
    """Raises InputError for a name that is not searched, and for a LoRA of another kind."""
    searched = study.spec.searched()
    if body.lora not in searched:
        raise InputError(
            phrase("no LoRA called {name} is searched here", name=body.lora),
            study.spec.name,
            phrase("name one of {searched}", searched=", ".join(searched)),
        )
    if searched[body.lora].kind != kind:
        what = phrase("a LoRA of {kind} where {name} is {other}", kind=kind, name=body.lora, other=searched[body.lora].kind)
        raise InputError(what, "wear", "choose one of the same kind")


def _free_name(house: House, name: str) -> str:
    """With a number behind it, where the name is taken."""
    names = (name[:74], *(f"{name[:74]}-{number}" for number in range(2, 100)))
    return next((each for each in names if not (house.rooms.studies_folder / each).exists()), name)
