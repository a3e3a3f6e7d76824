import quiche from '@matrixai/quic/native/quiche.js';
import type { Config } from '@matrixai/quic/native/types.js';
import type { TlsIdentity } from '../rta/identity.ts';

const ALPN = 'datagrams';
const PACKET_BYTES = 1_200;
const IDLE_TIMEOUT_MS = 600_000;
/** Datagrams that wait to be read, or to be sent when congestion allows it. */
const QUEUED_DATAGRAMS = 1_024;

/** The configuration of a server with datagrams (RFC 9221). */
export function serverConfig({ cert, key }: TlsIdentity): Config {
  const text = new TextEncoder();
  return withDatagrams(
    quiche.Config.withBoringSslCtx(false, false, undefined, [text.encode(key)], [text.encode(cert)]),
  );
}

/** The configuration of a client with datagrams, which trusts this authority, PEM. */
export function clientConfig(ca: string): Config {
  return withDatagrams(quiche.Config.withBoringSslCtx(true, false, new TextEncoder().encode(ca)));
}

/** What `@rta/transport-quic` sets, as far as it matters where there are no streams. */
function withDatagrams(config: Config): Config {
  config.setApplicationProtos([ALPN]);
  config.setMaxIdleTimeout(IDLE_TIMEOUT_MS);
  config.setMaxSendUdpPayloadSize(PACKET_BYTES);
  config.setInitialMaxData(1_048_576);
  config.enablePacing(false);
  config.setCcAlgorithm(quiche.CongestionControlAlgorithm.BBR);
  config.enableDgram(true, QUEUED_DATAGRAMS, QUEUED_DATAGRAMS);
  return config;
}
