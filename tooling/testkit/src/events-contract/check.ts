import type { EventBroker } from '@rta/events';

/** The broker that the suite is run against. */
export interface EventsContractEnv {
  readonly name: string;
  /**
   * Opens a broker over the log with this name, empty at first; each check uses names of its own. Opened twice,
   * one name means one log where the broker claims `shared`; opened again after a close, where it claims `durable`.
   */
  open(log: string): EventBroker | Promise<EventBroker>;
  /** Milliseconds after which something that has not happened counts as not happening; 5000 by default. */
  readonly patienceMs?: number;
}

/** One statement about brokers. */
export interface EventsCheck {
  readonly name: string;
  /** Rejects where the broker does not keep to it. */
  run(env: EventsContractEnv): Promise<void>;
}
