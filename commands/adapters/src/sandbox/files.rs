//! The files that a confined process can reach, restricted by landlock (Linux 5.13 and later).

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

use super::Confinement;

/// The version of landlock that is requested; older kernels apply less.
const KNOWN: ABI = ABI::V6;
/// Libraries, and the loader that starts every program.
const LIBRARIES: [&str; 7] = ["/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"];
/// Data of the system that programs read: fonts and character maps for `pdftotext`, voices for `espeak-ng`.
const DATA: [&str; 12] = [
    "/usr/share",
    "/usr/local/share",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/var/cache/fontconfig",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/proc/sys/vm/overcommit_memory",
];
const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});

/// The rules for [`restrict`]; paths that do not exist are skipped.
pub(super) fn rules(confinement: &Confinement) -> Result<RulesetCreated, RulesetError> {
    let execute = READ | AccessFs::Execute;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(LIBRARIES, execute))?
        .add_rules(path_beneath_rules(DATA, READ))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?
        .add_rules(path_beneath_rules(&confinement.readable, READ))?
        .add_rules(path_beneath_rules(&confinement.programs, execute))
}

/// Applies the rules; returns whether they are enforced.
pub(super) fn restrict(rules: Result<RulesetCreated, RulesetError>) -> bool {
    let status = rules.and_then(RulesetCreated::restrict_self);
    status.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}
