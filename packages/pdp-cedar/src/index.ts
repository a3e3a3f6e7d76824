export { cedarFolder } from './cedar-folder.ts';
export { type CedarPdp, type CedarPdpOptions, createCedarPdp } from './cedar-pdp.ts';
export { type CedarFile, type CedarSource, type CedarTextSource, cedarText } from './cedar-source.ts';
export type { CedarDiagnostic } from './diagnostics.ts';
export { PDP_CEDAR_ERRORS, type PdpCedarErrorCode } from './errors.ts';
export { PDP_CEDAR_LIMITS } from './limits.ts';
