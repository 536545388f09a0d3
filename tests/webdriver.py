"""A browser, driven by the W3C WebDriver protocol on loopback.

Starting a browser takes longer than most checks, so several programs may use the
same browser one after another: start() leaves its address in a folder.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from sentences import Sentences

ARGUMENTS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync
--disable-dev-shm-usage --hide-scrollbars""".split()

KEYS = {"Escape": "\ue00c", "Enter": "\ue007", "Left": "\ue012", "Up": "\ue013",
        "Right": "\ue014", "Down": "\ue015", "Home": "\ue011", "End": "\ue010"}


# What comes before each script.
PRELUDE = """
const all = (s, of = document) => Array.from(of.querySelectorAll(s));
const one = (s, of = document) => of.querySelector(s);
const isShown = (e) => e.getClientRects().length > 0;
const soon = (ready, done) => ready() ? done() :
    requestAnimationFrame(() => soon(ready, done));
"""


def start(folder):
    """Start a browser that keeps all its files in this folder."""
    # it outlives this program, so its output needs a file
    with open(folder + "/driver.log", "w", encoding="utf-8") as log:
        driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, HOME=folder))
    port = None
    while not port:
        with open(folder + "/driver.log", encoding="utf-8") as log:
            port = re.search(r"successfully on port (\d+)", log.read())
        if driver.poll() is not None:
            raise RuntimeError("chromedriver ended with %d" % driver.returncode)
        time.sleep(0.02)
    url = "http://127.0.0.1:%s/session" % port[1]
    keep(folder, driver.pid, url)
    session = Browser(folder).call("", {"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "timeouts": {"script": 300000, "pageLoad": 300000},
        "goog:chromeOptions": {
            "args": ARGUMENTS + ["--user-data-dir=%s/profile" % folder]},
        "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
    }}})["sessionId"]
    keep(folder, driver.pid, url + "/" + session)


def keep(folder, *values):
    with open(folder + "/browser.json", "w", encoding="utf-8") as f:
        json.dump(values, f)


def stop(folder):
    """End the browser that start() started."""
    browser = Browser(folder)
    try:
        browser.call("", method="DELETE")
    finally:
        os.kill(browser.pid, signal.SIGTERM)


class Browser:
    """The browser that start() started."""

    prelude = ""    # code for a kind of page, after PRELUDE

    def __init__(self, folder):
        self.folder = folder
        with open(folder + "/browser.json", encoding="utf-8") as f:
            self.pid, self.url = json.load(f)

    def call(self, path, body=None, method="POST"):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=400) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(json.load(e)["value"]["message"]) from None

    def devtools(self, cmd, **params):
        return self.call("/goog/cdp/execute", {"cmd": cmd, "params": params})

    def js(self, code, *args):
        return self.call("/execute/sync", {"script": PRELUDE + self.prelude + code,
                                           "args": list(args)})

    def later(self, code, *args):
        """Run code that calls its last argument with the result."""
        return self.call("/execute/async", {"script": PRELUDE + self.prelude + code,
                                            "args": list(args)})

    def size(self, width, height, mobile=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=height, deviceScaleFactor=1, mobile=mobile)

    def prefer(self, **features):
        """Set preferences of the user: prefers_color_scheme="dark" and so on."""
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()])

    def open(self, url):
        # a URL that differs only in its fragment would not be loaded again
        self.call("/url", {"url": "about:blank"})
        self.call("/url", {"url": url})

    def painted(self):
        """Wait until the page has been painted: what `content-visibility: auto` may
        leave out has no innerText before."""
        self.later("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def click(self, selector, which=0):
        found = self.call("/elements", {"using": "css selector",
                                        "value": selector})
        self.call("/element/%s/click" % list(found[which].values())[0])

    def press(self, *keys):
        actions = [{"type": kind, "value": KEYS.get(key, key)}
                   for key in keys for kind in ("keyDown", "keyUp")]
        self.call("/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def log(self, kind):
        """Return the entries of a log ("browser" or "performance") since the last call."""
        return self.call("/se/log", {"type": kind})

    def requested(self):
        """Return the addresses requested since the last call, but the browser's own."""
        urls = set()
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            request = message["params"]
            if message["method"] == "Network.requestWillBeSent" and \
                    not request["documentURL"].startswith("chrome:"):
                urls.add(request["request"]["url"])
        return urls

    def dialog(self):
        """Return the text of the open dialog, or None."""
        try:
            return self.call("/alert/text", method="GET")
        except AssertionError:
            return None


def run(write_inputs, new_browser, checks):
    """Run the command in the first argument on the folder in the second.

    "inputs" calls write_inputs, "start" and "stop" the functions above; another WORD
    calls check_WORD of checks with a new browser.
    """
    what, folder = sys.argv[1:]
    if what == "inputs":
        write_inputs(folder)
    elif what == "start":
        start(folder)
    elif what == "stop":
        stop(folder)
    else:
        b = new_browser(folder)
        b.devtools("Emulation.setEmulatedMedia", media="")
        b.size(1280, 900)
        Sentences.hold(checks["check_" + what], b)
