import type { PoolClient } from 'pg';
import { countOwed } from '#libs/receivables';
import { Problem } from '#libs/runtime';
import { settingsOf, type SavedIntegration } from '#libs/settings';
import type { ConnectorDefinition } from './definition.js';
import { HAS_TOLD } from './integration-life.sql.js';
import type { PartnerSettings } from './partner-settings.js';
import { COUNT_RESENT } from './resending.sql.js';

/**
 * Whether a save changes what the partner was told before, so that everything must be told again.
 * @throws Problem 409 `would-resend`, with what it comes to, while nobody has agreed: nothing is saved
 */
export async function requireWordOnResending(
  client: PoolClient,
  definition: ConnectorDefinition,
  { before, after }: SavedIntegration<PartnerSettings>,
  isAgreed: boolean,
): Promise<boolean> {
  const changed = before ? changedOf(definition, before.settings, after.settings) : [];
  if (changed.length === 0 || !definition.load) return false;
  const { told } = (await client.query<{ told: boolean }>(HAS_TOLD, [after.id])).rows[0]!;
  if (!told) return false;
  if (isAgreed) return true;
  const { source, company, branch } = after;
  const { titles } = (await client.query<{ titles: number }>(COUNT_RESENT, [source, company, branch ?? null])).rows[0]!;
  const owed = await countOwed(client, source, company, branch);
  const labels = changed.map(({ label }) => label.pt).join(', ');
  throw new Problem({
    type: 'would-resend',
    status: 409,
    detail:
      `"${labels}" muda o que já foi enviado: ${titles} títulos seriam enviados de novo (${owed} em aberto). ` +
      'Nada foi salvo; repita com "resend": true para salvar e reenviar. / ' +
      `This changes what was sent: ${titles} titles would be sent again. Nothing was saved; repeat with "resend": true.`,
    errors: changed.map(({ name }) => ({
      pointer: `/settings/${name}`,
      detail: `${titles} titles would be sent again`,
    })),
  });
}

function changedOf(definition: ConnectorDefinition, before: object, after: object) {
  const [was, is] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return settingsOf(definition.settings).filter(({ name, resends }) => resends && was[name] !== is[name]);
}
