# SPDX-License-Identifier: MIT
"""Repositories by python-tuf, for another client to consume.

    python_repos.py FOLDER

FOLDER/NAME/STEP has metadata and targets, FOLDER/NAME/root.json the root to trust
first, FOLDER/NAME/STEP/names the targets that are there, a line each, and
FOLDER/NAME/STEP/refused part of an error when the step is an attack.
"""
import datetime
import hashlib
import pathlib
import sys

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot,
    SuccinctRoles, TargetFile, Targets, Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

FAR = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)
TOP = ("root", "timestamp", "snapshot", "targets")
KINDS = (CryptoSigner.generate_ed25519, CryptoSigner.generate_ecdsa,
         CryptoSigner.generate_rsa)


class Repository:
    def __init__(self, folder, name, consistent=True, kinds=KINDS[:1], compact=True):
        self.folder, self.step = folder / name, 0
        self.consistent, self.kinds = consistent, kinds
        self.serializer = JSONSerializer(compact=compact)
        self.made = 0
        self.signers = {role: [self.signer()] for role in TOP}
        root = Root(expires=FAR, consistent_snapshot=consistent)
        self.metadata = {
            "root": Metadata(root),
            "timestamp": Metadata(Timestamp(expires=FAR)),
            "snapshot": Metadata(Snapshot(expires=FAR)),
            "targets": Metadata(Targets(expires=FAR)),
        }
        for role in TOP:
            root.add_key(self.signers[role][0].public_key, role)
        self.files = {}

    def signer(self):
        self.made += 1
        return self.kinds[self.made % len(self.kinds)]()

    def signed(self, role):
        return self.metadata[role].signed

    def add_keys(self, role, count, threshold):
        for _ in range(count):
            signer = self.signer()
            self.signers[role].append(signer)
            self.signed("root").add_key(signer.public_key, role)
        self.signed("root").roles[role].threshold = threshold

    def rotate(self, role):
        """Another key; the old one of root goes on signing, for one version."""
        root = self.signed("root")
        old, new = self.signers[role], [self.signer()]
        for signer in old:
            root.revoke_key(signer.public_key.keyid, role)
        root.add_key(new[0].public_key, role)
        self.signers[role] = new + (old if role == "root" else [])

    def delegate(self, delegator, name, **rule):
        signer = self.signer()
        targets = self.signed(delegator)
        if targets.delegations is None:
            targets.delegations = Delegations({}, {})
        role = DelegatedRole(name, [], 1, rule.pop("terminating", False), **rule)
        targets.delegations.roles[name] = role
        targets.add_key(signer.public_key, name)
        self.signers[name] = [signer]
        self.metadata[name] = Metadata(Targets(expires=FAR))

    def add(self, role, path, content):
        target = TargetFile.from_data(path, content, ["sha256", "sha512"])
        self.signed(role).targets[path] = target
        self.files[path] = target, content

    def write(self, role):
        metadata = self.metadata[role]
        metadata.signatures.clear()
        for signer in self.signers[role]:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes(self.serializer)
        versioned = role == "root" or (self.consistent and role != "timestamp")
        name = f"{metadata.signed.version}.{role}" if versioned else role
        folder = self.folder / str(self.step) / "metadata"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / (name.replace("/", "%2F") + ".json")).write_bytes(data)
        return data

    def publish(self, bump=()):
        """A step: all that changed one version further, and all that announces it."""
        for role in bump:
            self.signed(role).version += 1
        self.step += 1
        snapshot, timestamp = self.signed("snapshot"), self.signed("timestamp")
        for role in self.metadata:
            if role in ("root", "timestamp", "snapshot"):
                continue
            version = self.signed(role).version
            data = self.write(role)
            snapshot.meta[f"{role}.json"] = MetaFile.from_data(version, data,
                                                               ["sha256"])
        data = self.write("snapshot")
        timestamp.snapshot_meta = MetaFile.from_data(snapshot.version, data,
                                                     ["sha512"])
        self.write("timestamp")
        root = self.write("root")
        if self.step == 1:
            (self.folder / "root.json").write_bytes(root)
        for path, (target, content) in self.files.items():
            parent, _, file = path.rpartition("/")
            if self.consistent:
                file = f"{target.hashes['sha256']}.{file}"
            folder = self.folder / str(self.step) / "targets" / parent
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        here = self.folder / str(self.step)
        (here / "names").write_text("".join(f"{path}\n" for path in self.files))
        return here


def plain(folder, name, **options):
    repo = Repository(folder, name, **options)
    repo.add("targets", "file", b"content")
    repo.add("targets", "folder/other file", b"\0\1\2")
    repo.add("targets", "empty", b"")
    repo.publish()
    repo.add("targets", "file", b"other content")
    repo.publish(("targets", "snapshot", "timestamp"))
    return repo


