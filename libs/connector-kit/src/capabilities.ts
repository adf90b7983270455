import { PERMISSIONS, type Caller, type Permission, type Territory } from '#libs/access';
import type { Integration, IntegrationState, Words } from '#libs/settings';
import type { ConnectorDefinition } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';

/** Whether somebody may, and the sentence to show where not. */
export interface Allowance {
  allowed: boolean;
  because?: Words;
}

/** One thing a screen may offer in a company or branch. */
export interface Capability {
  /** The connector's name, or that of an entry of the connector's own. */
  name: string;
  shown: boolean;
  /** Why it is not shown. */
  because?: Words;
  integrationId?: string;
  displayName?: string;
  /** What it lacks is told to who may see its settings. */
  state?: IntegrationState;
  actions: Record<string, Allowance>;
}

/** Who asks, and for where. */
export interface CapabilityWish {
  caller: Caller;
  territory: Territory;
  /** The integration that works there: the branch's own, else the company's. */
  integration?: Integration<PartnerSettings>;
}

/** A connector class with entries of its own has this method; an entry that must not be offered is not shown. */
export interface HasCapabilities {
  capabilitiesFor(wish: CapabilityWish): Capability[] | Promise<Capability[]>;
}

interface Action {
  permissions: readonly Permission[];
  /** Concerns the integration as a whole, and not what is of one branch of it. */
  whole?: true;
  /** What must stand for it, beside the permission. */
  obstacle?: (wish: CapabilityWish, definition: ConnectorDefinition) => Words | undefined;
}

const ACTIONS: Record<string, Action> = {
  'run-now': { permissions: ['runs.start'], whole: true, obstacle: noWindows },
  'change-settings': { permissions: ['integrations.write'], whole: true, obstacle: nothing },
  'change-periodicity': {
    permissions: ['integrations.write', 'integrations.write-vendor'],
    whole: true,
    obstacle: nothing,
  },
  'test-connection': { permissions: ['integrations.test'], whole: true, obstacle: notTestable },
  pause: { permissions: ['endpoints.pause'], whole: true },
  'see-deliveries': { permissions: ['deliveries.read'] },
  retry: { permissions: ['deliveries.retry'] },
  skip: { permissions: ['deliveries.skip'] },
  edit: { permissions: ['deliveries.edit'] },
  redrive: { permissions: ['redrives.start'] },
};

/** What the connector's integration offers this caller there. Pure. */
export function capabilityOf(
  wish: CapabilityWish,
  definition: ConnectorDefinition,
  parameterIsOn: boolean,
): Capability {
  const { integration } = wish;
  const names = Object.keys(ACTIONS);
  return {
    name: definition.name,
    ...(parameterIsOn ? { shown: true } : { shown: false, because: parameterOff(definition) }),
    ...(integration && { integrationId: integration.id, displayName: integration.displayName || integration.name }),
    state: stateFor(wish),
    actions: Object.fromEntries(names.map((name) => [name, allowance(wish, definition, ACTIONS[name]!)])),
  };
}

function allowance(wish: CapabilityWish, definition: ConnectorDefinition, action: Action): Allowance {
  const { caller, territory, integration } = wish;
  const where = action.whole && integration ? territoryOf(integration) : territory;
  const lacking = action.permissions.filter((permission) => !caller.may(permission, where));
  const ofBranchOnly = where !== territory && action.permissions.every((each) => caller.may(each, territory));
  const obstacle = action.obstacle ?? noIntegration;
  const because =
    lacking.length > 0 ? (ofBranchOnly ? OF_COMPANY : lackOf(lacking.at(-1)!)) : obstacle(wish, definition);
  return because ? { allowed: false, because } : { allowed: true };
}

function territoryOf({ source, company, branch }: Integration): Territory {
  return { source, company, ...(branch !== undefined && { branch }) };
}

/** No integration is one that is off. */
function stateFor({ caller, integration }: CapabilityWish): IntegrationState {
  if (!integration) return { kind: 'off' };
  const { state } = integration;
  if (state.kind !== 'not-configured' || caller.may('integrations.read', territoryOf(integration))) return state;
  return { kind: state.kind, lacks: [] };
}

function lackOf(permission: Permission): Words {
  if (permission === 'integrations.write-vendor') {
    return {
      pt: 'A periodicidade somente pode ser alterada pelo fornecedor.',
      en: 'Only the vendor may change the periodicity.',
    };
  }
  const { pt, en } = PERMISSIONS[permission];
  return { pt: `Falta a permissão "${pt}".`, en: `The permission "${en}" is missing.` };
}

const OF_COMPANY: Words = {
  pt: 'A integração é da empresa inteira, e a permissão vale só para a filial.',
  en: 'The integration is the whole company’s, and the permission is for the branch alone.',
};

function parameterOff({ systemParameter }: ConnectorDefinition): Words {
  const { code, label } = systemParameter!;
  return {
    pt: `O parâmetro do sistema ${code} (${label.pt}) está desligado.`,
    en: `The system parameter ${code} (${label.en}) is off.`,
  };
}

function nothing(): undefined {}

function noIntegration({ integration }: CapabilityWish): Words | undefined {
  if (integration) return undefined;
  return { pt: 'Não há integração aqui.', en: 'There is no integration here.' };
}

function noWindows(wish: CapabilityWish): Words | undefined {
  const { integration } = wish;
  if (!integration) return noIntegration(wish);
  if (integration.state.kind === 'off') return { pt: 'A integração está desligada.', en: 'The integration is off.' };
  if (integration.state.kind === 'not-configured')
    return { pt: 'A integração não está configurada.', en: 'The integration is not configured.' };
  if (integration.settings.periodicityMinutes > 0) return undefined;
  return { pt: 'Sem periodicidade, envia assim que acontece.', en: 'Without a periodicity it sends as things happen.' };
}

function notTestable(wish: CapabilityWish, { checks }: ConnectorDefinition): Words | undefined {
  const { integration } = wish;
  if (!integration) return noIntegration(wish);
  if (checks.size === 0) return { pt: 'Este conector não testa a conexão.', en: 'This connector tests no connection.' };
  if (integration.state.kind !== 'not-configured') return undefined;
  return { pt: 'A integração não está configurada.', en: 'The integration is not configured.' };
}
