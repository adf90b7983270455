import { IsOptional } from 'class-validator';
import type { Budget } from '#libs/delivery';
import { Setting } from '#libs/settings';
import { IsMoney } from './is-money.js';
import { PartnerSettings } from './partner-settings.js';

const HELP = {
  pt: 'Alcançado, as chamadas pagas esperam pelo próximo período; vazio: sem limite.',
  en: 'Once reached, paid calls wait for the next period; empty: no limit.',
};

/** What an integration with a partner that charges for its calls asks beside: how much may be spent. */
export abstract class SpendSettings extends PartnerSettings {
  @IsOptional()
  @IsMoney()
  @Setting({ label: { pt: 'Limite de gasto por dia (R$)', en: 'Budget a day (BRL)' }, help: HELP })
  dailyBudget?: string;

  @IsOptional()
  @IsMoney()
  @Setting({ label: { pt: 'Limite de gasto por mês (R$)', en: 'Budget a month (BRL)' }, help: HELP })
  monthlyBudget?: string;
}

/** In days and months of the integration's zone. */
export function budgetOf(settings: PartnerSettings): Budget {
  const { dailyBudget, monthlyBudget } = settings as Partial<SpendSettings>;
  return {
    zone: settings.timeZone,
    ...(dailyBudget && { daily: dailyBudget }),
    ...(monthlyBudget && { monthly: monthlyBudget }),
  };
}
