export { createDevIdp, type DevIdp, type DevIdpFault } from './idp/dev-idp.ts';
export { DEV_IDP_ERRORS, type DevIdpErrorCode } from './idp/errors.ts';
export { DEV_IDP_LIMITS } from './idp/limits.ts';
export type { DevClient, DevIdpOptions, DevResourceServer, DevUser } from './idp/options.ts';
export type { EventReceiver, PushResult } from './idp/push-delivery.ts';
export type { IdpSession } from './idp/records.ts';
export type {
  CredentialChange,
  DeviceComplianceChange,
  EventNote,
  EventTarget,
  RiskLevelChange,
  SecurityEvent,
  SessionRevoked,
  SignedEvent,
} from './idp/security-event.ts';
export { type SignIn, type SignInRequest, signInWithBrowser } from './idp/sign-in.ts';
export type { SecurityEventTransmitter } from './idp/transmitter.ts';
export {
  type ClientCertificateRequest,
  createDevPki,
  type DevPki,
  type IssuedCertificate,
  type ServerCertificateRequest,
} from './pki/dev-pki.ts';
