import type { Permission } from '#libs/access';
import { PERMISSIONS } from '#libs/access';
import type { Allowance, Capability, CapabilityWish } from '#libs/connector-kit';
import type { Words } from '#libs/settings';

const ACTIONS = {
  ask: 'credit-analyses.request',
  see: 'credit-analyses.read',
  decide: 'credit-limits.decide',
} as const satisfies Record<string, Permission>;

/**
 * What a screen offers of credit analyses: the button hides while the integration is off, the history stays for who may see
 * it. A connector gives it out in `capabilitiesFor`.
 */
export function creditCapabilities({ caller, territory, integration }: CapabilityWish): Capability[] {
  const obstacle = obstacleOf(integration);
  const allowance = (permission: Permission, standsInTheWay?: Words): Allowance => {
    const because = caller.may(permission, territory) ? standsInTheWay : lackOf(permission);
    return because ? { allowed: false, because } : { allowed: true };
  };
  return [
    {
      name: 'credit-analysis',
      ...(obstacle ? { shown: false, because: obstacle } : { shown: true }),
      ...(integration && { integrationId: integration.id, displayName: integration.displayName || integration.name }),
      actions: {
        ask: allowance(ACTIONS.ask, obstacle),
        see: allowance(ACTIONS.see),
        decide: allowance(ACTIONS.decide),
      },
    },
  ];
}

function obstacleOf(integration: CapabilityWish['integration']): Words | undefined {
  if (!integration) return { pt: 'Não há integração aqui.', en: 'There is no integration here.' };
  const { state } = integration;
  if (state.kind === 'ready') return undefined;
  if (state.kind === 'not-configured')
    return { pt: 'A integração não está configurada.', en: 'The integration is not configured.' };
  if (state.parameter === undefined) return { pt: 'A integração está desligada.', en: 'The integration is off.' };
  return {
    pt: `O parâmetro do sistema ${state.parameter} está desligado.`,
    en: `The system parameter ${state.parameter} is off.`,
  };
}

function lackOf(permission: Permission): Words {
  const { pt, en } = PERMISSIONS[permission];
  return { pt: `Falta a permissão "${pt}".`, en: `The permission "${en}" is missing.` };
}
