//! Opens connections, one after the other.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::crypto::rustls::HandshakeData;
use quinn::{ClientConfig, ConnectionError, Endpoint, TokioRuntime};
use serde_json::{Value, json};

use crate::config;
use crate::connection::{PeerConnection, how_it_ended};
use crate::options::Options;

pub struct Client {
    endpoint: Endpoint,
    /// Keeps the tickets, too.
    config: ClientConfig,
    server: SocketAddr,
    version: Option<u32>,
}

impl Client {
    pub fn new(options: Options) -> Self {
        let endpoint = Endpoint::new(config::endpoint(&options), None, socket(), Arc::new(TokioRuntime));
        Self {
            endpoint: endpoint.expect("a UDP socket"),
            config: config::client(&options),
            server: (Ipv4Addr::LOCALHOST, options.port).into(),
            version: options.version,
        }
    }

    /// Connects; `early` is said before the handshake where there is a ticket for it.
    pub async fn connect(&self, early: Option<&str>) -> Result<(PeerConnection, Value), Value> {
        if let Some(text) = early {
            return self.connect_early(text).await;
        }
        let mut negotiated = false;
        let mut opened = Err(ConnectionError::VersionMismatch);
        if let Some(version) = self.version {
            opened = self.start(Some(version)).await;
            negotiated = matches!(opened, Err(ConnectionError::VersionMismatch));
        }
        if let Err(ConnectionError::VersionMismatch) = opened {
            opened = self.start(None).await;
        }
        let connection = opened.map_err(|error| how_it_ended(&error))?;
        let answer = json!({ "alpn": alpn(&connection), "negotiated": negotiated });
        Ok((PeerConnection::new(connection), answer))
    }

    async fn connect_early(&self, text: &str) -> Result<(PeerConnection, Value), Value> {
        let Ok((connection, accepted)) = self.start(None).into_0rtt() else {
            panic!("there is no ticket that allows early data");
        };
        let mut connection = PeerConnection::new(connection);
        connection.say(text).await?;
        let accepted = accepted.await;
        let mut answer = match accepted {
            true => connection.hear(text).await?,
            false => connection.repeat(text).await?,
        };
        answer["alpn"] = json!(alpn(&connection.quic));
        answer["early"] = json!(accepted);
        Ok((connection, answer))
    }

    /// Goes on from another port, as after a change of network.
    pub fn rebind(&self) -> Value {
        self.endpoint.rebind(socket()).expect("another UDP socket");
        json!({ "port": self.endpoint.local_addr().expect("it is bound").port() })
    }

    fn start(&self, version: Option<u32>) -> quinn::Connecting {
        let mut config = self.config.clone();
        config.version(version.unwrap_or(1));
        self.endpoint
            .connect_with(config, self.server, "localhost")
            .expect("a configuration that can work")
    }
}

/// The application protocol of a connection whose handshake is complete.
pub fn alpn(connection: &quinn::Connection) -> Option<String> {
    let handshake = connection.handshake_data()?.downcast::<HandshakeData>().ok()?;
    Some(String::from_utf8_lossy(&handshake.protocol?).into_owned())
}

fn socket() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free UDP port")
}
