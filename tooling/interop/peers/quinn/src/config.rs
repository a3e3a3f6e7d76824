//! TLS and transport configuration of both roles.

use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, EndpointConfig, IdleTimeout, MtuDiscoveryConfig, ServerConfig, TransportConfig, VarInt,
};
use quinn_proto::RandomConnectionIdGenerator;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

use crate::options::Options;

/// Length of the connection ids that this side chooses.
const ID_BYTES: usize = 8;

const TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// How a client connects. Its tickets live as long as the configuration does.
pub fn client(options: &Options) -> ClientConfig {
    let builder = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(TLS13)
        .expect("ring has TLS 1.3")
        .with_root_certificates(authorities(options.ca.as_deref().expect("a client needs --ca")));
    let mut tls = match own_certificate(options) {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .expect("certificate and key fit"),
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![options.alpn.clone().into_bytes()];
    tls.enable_early_data = true;
    let mut config = ClientConfig::new(Arc::new(
        QuicClientConfig::try_from(tls).expect("TLS 1.3 for QUIC"),
    ));
    config.transport_config(transport(options));
    config
}

/// How a server answers. It knows the tickets that it gave under this configuration.
pub fn server(options: &Options) -> ServerConfig {
    let builder = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(TLS13)
        .expect("ring has TLS 1.3");
    let builder = match &options.ca {
        Some(ca) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(ca)), provider());
            builder.with_client_cert_verifier(verifier.build().expect("authorities of clients"))
        }
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = own_certificate(options).expect("a server needs --cert and --key");
    let mut tls = builder
        .with_single_cert(chain, key)
        .expect("certificate and key fit");
    tls.alpn_protocols = vec![options.alpn.clone().into_bytes()];
    tls.max_early_data_size = u32::MAX;
    let mut config = ServerConfig::with_crypto(Arc::new(
        QuicServerConfig::try_from(tls).expect("TLS 1.3 for QUIC"),
    ));
    config.transport_config(transport(options));
    config
}

/// What both roles have in common, below connections.
pub fn endpoint(options: &Options) -> EndpointConfig {
    let mut config = match &options.reset_key {
        Some(key) => EndpointConfig::new(Arc::new(ring::hmac::Key::new(
            ring::hmac::HMAC_SHA256,
            key.as_bytes(),
        ))),
        None => EndpointConfig::default(),
    };
    // Ids of another process are taken for possible ones too, so that they are answered with a stateless reset.
    let id_lifetime = options.id_lifetime_ms.map(Duration::from_millis);
    config.cid_generator(move || {
        let mut ids = RandomConnectionIdGenerator::new(ID_BYTES);
        if let Some(lifetime) = id_lifetime {
            ids.set_lifetime(lifetime);
        }
        Box::new(ids)
    });
    if let Some(version) = options.version {
        config.supported_versions(match options.role {
            crate::options::Role::Client => vec![1, version],
            crate::options::Role::Server => vec![version],
        });
    }
    config
}

fn transport(options: &Options) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(options.idle_ms))))
        .initial_mtu(options.datagram_bytes)
        .mtu_discovery_config(Some(MtuDiscoveryConfig::default()))
        .initial_rtt(Duration::from_millis(100));
    Arc::new(config)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn authorities(file: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file) {
        roots.add(certificate).expect("a certificate of an authority");
    }
    roots
}

fn own_certificate(options: &Options) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let (cert, key) = options.cert.as_deref().zip(options.key.as_deref())?;
    Some((
        certificates(cert),
        PrivateKeyDer::from_pem_file(key).expect("a private key, PEM"),
    ))
}

fn certificates(file: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .expect("certificates, PEM")
}