def thresholds(folder, name):
    repo = Repository(folder, name, kinds=KINDS)
    for role in TOP:
        repo.add_keys(role, 2, 2)
    repo.add("targets", "file", b"content")
    repo.publish()
    # Two of three are enough, one is not.
    for role in TOP:
        repo.signers[role].pop()
    repo.publish(("root", "targets", "snapshot", "timestamp"))
    repo.signers["targets"].pop()
    repo.publish(("targets", "snapshot", "timestamp"))
    refuse(repo, "targets 3: signature: signed by 1 of the 2")


def refuse(repo, text):
    (repo.folder / str(repo.step) / "refused").write_text(text)


def delegations(folder, name):
    repo = Repository(folder, name, kinds=KINDS)
    repo.delegate("targets", "team", paths=["team/*", "team/*/*"])
    repo.delegate("team", "team/a", paths=["team/a/*"], terminating=True)
    repo.delegate("targets", "rest", paths=["*", "team/*"])
    repo.add("team", "team/file", b"of the team")
    repo.add("team/a", "team/a/file", b"of a")
    repo.add("rest", "file", b"of the rest")
    repo.add("rest", "team/more", b"nobody before had it")
    repo.publish()
    repo.add("team/a", "team/a/file", b"of a, again")
    repo.publish(("team/a", "snapshot", "timestamp"))


def hash_bins(folder, name):
    repo = Repository(folder, name)
    bins = [f"{i:x}" for i in range(16)]
    for prefix in bins:
        repo.delegate("targets", f"bin-{prefix}", path_hash_prefixes=[prefix])
    for i in range(40):
        path = f"file-{i}"
        first = hashlib.sha256(path.encode()).hexdigest()[0]
        repo.add(f"bin-{first}", path, path.encode())
    repo.publish()


def succinct(folder, name, bits):
    repo = Repository(folder, name)
    signer = repo.signer()
    roles = SuccinctRoles([], 1, bits, "bin")
    repo.signed("targets").delegations = Delegations({}, None, roles)
    repo.signed("targets").add_key(signer.public_key)
    for role in roles.get_roles():
        repo.metadata[role] = Metadata(Targets(expires=FAR))
        repo.signers[role] = [signer]
    for i in range(10):
        path = f"folder/file-{i}"
        repo.add(roles.get_role_for_target(path), path, path.encode())
    repo.publish()


def rotation(folder, name):
    repo = Repository(folder, name, kinds=KINDS)
    repo.add("targets", "file", b"content")
    repo.publish()
    for role in ("root", "timestamp", "snapshot", "targets"):
        repo.rotate(role)
        repo.add("targets", "file", f"after that of {role}".encode())
        repo.publish(("root", "targets", "snapshot", "timestamp"))
        if role == "root":
            repo.signers["root"].pop()
        # A step stands for what a server has: all roots that ever were.
        here = repo.folder / str(repo.step) / "metadata"
        for earlier in repo.folder.glob("[0-9]*/metadata/*.root.json"):
            target = here / earlier.name
            if not target.exists():
                target.write_bytes(earlier.read_bytes())


def unknown_fields(folder, name):
    repo = Repository(folder, name)
    for role in TOP:
        repo.signed(role).unrecognized_fields["x-ä \n\"\\"] = {"b": [1, None], "a": True}
    keyid = repo.signed("root").roles["targets"].keyids[0]
    repo.signed("root").keys[keyid].unrecognized_fields["x-more"] = ["md5"]
    repo.add("targets", "file", b"content")
    repo.files["file"][0].unrecognized_fields["custom"] = {"svn": 7}
    repo.publish()


def names(folder, name):
    repo = Repository(folder, name)
    repo.delegate("targets", "größe/ü %41?", paths=["ä/*"])
    repo.add("größe/ü %41?", "ä/datei ö%2F#", "ß".encode())
    repo.publish()


def rollback(folder, name):
    repo = plain(folder, name)
    repo.signed("timestamp").version = 1
    repo.publish()
    refuse(repo, "timestamp 1: rollback: older than the trusted 2")


def expired(folder, name):
    repo = plain(folder, name)
    repo.signed("snapshot").expires = datetime.datetime(
        2020, 1, 1, tzinfo=datetime.timezone.utc)
    repo.publish(("snapshot", "timestamp"))
    refuse(repo, "snapshot 3: expired: expired on 2020-01-01T00:00:00Z")


def main():
    folder = pathlib.Path(sys.argv[1])
    plain(folder, "plain")
    plain(folder, "indented", compact=False)
    plain(folder, "ecdsa", kinds=KINDS[1:2])
    plain(folder, "rsa", kinds=KINDS[2:])
    plain(folder, "not_consistent", consistent=False)
    thresholds(folder, "thresholds")
    delegations(folder, "delegations")
    hash_bins(folder, "hash_bins")
    succinct(folder, "succinct_1_bit", 1)
    succinct(folder, "succinct_5_bits", 5)
    succinct(folder, "succinct_8_bits", 8)
    rotation(folder, "rotation")
    unknown_fields(folder, "unknown_fields")
    names(folder, "names")
    rollback(folder, "rollback")
    expired(folder, "expired")


main()
