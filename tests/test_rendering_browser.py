"""Pages in a real browser: no error, no request, contrast, keyboard, sorting."""

import json
import re
import shutil
import tempfile
from dataclasses import replace

import pytest
from reports import BROKEN, RIGHT, UNSURE, WRONG, curves, mark

from gradcheck.rendering.classroom import class_page
from gradcheck.rendering.html import report_page
from gradcheck.rendering.marks import Row

pytestmark = pytest.mark.slow

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--force-color-profile=srgb"),
)
SCREENS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]

# For each text: its colour, and the colour of the nearest ground that is painted.
CONTRAST = """
const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) =>
  0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const colour = parse(getComputedStyle(node).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !node.getClientRects().length) continue;
  if (["SCRIPT", "STYLE", "TITLE"].includes(node.tagName)) continue;
  const style = getComputedStyle(node);
  const inSvg = node.namespaceURI.endsWith("svg");
  const pair = [light(parse(inSvg ? style.fill : style.color)), light(ground(node))];
  pair.sort((a, b) => a - b);
  const ratio = (pair[1] + 0.05) / (pair[0] + 0.05);
  found.push([ratio, node.tagName, walker.currentNode.textContent.trim().slice(0, 40)]);
}
return found;
"""


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        yield driver
        driver.quit()
        service.stop()


def show(browser, path, scheme="light", width=1280):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())


def requested(browser):
    """Return every address that the page asked for."""
    messages = [
        json.loads(e["message"])["message"] for e in browser.get_log("performance")
    ]
    sent = [m for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [m["params"]["request"]["url"] for m in sent]


def many(number):
    rows = []
    for i in range(number):
        report = (RIGHT, WRONG, BROKEN, UNSURE)[i * 7 % 4]
        made = replace(mark(report, f"student{i}.py"), seconds=(i * 37 % 101) / 100)
        rows.append(replace(Row.of(made), link=f"reports/{i}.html"))
    return rows


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    full = replace(WRONG, curves={"W1": curves(7.0), "b1": curves(1.0)})
    made = {
        "wrong": report_page(full, mark=mark(WRONG), back="class.html"),
        "right": report_page(RIGHT),
        "broken": report_page(BROKEN),
        "unsure": report_page(UNSURE),
        "class": class_page(many(60)),
        "large": class_page(many(1000)),
    }
    for name, source in made.items():
        (folder / f"{name}.html").write_text(source)
    return folder


@pytest.mark.parametrize("name", ["wrong", "right", "broken", "unsure", "class"])
@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_a_page_is_quiet_and_legible(browser, pages, name, scheme, width):
    show(browser, pages / f"{name}.html", scheme, width)
    assert browser.get_log("browser") == []
    outside = [url for url in requested(browser) if not re.match("file:|data:", url)]
    assert outside == []
    measured = browser.execute_script(CONTRAST)
    assert len(measured) > 5
    assert [entry for entry in measured if entry[0] < 4.5] == []
    root = "document.documentElement."
    wide = browser.execute_script(f"return {root}scrollWidth - {root}clientWidth")
    assert wide <= 0  # only tables and code scroll sideways


def test_dark_is_dark_and_paper_is_light(browser, pages):
    ground = "return getComputedStyle(document.body).backgroundColor"
    show(browser, pages / "wrong.html", "light")
    assert browser.execute_script(ground) == "rgb(255, 255, 255)"
    show(browser, pages / "wrong.html", "dark")
    assert browser.execute_script(ground) == "rgb(15, 20, 25)"
    feature = {"name": "prefers-color-scheme", "value": "dark"}
    media = {"media": "print", "features": [feature]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    assert browser.execute_script(ground) == "rgb(255, 255, 255)"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def press(browser, key, code):
    for kind in ("keyDown", "keyUp"):
        event = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
        if key == "Enter" and kind == "keyDown":
            event["text"] = "\r"
        browser.execute_cdp_cmd("Input.dispatchKeyEvent", event)


def focused(browser):
    return browser.execute_script(
        "const e = document.activeElement; return e.textContent.trim() || e.id"
    )


def cells(browser, column):
    return browser.execute_script(
        "return Array.from(document.querySelectorAll('#rows tbody tr:not([hidden])'),"
        "(row) => row.cells[arguments[0]].textContent)",
        column,
    )


def test_everything_is_reached_by_keyboard(browser, pages):
    show(browser, pages / "class.html")
    reached = []
    for _ in range(40):
        press(browser, "Tab", 9)
        reached.append(focused(browser))
    for name in ("Submission", "Verdict", "Score", "Seconds", "search", "batch-sum W1"):
        assert name in reached, name
    browser.execute_script("document.querySelectorAll('th button')[5].focus()")
    outline = browser.execute_script(
        "return getComputedStyle(document.activeElement).outlineStyle"
    )
    assert outline == "solid"
    press(browser, "Enter", 13)
    seconds = [float(text) for text in cells(browser, 5)]
    assert seconds == sorted(seconds)


def test_columns_sort_as_numbers_and_as_names(browser, pages):
    show(browser, pages / "class.html")
    heads = browser.find_elements("css selector", "#rows thead button")
    heads[0].click()
    assert cells(browser, 0) == [f"student{i}.py" for i in range(60)]
    heads[0].click()
    assert cells(browser, 0)[0] == "student59.py"
    heads[2].click()
    scores = [float(text) for text in cells(browser, 2)]
    assert scores == sorted(scores)
    sorted_by = browser.execute_script(
        "return Array.from(document.querySelectorAll('#rows th[aria-sort]'))"
        ".map((head) => head.getAttribute('aria-sort'))"
    )
    assert sorted_by == ["none", "none", "ascending", "none", "none", "none"]


def test_filters_narrow_the_table(browser, pages):
    show(browser, pages / "class.html")
    browser.find_element("id", "search").send_keys("student1 wrong")
    shown = cells(browser, 0)
    assert shown
    assert all(name.startswith("student1") for name in shown)
    assert set(cells(browser, 1)) == {"wrong"}
    text = browser.find_element("id", "count").text
    assert text == f"{len(shown)} of 60 shown"
    browser.find_element("id", "search").clear()
    browser.find_element("id", "search").send_keys(" ")
    browser.find_element("css selector", "button[data-mistake]").click()
    assert set(cells(browser, 3)) == {"batch-sum W1"}
    browser.execute_script(
        "const v = document.getElementById('verdict'); v.value = 'correct';"
        "v.dispatchEvent(new Event('input'))"
    )
    assert cells(browser, 0) == []


def test_a_thousand_rows_sort_without_a_visible_wait(browser, pages):
    show(browser, pages / "large.html")
    times = browser.execute_script("""
        const buttons = document.querySelectorAll('#rows thead button');
        return Array.from(buttons, (button) => {
          const start = performance.now();
          button.click();
          document.body.offsetHeight;  // lay it out
          return performance.now() - start;
        });
    """)
    print("ms a sort of 1,000 rows, laid out:", [round(t) for t in times])  # noqa: T201
    assert len(times) == 6
    assert len(cells(browser, 0)) == 1000
