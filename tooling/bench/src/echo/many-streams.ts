/** For a stream to each request: room for the most requests in flight, and for ended streams that linger a little. */
export const MANY_STREAMS = { maxStreamCount: 1_024 } as const;
