//! A request from a curl command line.

use std::fs;

use super::Request;

/// The options that take a value and say nothing of the request that counts here.
const WITH_VALUE: &[&str] = &[
    "--unix-socket",
    "--abstract-unix-socket",
    "--max-time",
    "-m",
    "--connect-timeout",
    "-o",
    "--output",
    "-w",
    "--write-out",
    "-A",
    "--user-agent",
    "-u",
    "--user",
    "--cacert",
    "--cert",
    "--key",
    "-E",
    "-x",
    "--proxy",
    "--retry",
    "-e",
    "--referer",
    "-b",
    "--cookie",
    "--resolve",
];

/// What curl calls a body of `-d`, unless it is told otherwise.
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads the words behind `curl`.
pub(super) fn read(words: &[String]) -> Result<Request, String> {
    let mut method = None;
    let mut urls = Vec::new();
    let mut data: Vec<Vec<u8>> = Vec::new();
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut media_type = FORM;
    let mut in_query = false;
    let mut words = spread(words).into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} of curl wants a value"));
        match word.as_str() {
            "-X" | "--request" => method = Some(value()?),
            "-I" | "--head" => method = method.or(Some("HEAD".to_owned())),
            "-G" | "--get" => in_query = true,
            "-d" | "--data" | "--data-ascii" | "--data-binary" => data.push(read_data(&value()?)?),
            "--json" => {
                data.push(read_data(&value()?)?);
                media_type = "application/json";
            }
            "-H" | "--header" => headers.extend(read_header(&value()?)?),
            "--data-raw" => data.push(value()?.into_bytes()),
            "-T" | "--upload-file" => {
                drop(value()?);
                method = method.or(Some("PUT".to_owned()));
            }
            "--url" => urls.push(value()?),
            option if WITH_VALUE.contains(&option) => drop(value()?),
            option if option.starts_with('-') => {}
            _ => urls.push(word),
        }
    }
    let url = match urls.as_slice() {
        [url] => url,
        [] => return Err("this curl command has no URL".to_owned()),
        [one, other, ..] => {
            return Err(format!(
                "of this curl command `{one}` and `{other}` may both be the URL: write one request, with options of which dockgate knows what they mean"
            ));
        }
    };
    let mut target = target_of(url);
    let body = data.join(&b'&');
    if in_query && !body.is_empty() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&String::from_utf8_lossy(&body));
    }
    let has_body = !in_query && !body.is_empty();
    let method = method.unwrap_or_else(|| if has_body { "POST" } else { "GET" }.to_owned());
    let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    if has_body && !is_typed {
        headers.push(("Content-Type".to_owned(), media_type.to_owned()));
    }
    headers.retain(|(_, value)| !value.is_empty());
    Ok(Request { method, target, headers, body: if has_body { body } else { Vec::new() } })
}

/// What stands behind `-H`: `Name: value`, or `Name:` where curl is to leave it out.
fn read_header(header: &str) -> Result<Option<(String, String)>, String> {
    if header.starts_with('@') {
        return Err(format!("the headers of {header} are not read: write each behind -H"));
    }
    let header = header.split_once(':');
    Ok(header.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())))
}

/// The options one by one: `-sXPOST` is `-s -X POST`, `--json={}` is `--json {}`.
fn spread(words: &[String]) -> Vec<String> {
    let mut spread = Vec::new();
    for word in words {
        if let Some((option, value)) = word.split_once('=').filter(|(option, _)| option.starts_with("--")) {
            spread.extend([option.to_owned(), value.to_owned()]);
            continue;
        }
        let Some(flags) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-') && rest.len() > 1)
        else {
            spread.push(word.clone());
            continue;
        };
        for (at, flag) in flags.char_indices() {
            spread.push(format!("-{flag}"));
            let rest = flags.get(at.saturating_add(flag.len_utf8())..).unwrap_or_default();
            if "XdTHomwAuExeb".contains(flag) {
                if !rest.is_empty() {
                    spread.push(rest.to_owned());
                }
                break;
            }
        }
    }
    spread
}

/// What stands behind `-d`: text, or with `@` a file.
fn read_data(data: &str) -> Result<Vec<u8>, String> {
    match data.strip_prefix('@') {
        Some(file) => fs::read(file).map_err(|error| format!("the body {file} cannot be read: {error}")),
        None => Ok(data.as_bytes().to_vec()),
    }
}

/// Path and query of a URL, with a scheme or without.
fn target_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    match rest.find(['/', '?']) {
        Some(at) => {
            let target = rest.get(at..).unwrap_or_default();
            if target.starts_with('?') { format!("/{target}") } else { target.to_owned() }
        }
        None => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> String {
        let words = shlex::split(line).unwrap();
        let Request { method, target, headers: _, body } = read(&words[1..]).unwrap();
        format!("{method} {target} {}", String::from_utf8(body).unwrap()).trim_end().to_owned()
    }

    #[test]
    fn the_request_is_the_one_that_curl_would_send() {
        for (line, expected) in [
            (
                "curl --unix-socket /var/run/docker.sock http://localhost/containers/json?all=1",
                "GET /containers/json?all=1",
            ),
            ("curl -s -X DELETE docker/v1.44/containers/x", "DELETE /v1.44/containers/x"),
            ("curl -sXPOST http://d/containers/x/stop", "POST /containers/x/stop"),
            (
                r#"curl http://d/containers/create -H 'Content-Type: application/json' -d '{"Image":"a"}'"#,
                r#"POST /containers/create {"Image":"a"}"#,
            ),
            (r#"curl --json='{"A":1}' -m 5 http://d/build"#, r#"POST /build {"A":1}"#),
            (
                "curl -G http://d/containers/json --data-raw all=1 -d limit=2",
                "GET /containers/json?all=1&limit=2",
            ),
            ("curl -I http://d/_ping#x", "HEAD /_ping"),
            ("curl http://d", "GET /"),
            ("curl -T x.tar http://d/containers/x/archive?path=/", "PUT /containers/x/archive?path=/"),
        ] {
            assert_eq!(request(line), expected, "{line}");
        }
        assert!(read(&["-X".to_owned()]).is_err());
        assert!(read(&["-s".to_owned()]).unwrap_err().contains("no URL"));
    }

    #[test]
    fn headers_count_and_a_body_of_data_is_a_form() {
        for (line, expected) in [
            ("curl d/x", ""),
            ("curl d/x -d a=b", "Content-Type: application/x-www-form-urlencoded"),
            ("curl d/x --json {}", "Content-Type: application/json"),
            ("curl d/x -d {} -H 'content-type:text/plain'", "content-type: text/plain"),
            ("curl d/x -d {} -HContent-Type:", ""),
            ("curl -G d/x -d a=b --header=X-Registry-Config:e30=", "X-Registry-Config: e30="),
        ] {
            let words = shlex::split(line).unwrap();
            let headers = read(&words[1..]).unwrap().headers;
            let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            assert_eq!(headers.join("; "), expected, "{line}");
        }
    }

    #[test]
    fn one_request_is_explained_and_not_another() {
        for line in [
            "curl d/containers/json d/info",
            "curl --request-target /info d/containers/json",
            "curl -H @file d/info",
        ] {
            let words = shlex::split(line).unwrap();
            assert!(read(&words[1..]).is_err(), "{line}");
        }
    }
}
