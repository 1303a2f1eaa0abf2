#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The page of faultline report, as Chromium shows it."""

import json
import re

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import rings
from rings import COPIES, COW, EXITED, FIRST, PRECOPY, record

PLOTS = rings.TOP / "plots"
HOSTILE = b'</script><b>"\'&'


def start_browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless", "--no-sandbox", "--window-size=1320,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options)


def run_with_all():
    """Return records of a process with all there is, and of a child that it forks."""
    records, seq = [], 0
    for tick in range(40):
        for process in (1, 2) if 10 <= tick < 30 else (1,):
            seq += 1
            age = tick - 10 * (process - 1)
            records.append(record(
                seq=seq, time_ns=1_000_000_000 + tick * 50_000_000, id=process, pid=70 + process,
                ppid=1, parent_id=process - 1, comm=HOSTILE if process == 2 else b"parent",
                flags=COW | COPIES | PRECOPY | (FIRST if age == 0 else 0) |
                (EXITED if (process, tick) in ((1, 39), (2, 29)) else 0),
                minor=100 * age, cow=10 * age, anon=9 * age, zero=age, user_ns=age * 25_000_000,
                rss_bytes=50_000_000, precopied=8 * age, used=6 * age, wasted=2 * age,
                copies_timed=9 * age, copy_ns=900 * 9 * age))
    return records


