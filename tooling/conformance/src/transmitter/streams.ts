import assert from 'node:assert/strict';
import type { Json } from '../scripted/http.ts';
import type { Answer, TransmitterStage } from './transmitter-module.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';

/** The events that modules ask for. */
export const EVENTS: readonly string[] = ['session-revoked', 'session-established'].map(
  (name) => `${CAEP}${name}`,
);

/** Methods of delivery. */
export const METHOD = { push: 'urn:ietf:rfc:8935', poll: 'urn:ietf:rfc:8936' } as const;

/** A stream of a module, and what it does with it. */
export interface TestStream {
  readonly id: string;
  readonly configuration: Json;
  /** Asks for a verification event. */
  verify(state?: string): Promise<Answer>;
  /** Polls. */
  poll(request?: Json): Promise<PollAnswer>;
  /** Sets the status. */
  setStatus(status: string): Promise<Answer>;
}

/** What a poll brought. */
export interface PollAnswer {
  readonly sets: Readonly<Record<string, string>>;
  readonly moreAvailable?: boolean;
}

/** Makes a stream. */
export async function makeStream(
  stage: TransmitterStage,
  delivery: Json = { method: METHOD.poll },
): Promise<TestStream> {
  const created = await stage.ask('POST', stage.metadata['configuration_endpoint'], {
    body: { delivery, events_requested: EVENTS, description: 'a module' },
  });
  assert.equal(created.status, 201, `a stream is to be made: ${JSON.stringify(created.body)}`);
  const configuration = created.body as Json;
  const id = String(configuration['stream_id']);
  const { endpoint_url: pollUrl } = configuration['delivery'] as Json;
  return {
    id,
    configuration,
    verify: (state) =>
      stage.ask('POST', stage.metadata['verification_endpoint'], {
        body: { stream_id: id, ...(state === undefined ? {} : { state }) },
      }),
    async poll(request = { returnImmediately: true }) {
      const { status, body } = await stage.ask('POST', pollUrl, { body: request });
      assert.equal(status, 200, 'a poll is to be answered');
      const answer = body as PollAnswer;
      assert(typeof answer.sets === 'object' && answer.sets !== null, 'a poll answer has sets');
      return answer;
    },
    setStatus: (status) =>
      stage.ask('POST', stage.metadata['status_endpoint'], { body: { stream_id: id, status } }),
  };
}

/** Polls until something is there. */
export async function pollFor(stream: TestStream, count: number): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (let tries = 0; Object.keys(all).length < count && tries < 20; tries += 1) {
    Object.assign(all, (await stream.poll({ returnImmediately: false })).sets);
  }
  assert.equal(Object.keys(all).length, count, `${count} tokens are to come`);
  return all;
}
