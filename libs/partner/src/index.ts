export {
  PartnerEndpoint,
  type ObservedCall,
  type PartnerEndpointOptions,
  type Surroundings,
} from './partner-endpoint.js';
export { PartnerEndpoints, type PartnerEndpointsOptions } from './partner-endpoints.js';
export { DEFAULT_BREAKER, type BreakerOptions } from './breaker.js';
export type { HttpMethod, PartnerRequest } from './partner-request.js';
export type { AnswerProblem, PartnerAnswer } from './partner-answer.js';
export { PartnerUnavailable, type Sent, type UnavailableCode } from './partner-unavailable.js';
export { readCommon, readUnavailable } from './read-common.js';
export { readExhaustedUntil, readRateLimit, readRetryAfter, type RateLimitWindow } from './retry-after.js';
export { maskedExchange, type MaskedExchange } from './masked-exchange.js';
