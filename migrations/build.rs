//! Makes a new SQL file rebuild the crate: the migrator embeds the folder's files, which the compiler does not watch.

fn main() {
    println!("cargo:rerun-if-changed=.");
}
