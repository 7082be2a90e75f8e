"""The driver of dulwich: Git in Python."""

import io
import sys

from command_line import Failed, run
from dulwich import porcelain
from dulwich.client import get_transport_and_path
from dulwich.repo import Repo


def number(text):
    return None if text is None else int(text)


def origin_of(repo):
    return get_transport_and_path(repo.get_config().get((b"remote", b"origin"), b"url").decode())


def clone(url, directory, depth=None, filter=None):
    porcelain.clone(
        url, directory, checkout=filter is None, errstream=io.BytesIO(), depth=number(depth), filter_spec=filter
    )


def fetch(directory, *refspecs, depth=None, unshallow=None):
    if unshallow is not None:
        depth = porcelain.INFINITE_DEPTH
    if not refspecs and depth is None:
        porcelain.fetch(directory, "origin", outstream=io.StringIO(), errstream=io.BytesIO(), include_tags=True)
    else:
        fetch_refs(directory, refspecs or ["+refs/heads/*:refs/remotes/origin/*"], number(depth))


def fetch_refs(directory, refspecs, depth):
    """
    With the client below porcelain.fetch, which takes no refspecs, and with a depth does not ask for branches that the
    repository has already.
    """
    with Repo(directory) as repo:
        client, path = origin_of(repo)
        for refspec in refspecs:
            source, target = (side.rstrip("*").encode() for side in refspec.lstrip("+").split(":"))

            def wanted(refs, depth=None):
                return [id for name, id in refs.items() if name.startswith(source)]

            fetched = client.fetch(path.encode(), repo, determine_wants=wanted, depth=depth)
            for name, id in fetched.refs.items():
                if name.startswith(source):
                    repo.refs[target + name[len(source) :]] = id


def push(directory, *refspecs, force=None, atomic=None):
    pushed = porcelain.push(
        directory,
        "origin",
        list(refspecs),
        outstream=io.BytesIO(),
        errstream=io.BytesIO(),
        force=force is not None,
        atomic=atomic is not None,
    )
    refused = {name: reason for name, reason in (pushed.ref_status or {}).items() if reason is not None}
    if refused:
        raise Failed(refused)


def read(directory, object_name):
    """Dulwich fetches nothing unasked: it is asked for each object that is not there, by its id."""
    branch, _, path = object_name.partition(":")
    with Repo(directory) as repo:
        client, remote = origin_of(repo)

        def held(id):
            if id not in repo.object_store:
                client.fetch(remote.encode(), repo, determine_wants=lambda refs, depth=None: [id])
            return repo[id]

        at = held(repo.refs[b"refs/remotes/origin/" + branch.encode()]).tree
        for name in path.encode().split(b"/"):
            at = held(at)[name][1]
        sys.stdout.buffer.write(held(at).data)


run({"clone": clone, "fetch": fetch, "push": push, "read": read})
