# SPDX-License-Identifier: MIT
# python-tuf's client: python_client.py PUBLIC TRUSTED GOT NAME...
#
# Serves the folder PUBLIC, refreshes TRUSTED (which has a root.json) from it, and
# fetches each target into GOT, with "/" in its name as "%2F". Exit status 1 when
# anything is refused.

import functools
import http.server
import sys
import threading

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


public, trusted, got, *names = sys.argv[1:]
server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), functools.partial(Quiet, directory=public))
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
try:
    updater = Updater(trusted, f"{base}/metadata/", got, f"{base}/targets/")
    updater.refresh()
    for name in names:
        target = updater.get_targetinfo(name)
        if target is None:
            sys.exit(f"{name}: there is no such target")
        updater.download_target(target, f"{got}/{name.replace('/', '%2F')}")
except (RepositoryError, DownloadError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
