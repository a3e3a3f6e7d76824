/** Resolves in the next turn of the event loop: others are served meanwhile. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
