"""A web server that ends TLS in front of the lab, as real sites have one: it says so in X-Forwarded-Proto."""

import http.client
import http.server
import ssl
import threading
from urllib.parse import urlsplit

import trustme


def start(target):
    """Serve `target` over https on a free port; the address and a file with the authority that signed for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    host = urlsplit(target).netloc

    class Front(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            length = int(self.headers.get("content-length") or 0)
            headers = dict(self.headers.items())
            headers.update({"x-forwarded-proto": "https", "host": host})
            back = http.client.HTTPConnection(host)
            back.request(self.command, self.path, self.rfile.read(length), headers)
            answer = back.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            back.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = forward

        def log_message(self, *_):
            """Nothing: the suite prints its own lines."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    trusted = authority.cert_pem.tempfile
    return f"https://127.0.0.1:{server.server_address[1]}", trusted
