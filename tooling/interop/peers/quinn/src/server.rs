//! Accepts connections on one port.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;

use quinn::{Connecting, Endpoint, TokioRuntime};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::alpn;
use crate::config;
use crate::connection::{PeerConnection, how_it_ended};
use crate::options::Options;

type Accepted = Result<(PeerConnection, Value), Value>;

pub struct Server {
    endpoint: Endpoint,
    options: Options,
    accepted: mpsc::UnboundedReceiver<Accepted>,
}

impl Server {
    pub fn new(options: Options) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, options.port)).expect("the UDP port is free");
        let (server, common) = (config::server(&options), config::endpoint(&options));
        let endpoint =
            Endpoint::new(common, Some(server), socket, Arc::new(TokioRuntime)).expect("an endpoint");
        let (note, accepted) = mpsc::unbounded_channel();
        tokio::spawn(accept_all(endpoint.clone(), options.retry, note));
        Self {
            endpoint,
            options,
            accepted,
        }
    }

    pub fn port(&self) -> u16 {
        self.endpoint.local_addr().expect("it is bound").port()
    }

    /// Waits for the next connection, or for a handshake that fails.
    pub async fn accept(&mut self) -> Accepted {
        self.accepted
            .recv()
            .await
            .expect("connections are accepted as long as this lives")
    }

    /// Knows none of the tickets any more that it gave.
    pub fn forget_tickets(&self) {
        self.endpoint
            .set_server_config(Some(config::server(&self.options)));
    }
}

async fn accept_all(endpoint: Endpoint, retry: bool, note: mpsc::UnboundedSender<Accepted>) {
    while let Some(incoming) = endpoint.accept().await {
        if retry && !incoming.remote_address_validated() {
            incoming.retry().expect("it was not validated");
            continue;
        }
        // A hello that cannot be read is nothing that anybody waits for.
        let Ok(connecting) = incoming.accept() else {
            continue;
        };
        let note = note.clone();
        tokio::spawn(async move {
            // Nobody listens any more where the process is about to end.
            let _ = note.send(handshake(connecting).await);
        });
    }
}

/// Answers early data while the handshake goes on, and waits for its end.
async fn handshake(connecting: Connecting) -> Accepted {
    let Ok((connection, complete)) = connecting.into_0rtt() else {
        unreachable!("a server may always send before the handshake is complete");
    };
    let connection = PeerConnection::new(connection);
    complete.await;
    if let Some(error) = connection.quic.close_reason() {
        return Err(how_it_ended(&error));
    }
    let answer = json!({
        "alpn": alpn(&connection.quic),
        "port": connection.quic.remote_address().port(),
        "certificate": certificate(&connection.quic),
    });
    Ok((connection, answer))
}

/// What the client showed, DER in hexadecimal.
fn certificate(connection: &quinn::Connection) -> Option<String> {
    let chain = connection
        .peer_identity()?
        .downcast::<Vec<CertificateDer<'static>>>()
        .ok()?;
    Some(chain.first()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
