//! Why pip could not download, from what it said: the last line often names only what followed from the cause.

/// Why there is no download, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub reason: String,
    pub remedy: &'static str,
}

/// Words by which a cause is known, in lower case, with what it is called and what mends it. `HOST` stands for the host that
/// was asked. The first that fits counts.
const KNOWN: [(&[&str], &str, &str); 6] = [
    (
        &["certificate verify failed", "certificate_verify_failed", "self-signed certificate", "sslcertverification"],
        "the certificate of HOST is not trusted by this machine",
        "if a proxy replaces it, set the file of the proxy's certificate with the variable PIP_CERT or with `pip \
         config set global.cert FILE`",
    ),
    (
        &["proxy authentication required", "407 proxy"],
        "the proxy requires a name and a password",
        "set HTTPS_PROXY to http://NAME:PASSWORD@HOST:PORT",
    ),
    (
        &["proxyerror", "cannot connect to proxy", "tunnel connection failed"],
        "the proxy refused the connection to HOST",
        "set HTTPS_PROXY to the proxy of your network, or unset it if there is none",
    ),
    (
        &[
            "401 error",
            "403 error",
            "credentials not correct",
            "http error 401",
            "http error 403",
            "401 client error",
            "403 client error",
        ],
        "HOST denied access",
        "check the package index and its password in `pip config list`",
    ),
    (
        &[
            "nameresolutionerror",
            "name or service not known",
            "temporary failure in name resolution",
            "getaddrinfo failed",
            "nodename nor servname",
        ],
        "HOST cannot be resolved",
        "check the network; behind a proxy set HTTPS_PROXY, with a mirror set PIP_INDEX_URL",
    ),
    (
        &[
            "newconnectionerror",
            "connecttimeout",
            "connection timed out",
            "read timed out",
            "connection refused",
            "network is unreachable",
            "connection reset",
            "remotedisconnected",
            "sslerror",
        ],
        "there is no connection to HOST",
        "check the network; behind a proxy set HTTPS_PROXY, with a mirror set PIP_INDEX_URL",
    ),
];

impl Cause {
    /// What pip said on its two streams.
    pub(super) fn of(stderr: &str, stdout: &str) -> Self {
        let said = [stderr, stdout].map(str::to_lowercase);
        let fits =
            |words: &&(&[&str], &str, &str)| words.0.iter().any(|word| said.iter().any(|text| text.contains(word)));
        if let Some((_, reason, remedy)) = KNOWN.iter().find(fits) {
            let host = host(stderr).or_else(|| host(stdout)).unwrap_or("the package index");
            return Self { reason: reason.replace("HOST", host), remedy };
        }
        Self { reason: last_word(stderr), remedy: "check the network and pip's settings" }
    }
}

/// The host that pip asked: the first that it names.
fn host(text: &str) -> Option<&str> {
    let after = |mark: &str| text.split_once(mark).map(|(_, rest)| rest);
    let quoted = after("host='").and_then(|rest| rest.split_once('\'')).map(|(host, _)| host);
    let of_address =
        || after("https://").or_else(|| after("http://")).and_then(|rest| rest.split(['/', ':', ' ', '\'']).next());
    quoted.or_else(of_address).filter(|host| !host.is_empty())
}

/// pip's last line of error, else its last line.
fn last_word(stderr: &str) -> String {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    let last = lines.clone().next().unwrap_or("no reason given");
    let error = lines.find_map(|line| line.strip_prefix("ERROR: "));
    error.unwrap_or(last).trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_is_the_reason_where_there_is_no_other() {
        assert_eq!(last_word("WARNING: x\nERROR: no match.\nERROR: No distribution.\n\n"), "No distribution");
        assert_eq!(last_word("Traceback\n"), "Traceback");
        assert_eq!(last_word(""), "no reason given");
        assert_eq!(Cause::of("ERROR: No distribution.", "").reason, "No distribution");
    }

    /// What pip 23 to 25 said on machines set so.
    #[test]
    fn the_cause_above_the_last_line_is_found() {
        let end = "ERROR: Could not find a version that satisfies the requirement onnxruntime==1.31.1 (from versions: \
                   none)\nERROR: No matching distribution found for onnxruntime==1.31.1\n";
        let retry = |what: &str| {
            format!(
                "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection \
                 broken by '{what}': /simple/onnxruntime/\n{end}"
            )
        };
        let ssl = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: \
                   self-signed certificate in certificate chain (_ssl.c:1006)'))";
        let fetch = "Could not fetch URL https://pypi.org/simple/onnxruntime/: There was a problem confirming the ssl \
                     certificate: HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded - skipping\n";
        let unresolved = "NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to \
                          establish a new connection: [Errno -2] Name or service not known')";
        for (stderr, stdout, reason, remedy) in [
            (retry(ssl), fetch, "pypi.org", "PIP_CERT"),
            (
                retry(
                    "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Authentication Required'))",
                ),
                "",
                "proxy",
                "HTTPS_PROXY",
            ),
            (
                retry("ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403 Forbidden'))"),
                "Looking in indexes: https://mirror.example/simple\n",
                "mirror.example",
                "HTTPS_PROXY",
            ),
            (retry(unresolved), "", "the package index", "PIP_INDEX_URL"),
            (
                retry("ConnectTimeoutError(None, 'Connection to pypi.org timed out.')"),
                "",
                "the package index",
                "PIP_INDEX_URL",
            ),
            (
                "WARNING: 401 Error, Credentials not correct for https://mirror.example/simple/onnxruntime/\n"
                    .to_owned()
                    + end,
                "",
                "mirror.example",
                "pip config list",
            ),
        ] {
            let found = Cause::of(&stderr, stdout);
            assert!(found.reason.contains(reason), "{found:?}");
            assert!(found.remedy.contains(remedy), "{found:?}");
        }
        let none = Cause::of(end, "Looking in indexes: https://mirror.example/simple\n");
        assert_eq!(none.reason, "No matching distribution found for onnxruntime==1.31.1");
    }
}
