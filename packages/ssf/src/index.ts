export { type AccessTokens, type ClientAuthentication, createAccessTokens } from './client/access-token.ts';
export { createAuthorizedFetch } from './client/authorized-fetch.ts';
export { SSF_CLIENT_ERRORS, type SsfClientErrorCode } from './client/client-errors.ts';
export { SSF_CLIENT_LIMITS } from './client/client-limits.ts';
export { type KeptStreamDiagnostics, keptStreamChannel } from './client/diagnostics.ts';
export {
  createPollClient,
  type PollClient,
  type PollClientOptions,
  type PollHealth,
} from './client/poll-client.ts';
export { createStreamClient, type StreamClient } from './client/stream-client.ts';
export type {
  StreamConfiguration,
  StreamRequest,
} from './client/stream-configuration.ts';
export {
  createStreamKeeper,
  type StreamHealth,
  type StreamKeeper,
  type StreamKeeperOptions,
} from './client/stream-keeper.ts';
export {
  createTransmitterDirectory,
  type TransmitterDirectory,
  type TransmitterMetadata,
  transmitterMetadataUrl,
} from './client/transmitter-metadata.ts';
export {
  createDeliveryAuthentication,
  type DeliveryCredential,
  type DeliveryRequest,
  type DeliverySender,
} from './delivery/authentication.ts';
export { quicChannel, type SetDeliveryDiagnostics } from './delivery/diagnostics.ts';
export { DELIVERY_LIMITS } from './delivery/limits.ts';
export { DELIVERY_ALPN, DELIVERY_CLOSE, QUIC_DELIVERY_METHOD } from './delivery/protocol.ts';
export {
  type DeliveryLimits,
  type SetDelivery,
  type SetDeliveryOptions,
  serveSetDelivery,
} from './delivery/serve-set-delivery.ts';
export { SSF_ERRORS, type SsfErrorCode, ssfError } from './errors.ts';
export { CAEP_EVENTS, OAUTH_EVENTS, RISC_EVENTS, SCIM_EVENTS, SSF_EVENTS } from './events/event-types.ts';
export {
  type EventValue,
  isKnownEventType,
  type KnownEvent,
  type KnownEventType,
  type SecurityEvent,
  securityEvent,
} from './events/security-event.ts';
export type { Fetch } from './http/fetch.ts';
export { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './http/guarded-fetch.ts';
export { SSF_HTTP_ERRORS, type SsfHttpErrorCode } from './http/http-errors.ts';
export { SSF_HTTP_LIMITS } from './http/http-limits.ts';
export { type ReceiverLimits, SSF_LIMITS } from './limits.ts';
export {
  type NoEffect,
  type SetDiagnostics,
  type SetFacts,
  type SetOutcome,
  setChannel,
  streamChannel,
} from './receiver/diagnostics.ts';
export type { Push } from './receiver/push.ts';
export type { Inlet, ReceivedEvent } from './receiver/received-event.ts';
export {
  type RegisteredTransmitter,
  SET_ALGORITHMS,
  type SetAlgorithm,
  type TransmitterOptions,
} from './receiver/registered-transmitter.ts';
export type { PushResponse, SetError, SetErrorCode } from './receiver/respond.ts';
export type { OutOfScope } from './receiver/scope.ts';
export {
  createSetReceiver,
  type SetReceiver,
  type SetReceiverOptions,
  type SetVerdict,
} from './receiver/set-receiver.ts';
export { LEGACY_SHAPES, type LegacyShape } from './set/legacy.ts';
export { setId } from './set/set-id.ts';
export { createSetSigner, type SetSigner, type SetToSign, signSet } from './set/sign-set.ts';
export { matchesSubject } from './subjects/match-subjects.ts';
export {
  type AliasesSubject,
  type ComplexSubject,
  parseSubject,
  type SimpleSubject,
  SUBJECT_MEMBERS,
  type SubjectIdentifier,
  type SubjectMember,
  subjectJson,
  type UnknownSubject,
} from './subjects/subject-identifier.ts';
export type { Authorize, StreamAccess } from './transmitter/access.ts';
export { STREAM_SCOPE } from './transmitter/access.ts';
export {
  createTransmitter,
  type EventTransmitter,
  type EventTransmitterOptions,
  type OutboundStreamHealth,
} from './transmitter/create-transmitter.ts';
export {
  type DeliveryDiagnostics,
  deliveryChannel,
  type OutboundStreamDiagnostics,
  outboundStreamChannel,
} from './transmitter/diagnostics.ts';
export type { RefusedSet } from './transmitter/outbox.ts';
export {
  DELIVERY_METHOD,
  type Delivery,
  type DeliveryMethod,
  type StreamStatus,
} from './transmitter/stream.ts';
export type { OutgoingEvent } from './transmitter/stream-sender.ts';
export { SSF_TRANSMITTER_ERRORS, type SsfTransmitterErrorCode } from './transmitter/transmitter-errors.ts';
export { SSF_TRANSMITTER_LIMITS, type TransmitterLimits } from './transmitter/transmitter-limits.ts';
