import { IsInt, Max, Min } from 'class-validator';
import { AppEnvironment, IsUrlOf, SecretVariable } from '#libs/runtime';

export class SandboxEnvironment extends AppEnvironment {
  override HTTP_PORT: number = 4100;
  override OPS_PORT: number = 4200;

  /** A receivables history comes in one request. */
  override HTTP_BODY_LIMIT_BYTES: number = 32 * 1024 * 1024;

  /** The partners it plays limit by themselves, each by its own rules. */
  override HTTP_REQUESTS_PER_SECOND: number = 0;
  override HTTP_MAX_CONNECTIONS: number = 10_000;

  /** The simulated ERP's own database, never Ponte's. */
  @IsUrlOf('postgres:', 'postgresql:')
  @SecretVariable()
  ERP_DATABASE_URL!: string;

  /** Per account, until the control API says otherwise; 0 lifts it. */
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  CUSTOMERX_RATE_LIMIT_PER_MINUTE: number = 60;

  /** Calls each partner remembers. */
  @IsInt()
  @Min(1)
  @Max(10_000_000)
  CALL_LOG_CAPACITY: number = 500_000;
}
