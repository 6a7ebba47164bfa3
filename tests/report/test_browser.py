"""The pages in a real browser, on a phone and on a desk: what is seen, moved and pressed."""

import io
import os
import re
import shutil
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from vizjax.report import Group, Panel, Section, page, runs_page

pytestmark = pytest.mark.browser

KNOWN = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PHONE, DESK = (390, 844), (1440, 900)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import Error, sync_playwright

    path = os.environ.get("VIZJAX_BROWSER") or next(filter(None, map(shutil.which, KNOWN)), None)
    found = {"executable_path": path} if path else {"channel": "chrome"}
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(**found)
        except Error as error:
            pytest.fail(
                f"There is no Chromium that starts: {error}\nInstall one (Debian and Ubuntu: apt "
                "install chromium), or name one in VIZJAX_BROWSER."
            )
        yield browser
        browser.close()


class Opened(NamedTuple):
    """A page, the addresses it asked for, and what it complained of."""

    page: object
    requests: list
    complaints: list


@pytest.fixture
def opened(browser, tmp_path):
    """Opens HTML; at the end nothing may have been fetched or complained of."""
    contexts, pages = [], []

    def open_page(html, size=DESK, **options):
        path = tmp_path / f"{len(pages)}.html"
        path.write_text(html, "utf-8")
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        one = Opened(context.new_page(), [], [])
        one.page.on("request", lambda request: one.requests.append(request.url))
        one.page.on("console", lambda message: one.complaints.append(message.text))
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.goto(path.as_uri())
        pages.append((one, path.as_uri()))
        return one.page

    yield open_page
    for one, address in pages:
        outside = [url for url in one.requests if not url.startswith("data:")]
        assert {url.partition("#")[0] for url in outside} == {address}
        assert one.complaints == []
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def pages(discs):
    picture = np.full((60, 96, 3), 90, np.uint8)
    groups = [Group("a group", [Panel(picture, "a caption of several words")] * 7)]
    return {
        "pair": runs_page(discs.pair),
        "many": runs_page(discs.many),
        "one": runs_page(discs.pair[:1], unreadable=["`runs/x` holds a damaged run: " + "x" * 90]),
        "several": runs_page([discs.pair[0], discs.many[0], discs.pair[1]._replace(name="rings")]),
        "gallery": page("Title", "Introduction", [Section("A", "Text", "λ 1", groups)]),
    }


def exhibit(page, number):
    return page.locator(".exhibit").nth(number)


