//! Bulk, carried on from socket to socket without coming into the process: but for what frames it, which is read and
//! written anew, as ever.

use std::io;

use super::super::inbox::Inbox;
use super::super::plain::{Plain, Room};
use super::super::splice::Pipe;
use super::super::stream::Stream;
use super::{Body, BodyFault, SizeLine, State};

/// Fewer bytes than this, where it is known how many are to come, are not worth the further calls.
const WORTH_BYTES: u64 = 128 * 1024;
/// Nor are chunks of fewer.
pub(super) const WORTH_CHUNK_BYTES: u64 = 8 * 1024;
/// The line before a chunk of the size that engines and clients send: of 32 KiB.
const SIZE_LINE: &[u8] = b"8000\r\n";

/// Which side broke while a body was carried.
#[derive(Debug)]
pub enum Broken {
    /// The body cannot be read to its end.
    Source(BodyFault),
    /// The other side takes no more.
    Sink,
}

/// Why no more is taken.
enum Taken {
    /// There may be more, or the pipe is full.
    Some,
    /// Nothing more has come.
    All,
    /// What comes next is not to be carried.
    Last,
}

impl Body {
    /// Whether there is bulk to come that is worth being carried by [`Body::carry`], and nothing of it has come in.
    #[must_use]
    pub fn is_bulk(&self, inbox: &Inbox) -> bool {
        inbox.pending().is_empty()
            && match self.state {
                State::Length(rest) => rest >= WORTH_BYTES,
                State::Size | State::Chunk(_) | State::ChunkEnd => self.large && self.brim,
                State::Trailer(_) | State::UntilClose | State::Done => false,
            }
    }

    /// Carries payload from `source` to `sink`, where `chunked` in chunks, and tells of each piece that has arrived,
    /// until something else comes next. What cannot be carried so is left. If the future is dropped, what is on its
    /// way is lost, so both sides must be given up with it.
    ///
    /// # Errors
    /// Where either side breaks.
    pub async fn carry(
        &mut self,
        inbox: &mut Inbox,
        (source, sink): (&Stream, &Stream),
        chunked: bool,
        mut arrived: impl FnMut(usize),
    ) -> Result<(), Broken> {
        let (Ok(from), Ok(to)) = (source.plain(), sink.plain()) else { return Ok(()) };
        let mut room = Room::default();
        // Who waits for the source has no pipe meanwhile: there are few.
        while let Some((mut pipe, mut framed)) = pipes(chunked) {
            let taken = self.fill(&mut pipe, inbox, from);
            let payload = pipe.held();
            if payload > 0 {
                let sent = match &mut framed {
                    Some(framed) => send_chunk(&mut pipe, framed, (to, &mut room)).await,
                    None => pipe.empty(to, &mut room).await,
                };
                sent.map_err(|_| Broken::Sink)?;
                arrived(payload);
            }
            pipe.give_back();
            framed.into_iter().for_each(Pipe::give_back);
            match taken.map_err(Broken::Source)? {
                Taken::Last => break,
                // Nobody waits behind the last byte.
                Taken::Some if self.is_done() => break,
                // Where both sides are always ready, whoever else is has a turn all the same.
                Taken::Some => tokio::task::yield_now().await,
                Taken::All => {
                    // Who waits for the source has no use for being told of room.
                    room = Room::default();
                    from.readable().await.map_err(|error| Broken::Source(BodyFault::Io(error)))?;
                }
            }
        }
        Ok(())
    }

    /// Fills the pipe with the payload that is there. What frames it comes into the process, and with it perhaps the
    /// first bytes of what follows.
    fn fill(&mut self, pipe: &mut Pipe, inbox: &mut Inbox, from: Plain<'_>) -> Result<Taken, BodyFault> {
        loop {
            let mut used = 0;
            let framed = self.frame(inbox.pending(), &mut used);
            inbox.consume(used);
            framed?;
            let came = match self.state {
                State::Length(rest) | State::Chunk(rest)
                    if inbox.pending().is_empty() && (used == 0 || rest >= WORTH_CHUNK_BYTES) =>
                {
                    // Of a pipe that holds something nobody can say why it takes no more.
                    let is_empty = pipe.held() == 0;
                    let mut take = || pipe.fill(from, rest);
                    let came = if is_empty { from.try_read(take) } else { take() };
                    match came {
                        Ok(count @ 1..) => {
                            self.take(count);
                            if self.state != State::ChunkEnd {
                                return Ok(Taken::Some);
                            }
                            Ok(count)
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock && !is_empty => {
                            return Ok(Taken::Some);
                        }
                        came => came,
                    }
                }
                State::Size | State::ChunkEnd => {
                    // What is read beyond it does not go into the pipe any more.
                    let end = if self.state == State::ChunkEnd { 2 } else { 0 };
                    let most =
                        SIZE_LINE.len().saturating_add(end).saturating_sub(inbox.pending().len()).max(1);
                    inbox.fill_with(from, most)
                }
                State::Length(_) | State::Chunk(_) | State::Trailer(_) | State::UntilClose | State::Done => {
                    return Ok(Taken::Last);
                }
            };
            match came {
                Ok(0) => return Err(BodyFault::Truncated),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Taken::All),
                Err(error) => return Err(BodyFault::Io(error)),
            }
        }
    }
}

