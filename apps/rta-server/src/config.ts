import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DEFAULT_ROTATION } from '@rta/token';
import { LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { appError } from './errors.ts';
import { rotationFault, rotationOf } from './token-keys.ts';
import { transmitterSchema } from './transmitter-config.ts';

const name = z.string().min(1);
const port = z.int().min(0).max(65_535);
const url = z.url();
const positiveMs = z.int().min(1);

/** What a configuration file may say. A member that is not listed is an error: it would be a setting that is not. */
const members = z.strictObject({
  /** The server's own identifier, as its clients see it: an https URL without a path. */
  issuer: url.regex(/^https:\/\/[^/]+$/, 'must be an https URL without a path'),
  node: name.exactOptional(),
  http: z.strictObject({ host: name.default('0.0.0.0'), port: port.default(8443) }).prefault({}),
  agents: z
    .strictObject({
      host: name.default('0.0.0.0'),
      port: port.default(4433),
      /** Where agents connect, `host:port`; told to agents that exchange over HTTPS. */
      endpoint: name.exactOptional(),
      /** QUIC on the UDP port, WebSocket on the TCP port of the same number. */
      transports: z
        .array(z.enum(['quic', 'websocket']))
        .min(1)
        .refine((all) => new Set(all).size === all.length, 'must name each transport once')
        .default(['quic', 'websocket']),
      /** Lets agents that come back ask with their first packet (0-RTT, docs/spec/protocol.md §9). */
      earlyData: z.boolean().default(true),
      /** 32 random bytes as base64url, the same on all nodes; without it, one is drawn at the start. */
      secretFile: name.exactOptional(),
    })
    .prefault({}),
  tls: z
    .strictObject({
      certFile: name,
      keyFile: name,
      /** Authorities that issue certificates to agents; without it, agents are asked for none. */
      clientCaFile: name.exactOptional(),
      /** Turns away agents that show none. */
      requireClientCertificate: z.boolean().exactOptional(),
    })
    .refine(({ clientCaFile, requireClientCertificate }) => {
      return clientCaFile !== undefined || requireClientCertificate !== true;
    }, 'requireClientCertificate needs clientCaFile'),
  tokens: z
    .strictObject({
      /** Suite of keys that are made from now on. */
      suite: z.enum(['hmac-sha256', 'ed25519']).default('hmac-sha256'),
      /** Made by `rta-server keys create`; without it, a key is drawn that lives as long as the process. */
      keyFolder: name.exactOptional(),
      /** How long a key signs; `never` leaves rotation to `rta-server keys rotate`. */
      rotateEveryMs: z.union([positiveMs, z.literal('never')]).default(DEFAULT_ROTATION.rotateEveryMs),
      /** How long tokens of a key are accepted after its successor signs. */
      overlapMs: positiveMs.default(DEFAULT_ROTATION.overlapMs),
      /** How long a key is accepted before it signs. */
      announceMs: positiveMs.default(DEFAULT_ROTATION.announceMs),
    })
    .superRefine((tokens, { addIssue }) => {
      const fault = rotationFault(rotationOf(tokens));
      if (fault !== undefined) addIssue({ code: 'custom', message: fault });
    })
    .prefault({}),
  idps: z
    .array(
      z.strictObject({
        issuer: url,
        audiences: z.array(name).exactOptional(),
        clientIds: z.array(name).exactOptional(),
        introspection: z
          .strictObject({
            endpoint: url.exactOptional(),
            clientId: name,
            clientSecret: name,
            authMethod: z.enum(['client_secret_basic', 'client_secret_post']).exactOptional(),
          })
          .exactOptional(),
        jwks: z
          .strictObject({
            uri: url.exactOptional(),
            accessTokenTyp: z.enum(['at+jwt', 'jwt']).exactOptional(),
          })
          .exactOptional(),
        /** Claims that it has names of its own for: `tid` or `org_id` for the tenant. */
        claims: z
          .strictObject({ tenant: name.exactOptional(), device: name.exactOptional() })
          .exactOptional(),
        /** What a token without scopes of its own can be exchanged for. */
        grantableScope: z.array(name).exactOptional(),
        /** How long sessions live; as long as the IdP's token by default. */
        sessionLifetimeMs: positiveMs.exactOptional(),
        /** Lets plain http pass on loopback: for development. */
        allowInsecureHttp: z.boolean().exactOptional(),
      }),
    )
    .min(1),
  transmitters: z.array(transmitterSchema).default([]),
  /** Security events to others (docs/guides/send-security-events.md). */
  ssf: z
    .strictObject({
      /** Tells others what happens to sessions; without it nobody is told. */
      transmitter: z
        .strictObject({
          /** What access tokens of receivers are for: another audience than that of tokens for agents. */
          audience: name,
          /** Private keys, a JWK Set; made at the first start. */
          keyFile: name.default('events.key'),
          /** Also tells of every use of a session: one event for each action. */
          sessionPresented: z.boolean().default(false),
          /** Whether a stream hears of everybody, or of those alone who were added to it. */
          defaultSubjects: z.enum(['ALL', 'NONE']).default('ALL'),
          /** Pauses streams of receivers that are not heard of for so long. */
          inactivityTimeoutMs: positiveMs.exactOptional(),
          /** Lets push endpoints have private addresses. */
          allowPrivateAddresses: z.boolean().default(false),
          /** Lets push endpoints be plain http on loopback: for development. */
          allowLoopbackHttp: z.boolean().default(false),
        })
        .exactOptional(),
    })
    .prefault({}),
  /** A folder with `*.cedar` policies and, if wanted, a `*.cedarschema`. */
  policies: name,
  /** Lets people administer (docs/guides/admin-api.md); without it there is no admin API. */
  admin: z
    .strictObject({
      /** What access tokens of administrators are for: another audience than that of tokens for agents. */
      audience: name,
      /** A scope that they must have. */
      scope: name.exactOptional(),
      /** A folder with `*.cedar` policies that say who may do what; apart from those for agents. */
      policies: name,
    })
    .exactOptional(),
  /** Where sessions, and what is known of their subjects, outlive the process. */
  store: z
    .discriminatedUnion('kind', [
      /** In an embedded database in this folder, for one node. */
      z.strictObject({ kind: z.literal('lmdb'), folder: name.default('state') }),
      /** In Redis (packages/store-redis/README.md); needs `node`. */
      z.strictObject({
        kind: z.literal('redis'),
        url: z.url({ protocol: /^rediss?$/ }),
        keyPrefix: name.exactOptional(),
        /** Refuses a Redis that may forget what it has acknowledged; false only where that may be. */
        requireDurable: z.boolean().default(true),
        /** Replicas that must have a write before it counts. */
        waitReplicas: z.int().min(0).exactOptional(),
        /** Goes on after a loss that was looked into: the `lossId` of the error. */
        acceptLoss: name.exactOptional(),
      }),
      /** In memory, for a try: everything is forgotten when the process ends. */
      z.strictObject({ kind: z.literal('memory') }),
    ])
    .prefault({ kind: 'lmdb' }),
  /** The audit log (docs/audit.md). */
  audit: z
    .strictObject({
      file: name.default('audit.jsonl'),
      /** The key that seals the log, made at the first start; its public half stands beside it, as `.pub`. */
      keyFile: name.default('audit.key'),
      /** What a node does while it cannot write the log: permit nothing, or go on and tell later what was lost. */
      onFailure: z.enum(['deny', 'degrade']).default('deny'),
      /** Bytes of a file, after which the log goes on in another. */
      segmentBytes: z.int().min(1_048_576).exactOptional(),
    })
    .prefault({}),
  /** What sessions may do. */
  sessions: z
    .strictObject({
      /** Suspends sessions at this risk level and above; without it, that is for the policies to say. */
      suspendAtRisk: z.enum(['MEDIUM', 'HIGH']).exactOptional(),
      /** Who says whether an agent may delegate: the grant alone, or the policies too (`rta:delegate`). */
      delegation: z.enum(['grant', 'policy']).default('grant'),
      /** What a session may ask for, over itself and those below it. */
      budget: z
        .strictObject({
          requestsPerSecond: z.number().positive().exactOptional(),
          totalCount: z.int().min(1).exactOptional(),
        })
        .exactOptional(),
      /** Questions per second of one agent over all its sessions. */
      agentRequestsPerSecond: z.number().positive().exactOptional(),
      /** Types of obligations that all agents are known to fulfil. */
      forwardedObligations: z.array(name).exactOptional(),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

const schema = members
  .refine(({ store, node }) => store.kind !== 'redis' || node !== undefined, {
    path: ['node'],
    message: 'a store in Redis needs a name of the node that stays',
  })
  .refine(
    ({ agents, transmitters }) =>
      agents.transports.includes('quic') || transmitters.every(({ quic }) => quic === undefined),
    { path: ['agents', 'transports'], message: 'must name quic, for a transmitter sends over it' },
  )
  .refine(
    ({ tls, transmitters }) =>
      tls.clientCaFile !== undefined ||
      transmitters.every(({ quic }) => quic?.clientThumbprint === undefined),
    { path: ['tls'], message: 'needs clientCaFile, for a transmitter is known by its certificate' },
  );

/** A configuration that was checked; paths are absolute. */
export type Config = z.infer<typeof schema>;

/**
 * Reads and checks a configuration file.
 *
 * `${NAME}` in a text stands for an environment variable, so that secrets need not be in the file.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_SYNTAX`, `RTA_CONFIG_INVALID`, `RTA_CONFIG_ENVIRONMENT`; messages
 *   name the file, line and column of everything that is wrong.
 */
export async function loadConfig(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
  }
  return parseConfig(text, file, environment);
}

/** As {@link loadConfig}, from the text of a file. */
export function parseConfig(
  text: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const lines = new LineCounter();
  // Pretty errors would quote the file, secrets and all.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${line}:${col}`;
  };
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    throw appError('RTA_CONFIG_SYNTAX', `${place(syntaxError.pos[0])} ${syntaxError.message}`);
  }

  visit(document, {
    Alias(_key, { range }) {
      throw appError('RTA_CONFIG_SYNTAX', `${place(range?.[0])} aliases are not supported`);
    },
  });

  const parsed = schema.safeParse(withEnvironment(document.toJS(), environment, file));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const node = nearestNode(document.contents, path);
      return `${place(node?.range?.[0])} ${path.join('.') || '(file)'}: ${message}`;
    });
    throw appError('RTA_CONFIG_INVALID', faults.join('\n'));
  }
  return withAbsolutePaths(parsed.data, dirname(resolve(file)));
}