def seen(locator):
    """A screenshot of an element, as pixels."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def nearest(found, runs, columns=np.s_[2:94]):
    """Whose disc it is that is seen there: 0 or 1. The ground is the same in both."""
    pictures = [np.asarray(Image.open(run.figures[0][1])).astype(int) for run in runs]
    parts = np.s_[2:58], columns  # the corners are round
    return int(np.argmin([np.abs(found[parts] - picture[parts]).mean() for picture in pictures]))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", ["pair", "many", "one", "several", "gallery"])
def test_all_is_seen_and_nothing_sticks_out(opened, pages, name, size):
    page = opened(pages[name], size)
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    # Only a box that scrolls may hold what is wider than the window.
    outside = page.evaluate(
        """() => [...document.body.querySelectorAll("*")]
            .filter((one) => !one.parentElement.closest(".scroll"))
            .filter((one) => one.checkVisibility({ visibilityProperty: true }))
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
            .map((one) => one.outerHTML.slice(0, 100))"""
    )
    assert outside == []
    decoded = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
    assert decoded
    assert min(decoded) > 0
    captions = page.evaluate(
        """() => [...document.querySelectorAll("figcaption, .caption")]
            .filter((one) => one.textContent.trim() && !one.closest("dialog"))
            .filter((one) => one.checkVisibility({ visibilityProperty: true }))
            .map((one) => [one.clientHeight, one.scrollHeight, one.clientWidth, one.scrollWidth])"""
    )
    assert len(captions) >= 3
    for height, needed_height, width, needed_width in captions:
        assert needed_height <= height
        assert needed_width <= width
        assert height > 10


def test_a_wide_table_scrolls_in_its_own_box_by_the_keyboard(opened, pages):
    page = opened(pages["one"], PHONE)
    box = exhibit(page, 3).locator(".scroll")
    inner, outer = box.evaluate("(box) => [box.scrollWidth, box.clientWidth]")
    assert inner > outer + 40
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(box) => box.scrollLeft > 0", arg=box.element_handle())
    first = box.locator("td").first
    assert first.bounding_box()["x"] >= 0  # the first column stays


def place(page, part):
    """Where a part stands on the page, however far that is scrolled."""
    box = part.bounding_box()
    return box | {"y": box["y"] + page.evaluate("scrollY")}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_switching_shows_another_run_and_moves_nothing(opened, pages, discs, size):
    page = opened(pages["pair"], size)
    shown, below = exhibit(page, 0), exhibit(page, 1)
    before = place(page, below)
    pictures = shown.locator(".version img")
    for number in (0, 1, 0):
        name = ["radius 12.0, colour orange", "radius 9.5, colour red"][number]
        shown.get_by_role("radio", name=name).check()
        assert pictures.nth(number).is_visible()
        assert not pictures.nth(1 - number).is_visible()
        captions = shown.locator("figcaption")
        assert captions.nth(number).is_visible()
        assert not captions.nth(1 - number).is_visible()
        assert nearest(seen(pictures.nth(number)), discs.pair) == number
        assert place(page, below) == before
    shown.get_by_role("radio", name="side by side").check()
    assert pictures.nth(0).is_visible()
    assert pictures.nth(1).is_visible()


def test_switching_by_the_keyboard(opened, pages):
    page = opened(pages["pair"])
    shown = exhibit(page, 0)
    shown.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowRight")
    assert not shown.locator(".version img").nth(0).is_visible()
    assert shown.locator(".version img").nth(1).is_visible()
    outline = shown.locator(":focus-visible + span").evaluate("(o) => getComputedStyle(o).outline")
    assert "solid" in outline


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_slider_shows_one_picture_on_the_left_and_the_other_on_the_right(
    opened, pages, discs, size
):
    page = opened(pages["pair"], size)
    shown = exhibit(page, 0)
    shown.get_by_role("radio", name="slider").check()
    slider = shown.get_by_role("slider", name="How much of radius 12.0, colour orange is seen")
    left, right = np.s_[2:40], np.s_[40:94]

    def halves():
        found = seen(shown.locator(".wipe"))
        assert found.shape[1] in {96, 97}
        return [nearest(found, discs.pair, half) for half in (left, right)]

    slider.focus()
    page.keyboard.press("End")
    assert halves() == [0, 0]
    page.keyboard.press("Home")
    assert halves() == [1, 1]
    for _ in range(42):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "42 % radius 12.0, colour orange"
    assert halves() == [0, 1]
    box = shown.locator(".wipe").bounding_box()
    page.mouse.click(box["x"] + 24, box["y"] + 50)  # by the pointer, too
    assert abs(int(slider.input_value()) - 25) < 10


def test_many_runs_are_stepped_through(opened, pages):
    page = opened(pages["many"], PHONE)
    shown = exhibit(page, 0)
    slider = shown.get_by_role("slider", name="Which run")
    slider.focus()
    for number, name in enumerate(["radius 2.0", "radius 4.0", "radius 6.0"]):
        assert shown.locator("output").text_content() == f"{name} ({number + 1} of 6)"
        visible = [one.is_visible() for one in shown.locator(".version img").all()]
        assert visible == [other == number for other in range(6)]
        page.keyboard.press("ArrowRight")
    shown.get_by_role("radio", name="side by side").check()
    assert all(one.is_visible() for one in shown.locator(".version img").all())
    assert not slider.is_visible()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_picture_is_enlarged_and_put_back(opened, pages, size):
    page = opened(pages["pair"], size)
    button = exhibit(page, 0).get_by_role("button", name="Figure 1: disc, radius 12.0")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Enlarged picture")
    assert dialog.locator("img").bounding_box()["width"] > 3 * 96
    assert dialog.locator("p").text_content() == "A disc: radius 12.0, orange, seed 0."
    page.keyboard.press("ArrowRight")
    assert dialog.locator("strong").text_content() == "Figure 1: disc, radius 9.5, colour red"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("(button) => button === document.activeElement")

    # A plot that was as wide as the phone opens at its own size, to be moved about.
    exhibit(page, 1).get_by_role("button").first.click()
    widths = []
    for _ in range(2):
        stage = dialog.locator(".stage")
        widths.append(stage.evaluate("(stage) => stage.scrollWidth"))
        assert stage.evaluate("(stage) => stage.clientWidth") == size[0]
        dialog.get_by_role("button", name="actual size").click()
    assert widths == ([2400, 390] if size is PHONE else [1440, 2400])
    dialog.get_by_role("button", name="close").click()
    assert not dialog.is_visible()


def test_a_link_to_a_run_opens_it(opened, pages):
    page = opened(pages["pair"])
    made = page.locator("details .made").nth(1)
    assert not made.is_visible()
    page.locator("thead a").nth(1).click()
    made.wait_for(state="visible")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", ["pair", "many"])
def test_without_scripts_all_is_there(opened, pages, name, size):
    page = opened(pages[name], size, java_script_enabled=False)
    assert all(one.is_visible() for one in page.locator(".version img, figcaption").all())
    assert page.locator("input, button").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_on_paper_all_is_there(opened, pages):
    page = opened(pages["pair"])
    page.emulate_media(media="print")
    assert all(one.is_visible() for one in page.locator(".version img, figcaption, .made").all())
    assert not any(one.is_visible() for one in page.locator("input, .wipe").all())
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_the_ground(opened, pages, scheme):
    page = opened(pages["many"], color_scheme=scheme)
    colours = page.evaluate(
        """() => [document.body, ...document.querySelectorAll(
              "h3, h4 span, figcaption, .introduction, .trouble, th a, .less, dt, footer")]
            .map((one) => getComputedStyle(one).color)"""
    )
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len(set(colours)) >= 4
    assert (luminance(ground) > 0.5) == (scheme == "light")
    for colour in set(colours):
        darker, lighter = sorted([luminance(ground), luminance(colour)])
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, colour


def luminance(colour):
    """Relative luminance, of WCAG 2.1."""
    values = np.array([int(value) for value in re.findall(r"\d+", colour)[:3]]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
