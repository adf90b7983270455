import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { withAccess } from '#libs/access';
import { AppEnvironment, Secret, withBroker, withDatabase } from '#libs/runtime';
import { IsKeyRing } from '#libs/settings';
import { IsMasterKeys } from './keys/master-keys.js';

export class AuditEnvironment extends withAccess(withBroker(withDatabase(AppEnvironment))) {
  /** What wraps the key of each person and company: losing it loses every payload. */
  @IsMasterKeys()
  AUDIT_KEY!: Secret;

  /** The same as of the connectors that name people by tokens: whom they name so is erased by it. */
  @IsOptional()
  @IsKeyRing()
  PERSON_KEYS?: Secret;

  /** How long an entry may stand outside the chain. */
  @IsInt()
  @Min(100)
  @Max(600_000)
  SEAL_EVERY_MS: number = 5_000;

  /** Bytes nobody can say whose they are may be anybody's: their key is thrown away after this. */
  @IsInt()
  @Min(1)
  @Max(3_650)
  UNREADABLE_KEPT_DAYS: number = 30;
}
