# SPDX-License-Identifier: MIT
"""Run the CI recipe of docs/key-ceremony.md as GitHub would run it.

    tuf_ci.py PAGE SECRETS [PLACE=ELSEWHERE]...

Each step is a `bash -e` in the folder one is in; after one that failed only those with
`if: always()` are run. SECRETS is a folder with a file for each secret. A PLACE that
the recipe names is ELSEWHERE here. Exit status: 0 when no step failed.
"""
import os
import pathlib
import re
import subprocess
import sys

import yaml

PAGE, SECRETS, *PLACES = sys.argv[1:]


def expand(text):
    """`${{ secrets.NAME }}`, which GitHub does not have end in a newline."""
    return re.sub(r"\$\{\{ secrets\.(\w+) \}\}",
                  lambda m: (pathlib.Path(SECRETS) / m[1]).read_text().rstrip("\n"),
                  text)


def move(text):
    for place in PLACES:
        text = text.replace(*place.split("="))
    return text


def recipe():
    block = re.search(r"^```yaml\n(.*?)^```$", pathlib.Path(PAGE).read_text(),
                      re.M | re.S)
    return yaml.safe_load(block[1])["jobs"]["refresh"]["steps"]


def main():
    failed = False
    for step in recipe():
        condition = step.get("if")
        assert condition in (None, "always()"), condition
        assert set(step) <= {"if", "env", "run"}, step
        if failed and not condition:
            continue
        env = {name: expand(value) for name, value in step.get("env", {}).items()}
        script = move(step["run"])
        assert "${{" not in script, "a secret as part of a script"
        print("+", script, flush=True)
        failed |= subprocess.run(["bash", "-e", "-c", script],
                                 env=os.environ | env).returncode != 0
    return failed


sys.exit(main())
