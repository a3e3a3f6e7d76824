/** Does something for 0 to `count - 1`, so many at a time. @returns the results, in order. */
export async function inParallel<Result>(
  count: number,
  width: number,
  act: (index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}
