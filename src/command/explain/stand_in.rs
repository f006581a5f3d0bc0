//! A stand-in for the daemon: it does nothing, but answers so that the docker CLI and compose go on.

mod answers;
mod exchange;

use std::io::{self, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Request;
use crate::operation::version::ApiVersion;
use crate::policy::case::read_operation;
use answers::{Answer, Pretended};

/// What it has heard, and what it pretends to have.
#[derive(Debug, Default)]
pub(super) struct StandIn {
    heard: Mutex<Vec<Request>>,
    pretended: Mutex<Pretended>,
}

impl StandIn {
    /// Each request, once.
    pub(super) fn heard(&self) -> Vec<Request> {
        lock(&self.heard).clone()
    }

    /// Answers the requests of a connection until it ends.
    pub(super) fn serve(&self, connection: &UnixStream) -> io::Result<()> {
        let mut reader = BufReader::new(connection);
        while let Some((request, upgrade)) = exchange::receive(&mut reader)? {
            let answer = self.answer(&request);
            let is_head = request.method == "HEAD";
            let mut heard = lock(&self.heard);
            if !heard.contains(&request) {
                heard.push(request);
            }
            drop(heard);
            exchange::send(connection, &answer, is_head, upgrade)?;
            match answer {
                Answer::Json(..) => {}
                // Nothing happens until the client has had enough.
                Answer::Silence => return reader.read_to_end(&mut Vec::new()).map(drop),
                // The streams of a container that says nothing.
                Answer::Stream => return Ok(()),
            }
        }
        Ok(())
    }

    fn answer(&self, request: &Request) -> Answer {
        match read_operation(&request.method, &request.target, &request.body, ApiVersion::NEWEST) {
            Ok(operation) => lock(&self.pretended).answer(&operation, &request.body),
            Err(unreadable) => Answer::message(400, &unreadable.message),
        }
    }
}

/// A lock whose holder has panicked guards whole values all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Sends these and takes what is answered.
    fn answered(stand_in: &StandIn, requests: &[&str]) -> String {
        let (mut client, daemon) = UnixStream::pair().unwrap();
        client.write_all(requests.concat().as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        stand_in.serve(&daemon).unwrap();
        drop(daemon);
        io::read_to_string(client).unwrap()
    }

    /// Sends these and takes the status of each answer.
    fn ask(stand_in: &StandIn, requests: &[&str]) -> Vec<String> {
        let status = |line: &str| Some(line.split_once("HTTP/1.1 ")?.1.split_once(' ')?.0.to_owned());
        answered(stand_in, requests).lines().filter_map(status).collect()
    }

    fn post(target: &str, body: &str) -> String {
        format!("POST {target} HTTP/1.1\r\nHost: d\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn an_image_is_missed_until_it_is_pulled() {
        let stand_in = StandIn::default();
        let create = post("/v1.44/containers/create?name=x", r#"{"Image":"alpine"}"#);
        let pull = post("/v1.44/images/create?fromImage=docker.io%2Flibrary%2Falpine&tag=latest", "");
        assert_eq!(ask(&stand_in, &[&create, &pull, &create]), ["404", "200", "201"]);
        let heard: Vec<String> = stand_in.heard().into_iter().map(|request| request.target).collect();
        assert_eq!(heard.len(), 2, "each once: {heard:?}");
    }

    #[test]
    fn bodies_in_chunks_are_heard_whole() {
        let stand_in = StandIn::default();
        let request = "POST /volumes/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"Name\":\"\r\n4;x=1\r\na\"}\n\r\n0\r\n\r\n";
        let ping = "HEAD /_ping HTTP/1.1\r\n\r\n";
        assert_eq!(
            ask(&stand_in, &[request, ping, "GET /volumes/a HTTP/1.1\r\n\r\n"]),
            ["201", "200", "200"]
        );
        assert_eq!(stand_in.heard()[0].body, b"{\"Name\":\"a\"}\n");
    }

    /// Node takes no others.
    #[test]
    fn the_lines_of_heads_end_with_cr_lf() {
        let attach = "POST /containers/x/attach HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
        for request in ["GET /info HTTP/1.1\r\n\r\n", "GET /events HTTP/1.1\r\n\r\n", attach] {
            let answered = answered(&StandIn::default(), &[request]);
            let (head, _) = answered.split_once("\r\n\r\n").unwrap();
            assert_eq!(head.matches('\n').count(), head.matches("\r\n").count(), "{head}");
        }
    }

    #[test]
    fn streams_open_and_are_over() {
        let stand_in = StandIn::default();
        let attach =
            "POST /containers/x/attach?stream=1 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
        assert_eq!(ask(&stand_in, &[attach, "GET /info HTTP/1.1\r\n\r\n"]), ["101"]);
        assert_eq!(ask(&stand_in, &["GET /events HTTP/1.1\r\n\r\n"]), ["200"]);
        assert_eq!(ask(&stand_in, &["GET /nonsense HTTP/1.1\r\n\r\n"]), ["400"]);
    }
}
