/** Tells on standard error how far a long reading is. */
export interface Progress {
  add(bytes: number): void;
  end(): void;
}

/** A log that is smaller is read before anybody wonders. */
const QUIET_BYTES = 67_108_864;

/** Makes one for so many bytes; it says something every twentieth of the way. */
export function createProgress(
  totalBytes: number,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Progress {
  let doneBytes = 0;
  let toldTwentieths = 0;
  return {
    add(bytes) {
      doneBytes += bytes;
      if (totalBytes < QUIET_BYTES) return;
      const twentieths = Math.floor((doneBytes * 20) / totalBytes);
      if (twentieths === toldTwentieths) return;
      toldTwentieths = twentieths;
      write(`\r${twentieths * 5} %`);
    },
    end() {
      if (toldTwentieths > 0) write('\r       \r');
    },
  };
}
