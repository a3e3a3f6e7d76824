/** Room for all datagrams that are in flight: those that find none are lost, and nobody sends them again. */
export const UDP_BUFFERS = { recvBufferSize: 2_097_152, sendBufferSize: 2_097_152 } as const;
