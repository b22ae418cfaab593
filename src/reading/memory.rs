//! How much memory is left.

/// Memory that this process can still take, bytes, where the system tells: what other programs leave, and what a limit such
/// as `ulimit -v` leaves.
#[must_use]
pub fn left() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let read = |file: &str| std::fs::read_to_string(file).ok();
    let free = read("/proc/meminfo").and_then(|told| in_kilobytes(&told, "MemAvailable:"));
    let limit = read("/proc/self/limits").and_then(|told| address_space(&told));
    let taken = read("/proc/self/status").and_then(|told| in_kilobytes(&told, "VmSize:"));
    let under_limit = limit.map(|limit| limit.saturating_sub(taken.unwrap_or(0)));
    free.into_iter().chain(under_limit).min()
}

/// Memory that this process has in use, bytes, where the system tells.
#[must_use]
pub fn in_use() -> Option<u64> {
    let status = if cfg!(target_os = "linux") { std::fs::read_to_string("/proc/self/status").ok() } else { None };
    in_kilobytes(&status?, "VmRSS:")
}

/// Why something that needs this many bytes cannot be had, where there is too little left: "18.0 GB, but only 5.2 GB are left".
#[must_use]
pub fn shortage(needed: u64) -> Option<String> {
    let left = left().filter(|&left| needed > left)?;
    let [needed, left] = [needed, left].map(|bytes| bytes as f64 / 1e9);
    Some(format!("{needed:.1} GB, but only {left:.1} GB are left"))
}

fn in_kilobytes(told: &str, name: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The limit that holds now, of the two that the system tells.
fn address_space(told: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_that_is_left_is_read() {
        let told = "MemTotal:       24689764 kB\nMemFree: 1 kB\nMemAvailable:   23000000 kB\nBuffers: 2 kB\n";
        let available = |told| in_kilobytes(told, "MemAvailable:");
        assert_eq!(available(told), Some(23_000_000 * 1024));
        assert_eq!((available(""), available("MemAvailable: many")), (None, None));
        if cfg!(target_os = "linux") {
            assert!(left().is_some_and(|bytes| bytes > 1 << 20));
            assert_eq!(shortage(1 << 20), None);
            assert!(shortage(10_u64.pow(18)).unwrap().starts_with("1000000000.0 GB, "));
        }
    }

    #[test]
    fn a_limit_is_read() {
        let limits = |soft: &str| {
            format!(
                "Limit      Soft Limit   Hard Limit  Units\nMax address space         {soft}    unlimited   bytes\n"
            )
        };
        assert_eq!(address_space(&limits("6144000000")), Some(6_144_000_000));
        assert_eq!(address_space(&limits("unlimited")), None);
        assert_eq!(address_space(""), None);
    }
}
