//! The system calls that a confined process cannot make, blocked by seccomp.
//!
//! All others are allowed, because the calls of programs and libraries differ from one version to the next.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

/// Calls for networks, other processes and kernel interfaces, and ways around this filter.
const FORBIDDEN: &[c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_personality,
];
#[cfg(target_arch = "x86_64")]
const FORBIDDEN_HERE: &[c_long] = &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const FORBIDDEN_HERE: &[c_long] = &[];

/// Calls that execute another program.
const PROGRAMS: &[c_long] = &[libc::SYS_execve, libc::SYS_execveat];
/// Calls that start a process, besides `clone`, which starts threads, too.
#[cfg(target_arch = "x86_64")]
const PROCESSES: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSES: &[c_long] = &[];

/// The x32 ABI: the bit that its call numbers add to those of x86-64, and the range of calls that only it has.
#[cfg(target_arch = "x86_64")]
const X32: (c_long, std::ops::RangeInclusive<c_long>) = (0x4000_0000, 512..=547);

/// The flags of `clone`, its first argument, that create namespaces.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs the filter; returns whether the calls are blocked now.
pub(super) fn forbid(starts_processes: bool) -> bool {
    let mut rules = Rules::new();
    add(&mut rules, FORBIDDEN);
    add(&mut rules, FORBIDDEN_HERE);
    #[cfg(target_arch = "x86_64")]
    rules.extend(X32.1.map(|number| (X32.0 | number, vec![])));
    let mut clone: Vec<SeccompRule> = NAMESPACES.into_iter().filter_map(|flag| flagged(flag, flag)).collect();
    if !starts_processes {
        add(&mut rules, PROCESSES);
        clone.extend(flagged(libc::CLONE_THREAD, 0));
    }
    add_one(&mut rules, libc::SYS_clone, &clone);
    // The flags of `clone3` are in memory, where a filter cannot look; libraries fall back to `clone` where `clone3`
    // does not exist.
    let mut absent = Rules::new();
    add(&mut absent, &[libc::SYS_clone3]);
    install(rules, libc::EPERM) && install(absent, libc::ENOSYS)
}

/// Blocks the execution of programs and the start of processes from now on; returns whether that is enforced.
pub fn forbid_programs() -> bool {
    let mut rules = Rules::new();
    add(&mut rules, PROGRAMS);
    add(&mut rules, PROCESSES);
    add_one(&mut rules, libc::SYS_clone, &Vec::from_iter(flagged(libc::CLONE_THREAD, 0)));
    install(rules, libc::EPERM)
}

fn add(rules: &mut Rules, calls: &[c_long]) {
    for call in calls {
        add_one(rules, *call, &[]);
    }
}

/// Adds a call; without conditions it is blocked whatever its arguments are.
fn add_one(rules: &mut Rules, call: c_long, conditions: &[SeccompRule]) {
    rules.insert(call, conditions.to_vec());
    #[cfg(target_arch = "x86_64")]
    rules.insert(X32.0 | call, conditions.to_vec());
}

/// A rule for calls in which this flag has this value.
fn flagged(flag: i32, value: i32) -> Option<SeccompRule> {
    let (flag, value) = (u64::from(flag.cast_unsigned()), u64::from(value.cast_unsigned()));
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), value);
    SeccompRule::new(vec![condition.ok()?]).ok()
}

/// Installs the filter, by which blocked calls fail with this error; returns whether the kernel accepted it.
fn install(rules: Rules, error: i32) -> bool {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return false };
    let forbidden = SeccompAction::Errno(error.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, forbidden, arch);
    let program = filter.and_then(BpfProgram::try_from);
    program.is_ok_and(|program| apply_filter(&program).is_ok())
}
