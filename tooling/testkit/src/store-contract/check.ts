import type { Store } from '@rta/store';

/** The store that the suite is run against. */
export interface StoreContractEnv {
  readonly name: string;
  /**
   * Opens a store in the place with this name, empty at first; each check uses names of its own. Opened twice, one
   * name means one state where the store claims `shared`; opened again after a close, where it claims `durable`.
   */
  open(place: string): Store | Promise<Store>;
  /**
   * Opens a store with room for 4 single-use keys, 4 records in each collection and 4 audit rows.
   * Left out for a store that has no such limits of its own.
   */
  openSmall?(place: string): Store | Promise<Store>;
  /** UNIX milliseconds as the store reads them. */
  now(): number;
  /** Lets time pass for the store, e.g. by moving its clock. The suite asks for 100 ms at a time. */
  advance(ms: number): void | Promise<void>;
}

/** One statement about stores. */
export interface StoreCheck {
  readonly name: string;
  /** Rejects where the store does not keep to it. */
  run(env: StoreContractEnv): Promise<void>;
}
