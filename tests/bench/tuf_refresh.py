# SPDX-License-Identifier: GPL-2.0-only
# tuf_refresh.py TRUSTED URL: what `rewire-tuf-client refresh` does, by python-tuf.
import sys

from tuf.ngclient import Updater

Updater(sys.argv[1], sys.argv[2] + "/metadata/").refresh()
