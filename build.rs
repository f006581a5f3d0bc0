//! Lists the policies that ship, so that `dockgate init` has each that lies in `policy/`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let directory = Path::new(&root).join("policy");
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            names.extend(path.file_stem().map(|stem| stem.display().to_string()));
        }
    }
    names.sort();
    let mut list = "&[\n".to_owned();
    for name in names {
        let path = directory.join(format!("{name}.toml"));
        // Writing to a `String` cannot fail.
        let path = path.display().to_string();
        writeln!(list, "    ({name:?}, include_str!({path:?})),").unwrap_or_default();
    }
    list.push_str("]\n");
    println!("cargo::rerun-if-changed=policy");
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("shipped.rs"), list)
}
