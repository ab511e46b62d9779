"""Somebody who receives webhooks."""

import http.server
import json
import threading
import time


class Ear:
    """Listens on a free port and keeps what arrives: headers in lower case, and the raw body."""

    def __init__(self):
        heard = self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard.append((self.request_version, headers, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Nothing: the suite prints its own lines."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def wait(self, topic, fits=lambda body: True):
        """The first delivery of a topic whose body fits, within ten seconds."""
        for _ in range(200):
            for version, headers, body in list(self.heard):
                if headers.get("x-wc-webhook-topic") == topic and fits(json.loads(body)):
                    return version, headers, body
            time.sleep(0.05)
        raise AssertionError(f"no {topic} came")