/** Replaces `${NAME}` in every text. */
function withEnvironment(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  file: string,
): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+)\}/g, (_, variable: string) => {
      const replacement = environment[variable];
      if (replacement === undefined) {
        throw appError('RTA_CONFIG_ENVIRONMENT', `${file}: \${${variable}} is not set`);
      }
      return replacement;
    });
  }
  if (Array.isArray(value)) return value.map((item) => withEnvironment(item, environment, file));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, withEnvironment(item, environment, file)]),
    );
  }
  return value;
}

/** The node at a path, or the last one on the way to it: where a member is missing, its parent is shown. */
function nearestNode(root: ParsedNode | null, path: readonly PropertyKey[]): ParsedNode | null {
  let node = root;
  for (const key of path) {
    const next: unknown = node !== null && 'get' in node ? node.get(key, true) : undefined;
    if (typeof next !== 'object' || next === null || !('range' in next)) return node;
    node = next as ParsedNode;
  }
  return node;
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const absolute = (path: string): string => resolve(folder, path);
  const { agents, tls, tokens, audit, admin, store, ssf } = config;
  const { transmitter } = ssf;
  return {
    ...config,
    agents: {
      ...agents,
      ...(agents.secretFile === undefined ? {} : { secretFile: absolute(agents.secretFile) }),
    },
    tls: {
      ...tls,
      certFile: absolute(tls.certFile),
      keyFile: absolute(tls.keyFile),
      ...(tls.clientCaFile === undefined ? {} : { clientCaFile: absolute(tls.clientCaFile) }),
    },
    tokens: {
      ...tokens,
      ...(tokens.keyFolder === undefined ? {} : { keyFolder: absolute(tokens.keyFolder) }),
    },
    ssf: {
      ...ssf,
      ...(transmitter === undefined
        ? {}
        : { transmitter: { ...transmitter, keyFile: absolute(transmitter.keyFile) } }),
    },
    policies: absolute(config.policies),
    ...(admin === undefined ? {} : { admin: { ...admin, policies: absolute(admin.policies) } }),
    store: store.kind === 'lmdb' ? { ...store, folder: absolute(store.folder) } : store,
    audit: { ...audit, file: absolute(audit.file), keyFile: absolute(audit.keyFile) },
  };
}
