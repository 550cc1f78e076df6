# SPDX-License-Identifier: MIT
"""What TUF's conformance project asks of clients, of ours: python-tuf makes each
repository, a web server hands it out and notes what it is asked for, and the command
is called as the project calls it. TAP.

    peers.py CLIENT [CASE]...

A case looks at nothing but the exit status, the folder of trusted metadata, the folder
of targets, and the requests.
"""
import copy
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.parse

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile,
    Targets, Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
TOP = ("root", "timestamp", "snapshot", "targets")
BELOW = ("targets", "snapshot", "timestamp")
KINDS = {"ed25519": CryptoSigner.generate_ed25519, "ecdsa": CryptoSigner.generate_ecdsa,
         "rsa": CryptoSigner.generate_rsa}
CASES = []


def days(count):
    return NOW + datetime.timedelta(days=count)


class Repository:
    """What is published is bytes; what comes next is edited before publish()."""

    def __init__(self):
        self.hashes = False
        self.asked = []
        self.files = {}
        self.published = {}
        self.signers = {role: [CryptoSigner.generate_ed25519()] for role in TOP}
        self.metadata = {kind.type: Metadata(kind(expires=days(30)))
                         for kind in (Root, Timestamp, Snapshot, Targets)}
        for role in TOP:
            self.root.add_key(self.signers[role][0].public_key, role)
        self.publish("root", *BELOW)
        self.first_root = self.published["root"][0]

    root = property(lambda self: self.metadata["root"].signed)
    timestamp = property(lambda self: self.metadata["timestamp"].signed)
    snapshot = property(lambda self: self.metadata["snapshot"].signed)
    targets = property(lambda self: self.metadata["targets"].signed)

    def add_key(self, role, signer=None):
        signer = signer or CryptoSigner.generate_ed25519()
        self.root.add_key(signer.public_key, role)
        self.signers[role].append(signer)
        return signer

    def rotate(self, role):
        self.root.roles[role].keyids.clear()
        self.signers[role].clear()
        self.add_key(role)

    def delegate(self, delegator, name, paths=("*",), terminating=False, expires=30):
        role = DelegatedRole(name, [], 1, terminating, list(paths))
        above = self.metadata[delegator].signed
        above.delegations = above.delegations or Delegations({}, {})
        above.delegations.roles[name] = role
        if name not in self.metadata:
            self.metadata[name] = Metadata(Targets(expires=days(expires)))
            self.signers[name] = [CryptoSigner.generate_ed25519()]
        above.add_key(self.signers[name][0].public_key, name)

    def add(self, path, content, role="targets", hashes=("sha256",)):
        target = TargetFile.from_data(path, content, list(hashes))
        self.metadata[role].signed.targets[path] = target
        self.files[path] = content, target.hashes

    def announced(self, role):
        data = self.published[role][-1]
        version = self.metadata[role].signed.version
        return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()}
                        ) if self.hashes else MetaFile(version)

    def publish(self, *roles):
        """Each one version further, signed, and announced in what is above it."""
        for role in roles:
            metadata = self.metadata[role]
            if role in self.published:
                metadata.signed.version += 1
            metadata.signatures.clear()
            for signer in self.signers[role]:
                metadata.sign(signer, append=True)
            self.published.setdefault(role, []).append(
                metadata.to_bytes(JSONSerializer()))
            if role == "snapshot":
                self.timestamp.snapshot_meta = self.announced(role)
            elif role not in ("root", "timestamp"):
                self.snapshot.meta[f"{role}.json"] = self.announced(role)

    def edit(self, role, change):
        """Change what is published last, behind its signature."""
        document = json.loads(self.published[role].pop())
        change(document)
        self.published[role].append(json.dumps(document).encode())

    def fetch(self, path):
        """Bytes, or None; metadata by its place, whatever it calls itself."""
        kind, _, name = path.partition("/")
        if kind == "metadata":
            number, _, role = name.removesuffix(".json").partition(".")
            number, role = (int(number), role) if role else (None, number)
            self.asked.append((role, number))
            versions = self.published.get(urllib.parse.unquote(role), [])
            if number is None:
                return versions[-1] if versions else None
            return versions[number - 1] if 0 < number <= len(versions) else None
        folder, slash, file = urllib.parse.unquote(name).rpartition("/")
        digest, _, file = file.partition(".")
        self.asked.append(folder + slash + file)
        content, hashes = self.files.get(folder + slash + file, (None, {}))
        return content if digest in hashes.values() else None


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        data = self.server.repository.fetch(self.path.lstrip("/"))
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Client:
    def __init__(self, command, folder, server):
        self.command = command
        self.folder = pathlib.Path(folder)
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.said = ""
        for name in ("metadata", "targets"):
            (self.folder / name).mkdir()

    def call(self, *arguments, at=None):
        fake = ["faketime", str(at)] if at else []
        ended = subprocess.run(
            [*fake, self.command, "--metadata-dir", self.folder / "metadata", *arguments],
            capture_output=True, check=False,
            env=os.environ | {"ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.said = ended.stderr.decode(errors="replace")
        return ended.returncode

    def init(self, root):
        (self.folder / "first.json").write_bytes(root)
        return self.call("init", self.folder / "first.json")

    def refresh(self, at=None):
        return self.call("--metadata-url", self.url + "/metadata/", "refresh", at=at)

    def download(self, name, at=None):
        return self.call("--metadata-url", self.url + "/metadata/", "--target-name", name,
                         "--target-dir", self.folder / "targets", "--target-base-url",
                         self.url + "/targets/", "download", at=at)

    def stored(self, role):
        return (self.folder / "metadata" / f"{role}.json").read_bytes()

    def trusts(self, root, timestamp=0, snapshot=0, targets=0, **others):
        """Versions of all that is stored and of nothing else."""
        expected = {"root": root, "timestamp": timestamp, "snapshot": snapshot,
                    "targets": targets} | others
        return {path.stem: json.loads(path.read_bytes())["signed"]["version"]
                for path in (self.folder / "metadata").glob("*.json")} == {
                    role: version for role, version in expected.items() if version}

    def got(self):
        paths = (self.folder / "targets").rglob("*")
        return sorted(path.read_bytes() for path in paths if path.is_file())


def case(*parameters):
    """@case() of a function (client, repository), or one for each parameter."""
    def add(function):
        name = function.__name__
        if not parameters:
            CASES.append((name, function))
        for value in parameters:
            label = value[0] if isinstance(value, tuple) else value
            CASES.append((f"{name} {label}",
                          lambda c, r, value=value: function(c, r, value)))
        return function
    return add


def begin(client, repo):
    assert client.init(repo.first_root) == 0
    assert not repo.asked, "init asks nobody"
    assert client.refresh() == 0
    repo.asked.clear()


# ---- the workflow, and what is left after it ----

@case()
def refresh(client, repo):
    assert client.init(repo.first_root) == 0 and client.refresh() == 0
    assert repo.asked == [("root", 2), ("timestamp", None), ("snapshot", 1),
                          ("targets", 1)]
    assert all(client.stored(role) == repo.published[role][0] for role in TOP)
    assert client.trusts(1, 1, 1, 1) and client.got() == []


@case()
def download_refreshes(client, repo):
    assert client.init(repo.first_root) == 0 and client.download("not there") == 1
    assert repo.asked == [("root", 2), ("timestamp", None), ("snapshot", 1),
                          ("targets", 1)]
    assert client.trusts(1, 1, 1, 1)


@case("without version", "unsigned")
def wrong_first_root(client, repo, how):
    root = json.loads(repo.first_root)
    if how == "unsigned":
        root["signatures"][0]["sig"] = "30" * 64
    else:
        del root["signed"]["version"]
    client.init(json.dumps(root).encode())
    assert client.refresh() == 1 and not repo.asked


@case(("root", 1), ("timestamp", 2), ("snapshot", 2, 2), ("targets", 2, 2, 2))
def unsigned(client, repo, how):
    role, *trusted = how
    repo.signers[role].pop()
    repo.publish("root", *BELOW)
    assert client.init(repo.first_root) == 0 and client.refresh() == 1
    assert client.trusts(*trusted)


@case(("root", 1), ("snapshot", 2, 2), ("targets", 2, 2, 2))
def other_version_than_its_name(client, repo, how):
    role, *trusted = how
    repo.metadata[role].signed.version += 1
    repo.publish("root", *BELOW)
    assert client.init(repo.first_root) == 0 and client.refresh() == 1
    assert client.trusts(*trusted)


@case()
def timestamp_changed_without_a_version(client, repo):
    begin(client, repo)
    repo.timestamp.snapshot_meta.version = 100
    repo.timestamp.version = 0
    repo.publish("timestamp")
    assert client.refresh() == 0 and repo.asked[-1] == ("timestamp", None)
    assert client.stored("timestamp") == repo.published["timestamp"][0]


@case()
def hashes_of_metadata(client, repo):
    repo.hashes = True
    repo.publish(*BELOW)
    begin(client, repo)
    repo.publish("targets")
    repo.snapshot.meta["targets.json"].hashes["sha256"] = "46" * 32
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1 and client.trusts(1, 3, 3, 2)


@case()
def bytes_are_kept(client, repo):
    repo.published["timestamp"][-1] += b" "
    begin(client, repo)
    assert client.stored("timestamp") == repo.published["timestamp"][-1]


def renamed(key, **members):
    """With more members, under the id that it has with them."""
    key.unrecognized_fields |= members
    key.keyid = hashlib.sha256(encode_canonical(key.to_dict()).encode()).hexdigest()


@case("under a new id", "under the old id")
def members_nobody_knows(client, repo, how):
    begin(client, repo)
    signer = CryptoSigner.generate_ed25519()
    members = {"extra": {"a": 1, "b": 2}, "keyid_hash_algorithms": ["md5"]}
    if how == "under a new id":
        renamed(signer.public_key, **members)
    else:
        signer.public_key.unrecognized_fields |= members
    for role in TOP:
        repo.rotate(role) if role == "snapshot" else repo.add_key(role)
    repo.root.roles["root"].unrecognized_fields["more"] = "x"
    repo.root.unrecognized_fields["more"] = "x"
    repo.signers["snapshot"].clear()
    repo.root.roles["snapshot"].keyids.clear()
    repo.add_key("snapshot", signer)
    repo.publish("root", *BELOW)
    assert client.refresh() == 0 and client.trusts(2, 2, 2, 2)


@case(("timestamp", 1, 1, 1, 1), ("snapshot", 1, 2, 1, 1), ("targets", 1, 2, 2, 1))
def missing(client, repo, how):
    role, *trusted = how
    begin(client, repo)
    if role == "timestamp":
        repo.published[role].clear()
    elif role == "snapshot":
        repo.timestamp.snapshot_meta.version += 1
        repo.publish("timestamp")
    else:
        repo.snapshot.meta["targets.json"].version += 1
        repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert repo.asked[-1] == (role, None if role == "timestamp" else 2)
    assert client.trusts(*trusted)


@case()
def snapshot_as_a_timestamp(client, repo):
    assert client.init(repo.first_root) == 0
    repo.add_key("snapshot", repo.signers["timestamp"][0])
    repo.snapshot.meta = {"snapshot.json": MetaFile(1)}
    repo.publish("root", "snapshot")
    repo.published["timestamp"].append(repo.published["snapshot"].pop())
    assert client.refresh() == 1 and client.trusts(2)


# ---- time ----

@case()
def fake_time(client, repo):
    assert client.init(repo.first_root) == 0
    assert client.refresh(at=days(31)) == 1 and repo.asked == [("root", 2)]
    assert client.refresh(at=days(29)) == 0 and client.trusts(1, 1, 1, 1)


@case(("root", 2, 1, 1, 1), ("timestamp", 2, 1, 1, 1), ("snapshot", 2, 2, 1, 1),
      ("targets", 2, 2, 2, 1))
def expired(client, repo, how):
    role, *trusted = how
    begin(client, repo)
    repo.metadata[role].signed.expires = days(-5)
    repo.publish("root", *BELOW)
    assert client.refresh() == 1 and client.trusts(*trusted)


@case()
def expired_here_but_not_there(client, repo):
    repo.timestamp.expires = repo.snapshot.expires = days(7)
    repo.publish("snapshot", "timestamp")
    begin(client, repo)
    repo.timestamp.expires = repo.snapshot.expires = days(21)
    repo.publish(*BELOW)
    assert client.refresh(at=days(18)) == 0 and client.trusts(1, 3, 3, 2)


@case("at first", "later", "but there is a newer one")
def delegated_expired(client, repo, when):
    repo.delegate("targets", "delegated", ["folder/*"],
                  expires=-1 if when == "at first" else 7)
    repo.add("folder/first", b"first", "delegated")
    repo.add("folder/second", b"second", "delegated")
    repo.publish("delegated", *BELOW)
    begin(client, repo)
    if when == "at first":
        assert client.download("folder/first") == 1 and client.got() == []
        assert client.trusts(1, 2, 2, 2)
        return
    assert client.download("folder/first") == 0
    if when == "later":
        assert client.download("folder/second", at=days(18)) == 1
        assert client.got() == [b"first"]
        return
    repo.metadata["delegated"].signed.expires = days(21)
    repo.publish("delegated", "snapshot", "timestamp")
    assert client.download("folder/second", at=days(18)) == 0
    assert client.got() == [b"first", b"second"]


# ---- versions that fall ----

@case()
def older_timestamp(client, repo):
    repo.publish("timestamp")
    begin(client, repo)
    repo.published["timestamp"].pop()
    assert client.refresh() == 1 and client.trusts(1, 2, 1, 1)
    assert repo.asked[-1] == ("timestamp", None)


@case("basic", "with hashes")
def older_snapshot(client, repo, how):
    repo.hashes = how == "with hashes"
    repo.publish("snapshot", "timestamp")
    begin(client, repo)
    repo.published["snapshot"].pop()
    repo.snapshot.version = 1
    repo.timestamp.snapshot_meta = repo.announced("snapshot")
    repo.publish("timestamp")
    assert client.refresh() == 1 and client.trusts(1, 2, 2, 1)
    assert repo.asked[-1] == ("timestamp", None)


@case()
def snapshot_that_nobody_announces(client, repo):
    begin(client, repo)
    repo.publish("snapshot")
    assert client.refresh() == 0 and client.trusts(1, 1, 1, 1)
    assert repo.asked[-1] == ("timestamp", None)


@case("basic", "with hashes")
def older_targets(client, repo, how):
    repo.hashes = how == "with hashes"
    repo.publish(*BELOW)
    begin(client, repo)
    repo.published["targets"].pop()
    repo.targets.version = 1
    repo.snapshot.meta["targets.json"] = repo.announced("targets")
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1 and client.trusts(1, 3, 2, 2)


@case(("timestamp", "timestamp"), ("snapshot", "snapshot", "timestamp"),
      ("targets", "snapshot"))
def recovery(client, repo, how):
    """Versions far ahead, of a thief; then new keys, and the true versions."""
    role, *keys = how
    for _ in range(9):
        repo.publish(role)
    repo.publish(*BELOW[BELOW.index(role) + 1:])
    begin(client, repo)
    for key in keys:
        repo.rotate(key)
    repo.publish("root")
    for lower in BELOW[BELOW.index(role):]:
        del repo.published[lower]
        repo.metadata[lower].signed.version = 1
    repo.publish(*BELOW[BELOW.index(role):])
    assert client.refresh() == 0 and client.trusts(2, 1, 1, 1)


# ---- keys and signatures ----

@case("one signature too few", "more than there are keys")
def threshold(client, repo, how):
    repo.root.roles["snapshot"].threshold = 3
    repo.add_key("snapshot")
    repo.add_key("snapshot")
    repo.publish("root", *BELOW)
    begin(client, repo)
    if how == "one signature too few":
        repo.signers["snapshot"].pop()
    else:
        repo.root.roles["snapshot"].threshold = 4
        repo.publish("root")
    repo.publish(*BELOW)
    assert client.refresh() == 1
    assert client.trusts(2 + (how != "one signature too few"), 3, 2, 2)


@case("keys and signatures", "signatures")
def twice(client, repo, what):
    assert client.init(repo.first_root) == 0
    if what == "keys and signatures":
        repo.root.roles["snapshot"].threshold = 2
        repo.publish("root")
        keyid = repo.root.roles["snapshot"].keyids[0]
        repo.root.roles["snapshot"].keyids.append(keyid)
        root = copy.deepcopy(repo.metadata["root"])
        root.sign(repo.signers["root"][0])
        repo.published["root"][-1] = root.to_bytes(JSONSerializer())
    repo.edit("snapshot", lambda document: document["signatures"].append(
        document["signatures"][0]))
    assert client.refresh() == 1 and not (client.folder / "metadata/snapshot.json").exists()


@case("rsa", "ecdsa", "ed25519")
def kind_of_key(client, repo, kind):
    begin(client, repo)
    signer = repo.add_key("root", KINDS[kind]())
    repo.root.roles["root"].threshold = 2
    repo.publish("root")
    assert client.refresh() == 0 and client.trusts(2, 1, 1, 1)
    repo.publish("root")
    other = KINDS[kind]().sign(b"something else").signature
    repo.edit("root", lambda document: [
        signature.update(sig=other) for signature in document["signatures"]
        if signature["keyid"] == signer.public_key.keyid])
    assert client.refresh() == 1 and client.trusts(2, 1, 1, 1)


@case("wrong", "empty")
def signature_beside_one_that_is_right(client, repo, how):
    begin(client, repo)
    old = repo.signers["timestamp"][0].public_key.keyid
    repo.add_key("timestamp")
    repo.publish("root", "timestamp")
    repo.edit("timestamp", lambda document: [
        signature.update(sig="" if how == "empty" else "12" * 64)
        for signature in document["signatures"] if signature["keyid"] == old])
    assert client.refresh() == 0 and client.trusts(2, 2, 1, 1)


# Of each version: KEYS/THRESHOLD/WHO SIGNS, keys by their number; the last one is
# refused where the name says so.
ROTATIONS = {
    "1 of 1": "1/1/1 2/1/21 2/1/2",
    "1 of 1, and others sign": "1/1/314 2/1/3214 2/1/324",
    "3 of 5 by turns": "01234/3/024 01234/3/041 01234/3/013 01234/3/123",
    "3 of 5, one replaced": "01234/3/024 01345/3/041",
    "3 of 5, one replaced, on the way": "01234/3/024 01345/3/0245 01345/3/045",
    "3 of 5, all replaced": "01234/3/024 56789/3/024567 56789/3/567",
    "1 of 3 to 2 of 3": "123/1/1 123/2/12",
    "2 of 3 to 1 of 3": "123/2/12 123/1/12 123/1/1",
    "1 of 1 to 2 of 2": "1/1/1 12/2/12",
    "refused: not by the old key": "1/1/1 2/1/234",
    "refused: not by the new key": "1/1/1 2/1/134",
    "refused: two of the new": "01234/3/024 01345/3/024",
    "refused: two of the old": "01234/3/024 01345/3/045",
    "refused: new threshold": "123/1/1 123/2/2",
    "refused: old threshold": "123/2/12 123/1/1",
}


@case(*ROTATIONS)
def root_rotation(client, repo, name):
    signers = [CryptoSigner.generate_ed25519() for _ in range(10)]
    repo.published["root"].clear()
    repo.root.version = 0
    for version in ROTATIONS[name].split():
        keys, needed, signs = version.split("/")
        repo.root.roles["root"].keyids.clear()
        for key in keys:
            repo.root.add_key(signers[int(key)].public_key, "root")
        repo.root.roles["root"].threshold = int(needed)
        repo.signers["root"] = [signers[int(key)] for key in signs]
        repo.publish("root")
    versions = repo.published["root"]
    assert client.init(versions[0]) == 0
    good = not name.startswith("refused")
    assert client.refresh() == (0 if good else 1)
    assert client.stored("root") == versions[-1 if good else -2]


OTHERS = {
    "1 of 1": "2/1/2", "1 of 1, and others sign": "1/1/314",
    "3 of 5 a": "01234/3/024", "3 of 5 b": "01234/3/041", "3 of 5 c": "01234/3/013",
    "3 of 5 d": "01234/3/123", "3 of 5 e": "01234/3/234",
    "refused: not by the new key": "2/1/134", "refused: one of no key": "01345/3/024",
    "refused: one too few": "01345/3/04",
}


@case(*((f"{role}, {name}", role, name) for role in BELOW for name in OTHERS))
def rotation(client, repo, how):
    _, role, name = how
    signers = [CryptoSigner.generate_ed25519() for _ in range(10)]
    keys, needed, signs = OTHERS[name].split("/")
    begin(client, repo)
    repo.root.roles[role].keyids.clear()
    for key in keys:
        repo.root.add_key(signers[int(key)].public_key, role)
    repo.root.roles[role].threshold = int(needed)
    repo.signers[role] = [signers[int(key)] for key in signs]
    repo.publish("root", *BELOW)
    if name.startswith("refused"):
        assert client.refresh() == 1
    else:
        assert client.refresh() == 0 and client.trusts(2, 2, 2, 2)
        assert client.stored(role) == repo.published[role][-1]


# ---- delegations ----

# FROM>TO; "!": terminating; "~": of *.py alone. Then the order in which they are asked.
GRAPHS = {
    "one": ("targets>A", "A"),
    "two": ("targets>A targets>B", "A B"),
    "two deep": ("targets>A targets>B B>C", "A B C"),
    "depth first": ("targets>A targets>B A>C A>D", "A C D B"),
    "three deep": ("targets>A targets>B A>C C>D", "A C D B"),
    "terminating": ("targets>A targets>B A>C! A>D", "A C"),
    "terminating, but for what is below": ("targets>A targets>B A>C! C>D", "A C D"),
    "of other paths": ("targets>A~ targets>B A>C", "B"),
    "of other paths, two deep": ("targets>A targets>B A>C~ C>D", "A B"),
    "a circle": ("targets>A targets>B B>C C>D D>B", "A B C D"),
    "two of one": ("targets>A targets>B B>C A>C", "A C B"),
    "two of one, by other paths": ("targets>A targets>B B>C A>C~", "A B C"),
}


@case(*GRAPHS)
def graph(client, repo, name):
    edges, order = GRAPHS[name]
    roles = []
    for edge in edges.split():
        above, below = edge.rstrip("!~").split(">")
        repo.delegate(above, below, ["*.py"] if "~" in edge else ["*"], "!" in edge)
        roles += [below] if below not in roles else []
    repo.publish(*roles, *BELOW)
    assert client.init(repo.first_root) == 0 and client.download("missing") == 1
    assert repo.asked[4:] == [(role, 1) for role in order.split()]


@case(("targetfile", 0, ""), ("README.md", 0, "A"), ("releases/x/x_v1", 0, "B C"),
      ("releases/y/y_v1.zip", 0, "B D"), ("releases/z/z_v1.zip", 1, "B"))
def search(client, repo, how):
    path, status, order = how
    repo.delegate("targets", "A", ["*.doc", "*.md"])
    repo.delegate("targets", "B", ["releases/*/*"])
    repo.delegate("B", "C", ["releases/x/*"])
    repo.delegate("B", "D", ["releases/y/*.zip"])
    for role, name in (("targets", "targetfile"), ("A", "README.md"),
                       ("C", "releases/x/x_v1"), ("D", "releases/y/y_v1.zip"),
                       ("D", "releases/z/z_v1.zip")):
        repo.add(name, name.encode(), role)
    repo.publish("A", "B", "C", "D", *BELOW)
    assert client.init(repo.first_root) == 0 and client.download(path) == status
    asked = [role for role, _ in filter(lambda a: isinstance(a, tuple), repo.asked[4:])]
    assert asked == order.split()
    assert client.got() == ([] if status else [path.encode()])


@case("?", "#", "/role", "../role", "a b", "%2F", "\u00e4")
def name_of_a_role(client, repo, name):
    repo.delegate("targets", name)
    repo.publish(name, *BELOW)
    assert client.init(repo.first_root) == 0 and client.download("missing") == 1
    assert (urllib.parse.quote(name, ""), 1) in repo.asked
    assert len(list(client.folder.glob("**/*.json"))) == 6, "first.json, and five roles"


# ---- targets ----

@case("file", "path/to/a/file", "a b", "a?b#c", "100%25", "\u00e4/\u00f6", "..")
def target(client, repo, path):
    repo.add(path, b"content")
    repo.publish(*BELOW)
    begin(client, repo)
    assert client.got() == []
    assert client.download(path) == 0 and client.got() == [b"content"]
    assert not [p for p in client.folder.iterdir()
                if p.name not in ("first.json", "metadata", "targets")]


@case()
def target_replaced_by_the_server(client, repo):
    repo.add("one", b"content of one")
    repo.add("two", b"content of two")
    repo.publish(*BELOW)
    begin(client, repo)
    assert client.download("one") == 0
    for name in ("one", "two"):
        repo.files[name] = b"something bad!", repo.files[name][1]
    repo.asked.clear()
    assert client.download("one") == 0 and "one" not in repo.asked
    assert client.download("two") == 1 and "two" in repo.asked
    assert client.got() == [b"content of one"]


@case()
def target_changed_many_times(client, repo):
    assert client.init(repo.first_root) == 0
    for i in range(6):
        content = f"content {i}".encode()
        repo.add("file", content)
        repo.add(f"more-{i}", content + b" more")
        repo.publish(*BELOW)
        if i % 2 == 0:
            assert client.download("file") == 0 and client.download(f"more-{i}") == 0
            repo.files["file"] = b"something bad", repo.files["file"][1]
            repo.publish(*BELOW)
            client.download("file")
        assert client.got().count(b"something bad") == 0
    assert client.got() == [b"content 0 more", b"content 2 more", b"content 4",
                            b"content 4 more"]


@case(("sha256",), ("sha512",), ("sha256 and sha512", "sha256", "sha512"))
def hash_of_a_target(client, repo, hashes):
    repo.add("file", b"content", hashes=hashes[1:] or hashes)
    repo.publish(*BELOW)
    begin(client, repo)
    assert client.download("file") == 0 and client.got() == [b"content"]
    assert repo.asked.count("file") == 1


@case()
def hash_that_nobody_knows(client, repo):
    repo.add("file", b"content", hashes=["sha512"])
    hashes = repo.targets.targets["file"].hashes
    hashes["unknown"] = hashes.pop("sha512")
    repo.publish(*BELOW)
    begin(client, repo)
    assert client.download("file") == 1 and client.got() == []


def run(command, server, name, function):
    server.repository = Repository()
    with tempfile.TemporaryDirectory() as folder:
        client = Client(command, folder, server)
        try:
            function(client, server.repository)
        except Exception:  # of any sort: the cases after it run all the same
            print(traceback.format_exc(), "The client's last words: ", client.said,
                  "Asked for: ", server.repository.asked, sep="", file=sys.stderr)
            return f"not ok - {name}"
    return f"ok - {name}"


def main():
    command, *wanted = sys.argv[1:]
    cases = [case for case in CASES if not wanted or case[0].split()[0] in wanted]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("TAP version 13", f"1..{len(cases)}", sep="\n", flush=True)
    failed = not cases
    for name, function in cases:
        result = run(command, server, name, function)
        failed |= result.startswith("not")
        print(result, flush=True)
    return failed


sys.exit(main())
