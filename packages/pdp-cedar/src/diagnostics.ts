import { diagnostics } from '@rta/core';

/** What a Cedar PDP tells on the channel `rta:pdp-cedar` about the policies that it loads. */
export type CedarDiagnostic =
  | {
      readonly kind: 'loaded';
      /** Name of the source. */
      readonly source: string;
      readonly revision: string;
      /** How many there are. */
      readonly policies: number;
      /** What Cedar warns of, e.g. a policy that can never apply: `file:line:column: message`. */
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly source: string;
      /** The revision that stays in force; undefined: there is none, the PDP did not open. */
      readonly revision: string | undefined;
      readonly code: string;
      readonly message: string;
    };

/** The channel; applications subscribe to it by its name. */
export const cedarDiagnostics = diagnostics<CedarDiagnostic>('pdp-cedar');
