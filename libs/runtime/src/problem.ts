import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';

/** One mistake in what was sent; `pointer` is an RFC 6901 JSON pointer into the body (or `?name` in the query). */
export interface ProblemError {
  pointer: string;
  detail: string;
}

export interface ProblemDetails {
  /** A slug (`integration-not-found`); becomes `urn:ponte:problem:<slug>` and never changes its meaning. */
  type: string;
  status: number;
  title?: string;
  detail?: string;
  errors?: ProblemError[];
}

const TYPE_PREFIX = 'urn:ponte:problem:';

/** An answer that is not success, as RFC 9457 writes it. Throw it anywhere under an HTTP request. */
export class Problem extends HttpException {
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.detail ?? details.title ?? details.type, details.status);
    this.details = { ...details, title: details.title ?? STATUS_CODES[details.status] ?? 'Error' };
  }

  /** What travels: media type `application/problem+json`. */
  toBody(instance: string, traceId: string) {
    const { type, title, status, detail, errors } = this.details;
    return { type: `${TYPE_PREFIX}${type}`, title, status, detail, instance, errors, traceId };
  }
}

export function notFound(detail: string): Problem {
  return new Problem({ type: 'not-found', status: 404, detail });
}

export function invalidRequest(errors: ProblemError[], detail = 'The request has mistakes.'): Problem {
  return new Problem({ type: 'invalid-request', status: 400, detail, errors });
}

/** The same, for the API documentation. */
export const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'instance', 'traceId'],
  properties: {
    type: { type: 'string', description: `${TYPE_PREFIX}<what>; stable` },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
    traceId: { type: 'string' },
  },
} as const;
