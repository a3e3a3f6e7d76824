import { createHash } from 'node:crypto';
import { constantTimeEqual, fromBase64Url, utf8 } from '@rta/core';

/** How a sender shows that it is the transmitter of an issuer. Give one of the two, or both: then both must fit. */
export interface DeliveryCredential {
  /** What stands in `authorization` of its first frame, e.g. `Bearer …`: the stream's `authorization_header`. */
  readonly authorization?: string;
  /** `x5t#S256` of the certificate that it shows (RFC 8705 §3.1): SHA-256 of the DER, base64url. */
  readonly clientThumbprint?: string;
}

/** A transmitter that may send over QUIC. */
export interface DeliverySender extends DeliveryCredential {
  /** Its issuer identifier, compared to the character. */
  readonly issuer: string;
  /** Its stream to this receiver; a sender that names another one is refused. */
  readonly streamId?: string;
}

/** Who a sender says it is. */
export interface DeliveryRequest {
  readonly issuer: string;
  readonly streamId?: string;
  readonly authorization?: string;
  /** SHA-256 of the certificate that it showed, 32 bytes. */
  readonly clientThumbprint?: Uint8Array;
}

const THUMBPRINT_BYTES = 32;

/**
 * Says of senders whether they are who they say. How long it takes tells nothing of what was expected.
 *
 * @throws TypeError for a sender without a credential, or with one that cannot be; for an issuer that comes twice.
 */
export function createDeliveryAuthentication(
  senders: readonly DeliverySender[],
): (request: DeliveryRequest) => boolean {
  const known = new Map<string, Expected>();
  for (const sender of senders) {
    if (known.has(sender.issuer)) throw new TypeError(`${sender.issuer} sends over QUIC twice`);
    known.set(sender.issuer, expectedOf(sender));
  }
  return ({ issuer, streamId, authorization = '', clientThumbprint }) => {
    const expected = known.get(issuer);
    const { authorizationDigest, thumbprint } = expected ?? NOBODY;
    const hasAuthorization =
      authorizationDigest === undefined || constantTimeEqual(sha256(authorization), authorizationDigest);
    const hasCertificate =
      thumbprint === undefined || constantTimeEqual(clientThumbprint ?? new Uint8Array(), thumbprint);
    if (expected === undefined || !hasAuthorization || !hasCertificate) return false;
    return streamId === undefined || expected.streamId === undefined || streamId === expected.streamId;
  };
}

interface Expected {
  readonly streamId: string | undefined;
  readonly authorizationDigest: Uint8Array | undefined;
  readonly thumbprint: Uint8Array | undefined;
}

/** Who is not known is compared all the same. */
const NOBODY: Omit<Expected, 'streamId'> = { authorizationDigest: sha256(''), thumbprint: undefined };

function expectedOf({ issuer, streamId, authorization, clientThumbprint }: DeliverySender): Expected {
  if (authorization === undefined && clientThumbprint === undefined) {
    throw new TypeError(
      `${issuer} sends over QUIC and shows nothing: give authorization or clientThumbprint`,
    );
  }
  if (authorization !== undefined && !/^[\x21-\x7e][\x20-\x7e]*$/.test(authorization)) {
    throw new TypeError(`${issuer}: the authorization is not a line of ASCII`);
  }
  return {
    streamId,
    authorizationDigest: authorization === undefined ? undefined : sha256(authorization),
    thumbprint: clientThumbprint === undefined ? undefined : thumbprintOf(issuer, clientThumbprint),
  };
}

function thumbprintOf(issuer: string, text: string): Uint8Array {
  try {
    const thumbprint = fromBase64Url(text);
    if (thumbprint.byteLength === THUMBPRINT_BYTES) return thumbprint;
  } catch {
    // What it is not, it is told below.
  }
  throw new TypeError(`${issuer}: clientThumbprint is not a SHA-256 digest in base64url`);
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(utf8(text)).digest();
}
