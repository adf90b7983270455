import type { IncomingMessage, ServerResponse } from 'node:http';

/** An Express middleware in the words of node:http. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** An API that is no web page: nothing may frame it, sniff it, cache it or run in it. */
export const basicHeaders: Middleware = (_request, response, next) => {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cache-control', 'no-store');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  next();
};
