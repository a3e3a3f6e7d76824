/** A SET that waits for its acknowledgement. */
export interface OutboxEntry {
  readonly jti: string;
  /** The compact JWS. */
  readonly set: string;
}

/** Where SETs are kept until they are acknowledged, so that a restart loses none: a table of your database. */
export interface SetOutbox {
  /** Resolves when the SET is safe. It is sent after that. */
  put(entry: OutboxEntry): Promise<void>;
  /** The SET was answered. One that is not there is no error. */
  remove(jti: string): Promise<void>;
  /** What was kept and not removed, the oldest first; asked once, at the start. */
  load(): Promise<readonly OutboxEntry[]>;
}
