import { type Channel, channel } from 'node:diagnostics_channel';

/**
 * A named diagnostics channel with a typed message. Libraries publish facts here and never log;
 * an application subscribes and turns them into logs, metrics and traces.
 *
 * Messages carry no secrets (invariant I10): ids, codes, counts and times only.
 */
export interface Diagnostics<Message extends object> {
  readonly name: string;
  /** Whether anybody listens; check it before building an expensive message. */
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

/** Opens the diagnostics channel `rta:<name>`. */
export function diagnostics<Message extends object>(name: string): Diagnostics<Message> {
  const fullName = `rta:${name}`;
  const opened: Channel = channel(fullName);
  return {
    name: fullName,
    get hasSubscribers() {
      return opened.hasSubscribers;
    },
    publish: (message) => opened.publish(message),
  };
}
