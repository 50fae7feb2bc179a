"""Opens a page in a headless Chromium and does with it what standard input says; for the tests beside this file.

usage: browser.py URL < STEPS

STEPS is a JSON list: {"evaluate": SCRIPT}, {"media": "print" | "screen", "scheme": "dark" | "light"}, {"size": [WIDTH, HEIGHT]},
{"screenshot": FILE}, {"pdf": FILE}. Prints {"requests": [URL], "console": [TEXT], "results": [one for each step]}. Chromium is driven by
its DevTools protocol over two pipes. Nothing can be reached by name from it. The status is 77 if there is no Chromium.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

TIME_LIMIT = 90  # seconds


class Browser:
    def __init__(self, program, profile):
        # Chromium reads commands from descriptor 3 and writes to 4.
        command, self.commands = os.pipe()
        answer, answer_end = os.pipe()
        self.answers = os.fdopen(answer, "rb")

        def descriptors():
            first, second = os.dup(command), os.dup(answer_end)
            os.dup2(first, 3)
            os.dup2(second, 4)

        arguments = [
            program, "--headless=new", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND", "about:blank",
        ]
        if os.geteuid() == 0:
            arguments.insert(1, "--no-sandbox")  # there is no sandbox for root
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=descriptors, start_new_session=True)
        os.close(command)
        os.close(answer_end)
        self.buffer = b""
        self.last = 0
        self.session = None
        self.requests = []
        self.console = []
        self.events = []

    def message(self):
        while b"\0" not in self.buffer:
            chunk = self.answers.read1(1 << 16)
            if not chunk:
                raise RuntimeError("Chromium ended")
            self.buffer += chunk
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        name, values = message.get("method"), message.get("params", {})
        if name == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])
        elif name == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(one.get("value", one.get("description"))) for one in values["args"]))
        elif name == "Runtime.exceptionThrown":
            self.console.append(values["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif name == "Log.entryAdded":
            self.console.append(values["entry"]["text"])
        self.events.append(name)

    def call(self, method, **values):
        self.last += 1
        request = {"id": self.last, "method": method, "params": values}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.commands, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def wait(self, event):
        while event not in self.events:
            self.note(self.message())

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.call(f"{domain}.enable")
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait("Page.loadEventFired")

    def do(self, step):
        if "evaluate" in step:
            result = self.call("Runtime.evaluate", expression=step["evaluate"], returnByValue=True, awaitPromise=True)
            if "exceptionDetails" in result:
                raise RuntimeError(f"{step['evaluate']}: {result['exceptionDetails']}")
            return result["result"].get("value")
        if "media" in step:
            features = [{"name": "prefers-color-scheme", "value": step.get("scheme", "light")}]
            return self.call("Emulation.setEmulatedMedia", media=step["media"], features=features)
        if "size" in step:
            width, height = step["size"]
            return self.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        if "screenshot" in step:
            data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        else:
            step = {"screenshot": step["pdf"]}
            data = base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])
        with open(step["screenshot"], "wb") as file:
            file.write(data)
        return len(data)


def main():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        sys.exit(77)
    signal.alarm(TIME_LIMIT)
    profile = tempfile.mkdtemp()
    browser = Browser(program, profile)
    try:
        browser.open(sys.argv[1])
        results = [browser.do(step) for step in json.load(sys.stdin)]
        print(json.dumps({"requests": browser.requests, "console": browser.console, "results": results}))
    finally:
        os.killpg(browser.process.pid, signal.SIGKILL)
        browser.process.wait()
        shutil.rmtree(profile, ignore_errors=True)


main()
