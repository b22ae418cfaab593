//! The program: see the library's `cli`.

fn main() -> std::process::ExitCode {
    chromascope::cli::main()
}
