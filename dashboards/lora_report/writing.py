"""Writes a LoRA report into a folder: the page and its images, which need nothing outside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dashboards.lookbook.document import INDEX, PageKind, asset, document, settings_list, unveiling
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Gallery
from dashboards.lookbook.words import text
from dashboards.lora_report.chart import chart_figure
from dashboards.lora_report.values import Passage, ReportPage, Section, Strip, Table
from models.io.files import write_whole
from models.language.translate import said, translated

LORA_REPORT: Final = PageKind("LoRA report", "the folder holds something else than a LoRA report")
STYLES: Final = ("colours.css", "page.css", "shots.css")
FOOTER: Final = (
    "Made by huanhua. Every number is of images that were drawn for it, each LoRA alone but where two are named, at the seeds "
    "named above: another base or other seeds give others."
)


def write_report(page: ReportPage, folder: Path) -> Path:
    """Writes `index.html` and its images into `folder`; an earlier report there is replaced. Returns the page.

    Raises InputError if the folder holds anything else, or if an image does not open.
    """
    LORA_REPORT.check_folder(folder)
    index = folder / INDEX
    if not index.exists():
        write_whole(index, f"<!doctype html>{LORA_REPORT.mark}<title>not finished</title>".encode())
    gallery = Gallery(folder)
    framer = Framer(gallery, page.blurred)
    sections = "".join(_section(section, framer) for section in page.sections)
    body = f"""<a class="skip" href="#main">{said("To the LoRAs")}</a>
{_masthead(page)}
<main id="main">{sections}</main>
<footer><p>{said(FOOTER)}</p></footer>"""
    style = asset(STYLES) + asset(("report.css",), "dashboards.lora_report")
    write_whole(index, document(LORA_REPORT, page.name, style, body).encode())
    gallery.drop_others()
    return index


def _masthead(page: ReportPage) -> str:
    links = "".join(f'<a href="#{text(section.anchor)}">{text(section.name)}</a>' for section in page.sections)
    contents = f'<nav aria-label="{said("LoRAs")}">{links}</nav>' if len(page.sections) > 1 else ""
    strips = [strip for section in page.sections for passage in section.passages for strip in passage.strips]
    bare = any(shot.bare for strip in strips for shot in strip.shots)
    veil = unveiling() if page.blurred and bare else ""
    return (
        f'<header class="masthead"><p class="eyebrow">{said("LoRA report")}</p><h1>{text(page.name)}</h1>'
        f'<p class="prompt">{text(page.prompt)}</p>{settings_list(page.settings, page.negative)}{contents}{veil}</header>'
    )


def _section(section: Section, framer: Framer) -> str:
    facts = "".join(f"<p>{text(fact)}</p>" for fact in section.facts)
    passages = "".join(_passage(f"{section.anchor}-{place}", one, framer) for place, one in enumerate(section.passages))
    return (
        f'<article class="seed" id="{text(section.anchor)}"><header class="verdict">'
        f'<p class="eyebrow">{text(section.eyebrow)}</p><h2>{text(section.name)}</h2>'
        f'<p class="answer">{text(section.answer)}</p>{facts}</header>{passages}</article>'
    )


def _passage(anchor: str, passage: Passage, framer: Framer) -> str:
    sentences = "".join(f"<p>{text(sentence)}</p>" for sentence in passage.sentences)
    strips = "".join(_strip(f"{anchor}-{place}", strip, framer) for place, strip in enumerate(passage.strips))
    charts = "".join(chart_figure(chart) for chart in passage.charts)
    tables = "".join(_table(table) for table in passage.tables)
    grid = f'<div class="charts">{charts}</div>' if charts else ""
    return f"<section><h3>{text(passage.title)}</h3>{sentences}{grid}{tables}{strips}</section>"


def _strip(anchor: str, strip: Strip, framer: Framer) -> str:
    cards = ""
    for place, shot in enumerate(strip.shots):
        shown = framer.gallery.place(shot.image, f"{anchor}-{place}")
        lines = "".join(f'<span class="soft">{text(line)}</span>' for line in shot.lines)
        caption = f"<strong>{text(shot.title)}</strong>{lines}"
        cards += framer.figure(shot, shown, alt=translated(shot.title), caption=caption)
    title = f"<h4>{text(strip.title)}</h4>" if strip.title else ""
    return f'{title}<div class="strip ladder">{cards}</div>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{text(cell)}</th>' for cell in table.head)
    rows = "".join(_row(row, chosen=place == table.chosen) for place, row in enumerate(table.rows))
    return f"<table><caption>{text(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(row: Sequence[str], *, chosen: bool) -> str:
    cells = "".join(f"<td>{text(cell)}</td>" for cell in row[1:])
    mark = ' class="chosen"' if chosen else ""
    return f'<tr{mark}><th scope="row">{text(row[0])}</th>{cells}</tr>'
