/**
 * What one error code means. Every package has one table of these; `docs/errors.md` is made from them.
 */
export interface ErrorSpec {
  /** One sentence: what went wrong. */
  readonly summary: string;
  /** One sentence: what the reader can do about it. */
  readonly remedy: string;
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;
  /** HTTP status where the error crosses HTTP; 500 where absent. */
  readonly httpStatus?: number;
}

/** A package's error codes, `RTA_<AREA>_<REASON>`, with their meaning. */
export type ErrorTable = Readonly<Record<`RTA_${string}`, ErrorSpec>>;

/** Facts about one failure: lengths, names, counts. Never token bytes, claims or keys (invariant I10). */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

const BRAND: unique symbol = Symbol.for('@rta/core/RtaError');

/**
 * The error class of every RealTimeAuth package. Tell errors apart by {@link RtaError.code}, never by message.
 *
 * `cause` stays in this process: nothing that crosses the wire is made from it.
 */
export class RtaError<Code extends string = string> extends Error {
  override readonly name = 'RtaError';
  readonly code: Code;
  readonly retryable: boolean;
  readonly httpStatus: number;
  readonly details: ErrorDetails;

  constructor(
    code: Code,
    message: string,
    options: { retryable: boolean; httpStatus?: number; details?: ErrorDetails; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, BRAND, { value: true });
    this.code = code;
    this.retryable = options.retryable;
    this.httpStatus = options.httpStatus ?? 500;
    this.details = options.details ?? {};
  }
}

/**
 * Whether a caught value is an {@link RtaError}, and optionally one with this code.
 * Recognises errors made by another copy of this package in the same process.
 */
export function isRtaError<Code extends string>(value: unknown, code?: Code): value is RtaError<Code> {
  if (typeof value !== 'object' || value === null || !(BRAND in value)) return false;
  return code === undefined || (value as unknown as RtaError).code === code;
}

/** Makes errors of one package: the code decides everything but the facts. */
export type ErrorFactory<Code extends string> = (
  code: Code,
  message?: string,
  options?: { details?: ErrorDetails; cause?: unknown },
) => RtaError<Code>;

/**
 * Binds a package's error table to a function that makes its errors.
 *
 * @example
 * ```ts
 * export const STORE_ERRORS = { RTA_STORE_FULL: { … } } as const satisfies ErrorTable;
 * export const storeError = errorFactory(STORE_ERRORS);
 * throw storeError('RTA_STORE_FULL', 'audit holds 100000 records', { details: { records: 100_000 } });
 * ```
 */
export function errorFactory<Code extends `RTA_${string}`>(
  table: Readonly<Record<Code, ErrorSpec>>,
): ErrorFactory<Code> {
  return (code, message, options) => {
    const spec = table[code];
    return new RtaError(code, message ?? spec.summary, {
      retryable: spec.retryable,
      ...(spec.httpStatus === undefined ? {} : { httpStatus: spec.httpStatus }),
      ...options,
    });
  };
}
