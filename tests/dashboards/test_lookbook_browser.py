"""The look-book's script in a browser: the pure functions, the sliders, the plot, the veil. Needs playwright and Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboards.lookbook.writing import write_book
from tests.dashboards.browser import chromium
from tests.dashboards.test_lookbook import HOSTILE, book

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The made-up book, opened from disk without a network; any fault of its script fails the test."""
    made = replace(book(tmp_path / "made"), prompt=HOSTILE)
    faults: list[str] = []

    def refuse(dialog: Any) -> None:
        faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    opened = browser.new_page(viewport={"width": 1000, "height": 800})
    opened.context.set_offline(True)
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("dialog", refuse)
    opened.goto(write_book(made, tmp_path / "out").as_uri())
    opened.locator(".trade").scroll_into_view_if_needed()
    opened.wait_for_selector(".trade svg .trial", state="attached")
    yield opened
    assert faults == []
    opened.context.close()


DIALS = "[{step: 0.05}, {step: 0.5}]"
TRIALS = (
    "[{at: [0.5, 5], cost: 0.5, scores: [0.8, null]}, {at: [0.4, 5], cost: 0.4, scores: [0.4, 1]}, "
    "{at: [0.4, 6], cost: 0.3, scores: [0.2, 1]}]"
)


def test_distance_counts_steps_over_all_dials(page: Any) -> None:
    assert page.evaluate(f"stepsApart({DIALS}, [0.5, 5], [0.35, 7])") == pytest.approx(5)
    assert page.evaluate(f"nearest({DIALS}, {TRIALS}, [0.5, 5])") == {"place": 0, "steps": 0}
    assert page.evaluate(f"nearest({DIALS}, {TRIALS}, [0.45, 5]).place") == 1  # as near as another, but cheaper


def test_the_estimate_is_the_inverse_square_mean_and_exact_on_a_trial(page: Any) -> None:
    assert page.evaluate(f"estimate({DIALS}, {TRIALS}, [0.5, 5], 0)") == 0.8
    found = page.evaluate(f"estimate({DIALS}, {TRIALS}, [0.45, 5], 0)")
    assert found == pytest.approx((0.8 + 0.4 + 0.2 / 5) / (1 + 1 + 1 / 5))
    assert page.evaluate(f"estimate({DIALS}, {TRIALS}, [0.5, 5], 1)") == 1
    assert page.evaluate(f"estimate({DIALS}, [], [0.5, 5], 0)") is None


def test_requirements_of_scores(page: Any) -> None:
    least = "{limit: 0.5, least: true, measure: 'garment'}"
    most = "{limit: 0.25, least: false, measure: 'hands'}"
    assert page.evaluate(f"[missedBy({least}, 0.4), missedBy({most}, 0.4), missedBy({least}, null)]") == pytest.approx(
        [0.1, 0.15, 0.5]
    )
    assert page.evaluate(f"worstOf([{least}, {least}, {most}], [0.4, 0.6, 0.1], 'garment')") == 0.4
    assert page.evaluate(f"sharedLimit([{least}, {{limit: 0.7, measure: 'garment'}}], 'garment')") is None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2.35), (0, 0.07), (0.4, 0.4), (3, 17)])
def test_ticks_cover_the_range_in_few_round_steps(page: Any, low: float, high: float) -> None:
    found = page.evaluate(f"ticks({low}, {high}, 5)")
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 8


def test_a_slider_moved_by_keys_shows_the_nearest_image(page: Any) -> None:
    slider = page.get_by_role("slider", name="shoes")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    caption = page.locator(".room .caption").inner_text()
    assert caption.startswith("Trial 4, drawn exactly here: dress 0.50, shoes 0.45; breaks shoes by 0.05")
    assert page.locator(".room img").get_attribute("src") == "images/seed-7-trial-0004.webp"
    assert page.locator(".slider output").nth(1).inner_text() == "0.45"
    page.keyboard.press("End")
    assert "steps away" in page.locator(".room .caption").inner_text()
    page.get_by_role("button", name="Pick", exact=True).click()
    assert "Trial 2, drawn exactly here" in page.locator(".room .caption").inner_text()


def test_the_plot_tells_trials_apart_and_is_walked_by_keys(page: Any) -> None:
    assert [page.locator(f".trial.{kind}").count() for kind in ("ok", "no", "chosen")] == [1, 3, 1]
    assert page.locator(".trial[tabindex='0']").count() == 1
    page.locator(".trial.chosen").focus()
    page.keyboard.press("End")
    assert page.locator(".board .caption").inner_text().startswith("Trial 1: dress 0.80, shoes 0.80; total 1.60")
    page.keyboard.press("Enter")
    assert page.locator(".room .caption").inner_text().startswith("Trial 1, drawn exactly here")
    page.get_by_role("button", name="hands", exact=True).click()
    assert "broken hands 0.10" in (page.locator(".trial.chosen").get_attribute("aria-label") or "")


def test_the_veil_is_lifted_by_its_toggle_and_by_the_pages(page: Any) -> None:
    style = "getComputedStyle(document.querySelector('.plain img')).filter"
    assert "blur" in page.evaluate(style)
    page.locator(".plain .veil input").check()
    assert page.evaluate(style) == "none"
    page.locator(".plain .veil input").uncheck()
    page.locator("#unveil").check()
    assert page.evaluate(style) == "none"


def test_a_number_of_the_ladder_becomes_a_requirement(page: Any) -> None:
    asked = page.locator(".ladders .asked")
    assert not asked.is_visible()
    button = page.get_by_role("button", name="require 0.50 of dress")
    button.focus()
    page.keyboard.press("Enter")
    assert "require: {dress: 0.50}" in asked.inner_text()
    assert button.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="require 0.75 of dress").click()
    assert "require: {dress: 0.75}" in asked.inner_text()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate("requireLine({'a: b': '0.5', shoes: '0.70'})") == 'require: {"a: b": 0.5, shoes: 0.70}'


def test_a_phone_needs_no_sideways_scrolling(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