/// A pipe for payload, and where it goes on in chunks another for what frames them; none, where too many are in use.
fn pipes(chunked: bool) -> Option<(Pipe, Option<Pipe>)> {
    let payload = Pipe::take().ok()?;
    if !chunked {
        return Some((payload, None));
    }
    let Ok(framed) = Pipe::take() else {
        payload.give_back();
        return None;
    };
    Some((payload, Some(framed)))
}

/// Sends what is in `payload` as one chunk. It goes through another pipe together with what frames it: each piece that
/// goes on its own wakes the other side.
async fn send_chunk(
    payload: &mut Pipe,
    framed: &mut Pipe,
    (to, room): (Plain<'_>, &mut Room),
) -> io::Result<()> {
    framed.put(SizeLine::of(payload.held()).as_bytes())?;
    match payload.pour(framed) {
        // A small pipe may have no room beside the line.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        poured => poured?,
    }
    while payload.held() > 0 {
        framed.empty(to, room).await?;
        payload.pour(framed)?;
    }
    if framed.put(b"\r\n").is_err() {
        framed.empty(to, room).await?;
        framed.put(b"\r\n")?;
    }
    framed.empty(to, room).await
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;

    use super::super::super::{Framing, Pieces};
    use super::*;

    fn payload(bytes: usize) -> Vec<u8> {
        (0..=250).cycle().take(bytes).collect()
    }

    /// Passes a body on as the gate does, and says how much of it was carried.
    async fn pass(framing: Framing, from: &Stream, to: &Stream, inbox: &mut Inbox) -> Result<usize, Broken> {
        let (mut body, mut pieces, mut carried) = (Body::new(framing), Pieces::default(), 0);
        let chunked = framing == Framing::Chunked;
        while !pieces.is_last {
            if body.is_bulk(inbox) {
                body.carry(inbox, (from, to), chunked, |count| carried = count.saturating_add(carried))
                    .await?;
            }
            body.all_there(inbox, from, &mut pieces).await.map_err(Broken::Source)?;
            pieces.write(inbox, to, &[], chunked).await.map_err(|_| Broken::Sink)?;
            pieces.consume(inbox);
        }
        Ok(carried)
    }

    #[tokio::test]
    async fn so_many_bytes_arrive_and_the_next_stay() {
        let sent = payload(1_000_003);
        let (near, mut client) = UnixStream::pair().unwrap();
        let (far, mut daemon) = UnixStream::pair().unwrap();
        let (source, sink) = (Stream::of(near), Stream::of(far));
        for _ in 0..2 {
            let (mut inbox, mut got) = (Inbox::default(), vec![0; sent.len()]);
            let writing = async {
                client.write_all(&sent).await.unwrap();
                client.write_all(b"next").await.unwrap();
            };
            let passing = pass(Framing::Length(1_000_003), &source, &sink, &mut inbox);
            let ((), carried, read) = tokio::join!(writing, passing, daemon.read_exact(&mut got));
            read.unwrap();
            assert!(got == sent && carried.unwrap() > 800_000);
            while inbox.pending().len() < 4 {
                inbox.fill(&source, 100).await.unwrap();
            }
            assert_eq!(inbox.pending(), b"next");
        }
        drop(client);
        let cut_off = pass(Framing::Length(200_000), &source, &sink, &mut Inbox::default()).await;
        assert!(matches!(cut_off, Err(Broken::Source(BodyFault::Truncated))));
    }

    #[tokio::test]
    async fn nobody_waits_behind_the_last_byte() {
        let (near, mut client) = UnixStream::pair().unwrap();
        let (far, _daemon) = UnixStream::pair().unwrap();
        let (source, sink) = (Stream::of(near), Stream::of(far));
        client.write_all(&payload(140_000)).await.unwrap();
        source.plain().unwrap().readable().await.unwrap();
        let (mut body, mut inbox) = (Body::new(Framing::Length(140_000)), Inbox::default());
        let carried = body.carry(&mut inbox, (&source, &sink), false, |_| ()).now_or_never();
        assert!(carried.is_some() && body.is_done());
    }

    /// Chunks of these sizes, and what stands before each of the lines before them.
    fn chunks(sizes: &[(usize, &str)]) -> (Vec<u8>, Vec<u8>) {
        let sent = payload(sizes.iter().map(|(size, _)| size).sum());
        let (mut wire, mut rest) = (Vec::new(), &sent[..]);
        for (size, zeros) in sizes {
            let (chunk, behind) = rest.split_at(*size);
            wire.extend_from_slice(format!("{zeros}{size:x}\r\n").as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
            rest = behind;
        }
        wire.extend_from_slice(b"0\r\n\r\nnext");
        (sent, wire)
    }

    /// What arrives of `wire` where it is written in pieces of these sizes, over and over; what stays behind it; and how
    /// much was carried.
    async fn arrive(wire: &[u8], steps: &[usize]) -> (Vec<u8>, Vec<u8>, usize) {
        let (near, mut client) = UnixStream::pair().unwrap();
        let (far, daemon) = UnixStream::pair().unwrap();
        let (source, sink, daemon) = (Stream::of(near), Stream::of(far), Stream::of(daemon));
        let mut inbox = Inbox::default();
        let writing = async {
            let (mut rest, mut steps) = (wire, steps.iter().cycle());
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(rest.len().min(*steps.next().unwrap()));
                client.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
                rest = behind;
            }
        };
        let reading = async {
            let (mut body, mut inbox, mut got) = (Body::new(Framing::Chunked), Inbox::default(), Vec::new());
            while let Some(count) = body.next(&mut inbox, &daemon).await.unwrap() {
                got.extend_from_slice(&inbox.pending()[..count]);
                inbox.consume(count);
            }
            assert!(inbox.pending().is_empty());
            got
        };
        let passing = pass(Framing::Chunked, &source, &sink, &mut inbox);
        let ((), carried, got) = tokio::join!(writing, passing, reading);
        while inbox.pending().len() < 4 {
            inbox.fill(&source, 100).await.unwrap();
        }
        (got, inbox.pending().to_vec(), carried.unwrap())
    }

    #[tokio::test]
    async fn large_chunks_are_carried() {
        let (sent, wire) = chunks(&[(32_768, ""); 20]);
        for step in [wire.len(), 65_536, 32_776, 32_775, 32_770, 10_007, 8192] {
            let (got, behind, carried) = arrive(&wire, &[step]).await;
            assert!(got == sent && behind == b"next", "in steps of {step}");
            assert!(carried > 400_000, "in steps of {step}: {carried}");
        }
    }

    #[tokio::test]
    async fn the_smallest_pipes_will_do() {
        let (far, mut daemon) = UnixStream::pair().unwrap();
        let sink = Stream::of(far);
        let (mut payload, mut framed) = (Pipe::smallest(), Pipe::smallest());
        payload.put(&[b'x'; 16]).unwrap();
        let to = (sink.plain().unwrap(), &mut Room::default());
        send_chunk(&mut payload, &mut framed, to).await.unwrap();
        let mut got = [0; 22];
        daemon.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"10\r\nxxxxxxxxxxxxxxxx\r\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn chunks_arrive_whatever_their_size(
            sizes in vec(prop_oneof![6 => 8192_usize..100_000, 1 => 1_usize..9000], 1..20),
            zeros in vec(prop_oneof![9 => Just(""), 1 => Just("0")], 20),
            steps in vec(prop_oneof![2 => 16_384_usize..200_000, 1 => 1_usize..16_384], 1..20),
        ) {
            let sizes: Vec<_> = sizes.into_iter().zip(zeros).collect();
            let (sent, wire) = chunks(&sizes);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (got, behind, _) = runtime.block_on(arrive(&wire, &steps));
            prop_assert!(got == sent && behind == b"next");
        }
    }
}
