import { outcomeType, type IntegrationRef, type SettingsChanged } from '#libs/contracts';
import type { OutcomeRow } from '#libs/delivery';
import type { Integration, SavedIntegration } from '#libs/settings';
import type { PartnerSettings } from './partner-settings.js';

/** What a save is told as: which fields, never their values; nothing where nothing changed. */
export function tellSettings(
  connector: string,
  { before, after, changed }: SavedIntegration<PartnerSettings>,
  actor: string,
): OutcomeRow[] {
  if (changed.length === 0) return [];
  const payload: SettingsChanged = {
    integration: refOf(after),
    change: changeOf(before, after),
    fields: changed.map((pointer) => pointer.replace(/^\/(settings\/)?/, '')),
    version: after.version,
    actor,
    occurredAt: after.updatedAt.toISOString(),
  };
  const { id, company, branch } = after;
  const type = outcomeType(connector, 'settings.changed.v1');
  return [{ subject: `integration/${id}`, type, payload, company, branch, actor }];
}

function changeOf(
  before: Integration<PartnerSettings> | undefined,
  after: Integration<PartnerSettings>,
): SettingsChanged['change'] {
  if (!before) return 'created';
  if (before.enabled === after.enabled) return 'changed';
  return after.enabled ? 'turned-on' : 'turned-off';
}

function refOf({ id, displayName, name, source, company, branch }: Integration<PartnerSettings>): IntegrationRef {
  return { id, name: displayName || name, source, company, ...(branch !== undefined && { branch }) };
}
