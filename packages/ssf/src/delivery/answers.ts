import { type DeliveryFrame, encodeDeliveryFrame, type SetError } from './frames.ts';
import { jsonBytes, packEntries } from './pack.ts';

type Entry = { readonly jti: string; readonly setErr?: SetError };

/** Collects what became of SETs, and says it once a turn of the event loop: acknowledgements share frames. */
export interface AnswerQueue {
  acknowledge(jti: string): void;
  refuse(jti: string, setErr: SetError): void;
  /** Says at once what there is to say. */
  flush(): void;
}

/** @param write takes the bytes of a frame. */
export function createAnswerQueue(write: (frame: Uint8Array) => void): AnswerQueue {
  let waiting: Entry[] = [];

  const flush = (): void => {
    const entries = waiting;
    waiting = [];
    for (const part of packEntries(
      entries,
      (entry) => jsonBytes(entry.jti) + jsonBytes(entry.setErr ?? {}),
    )) {
      write(encodeDeliveryFrame(answerOf(part)));
    }
  };
  const add = (entry: Entry): void => {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push(entry);
  };
  return {
    acknowledge: (jti) => add({ jti }),
    refuse: (jti, setErr) => add({ jti, setErr }),
    flush,
  };
}

function answerOf(entries: readonly Entry[]): DeliveryFrame {
  const ack: string[] = [];
  const setErrs = new Map<string, SetError>();
  for (const { jti, setErr } of entries) {
    if (setErr === undefined) ack.push(jti);
    else setErrs.set(jti, setErr);
  }
  return { kind: 'answer', ack, setErrs };
}
