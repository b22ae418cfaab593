//! ONNX Runtime's telemetry, which Chromascope never sends.

/// Read once, when the library starts. On Windows `with_telemetry(false)` does the same.
const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// Sees to it that no ONNX Runtime loaded from now on sends or stores anything about its user. Where the variable is
/// not set already, call this as the first thing in `main`.
pub fn forbid_telemetry() {
    if std::env::var_os(VARIABLE).is_some_and(|value| value == "1") {
        return;
    }
    // SAFETY: a variable may be set while no other thread reads variables other than through Rust's library, which
    // locks. The program does this before it has a second thread; elsewhere (tests) all threads are Rust's own until
    // the library is loaded, which comes after.
    #[allow(unsafe_code, reason = "the library can be told in no other way before it starts")]
    unsafe {
        std::env::set_var(VARIABLE, "1");
    }
}
