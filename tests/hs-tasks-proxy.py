"""Stands between hs-tasks and a sandbox and does one thing just before the Nth request for a path goes on: sends a PATCH of its own, or waits, or
from then on answers every request itself.

usage: hs-tasks-proxy.py UPSTREAM PATH N patch PATCH-PATH BODY | wait SECONDS | answer STATUS BODY [DATE]
Prints its port, and "held" on stderr when it waits."""
import http.client
import http.server
import sys
import threading
import time
from urllib.parse import urlsplit

upstream, path, number, action = urlsplit(sys.argv[1]).netloc, sys.argv[2], int(sys.argv[3]), sys.argv[4]
seen = 0
lock = threading.Lock()


def forward(method, target, body, headers):
    connection = http.client.HTTPConnection(upstream)
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self):
        global seen
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/json"}
        with lock:
            seen += self.path.endswith(path)
            is_it = self.path.endswith(path) and seen == number
            answers = action == "answer" and seen >= number
        if is_it and action == "patch":
            forward("PATCH", sys.argv[5], sys.argv[6], headers)
        elif is_it and action == "wait":
            print("held", file=sys.stderr, flush=True)
            time.sleep(float(sys.argv[5]))
        if answers:
            status, text = int(sys.argv[5]), sys.argv[6].encode()
        else:
            answer, text = forward(self.command, self.path, body or None, headers)
            status = answer.status
        self.send_response_only(status)
        self.send_header("Date", sys.argv[7] if answers and len(sys.argv) > 7 else self.date_time_string())
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = relay

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
