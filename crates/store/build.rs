//! A new migration has to reach the program, though no Rust file names it.

fn main() {
    println!("cargo::rerun-if-changed=src/sqlite/migrations");
    println!("cargo::rerun-if-changed=src/postgres/migrations");
}
