//! The user of a confined process, to whom nothing belongs.

use nix::sched::{CloneFlags, unshare};
use rustix::{
    process::{Gid, Uid, getpid, getuid},
    thread::{
        CapabilitySet, CapabilitySets, set_capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};

/// The first of the user ids for confined processes, above all ids that systems, containers and directories assign.
/// Each process has its own, so that they cannot reach each other.
const FIRST_USER: u32 = 2_000_000_000;
/// The user id where such high ids do not exist, as in a container of an ordinary user.
const NOBODY: u32 = 65_534;

/// Gives the process another user than its parent, and a network namespace without connections; returns whether it has
/// another user now.
pub(super) fn separate(keeps_user: bool) -> bool {
    let private = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC;
    if keeps_user || !getuid().is_root() {
        // In a user namespace of its own it cannot access processes outside, although its user id stays the same.
        return unshare(private | CloneFlags::CLONE_NEWUSER).is_ok();
    }
    // A container may not allow this; system calls for the network are blocked as well.
    let _ = unshare(private);
    let own = FIRST_USER.saturating_add(getpid().as_raw_nonzero().get().unsigned_abs());
    become_user(own) || become_user(NOBODY)
}

/// Changes the user of the thread, which is the only one of the process.
fn become_user(number: u32) -> bool {
    let (uid, gid) = (Uid::from_raw(number), Gid::from_raw(number));
    set_thread_groups(&[]).is_ok()
        && set_thread_res_gid(gid, gid, gid).is_ok()
        && set_thread_res_uid(uid, uid, uid).is_ok()
}

/// Drops all capabilities: a new user namespace has granted all of them, and a container's root may have kept some.
pub(super) fn drop_capabilities() {
    let none = CapabilitySet::empty();
    let _ = set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none });
}
