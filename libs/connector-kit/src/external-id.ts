import { applyDecorators } from '@nestjs/common';
import { Matches } from 'class-validator';
import { Setting } from '#libs/settings';

/**
 * A text before each id the partner is given: an id of the ERP's is one of its company's, and two companies may use one
 * account. Written above `externalIdPrefix: string = ''`.
 */
export function ExternalIdPrefix(): PropertyDecorator {
  return applyDecorators(
    Matches(/^[\w.-]{0,20}$/),
    Setting({
      label: { pt: 'Prefixo dos códigos', en: 'Prefix of the ids' },
      help: {
        pt: 'Antes de cada código enviado. Necessário quando duas empresas usam a mesma conta no parceiro.',
        en: "Before each id that is sent. Needed where two companies share one account at the partner's.",
      },
      resends: true,
    }),
  );
}