class Page(rings.InFolder):

    @classmethod
    def setUpClass(cls):
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        super().setUp()
        text = self.record_ring(run_with_all(), latency=1, copy_cost=44)
        text = text.replace(b"# lost: 0", b"# histogram: copy 896-928:300,928-960:20\n"
                            b"# histogram: copy 16384-17408:1\n# lost: 0")
        (self.folder / "profile.dat").write_bytes(text)
        self.show("profile.dat")

    def show(self, profile, *options):
        """Have the browser show the page of a profile; return its text."""
        self.report("-o", "page.html", *options, profile)
        self.browser.get_log("browser")
        self.browser.get_log("performance")
        self.browser.get((self.folder / "page.html").as_uri())
        return (self.folder / "page.html").read_text(encoding="utf-8")

    def find(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def hover(self, selector, right=0):
        element, = self.find(selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.browser).move_to_element_with_offset(element, right, 0).perform()
        tip, = self.find("#tip")
        return tip.text if tip.is_displayed() else None

    def test_the_browser_has_nothing_to_complain_of(self):
        for profile in ("profile.dat", *PLOTS.glob("profile*.dat"),
                        *PLOTS.glob("case_study_5/profile*.dat")):
            self.show(profile)
            self.assertEqual(self.browser.get_log("browser"), [], profile)

    def test_the_page_asks_for_nothing(self):
        text = self.show("profile.dat")
        self.hover("[data-metric=cow]")
        requests = [json.loads(entry["message"])["message"] for entry
                    in self.browser.get_log("performance")]
        urls = [request["params"]["request"]["url"] for request in requests
                if request["method"] == "Network.requestWillBeSent"]
        self.assertEqual([url for url in urls if not url.startswith(("file:///", "data:"))], [])
        self.assertEqual(len([url for url in urls if url.startswith("file:///")]), 1)
        self.assertNotRegex(text, r"(?i)https?://|//[a-z]+\.[a-z]|@import|url\(")
        self.assertIn("default-src 'none'", text)

    def test_the_policy_lets_nothing_out(self):
        failed = self.browser.execute_async_script(
            "const done = arguments[0]; fetch('data:,x').then(() => done('sent'), "
            "() => done('refused'))")
        self.assertEqual(failed, "refused")

    def test_there_is_a_figure_for_each_measure(self):
        self.assertEqual([plot.get_attribute("data-metric") for plot in self.find("[data-metric]")],
                         ["minor", "major", "cow", "cpu", "rss", "hits"])
        for plot in self.find("[data-metric]"):
            self.assertEqual(len(plot.find_elements(By.CSS_SELECTOR, "path.s")), 2)
        self.assertEqual(len(self.find("[data-histogram=copy] .bar")), 3)
        self.assertEqual(len(self.find(".life")), 2)
        self.assertEqual(len(self.find("#kinds div")), 7)

    def test_hovering_shows_what_was_then(self):
        text = self.hover("[data-metric=minor]")
        self.assertRegex(text, r"(?s)0\.[89]\d s.*together\n4\sk.*parent\n71\n2\sk")
        self.assertIn(HOSTILE.decode(), text)
        self.assertRegex(self.hover("[data-metric=cpu]"), r"together\n100\n")
        self.assertRegex(self.hover("[data-metric=hits]"), r"parent\n71\n75")
        self.assertRegex(self.hover("[data-metric=rss]"), r"parent\n71\n50")
        self.assertEqual(len(self.find("[data-metric=cow] .cross")), 1)

    def test_where_a_process_does_not_live_it_has_no_value(self):
        self.assertNotIn("script", self.hover("[data-metric=minor]", -250))
        self.assertIn("parent", self.hover("[data-metric=minor]", -250))

    def test_a_bar_of_a_histogram_tells_its_times(self):
        self.assertRegex(self.hover("[data-histogram=copy] .bar[data-bucket='0']"),
                         r"896\sns to 928\sns\s+times\s+300")
        self.assertIn("an empty measurement reads 44", self.find(".note")[0].text)

    def test_keys_do_what_the_pointer_does(self):
        plot, = self.find("[data-metric=minor]")
        plot.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertIn("parent", self.find("#tip")[0].text)

    def test_a_process_can_be_left_out(self):
        self.find("#legend button")[1].click()
        self.assertEqual(len(self.find("[data-metric=minor] path.s")), 1)
        self.find("#legend button")[1].click()
        self.assertEqual(len(self.find("[data-metric=minor] path.s")), 2)

    def test_dragging_shows_a_part_of_the_run(self):
        plot, = self.find("[data-metric=minor]")
        before = plot.text
        ActionChains(self.browser).move_to_element(plot).click_and_hold().move_by_offset(
            100, 0).release().perform()
        self.assertNotEqual(plot.text, before)
        ActionChains(self.browser).double_click(plot).perform()
        self.assertEqual(plot.text, before)

    def test_names_are_text_and_nothing_else(self):
        self.assertEqual(self.find("main b.x, main script"), [])
        names = [cell.text for cell in self.find("tbody th")]
        self.assertIn(HOSTILE.decode(), names)
        self.assertIn(HOSTILE.decode(), self.find("#legend")[0].text)
        self.assertIn(HOSTILE.decode(), self.find(".life")[1].text)

    def test_tables_have_the_totals_without_a_script(self):
        text = (self.folder / "page.html").read_text(encoding="utf-8")
        text = re.sub(r"(?s)<script.*?</script>", "", text)
        foot = re.search(r"(?s)<tfoot>.*?</tfoot>", text)[0]
        self.assertEqual(re.findall(r"<td>(.*?)</td>", foot),
                         ["", "1.95", "5800", "0", "580", "1.45", "74.4", ""])

    def test_what_was_not_measured_is_said(self):
        self.show(PLOTS / "case_study_5" / "profile_thp_off.dat")
        said = [element.text for element in self.find("#charts .absent")]
        self.assertEqual(said, ["not known in this recording", "not measured: latency=off"])

    def test_what_is_damaged_or_lost_is_said(self):
        text = (self.folder / "profile.dat").read_bytes()
        (self.folder / "cut.dat").write_bytes(text[:text.rindex(b"# lost")].replace(
            b"# process: id=2", b"# lost: 1234 records before seq 11\n# process: id=2"))
        done = self.run_faultline("report", "--salvage", "-o", "page.html", "cut.dat")
        self.assertEqual(done.returncode, 0)
        self.browser.refresh()
        self.assertEqual([badge.text for badge in self.find(".badge")],
                         ["damaged recording: what is whole of it", "1,234 records lost"])

    def test_it_is_dark_where_that_is_preferred(self):
        def back(scheme):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
                {"name": "prefers-color-scheme", "value": scheme}]})
            colour = self.find("body")[0].value_of_css_property("background-color")
            brightness = sum(map(int, re.findall(r"\d+", colour)[:3]))
            return brightness, self.browser.get_screenshot_as_png()

        light, dark = back("light"), back("dark")
        self.assertGreater(light[0], 700)
        self.assertLess(dark[0], 100)
        self.assertNotEqual(light[1], dark[1])

    def test_no_process_and_one_record_are_pages(self):
        for run in ([], [record(seq=1, time_ns=9, id=1, pid=2, comm=b"x", flags=FIRST | EXITED)]):
            self.record_ring(run)
            self.show("profile.dat")
            self.assertEqual(self.browser.get_log("browser"), [])
            self.assertEqual(len(self.find(".life")), len(run))

    def test_many_processes_are_few_lines_and_all_in_the_tree(self):
        run = [record(seq=tick * 40 + process, time_ns=tick * 50_000_000, id=process,
                      pid=process, comm=b"p%d" % process, minor=tick * process, flags=COW)
               for tick in range(30) for process in range(1, 41)]
        self.record_ring(run)
        self.show("profile.dat")
        self.assertEqual(len(self.find("[data-metric=minor] path.s")), 8)
        self.assertEqual([plot.get_attribute("data-metric") for plot in self.find("[data-metric]")
                          if plot.find_elements(By.CSS_SELECTOR, ".stacked")],
                         ["minor", "major", "cow", "cpu", "rss"])
        self.assertEqual(len(self.find(".life")), 40)
        self.assertRegex(self.hover("[data-metric=minor]"), r"together\n16\.4\sk\n.*33 others\n")


if __name__ == "__main__":
    rings.main()
