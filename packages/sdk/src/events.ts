type Listeners<Events> = { readonly [Name in keyof Events]: Set<(event: Events[Name]) => void> };

/** Who listens to what. */
export interface EventSource<Events> {
  /** Listens; the returned function stops it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  /** Tells every listener, in the order in which they came. One that throws keeps nobody else from hearing it. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
}

/** Makes a source of events. */
export function createEvents<Events>(listeners: Listeners<Events>): EventSource<Events> {
  return {
    on(name, listener) {
      listeners[name].add(listener);
      return () => listeners[name].delete(listener);
    },
    emit(name, event) {
      for (const listener of listeners[name]) {
        try {
          listener(event);
        } catch (error) {
          // The others must hear it, and the server must be acknowledged; the fault is the listener's own.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
