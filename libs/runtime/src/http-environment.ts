import { isIP } from 'node:net';
import { buildMessage, IsBoolean, IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';

/** How much an app takes from whoever calls its HTTP, before it knows who that is. Every default is safe to leave. */
export abstract class HttpEnvironment {
  /** A longer body is refused with 413. */
  @IsInt()
  @Min(1024)
  @Max(64 * 1024 * 1024)
  HTTP_BODY_LIMIT_BYTES: number = 1024 * 1024;

  /** Request line and headers together; more is refused with 431. */
  @IsInt()
  @Min(4 * 1024)
  @Max(256 * 1024)
  HTTP_HEADER_LIMIT_BYTES: number = 16 * 1024;

  /** Until the last header has come; a slower caller gets 408 and loses the connection. */
  @IsInt()
  @Min(100)
  @Max(600_000)
  HTTP_HEADERS_TIMEOUT_MS: number = 10_000;

  /** Until the last byte of the body has come. */
  @IsInt()
  @Min(100)
  @Max(600_000)
  HTTP_REQUEST_TIMEOUT_MS: number = 30_000;

  /** At once; beyond, a connection is closed as it comes. */
  @IsInt()
  @Min(10)
  @Max(100_000)
  HTTP_MAX_CONNECTIONS: number = 1_000;

  /** Of one caller, in the long run; more is refused with 429 and `Retry-After`. 0: no limit. */
  @IsInt()
  @Min(0)
  @Max(100_000)
  HTTP_REQUESTS_PER_SECOND: number = 100;

  /** What one caller may ask at once after a silence. */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  HTTP_REQUEST_BURST: number = 1_000;

  /** Addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed, separated by commas. */
  @IsOptional()
  @IsNetworks()
  HTTP_TRUSTED_PROXIES?: string;

  /** `/docs`, the one thing served without a token: on unless NODE_ENV is production. */
  @IsOptional()
  @IsBoolean()
  HTTP_DOCS?: boolean;
}

export function readNetworks(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((network) => network.trim() || []);
}

function IsNetworks(): PropertyDecorator {
  return ValidateBy({
    name: 'isNetworks',
    validator: {
      validate: (value) => typeof value === 'string' && readNetworks(value).every(isNetwork),
      defaultMessage: buildMessage(() => 'must be addresses or networks (10.0.0.0/8), separated by commas'),
    },
  });
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}
