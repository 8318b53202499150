//! The activity of a connection, observed from outside of hyper: whether a request is in work, since when a head is
//! incomplete, and whether the client reads its responses.
//!
//! hyper has a time-out for heads only. It would keep a response that the client does not read for ever, over HTTP/2
//! even while the socket accepts bytes. So the bytes of responses are counted when hyper gets them and when it has
//! written them.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Buf, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

use super::in_work::InWork;
use crate::config::LeastRate;

/// The value of a time that is not set.
const NEVER: u64 = u64::MAX;
/// The number of remembered responses from which the finished ones among them are removed.
const REMEMBERED: usize = 16;

/// The time limits of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) least_rate: LeastRate,
}

/// The reason to close a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The head of a request has not arrived in time.
    Head,
    /// There was no request for too long.
    Idle,
    /// The client reads a response too slowly.
    Unread,
}

/// The activity of a connection.
pub(super) struct Activity {
    opened: Instant,
    in_work: AtomicUsize,
    /// Milliseconds since the opening: when the last request ended, and when the first byte of the next head arrived.
    quiet_since: AtomicU64,
    head_since: AtomicU64,
    is_http2: AtomicBool,
    answers: Mutex<Vec<Weak<Answer>>>,
    evicted: Notify,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            in_work: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            // The time limit of the first head begins when the connection opens.
            head_since: AtomicU64::new(0),
            is_http2: AtomicBool::new(false),
            answers: Mutex::default(),
            evicted: Notify::new(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    /// Returns for how long there has been no request; `None` while one is in work.
    pub(super) fn quiet_for(&self) -> Option<Duration> {
        let quiet = self.in_work.load(Ordering::Acquire) == 0;
        quiet.then(|| Duration::from_millis(self.now().saturating_sub(self.quiet_since.load(Ordering::Relaxed))))
    }

    /// Asks the connection to close, to make room for another one.
    pub(super) fn evict(&self) {
        self.evicted.notify_one();
    }

    /// Waits until [`Self::evict`] is called.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// Registers a request. It is in work until the returned answer and all parts of its body are dropped.
    pub(super) fn request(self: &Arc<Self>, is_http2: bool, in_work: Option<InWork>) -> Arc<Answer> {
        self.in_work.fetch_add(1, Ordering::AcqRel);
        self.head_since.store(NEVER, Ordering::Relaxed);
        self.is_http2.store(is_http2, Ordering::Relaxed);
        let answer = Arc::new(Answer {
            activity: self.clone(),
            waiting: AtomicUsize::new(0),
            written: AtomicU64::new(0),
            was_empty: AtomicBool::new(true),
            window: Mutex::default(),
            _in_work: in_work,
        });
        let mut answers = self.answers.lock();
        if answers.len() >= REMEMBERED {
            answers.retain(|answer| answer.strong_count() > 0);
        }
        answers.push(Arc::downgrade(&answer));
        answer
    }

    /// Returns the fault of the connection, if it has one. Call it periodically: rates are measured between calls.
    pub(super) fn fault(&self, patience: &Patience) -> Option<Fault> {
        let now = self.now();
        if self.in_work.load(Ordering::Acquire) > 0 {
            let mut answers = self.answers.lock();
            answers.retain(|answer| answer.strong_count() > 0);
            let unread = answers.iter().filter_map(Weak::upgrade).any(|answer| answer.is_unread(patience.least_rate));
            return unread.then_some(Fault::Unread);
        }
        let passed =
            |since: u64, limit: Duration| since != NEVER && Duration::from_millis(now.saturating_sub(since)) >= limit;
        // Over HTTP/2 bytes also arrive without a head, such as acknowledgements of pings.
        let is_http2 = self.is_http2.load(Ordering::Relaxed);
        if !is_http2 && passed(self.head_since.load(Ordering::Relaxed), patience.head) {
            Some(Fault::Head)
        } else if passed(self.quiet_since.load(Ordering::Relaxed), patience.idle) {
            Some(Fault::Idle)
        } else {
            None
        }
    }

    fn bytes_came(&self) {
        if self.in_work.load(Ordering::Relaxed) == 0 && self.head_since.load(Ordering::Relaxed) == NEVER {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }
}

/// A response in work. It exists from the request's head until the response's last byte is written.
pub(super) struct Answer {
    activity: Arc<Activity>,
    /// The bytes that hyper has got and not written yet; plus one while hyper does not poll the body, because its
    /// buffer is full.
    waiting: AtomicUsize,
    written: AtomicU64,
    /// Whether nothing was waiting at some moment since the last check.
    was_empty: AtomicBool,
    /// The start of the period over which the rate is measured, and the bytes that were written before it.
    window: Mutex<Option<(Instant, u64)>>,
    /// `None` for a response of the reserve.
    _in_work: Option<InWork>,
}

impl Answer {
    fn wait(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::AcqRel);
    }

    fn no_longer(&self, bytes: usize) {
        if self.waiting.fetch_sub(bytes, Ordering::AcqRel) == bytes {
            self.was_empty.store(true, Ordering::Release);
        }
    }

    fn took(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
        self.no_longer(bytes);
    }

    fn is_unread(&self, least: LeastRate) -> bool {
        let mut window = self.window.lock();
        let was_empty = self.was_empty.swap(false, Ordering::AcqRel);
        let is_empty = self.waiting.load(Ordering::Acquire) == 0;
        let written = self.written.load(Ordering::Relaxed);
        match *window {
            _ if is_empty => {
                self.was_empty.store(true, Ordering::Release);
                *window = None;
                false
            }
            Some((since, before)) if !was_empty => {
                if since.elapsed() < least.period {
                    return false;
                }
                *window = Some((Instant::now(), written));
                written.saturating_sub(before) < least.bytes as u64
            }
            _ => {
                *window = Some((Instant::now(), written));
                false
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.activity.quiet_since.store(self.activity.now(), Ordering::Relaxed);
        self.activity.in_work.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The body of a response, whose bytes are counted.
pub(super) struct Counted {
    body: Body,
    answer: Arc<Answer>,
    /// Whether hyper has polled for the next frame.
    is_asked: bool,
}

impl Counted {
    pub(super) fn new(body: Body, answer: Arc<Answer>) -> Self {
        answer.wait(1);
        Self { body, answer, is_asked: false }
    }

    fn set_asked(&mut self, is_asked: bool) {
        match (self.is_asked, is_asked) {
            (false, true) => self.answer.no_longer(1),
            (true, false) => self.answer.wait(1),
            (false, false) | (true, true) => {}
        }
        self.is_asked = is_asked;
    }
}

impl HttpBody for Counted {
    type Data = Part;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Part>, axum::Error>>> {
        self.set_asked(true);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.set_asked(frame.is_none());
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|bytes| Part::new(bytes, self.answer.clone())))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.set_asked(true);
    }
}

/// A part of a response that hyper has not written yet.
pub(super) struct Part {
    bytes: Bytes,
    answer: Arc<Answer>,
}

impl Part {
    fn new(bytes: Bytes, answer: Arc<Answer>) -> Self {
        answer.wait(bytes.len());
        Self { bytes, answer }
    }
}

impl Buf for Part {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.answer.took(count);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.answer.took(self.bytes.len());
    }
}

/// A socket that reports received bytes to the activity.
pub(super) struct Observed<S> {
    pub(super) socket: S,
    pub(super) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.socket).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.activity.bytes_came();
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
