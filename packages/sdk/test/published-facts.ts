import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';
import { type SdkDiagnostic, sdkDiagnostics } from '../src/index.ts';

/** What the SDK publishes while the test runs, newest last. */
export function publishedFacts(): SdkDiagnostic[] {
  const facts: SdkDiagnostic[] = [];
  const onFact = (fact: unknown): void => void facts.push(fact as SdkDiagnostic);
  subscribe(sdkDiagnostics.name, onFact);
  onTestFinished(() => void unsubscribe(sdkDiagnostics.name, onFact));
  return facts;
}
