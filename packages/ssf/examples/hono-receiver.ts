import { systemClock } from '@rta/core';
import { CAEP_EVENTS, createSetReceiver, type SubjectIdentifier, type TransmitterOptions } from '@rta/ssf';
import { createMemoryStore } from '@rta/store';
import { Hono } from 'hono';

type EndSessions = (of: SubjectIdentifier) => Promise<void>;

export function securityEvents(transmitter: TransmitterOptions, endSessions: EndSessions): Hono {
  const receiver = createSetReceiver({
    transmitters: [transmitter],
    singleUse: createMemoryStore({ clock: systemClock }).singleUse,
    accept: async ({ event, subject }) => {
      if (event.type === CAEP_EVENTS.sessionRevoked) await endSessions(subject);
    },
    clock: systemClock,
  });
  return new Hono().post('/ssf/events', async ({ req }) => {
    const { status, headers, body } = await receiver.receivePush({
      contentType: req.header('Content-Type'),
      authorization: req.header('Authorization'),
      body: new Uint8Array(await req.arrayBuffer()),
    });
    return new Response(body, { status, headers });
  });
}
