"""The driver of pygit2: libgit2 from Python."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import pygit2
from command_line import Failed, Lacks, run
from pygit2 import ffi

# What libgit2 takes for "all of it", GIT_FETCH_DEPTH_UNSHALLOW.
UNSHALLOW = 2147483647


class Callbacks(pygit2.RemoteCallbacks):
    """Is asked for a password when the one in the URL was refused."""

    def __init__(self):
        super().__init__()
        self.refused = {}

    def credentials(self, url, username_from_url, allowed_types):
        raise Failed("authentication failed")

    def push_update_reference(self, refname, message):
        if message is not None:
            self.refused[refname] = message


def must_lack(structure, field):
    if field in dict(ffi.typeof(structure).fields):
        raise Failed(f"libgit2 has {structure}.{field} now: the driver must use it")
    raise Lacks(f"{structure} of libgit2 {pygit2.LIBGIT2_VERSION} has no {field}")


def clone(url, directory, depth="0", filter=None):
    if filter:
        must_lack("git_fetch_options", "filter")
    pygit2.clone_repository(url, directory, callbacks=Callbacks(), depth=int(depth))


def fetch(directory, *refspecs, depth="0", unshallow=None):
    origin = pygit2.Repository(directory).remotes["origin"]
    depth = UNSHALLOW if unshallow is not None else int(depth)
    origin.fetch(list(refspecs) or None, callbacks=Callbacks(), depth=depth)


def push(directory, *refspecs, force=None, atomic=None):
    if atomic is not None:
        must_lack("git_push_options", "atomic")
    origin = pygit2.Repository(directory).remotes["origin"]
    callbacks = Callbacks()
    origin.push([f"+{spec}" if force is not None else spec for spec in refspecs], callbacks=callbacks)
    if callbacks.refused:
        raise Failed(callbacks.refused)


run({"clone": clone, "fetch": fetch, "push": push})
