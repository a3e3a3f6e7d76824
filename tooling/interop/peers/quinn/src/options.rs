//! What the arguments say: the role, and how it is configured.

use std::collections::HashMap;

pub enum Role {
    Client,
    Server,
}

pub struct Options {
    pub role: Role,
    /// Of the server; 0 for any that is free.
    pub port: u16,
    /// Certificates of the authorities to trust; a server that has some asks clients for a certificate.
    pub ca: Option<String>,
    pub cert: Option<String>,
    pub key: Option<String>,
    pub alpn: String,
    pub idle_ms: u32,
    /// Largest UDP payload to send at first.
    pub datagram_bytes: u16,
    /// Client: the version to try first; server: the only one spoken.
    pub version: Option<u32>,
    /// Server: validates addresses by Retry packets.
    pub retry: bool,
    /// Server: what its stateless reset tokens are derived from.
    pub reset_key: Option<String>,
    /// After this the other side is told to retire the connection ids that it has, and given others.
    pub id_lifetime_ms: Option<u64>,
}

impl Options {
    pub fn parse(arguments: impl Iterator<Item = String>) -> Self {
        let mut arguments = arguments.skip(1);
        let role = match arguments.next().as_deref() {
            Some("client") => Role::Client,
            Some("server") => Role::Server,
            _ => panic!("the role is client or server"),
        };
        let mut retry = false;
        let mut values = HashMap::new();
        while let Some(name) = arguments.next() {
            if name == "--retry" {
                retry = true;
                continue;
            }
            let value = arguments.next().unwrap_or_else(|| panic!("{name} has no value"));
            values.insert(name, value);
        }
        let mut take = |name: &str| values.remove(name);
        let options = Self {
            role,
            port: number(take("--port")).unwrap_or(0),
            ca: take("--ca"),
            cert: take("--cert"),
            key: take("--key"),
            alpn: take("--alpn").unwrap_or_else(|| "rta/1".into()),
            idle_ms: number(take("--idle-ms")).unwrap_or(30_000),
            datagram_bytes: number(take("--datagram-bytes")).unwrap_or(1200),
            version: number(take("--version")),
            retry,
            reset_key: take("--reset-key"),
            id_lifetime_ms: number(take("--id-lifetime-ms")),
        };
        assert!(values.is_empty(), "there are no options {:?}", values.keys());
        options
    }
}

fn number<N: std::str::FromStr>(value: Option<String>) -> Option<N> {
    value.map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{text} is not a number that fits"))
    })
}
