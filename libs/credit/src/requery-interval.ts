import { applyDecorators } from '@nestjs/common';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { Setting, type Words } from '#libs/settings';

const LABEL = {
  pt: 'Intervalo de dias para consultar o mesmo CPF/CNPJ',
  en: 'Days before the same document is asked again',
};
const MOST_DAYS = 3_650;

/** Written above `requeryDays: number | null = 90` of what the system parameter says of the whole ERP instance. */
export function RequeryInterval(): PropertyDecorator {
  return days({
    pt: 'Dentro dele, uma nova consulta precisa de confirmação. Vazio ou 0: sem confirmação. Vale para todo o ERP, salvo a filial que tenha o seu.',
    en: 'Within it a new analysis needs a word on it. Empty or 0: no confirmation. For the whole ERP, but for a branch with its own.',
  });
}

/** Written above `requeryDays?: number` of an integration's settings. */
export function OwnRequeryInterval(): PropertyDecorator {
  return days({
    pt: 'Vazio: o do parâmetro do sistema. 0: sem confirmação.',
    en: 'Empty: that of the system parameter. 0: no confirmation.',
  });
}

function days(help: Words): PropertyDecorator {
  return applyDecorators(IsOptional(), IsInt(), Min(0), Max(MOST_DAYS), Setting({ label: LABEL, help }));
}
