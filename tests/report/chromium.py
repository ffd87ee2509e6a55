"""A headless Chromium that opens pages and says what it finds, over the pipe of its developer tools.

    with Chromium() as browser:
        page = browser.open("runs/a/report.html", width=390, dark=True)
        page.problems                       # what went to the console, and exceptions
        page.value("document.title")
        page.screenshot("a.png")
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile


def program():
    """The browser; None where none is installed."""
    return next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)


class Chromium:
    def __init__(self):
        self.profile = tempfile.mkdtemp()
        self.number = 0
        self.events = []
        commands, answers = os.pipe(), os.pipe()

        def connect():
            # Copies first: either of the two may be where the other has to go.
            read, write = os.dup(commands[0]), os.dup(answers[1])
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands[0])
        os.close(answers[1])
        self.out, self.into = os.fdopen(commands[1], "wb", 0), os.fdopen(answers[0], "rb", 0)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send("Browser.close")
        except (OSError, EOFError):
            pass
        self.process.wait(timeout=20)
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        while b"\0" not in self.rest:
            more = self.into.read(1 << 20)
            if not more:
                raise EOFError("the browser is gone")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, parameters=None, session=None):
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters or {}}
        if session:
            command["sessionId"] = session
        self.out.write(json.dumps(command).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method, session):
        while True:
            found = next((e for e in self.events if e.get("method") == method and e.get("sessionId") == session), None)
            if found:
                self.events.remove(found)
                return found
            self.events.append(self.message())

    def open(self, address, width=1280, height=900, dark=False):
        if "://" not in str(address):
            address = pathlib.Path(address).resolve().as_uri()
        return Page(self, address, width, height, dark)


class Page:
    def __init__(self, browser, address, width, height, dark):
        self.browser, self.width = browser, width
        target = browser.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = browser.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(domain + ".enable")
        self.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.size(width, height)
        self.send("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.send("Page.navigate", {"url": address})
        browser.wait_for("Page.loadEventFired", self.session)

    def send(self, method, parameters=None):
        return self.browser.send(method, parameters, self.session)

    def size(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def value(self, expression):
        answer = self.send("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    def busy_seconds(self):
        """Of the processor, that the page's thread has used: what other programs do at the same time counts little."""
        return next(metric["value"] for metric in self.send("Performance.getMetrics")["metrics"] if metric["name"] == "TaskDuration")

    @property
    def problems(self):
        self.value("0")  # what was said before has arrived with the answer
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            what, about = event["method"], event.get("params", {})
            if what == "Runtime.exceptionThrown":
                found.append(about["exceptionDetails"]["exception"].get("description", "exception"))
            elif what == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
                found.append(about["entry"]["text"])
            elif what == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
                found.append(str(about["args"]))
        return found

    def screenshot(self, file, whole=True, height=None):
        if whole:
            full = self.value("document.documentElement.scrollHeight")
            self.size(self.width, min(height or full, full))
            self.value("new Promise((done) => setTimeout(done, 200))")
        pathlib.Path(file).write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def print(self, file):
        pathlib.Path(file).write_bytes(base64.b64decode(self.send("Page.printToPDF", {"printBackground": True})["data"]))
