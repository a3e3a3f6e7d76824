//! One connection of the peer: answers the streams that the other side opens, and does what a test asks.

use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Largest piece that is read at once.
const CHUNK_BYTES: usize = 65_536;

/// What a command comes to: an answer, or how the connection ended instead.
pub type Outcome = Result<Value, Value>;

pub struct PeerConnection {
    pub quic: Connection,
    breaks: mpsc::UnboundedReceiver<Value>,
    talk: Option<(SendStream, RecvStream)>,
}

impl PeerConnection {
    /// Takes a connection over, and answers the streams of the other side from here on.
    pub fn new(quic: Connection) -> Self {
        let (note_break, breaks) = mpsc::unbounded_channel();
        let streams = quic.clone();
        tokio::spawn(async move {
            while let Ok((send, receive)) = streams.accept_bi().await {
                tokio::spawn(answer(send, receive, note_break.clone()));
            }
        });
        Self {
            quic,
            breaks,
            talk: None,
        }
    }

    /// Says something on the stream that lives as long as the connection, and reads the answer.
    pub async fn talk(&mut self, text: &str) -> Outcome {
        self.say(text).await?;
        self.hear(text).await
    }

    pub async fn say(&mut self, text: &str) -> Result<(), Value> {
        if self.talk.is_none() {
            self.talk = Some(self.quic.open_bi().await.map_err(|error| how_it_ended(&error))?);
        }
        let (send, _) = self.talk.as_mut().expect("it was just opened");
        match send.write_all(text.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended().await),
        }
    }

    pub async fn hear(&mut self, text: &str) -> Outcome {
        let (_, receive) = self.talk.as_mut().expect("something was said");
        let mut answer = vec![0; text.len()];
        match receive.read_exact(&mut answer).await {
            Ok(()) => Ok(json!({ "answer": String::from_utf8_lossy(&answer) })),
            Err(_) => Err(self.ended().await),
        }
    }

    /// Sends what was said again: what was said in early data that was rejected is lost with its stream.
    pub async fn repeat(&mut self, text: &str) -> Outcome {
        self.talk = None;
        self.talk(text).await
    }

    /// Sends so many bytes on so many streams at once, ends them, and reads the answers to their ends.
    pub async fn exchange(&self, count: usize, bytes: usize) -> Outcome {
        let mut questions = JoinSet::new();
        for stream in 0..count {
            let payload: Vec<u8> = (0..bytes).map(|index| (index + stream) as u8).collect();
            questions.spawn(ask(self.quic.clone(), payload));
        }
        let right = questions
            .join_all()
            .await
            .into_iter()
            .filter(|right| *right)
            .count();
        match self.quic.close_reason() {
            None => Ok(json!({ "exchanged": right })),
            Some(reason) => Err(how_it_ended(&reason)),
        }
    }

    /// Opens a stream, hears on it, and breaks it off in both directions.
    pub async fn break_off(&self, code: u32) -> Outcome {
        let (mut send, mut receive) = self.quic.open_bi().await.map_err(|error| how_it_ended(&error))?;
        let heard = async {
            send.write_all(b"x").await.ok()?;
            receive.read_exact(&mut [0]).await.ok()
        };
        if heard.await.is_none() {
            return Err(self.ended().await);
        }
        send.reset(code.into()).expect("it is open");
        receive.stop(code.into()).expect("it is open");
        Ok(json!({}))
    }

    /// Waits for a stream that the other side breaks off.
    pub async fn broken(&mut self) -> Outcome {
        Ok(self
            .breaks
            .recv()
            .await
            .expect("streams are answered as long as this lives"))
    }

    pub fn close(&self, code: u32, reason: &str) {
        self.quic.close(code.into(), reason.as_bytes());
    }

    /// Waits for the end of the connection, and says how it came.
    pub async fn ended(&self) -> Value {
        how_it_ended(&self.quic.closed().await)
    }

    /// Frames about connection ids: issued by this side and retired by the other, and the other way round.
    pub fn ids(&self) -> Value {
        let stats = self.quic.stats();
        json!({
            "issued": stats.frame_tx.new_connection_id,
            "returned": stats.frame_rx.retire_connection_id,
            "received": stats.frame_rx.new_connection_id,
            "retired": stats.frame_tx.retire_connection_id,
        })
    }
}

/// Answers a stream with what it brings; where it is broken off, tells of it with the codes of both directions.
async fn answer(mut send: SendStream, mut receive: RecvStream, note_break: mpsc::UnboundedSender<Value>) {
    loop {
        match receive.read_chunk(CHUNK_BYTES, true).await {
            Ok(Some(chunk)) => {
                if send.write_chunk(chunk.bytes).await.is_err() {
                    break;
                }
            }
            Ok(None) => {
                // It fails where the other side wants no answer any more: then there is nobody to tell.
                let _ = send.finish();
                return;
            }
            Err(ReadError::Reset(code)) => return tell_break(send, Some(code), note_break).await,
            Err(_) => return,
        }
    }
    if let Ok(reset) = receive.received_reset().await {
        tell_break(send, reset, note_break).await;
    }
}

async fn tell_break(send: SendStream, reset: Option<VarInt>, note_break: mpsc::UnboundedSender<Value>) {
    if let Ok(stop) = send.stopped().await {
        let code = |code: Option<VarInt>| code.map(VarInt::into_inner);
        // Nobody waits where the connection is not the current one any more.
        let _ = note_break.send(json!({ "reset": code(reset), "stop": code(stop) }));
    }
}

/// Whether a stream brings back what was sent on it.
async fn ask(quic: Connection, payload: Vec<u8>) -> bool {
    let Ok((mut send, mut receive)) = quic.open_bi().await else {
        return false;
    };
    let length = payload.len();
    let (sent, answer) = tokio::join!(
        async {
            let sent = send.write_all(&payload).await.is_ok();
            sent && send.finish().is_ok()
        },
        receive.read_to_end(length)
    );
    sent && answer.is_ok_and(|answer| answer == payload)
}

/// How a connection ended, in the words of the tests.
pub fn how_it_ended(error: &ConnectionError) -> Value {
    let (by, code, reason) = match error {
        ConnectionError::ApplicationClosed(close) => (
            "peer",
            close.error_code.into_inner(),
            String::from_utf8_lossy(&close.reason).into_owned(),
        ),
        ConnectionError::ConnectionClosed(close) => (
            "transport",
            close.error_code.into(),
            String::from_utf8_lossy(&close.reason).into_owned(),
        ),
        ConnectionError::TransportError(error) => ("transport", error.code.into(), error.reason.clone()),
        ConnectionError::Reset => ("reset", 0, String::new()),
        ConnectionError::TimedOut => ("timeout", 0, String::new()),
        ConnectionError::LocallyClosed => ("local", 0, String::new()),
        ConnectionError::VersionMismatch | ConnectionError::CidsExhausted => {
            ("transport", 0, error.to_string())
        }
    };
    json!({ "by": by, "code": code, "reason": reason })
}
