"""`lafs report --serve` as a browser meets it: what it answers and refuses, the live page in Chromium where that is installed, and its end.

    python3 tests/report/serve_test.py --program build/bin/lafs
"""
import argparse
import http.client
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import chromium

told = []


def check(right, sentence):
    if not right:
        told.append(sentence)


def log_line(step, loss):
    return json.dumps({"step": step, "epoch": 0, "loss": loss, "lr": 0.1, "images_per_second": 10}) + "\n"


def make_runs(folder):
    for name in ("first", "second"):
        run = folder / "runs" / name
        run.mkdir(parents=True)
        (run / "manifest.json").write_text('{"sessions": []}')
        (run / "metrics.jsonl").write_text("".join(log_line(step, 1 / (1 + step)) for step in range(20)))
    (folder / "secret.txt").write_text("secret")


class Server:
    def __init__(self, program, folder):
        self.process = subprocess.Popen([program, "report", "--serve", folder, "--port", "0"], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line).group(1))

    def ask(self, path, method="GET", host=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or f"127.0.0.1:{self.port}")
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10), self.process.stderr.read()


def answers(server):
    check(server.ask("/")[0] == 200, "the page is not there")
    status, text = server.ask("/runs.json")
    check(status == 200 and [run["name"] for run in json.loads(text)] == ["first", "second"], f"the list is {text}")
    status, text = server.ask("/view/first/report.html")
    check(status == 200 and "<figcaption>Loss</figcaption>" in text, "the report of a run is not there")
    check(server.ask("/view/first/report.html", "HEAD") == (200, ""), "HEAD is not answered without a body")


def refuses(server):
    for path in ("/secret.txt", "/view/../secret.txt", "/view/../../etc/passwd", "/view/%2e%2e/secret.txt", "/view/first/metrics.jsonl",
                 "/view/first/../../secret.txt", "//etc/passwd"):
        status, text = server.ask(path)
        check(status == 404 and text.startswith("there is no run at"), f"{path} is answered with {status}: {text[:80]}")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        check(server.ask("/", method)[0] == 405, f"{method} is answered")
    check(server.ask("/runs.json", host="evil.example")[0] == 403, "a foreign host name is answered")
    with socket.socket() as other:
        other.settimeout(2)
        address = next((entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
                        if not entry[4][0].startswith("127.")), None)
        if address:
            check(other.connect_ex((address, server.port)) != 0, f"the server is heard at {address} too")
    with socket.socket() as rude:  # no request at all, and one that is none
        rude.connect(("127.0.0.1", server.port))
        rude.sendall(b"\x16\x03\x01nonsense\r\n\r\n")
        check(server.ask("/runs.json")[0] == 200, "nonsense stops the server")


def refreshes(server, folder):
    """A browser shows two runs over each other, and what one of them logs later."""
    if not chromium.program():
        print("the live page is not looked at: no Chromium is installed (package chromium)")
        return
    with chromium.Chromium() as browser:
        page = browser.open(f"http://127.0.0.1:{server.port}/#run=first&run=second")
        wait = "new Promise((done) => setTimeout(done, 100))"
        end = time.time() + 20
        while page.value("document.documentElement.dataset.listed") != "2" and time.time() < end:
            page.value(wait)
        check(page.value("document.querySelectorAll('#runs tr').length") == 2, "the page does not list both runs")
        check(page.value("document.querySelectorAll('canvas').length") >= 2, "the page compares no curves")
        with open(folder / "runs/first/metrics.jsonl", "a") as log:
            log.write(log_line(20, 0.01))
        while page.value("document.querySelector('#runs tr').cells[3].textContent") != "21" and time.time() < end:
            page.value(wait)
        check(page.value("document.querySelector('#runs tr').cells[3].textContent") == "21", "the page does not see a new step")
        page.value("document.getElementById('filter').value = 'SEC'; document.getElementById('filter').dispatchEvent(new Event('input'))")
        check(page.value("document.querySelectorAll('#runs tr').length") == 1, "the filter does not filter")
        check(not page.problems, f"the console says {page.problems}")


def says(program, arguments, sentence):
    done = subprocess.run([program, "report", *map(str, arguments)], capture_output=True, text=True, timeout=30)
    check(done.returncode == 1 and done.stderr == f"lafs: error: {sentence}\n", f"{arguments}: {done.returncode}, {done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = parser.parse_args().program
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make_runs(folder)
        server = Server(program, folder / "runs")
        try:
            answers(server)
            refuses(server)
            refreshes(server, folder)
            says(program, ["--serve", folder / "runs", "--port", server.port],
                 f"cannot listen on port {server.port}: another program does; give another --port, or 0 for any that is free")
        finally:
            status, rest = server.end()
        check(status == 0 and rest == "", f"after Ctrl-C it leaves with {status}: {rest}")
        (folder / "empty").mkdir()
        none = "holds no runs; give a folder in which lafs run wrote some, such as runs/"
        says(program, ["--serve", folder / "empty"], f'"{folder / "empty"}" {none}')
        says(program, ["--serve", folder / "missing"], f'"{folder / "missing"}" is no folder')
    print("\n".join(told) or "answers, refusals, refresh and end are as they should be")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
