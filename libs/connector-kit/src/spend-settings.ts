import { IsOptional, Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { isCharge } from '#libs/contracts';
import type { Budget } from '#libs/delivery';
import { Setting } from '#libs/settings';
import { PartnerSettings } from './partner-settings.js';

@ValidatorConstraint({ name: 'isBudget' })
class IsBudget implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isCharge(value);
  }

  defaultMessage(): string {
    return '$property must be money as text with two places, such as 1500.00';
  }
}

const HELP = {
  pt: 'Alcançado, as chamadas pagas esperam pelo próximo período; vazio: sem limite.',
  en: 'Once reached, paid calls wait for the next period; empty: no limit.',
};

/** What an integration with a partner that charges for its calls asks beside: how much may be spent. */
export abstract class SpendSettings extends PartnerSettings {
  @IsOptional()
  @Validate(IsBudget)
  @Setting({ label: { pt: 'Limite de gasto por dia (R$)', en: 'Budget a day (BRL)' }, help: HELP })
  dailyBudget?: string;

  @IsOptional()
  @Validate(IsBudget)
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
