/** What is needed of `fetch`; the guarded one and the platform's both are such. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;
