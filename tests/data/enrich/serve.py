#!/usr/bin/env python3
"""Websites for tests/enrich.bats, by virtual host: serve.py LOG. Prints its port, then serves until it is killed.

Each request is one line of LOG: host, path, user agent."""
import gzip
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = os.path.dirname(os.path.abspath(__file__))
LOG = open(sys.argv[1], "a", buffering=1)
LOCK = threading.Lock()
OPEN = {}
ROBOTS = {
    "forbids": "User-agent: *\nDisallow: /\n",
    "picky": "User-agent: leadpipe\nDisallow: /contact\n",
    "others": "User-agent: otherbot\nDisallow: /\n",
    "slowly": "User-agent: *\nCrawl-delay: 30\n",
}
HTML = "text/html; charset=utf-8"


def page(name):
    with open(os.path.join(FOLDER, name + ".html"), "rb") as f:
        return f.read()


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", kind=HTML, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, target):
        self.answer(302, headers=[("Location", target)])

    def robots(self, name):
        if name == "brokenrobots":
            return self.answer(500)
        if name == "movedrobots" and self.path == "/robots.txt":
            return self.redirect("/rules.txt")
        if name == "movedrobots":
            return self.answer(200, b"User-agent: *\nDisallow: /\n", "text/plain")
        if name in ROBOTS:
            return self.answer(200, ROBOTS[name].encode(), "text/plain")
        return self.answer(404)

    def home(self, name):
        port = self.server.server_address[1]
        special = {
            "gone": lambda: self.answer(404, b"<title>Not here</title>"),
            "moved": lambda: self.redirect("http://acme.localhost:%d/" % port),
            "loop": lambda: self.redirect("/"),
            "inward": lambda: self.redirect("http://169.254.169.254/latest/meta-data/"),
            "profile": lambda: self.redirect("https://www.linkedin.com/company/acme"),
            "file": lambda: self.redirect("file:///etc/passwd"),
            "pdf": lambda: self.answer(200, b"%PDF", "application/pdf"),
            "large": lambda: self.answer(200, b"<title>x</title>" + b"x" * (3 << 20)),
            "bomb": lambda: self.answer(200, gzip.compress(b"x" * (64 << 20)), headers=[("Content-Encoding", "gzip")]),
            "zipped": lambda: self.answer(200, gzip.compress(page("acme")), headers=[("Content-Encoding", "gzip")]),
            "latin": lambda: self.answer(200, "<title>Café Müller</title>".encode("latin-1"), "text/html; charset=iso-8859-1"),
            "refresh": lambda: self.answer(200, b"<meta http-equiv=refresh content='0; url=/de/'>"),
            "wall": lambda: self.answer(403, b"<title>Just a moment...</title>"),
            "cookies": lambda: self.answer(200, b"<title>Shop</title>", headers=[("Set-Cookie", "_shopify_s=secret"), ("Server", "nginx/1.22.1")]),
            "trap": lambda: self.answer(200, page("trap")),
            "deep": lambda: self.answer(200, b"<title>Deep</title>" + b"<div>" * 300000),
            "escapes": lambda: self.answer(200, b"<title>A\x1b[31m\xe2\x80\xaeB\x00</title>"),
        }
        if name in special:
            return special[name]()
        file = name if os.path.exists(os.path.join(FOLDER, name + ".html")) else "acme"
        return self.answer(200, page(file))

    def do_GET(self):
        host = self.headers.get("Host", "")
        name = host.split(".")[0].split(":")[0]
        with LOCK:
            LOG.write("%s %s %s\n" % (host, self.path, self.headers.get("User-Agent")))
            OPEN[host] = OPEN.get(host, 0) + 1
            if OPEN[host] > 1:
                LOG.write("%s - two at once\n" % host)
        try:
            if name.startswith("stalls"):
                time.sleep(20)
            if self.path in ("/robots.txt", "/rules.txt"):
                if name == "late":
                    time.sleep(0.5)
                self.robots(name)
            elif name == "asksback" and self.path == "/1":
                self.answer(429, headers=[("Retry-After", "2")])
            elif name == "many":
                time.sleep(0.05)
                self.answer(200, b"<title>Many</title>")
            elif name == "pair":
                time.sleep(0.6)
                self.answer(200, b"<title>Pair</title>")
            elif self.path == "/":
                self.home(name)
            elif self.path == "/contact" and name == "leaver":
                self.redirect("http://stranger.localhost:%d/" % self.server.server_address[1])
            elif self.path == "/contact":
                self.answer(200, page("contact"))
            else:
                self.answer(200, b"<title>Another page</title>")
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with LOCK:
                OPEN[host] -= 1


ThreadingHTTPServer.request_queue_size = 256
server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
