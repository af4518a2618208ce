"""Logs in at a backend, writes an item, reads it back and removes it. Anything else than that is exit code 1."""

import json
import os
import sys
import time
import urllib.error
import urllib.request


def call(method, path, body=None, token=None):
    with open(os.environ["BACKEND_FILE"]) as f:  # rendered again when the backends move
        addresses = f.read().split()
    if not addresses:
        raise OSError("Consul has no healthy backend")
    request = urllib.request.Request(f"http://{addresses[0]}/api{path}", method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def smoke():
    with open(os.environ["LOGIN_FILE"]) as f:
        password = f.read()
    token = call("POST", "/login", {"username": os.environ["LOGIN_USER"], "password": password})["access_token"]
    name = "smoke test %d" % time.time_ns()
    made = call("POST", "/items", {"name": name}, token)
    read = call("GET", "/items/%s" % made["id"], token=token)
    call("DELETE", "/items/%s" % made["id"], token=token)
    if read["name"] != name:
        raise ValueError("wrote %r and read %r" % (name, read["name"]))


for attempt in range(5):  # a backend that is just being replaced refuses a connection
    try:
        smoke()
        print("logged in, wrote and read")
        sys.exit(0)
    except urllib.error.HTTPError as e:
        print("%s %s: %s" % (e.url, e.code, e.read(500)), file=sys.stderr)
    except (OSError, ValueError, KeyError) as e:
        print("%s: %s" % (type(e).__name__, e), file=sys.stderr)
    time.sleep(2)
sys.exit(1)
