import type { SecurityEventSource } from '@rta/server';
import { z } from 'zod';

const name = z.string().min(1);
const url = z.url();

/** How this server shows a transmitter who it is. */
const streamAuth = z.union(
  [
    z.strictObject({ token: name }),
    z.strictObject({
      clientId: name,
      clientSecret: name,
      /** How the secret is sent; in the `Authorization` header by default. */
      secretIn: z.enum(['header', 'body']).exactOptional(),
      /** Found by the metadata of `authorizationServer` where absent, which is the transmitter itself by default. */
      tokenEndpoint: url.exactOptional(),
      authorizationServer: url.exactOptional(),
      scope: z.string().exactOptional(),
      resource: url.exactOptional(),
    }),
  ],
  'must have token, or clientId and clientSecret',
);

/** What a configuration file may say of a transmitter of security events. */
export const transmitterSchema = z
  .strictObject({
    issuer: url,
    /** What it calls this server; with `stream`, what must be among its names where it is given. */
    audience: name.exactOptional(),
    jwksUri: url.exactOptional(),
    /** What the transmitter sends as `Authorization`, verbatim. */
    authorizationHeader: name.exactOptional(),
    /** What it may sign with; RS256 and ES256 by default. */
    algorithms: z.array(z.enum(['RS256', 'ES256', 'PS256', 'EdDSA'])).exactOptional(),
    /** URIs of the event types that it may send; any by default. */
    eventTypes: z.array(url).exactOptional(),
    /** Issuers whose users it may speak about; its own by default. */
    subjectIssuers: z.array(url).exactOptional(),
    /** Tenants of which it may speak; any by default, and people of none. */
    tenants: z.array(name).exactOptional(),
    /** Shapes from before SSF 1.0 that it may use; none by default. */
    legacy: z
      .array(z.enum(['header-type', 'subject-in-event', 'event-types', 'oauth-events']))
      .exactOptional(),
    /** Its stream to this receiver, and `critical_subject_members` of its metadata. */
    streamId: name.exactOptional(),
    criticalSubjectMembers: z.array(name).exactOptional(),
    /** Lets it send over QUIC, to the port of the agents, and says how it shows that it is itself. */
    quic: z
      .strictObject({
        /** What stands in `authorization` of its first frame, verbatim. */
        authorization: name.exactOptional(),
        /** `x5t#S256` of its certificate, which an authority of `tls.clientCaFile` issued. */
        clientThumbprint: z
          .string()
          .regex(/^[\w-]{43}$/, 'must be a SHA-256 digest in base64url')
          .exactOptional(),
      })
      .refine(
        ({ authorization, clientThumbprint }) =>
          authorization !== undefined || clientThumbprint !== undefined,
        'needs authorization or clientThumbprint',
      )
      .exactOptional(),
    /** Lets plain http pass on loopback: for development. */
    allowInsecureHttp: z.boolean().exactOptional(),
    /** Has this server keep its stream by itself (docs/guides/receive-caep-events.md). */
    stream: z
      .strictObject({
        delivery: z.enum(['push', 'poll']),
        /** Event types to ask for; all of CAEP and RISC by default. */
        events: z.array(url).exactOptional(),
        auth: streamAuth,
        /** Between two verifications; an hour by default. */
        verifyEveryMs: z.int().min(1).exactOptional(),
        /** Lets hosts that the transmitter names have private addresses; its own may always. */
        allowPrivateAddresses: z.boolean().exactOptional(),
      })
      .exactOptional(),
  })
  .transform((one, context): SecurityEventSource => {
    const { audience, jwksUri, authorizationHeader, streamId, stream, ...others } = one;
    const complain = (member: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [member], message });
    if (stream !== undefined) {
      for (const [member, value] of Object.entries({ jwksUri, authorizationHeader, streamId })) {
        if (value !== undefined) complain(member, 'is learned from the transmitter, with `stream`');
      }
      return { ...others, ...(audience === undefined ? {} : { audience }), stream };
    }
    if (audience === undefined) complain('audience', 'is needed without `stream`');
    if (jwksUri === undefined) complain('jwksUri', 'is needed without `stream`');
    return {
      ...others,
      audience: audience ?? '',
      jwksUri: jwksUri ?? '',
      ...(authorizationHeader === undefined ? {} : { authorizationHeader }),
      ...(streamId === undefined ? {} : { streamId }),
    };
  });
