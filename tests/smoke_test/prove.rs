//! The gate's own mutation test: each check against a server that keeps it and one that breaks it.

use std::path::Path;

#[test]
fn every_check_turns_green_against_a_good_server_and_red_against_a_bad_one() {
    let proven = support::prove::proven(Path::new(env!("CARGO_BIN_EXE_smoke-test")));
    println!("{}", proven.expect("every check is proven"));
}
