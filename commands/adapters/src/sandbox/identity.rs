//! Who a confined process is: nobody that anything belongs to.

use nix::sched::{CloneFlags, unshare};
use rustix::{
    process::{Gid, Uid, getpid, getuid},
    thread::{
        CapabilitySet, CapabilitySets, set_capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};

/// Above all users that systems, containers and directories give out: one for each process, so that they cannot reach each other.
const FIRST_USER: u32 = 2_000_000_000;
/// Where such numbers do not exist, as in a container of an ordinary user.
const NOBODY: u32 = 65_534;

/// Makes the process another user than its parent, and gives it a network that leads nowhere. Whether it is another user now.
pub(super) fn separate(keeps_user: bool) -> bool {
    let private = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC;
    if keeps_user || !getuid().is_root() {
        // In a namespace of its own it may not look into processes outside, though its number stays the same.
        return unshare(private | CloneFlags::CLONE_NEWUSER).is_ok();
    }
    // A container may not allow it: system calls for the network are forbidden as well.
    let _ = unshare(private);
    let own = FIRST_USER.saturating_add(getpid().as_raw_nonzero().get().unsigned_abs());
    become_user(own) || become_user(NOBODY)
}

/// The process has one thread, so that its user is that of the process.
fn become_user(number: u32) -> bool {
    let (uid, gid) = (Uid::from_raw(number), Gid::from_raw(number));
    set_thread_groups(&[]).is_ok()
        && set_thread_res_gid(gid, gid, gid).is_ok()
        && set_thread_res_uid(uid, uid, uid).is_ok()
}

/// A namespace of its own has given it all of them, and a container's root may have kept some.
pub(super) fn drop_capabilities() {
    let none = CapabilitySet::empty();
    let _ = set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none });
}
