import type { Clock } from '@rta/core';
import { z } from 'zod';
import type { Fetch } from '../http/fetch.ts';
import { SSF_LIMITS } from '../limits.ts';
import { ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';
import { readJson } from './json-answer.ts';

/** What a transmitter says of itself. @see SSF 1.0 §7.1 */
export interface TransmitterMetadata {
  readonly issuer: string;
  /** Absent for transmitters from before SSF 1.0. */
  readonly specVersion?: string;
  readonly jwksUri?: string;
  /** URNs; as in `DELIVERY_METHOD`. */
  readonly deliveryMethods: readonly string[];
  readonly configurationEndpoint?: string;
  readonly statusEndpoint?: string;
  readonly addSubjectEndpoint?: string;
  readonly removeSubjectEndpoint?: string;
  readonly verificationEndpoint?: string;
  readonly criticalSubjectMembers: readonly string[];
  /** Whether a new stream is about everybody or about nobody; not said by some. */
  readonly defaultSubjects?: 'ALL' | 'NONE';
}

const url = z
  .string()
  .max(SSF_LIMITS.nameCharacters)
  .refine((text) => /^[\x21-\x7e]+$/.test(text) && URL.canParse(text));
const names = z
  .array(z.string().min(1).max(SSF_LIMITS.nameCharacters))
  .max(SSF_CLIENT_LIMITS.eventTypesCount);

/** Members that are not named here are passed over. */
const metadata = z.object({
  issuer: z.string(),
  spec_version: z.string().exactOptional(),
  jwks_uri: url.exactOptional(),
  delivery_methods_supported: names.exactOptional(),
  configuration_endpoint: url.exactOptional(),
  status_endpoint: url.exactOptional(),
  add_subject_endpoint: url.exactOptional(),
  remove_subject_endpoint: url.exactOptional(),
  verification_endpoint: url.exactOptional(),
  critical_subject_members: names.exactOptional(),
  // It only informs, so an unknown value is no reason to go without events.
  default_subjects: z.enum(['ALL', 'NONE']).optional().catch(undefined),
});

/**
 * Where a transmitter publishes its metadata: the well-known path stands between the host and the path of the issuer.
 *
 * @throws TypeError for an issuer that is no URL, or that has a query or a fragment.
 * @see SSF 1.0 §7.2
 */
export function transmitterMetadataUrl(issuer: string): string {
  const parsed = URL.parse(issuer);
  if (parsed === null || /[?#]/.test(issuer)) {
    throw new TypeError('an issuer is a URL without query and fragment');
  }
  return `${parsed.origin}/.well-known/ssf-configuration${parsed.pathname.replace(/\/$/, '')}`;
}

/** The metadata of one transmitter, which is read when it is needed and kept for a while. */
export interface TransmitterDirectory {
  /**
   * @throws RtaError `RTA_SSF_METADATA`, `RTA_SSF_STREAM_UNAVAILABLE`, and those of a request.
   */
  metadata(): Promise<TransmitterMetadata>;
  /** Has the metadata read again when it is needed next. */
  forget(): void;
}

/**
 * Makes the directory of one transmitter. What it publishes counts only under its own name: `issuer` must be the one
 * that was asked, to the character, or one transmitter could speak for another.
 *
 * @see SSF 1.0 §7.2.4
 */
export function createTransmitterDirectory(options: {
  readonly issuer: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
}): TransmitterDirectory {
  const { issuer, fetch, clock } = options;
  const metadataUrl = transmitterMetadataUrl(issuer);
  let known: { readonly value: TransmitterMetadata; readonly readMs: number } | undefined;
  let reading: Promise<TransmitterMetadata> | undefined;

  const read = async (): Promise<TransmitterMetadata> => {
    const readMs = clock.monotonicMs();
    const response = await fetch(metadataUrl, { headers: { accept: 'application/json' } });
    const { status } = response;
    if (status !== 200) {
      const isPassing = status === 429 || status >= 500;
      throw ssfClientError(
        isPassing ? 'RTA_SSF_STREAM_UNAVAILABLE' : 'RTA_SSF_METADATA',
        `the metadata was answered with status ${status}`,
        { details: { issuer, status } },
      );
    }
    const value = parseMetadata(await readJson(response), issuer);
    known = { value, readMs };
    return value;
  };

  return {
    async metadata() {
      if (known !== undefined && clock.monotonicMs() - known.readMs < SSF_CLIENT_LIMITS.metadataMaxAgeMs) {
        return known.value;
      }
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    forget() {
      known = undefined;
    },
  };
}

function parseMetadata(json: unknown, issuer: string): TransmitterMetadata {
  const fail = (member: string): never => {
    throw ssfClientError('RTA_SSF_METADATA', `member ${member} of the metadata cannot be used`, {
      details: { issuer, member },
    });
  };
  const result = metadata.safeParse(json);
  if (!result.success) return fail(String(result.error.issues[0]?.path[0] ?? ''));
  const found = result.data;
  if (found.issuer !== issuer) return fail('issuer');
  return {
    issuer,
    ...(found.spec_version === undefined ? {} : { specVersion: found.spec_version }),
    ...(found.jwks_uri === undefined ? {} : { jwksUri: found.jwks_uri }),
    deliveryMethods: found.delivery_methods_supported ?? [],
    ...(found.configuration_endpoint === undefined
      ? {}
      : { configurationEndpoint: found.configuration_endpoint }),
    ...(found.status_endpoint === undefined ? {} : { statusEndpoint: found.status_endpoint }),
    ...(found.add_subject_endpoint === undefined ? {} : { addSubjectEndpoint: found.add_subject_endpoint }),
    ...(found.remove_subject_endpoint === undefined
      ? {}
      : { removeSubjectEndpoint: found.remove_subject_endpoint }),
    ...(found.verification_endpoint === undefined
      ? {}
      : { verificationEndpoint: found.verification_endpoint }),
    criticalSubjectMembers: found.critical_subject_members ?? [],
    ...(found.default_subjects === undefined ? {} : { defaultSubjects: found.default_subjects }),
  };
}
